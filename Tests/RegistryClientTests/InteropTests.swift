import ImageStore
import LinuxKernel
import OCISpec
import RegistryClient
import Testing

/// With the field's other tools, and Debian's docker-registry in the middle: what they push we read, what we push
/// they read, the same bytes on both sides.
@Suite struct InteropTests {
    private static let content = "said by umoci\n"

    /// The tools, with everything they keep in a folder of their own.
    private final class Tools {
        let folder: TemporaryFolder
        let registry: DebianRegistry

        init(_ registry: DebianRegistry) throws {
            self.registry = registry
            folder = try TemporaryFolder()
        }

        deinit {
            // What containers/storage keeps mounted would keep the folder.
            _ = try? run(["podman", "image", "prune", "--all", "--force"])
        }

        /// Where an image is, in skopeo's words.
        func at(_ name: String) -> String { "docker://\(registry.host)/\(name)" }

        @discardableResult
        func run(_ arguments: [String]) throws -> String {
            var arguments = arguments
            let storage = [
                "--root", "\(folder.path)/root", "--runroot", "\(folder.path)/run", "--storage-driver", "vfs",
            ]
            switch arguments[0] {
            case "buildah": arguments.insert(contentsOf: storage, at: 1)
            case "podman":
                let own = ["--cgroup-manager", "cgroupfs", "--network-config-dir", "\(folder.path)/net"]
                arguments.insert(contentsOf: storage + own, at: 1)
            default: break
            }
            arguments[0] = "/usr/bin/" + arguments[0]
            let output = try DebianRegistry.run(
                arguments, ["HOME=\(folder.path)", "TMPDIR=\(folder.path)", "XDG_RUNTIME_DIR=\(folder.path)"])
            return output.split(separator: "\n").last.map { String($0) } ?? ""
        }

        /// An image layout with one file in its only layer.
        func layout() throws -> String {
            let layout = "\(folder.path)/layout"
            try folder.write("file", InteropTests.content)
            try run(["umoci", "init", "--layout", layout])
            try run(["umoci", "new", "--image", "\(layout):v1"])
            try run([
                "umoci", "insert", "--rootless", "--image", "\(layout):v1", "\(folder.path)/file", "/said",
            ])
            return layout
        }

        /// A manifest's bytes as skopeo reads them.
        func raw(_ name: String) throws -> [UInt8] {
            let path = "\(folder.path)/raw"
            try run([
                "sh", "-c", "skopeo inspect --raw --tls-verify=false \(at(name)) > \(path)",
            ])
            return try FileDescriptor.readFile(path)
        }
    }

    /// Reads all of an image, and compares its manifest with what skopeo sees.
    private func read(_ name: String, _ client: RegistryClient, _ tools: Tools) async throws
        -> ManifestContent
    {
        let reference = try ImageReference("\(tools.registry.host)/\(name)")
        let repository = try client.repository(reference)
        let manifest = try await repository.manifest(ManifestReference(reference))
        #expect(manifest.bytes == (try tools.raw(name)), "\(name)")
        guard case .image(let image) = try manifest.image() else { return manifest }
        let config = try await repository.smallBlob(image.config, limit: 1 << 20)
        #expect(try ImageConfig(json: config).diffIDs.count == image.layers.count)
        for layer in image.layers {
            #expect(layer.mediaType.layerCompression != nil, "\(name): \(layer.mediaType)")
            #expect(try await repository.blob(layer).collect().count == Int(layer.size))
        }
        return manifest
    }

    /// Copies an image to another repository, as a pull and a push would.
    private func copy(
        _ manifest: ManifestContent, _ name: String, to other: String, _ client: RegistryClient,
        _ tools: Tools
    ) async throws {
        let source = try client.repository(try ImageReference("\(tools.registry.host)/\(name)"))
        let target = try ImageReference("\(tools.registry.host)/\(other)")
        let repository = try client.repository(target)
        switch try manifest.image() {
        case .image(let image):
            for blob in [image.config] + image.layers {
                let content = BlobContent(
                    digest: blob.digest, size: blob.size, chunks: source.blob(blob))
                _ = try await repository.push(content)
            }
        case .index(let index):
            for entry in index.manifests {
                let part = try await source.manifest(.digest(entry.digest))
                try await copy(part, name, to: "\(target.path)@\(entry.digest)", client, tools)
            }
        }
        try await repository.push(manifest, as: ManifestReference(target))
    }

