import NIOHTTP1
import OCISpec

extension Repository {
    /// Puts a manifest or an index into the registry, byte by byte as it is (distribution-spec, "Pushing
    /// Manifests"). What it names has to be there already. A manifest with a subject is then found among the
    /// subject's referrers, also in a registry that has no list of them.
    /// - Parameter reference: its tag, or its own digest.
    /// - Throws: `RegistryError`: `.invalid` when the registry misses something that it names.
    public func push(_ manifest: ManifestContent, as reference: ManifestReference) async throws {
        try await pushing("push of manifest \(reference) to \(name)") { endpoint in
            if case .digest(let digest) = reference, digest != manifest.descriptor.digest {
                throw RegistryError(.invalid, "the manifest's digest is \(manifest.descriptor.digest)")
            }
            var request = request(
                .PUT, "manifests/\(reference)",
                headers: ["Content-Type": manifest.descriptor.mediaType.name], actions: ["pull", "push"])
            request.body = .bytes(manifest.bytes)
            let answer = try await run(request, at: endpoint)
            if let text = answer.headers.first(name: "Docker-Content-Digest"),
                let digest = try? Digest(text), digest.algorithm == manifest.descriptor.digest.algorithm,
                digest != manifest.descriptor.digest
            {
                throw RegistryError(
                    .corrupt, "it took the manifest as \(digest), not \(manifest.descriptor.digest)")
            }
            guard let (subject, descriptor) = try manifest.referrer() else { return }
            // A registry that keeps the list of referrers says so; for any other it is ours to keep.
            if answer.headers.first(name: "OCI-Subject") == subject.description { return }
            try await enterReferrer(descriptor, to: subject, at: endpoint)
        }
    }
}