    @Test func whatSkopeoAndUmociPushWeRead() async throws {
        let registry = try DebianRegistry()
        let tools = try Tools(registry)
        let source = "oci:\(try tools.layout()):v1"
        let push = ["skopeo", "copy", "--dest-tls-verify=false"]
        try tools.run(push + [source, tools.at("skopeo/plain:v1")])
        try tools.run(push + ["--format", "v2s2", source, tools.at("skopeo/docker:v1")])
        try await withClient { client in
            for (name, type) in [("plain", MediaType.ociManifest), ("docker", .dockerManifest)] {
                let manifest = try await read("skopeo/\(name):v1", client, tools)
                #expect(manifest.descriptor.mediaType == type)
                #expect(try compressions(manifest) == [.gzip])
            }
        }
    }

    private func compressions(_ manifest: ManifestContent) throws -> [MediaType.Compression?] {
        guard case .image(let image) = try manifest.image() else { throw Missing() }
        return image.layers.map { $0.mediaType.layerCompression }
    }

    /// In a registry of its own: skopeo remembers what a registry has, and would take the layer as it is there.
    @Test func layersOfZstdFromSkopeo() async throws {
        let registry = try DebianRegistry()
        let tools = try Tools(registry)
        let source = "dir:\(try uncompressed(tools, "oci:\(try tools.layout()):v1"))"
        let push = ["skopeo", "copy", "--dest-tls-verify=false", "--dest-compress-format", "zstd"]
        try tools.run(push + [source, tools.at("skopeo/zstd:v1")])
        try await withClient { client in
            let manifest = try await read("skopeo/zstd:v1", client, tools)
            #expect(try compressions(manifest) == [.zstd])
        }
    }

    /// The same image with plain layers: skopeo compresses only what is not compressed.
    private func uncompressed(_ tools: Tools, _ source: String) throws -> String {
        let path = "\(tools.folder.path)/plain"
        try tools.run(["skopeo", "copy", "--dest-decompress", source, "dir:\(path)"])
        return path
    }

    @Test func whatBuildahAndPodmanPushWeRead() async throws {
        let registry = try DebianRegistry()
        let tools = try Tools(registry)
        try tools.folder.write("file", Self.content)
        let container = try tools.run(["buildah", "from", "scratch"])
        try tools.run(["buildah", "copy", "-q", container, "\(tools.folder.path)/file", "/said"])
        try tools.run(["buildah", "config", "--cmd", "/bin/true", container])
        try tools.run(["buildah", "commit", "-q", "--format", "docker", container, "app:docker"])
        try tools.run(["buildah", "commit", "-q", container, "app:oci"])
        let to = { (name: String) in "\(registry.host)/\(name)" }
        let insecure = "--tls-verify=false"
        for name in ["docker", "oci"] {
            let target = "docker://" + to("buildah/\(name):v1")
            try tools.run(["buildah", "push", "-q", insecure, "app:\(name)", target])
            try tools.run(["podman", "push", "-q", insecure, "app:\(name)", to("podman/\(name):v1")])
        }
        try tools.run([
            "podman", "push", "-q", insecure, "--compression-format", "zstd", "app:oci", to("podman/zstd:v1"),
        ])
        try tools.run(["podman", "manifest", "create", "list"])
        try tools.run(["podman", "manifest", "add", insecure, "list", tools.at("buildah/docker:v1")])
        try tools.run(["podman", "manifest", "add", insecure, "list", tools.at("podman/oci:v1")])
        try tools.run([
            "podman", "manifest", "push", "-q", insecure, "--all", "list", "docker://" + to("podman/list:v1"),
        ])
        try await withClient { client in
            for name in ["buildah/docker", "buildah/oci", "podman/docker", "podman/oci", "podman/zstd"] {
                let manifest = try await read("\(name):v1", client, tools)
                let isDocker = name.hasSuffix("docker")
                #expect(manifest.descriptor.mediaType == (isDocker ? .dockerManifest : .ociManifest))
            }
            let list = try await read("podman/list:v1", client, tools)
            guard case .index(let index) = try list.image() else { throw Missing() }
            #expect(index.manifests.count == 2)
            for entry in index.manifests {
                _ = try await read("podman/list@\(entry.digest)", client, tools)
            }
            // And back: the whole list, with everything in it, into another repository.
            try await copy(list, "podman/list:v1", to: "ours/list:v1", client, tools)
            #expect(try tools.raw("ours/list:v1") == list.bytes)
            try tools.run(["podman", "pull", "-q", insecure, to("ours/list:v1")])
        }
    }

    @Test func whatWePushTheyRead() async throws {
        let registry = try DebianRegistry()
        let tools = try Tools(registry)
        let source = "oci:\(try tools.layout()):v1"
        let push = ["skopeo", "copy", "--dest-tls-verify=false"]
        try tools.run(push + [source, tools.at("theirs/oci:v1")])
        try tools.run(push + ["--format", "v2s2", source, tools.at("theirs/docker:v1")])
        try await withClient { client in
            for kind in ["oci", "docker"] {
                let manifest = try await read("theirs/\(kind):v1", client, tools)
                try await copy(manifest, "theirs/\(kind):v1", to: "ours/\(kind):v1", client, tools)
                #expect(try tools.raw("ours/\(kind):v1") == manifest.bytes)
                let name = "\(registry.host)/ours/\(kind):v1"
                try tools.run(["buildah", "pull", "-q", "--tls-verify=false", name])
                try tools.run(["podman", "pull", "-q", "--tls-verify=false", name])
                let digests = try tools.run([
                    "podman", "image", "inspect", "--format", "{{.RepoDigests}}", name,
                ])
                #expect(
                    digests.contains("\(registry.host)/ours/\(kind)@\(manifest.descriptor.digest)"),
                    "\(digests)")
            }
        }
        let layout = "\(tools.folder.path)/back"
        try tools.run([
            "skopeo", "copy", "--src-tls-verify=false", tools.at("ours/oci:v1"), "oci:\(layout):v1",
        ])
        let bundle = "\(tools.folder.path)/bundle"
        try tools.run(["umoci", "unpack", "--rootless", "--image", "\(layout):v1", bundle])
        #expect(try tools.folder.read("bundle/rootfs/said") == Self.content)
    }

    /// A password that skopeo stored is ours, and one that we stored is skopeo's, by TLS.
    @Test func credentialsAreShared() async throws {
        let registry = try DebianRegistry(.tls, users: ["me": "p:w d"])
        let tools = try Tools(registry)
        let source = "oci:\(try tools.layout()):v1"
        try tools.folder.write("certs/ca.crt", try registry.folder.read("ca.pem"))
        let certificates = "\(tools.folder.path)/certs"
        let theirs = "\(tools.folder.path)/theirs.json"
        let ours = "\(tools.folder.path)/ours.json"
        try tools.run([
            "skopeo", "login", "--authfile", theirs, "--cert-dir", certificates, "-u", "me", "-p", "p:w d",
            registry.host,
        ])
        let credential = Credential.basic(username: "me", password: "p:w d")
        let found = try await CredentialStore(environment: [:], file: theirs)
            .credential(registry: registry.host, repository: "team/app")
        #expect(found == credential)
        try await CredentialStore(environment: [:], file: ours).save(credential, for: registry.host)
        try tools.run([
            "skopeo", "copy", "--dest-authfile", ours, "--dest-cert-dir", certificates, source,
            tools.at("team/app:v1"),
        ])
        // The folder that skopeo reads certificates from is Docker's older form, which we read, too.
        try tools.folder.write("hosts/\(registry.host)/ca.crt", try registry.folder.read("ca.pem"))
        var configuration = testConfiguration()
        configuration.hostFolders = ["\(tools.folder.path)/hosts"]
        let store = CredentialStore(environment: [:], file: theirs)
        try await withClient(configuration, credentials: store) { client in
            let reference = try ImageReference("\(registry.host)/team/app:v1")
            let manifest = try await client.repository(reference).manifest(.tag("v1"))
            let digest = try tools.run([
                "skopeo", "inspect", "--authfile", theirs, "--cert-dir", certificates, "--format",
                "{{.Digest}}", tools.at("team/app:v1"),
            ])
            #expect(digest == manifest.descriptor.digest.description)
        }
    }
}
