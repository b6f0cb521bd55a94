import OCISpec

extension ImageStore {
    /// Imports the images of a layout folder or an archive: OCI or Docker, plain or compressed as a whole,
    /// with layers plain or compressed by gzip or zstd. All of them come in, or none.
    ///
    /// - Parameters:
    ///   - platform: which image of an index to take; nil: the one for this machine.
    ///   - progress: called from several threads.
    /// - Throws: `ImageError`, `KernelError`; nothing of the archive is left behind then.
    public func load(
        _ source: ImageSource, platform: Platform? = nil, progress: ProgressHandler? = nil
    ) throws -> [LoadedImage] {
        try removeLeftovers()
        return try within(source.name) {
            let files = try openFiles(source)
            let images = try incoming(files, PlatformMatch(platform), mustMatch: platform != nil) { text in
                progress?(.message(text))
            }
            let session = try ImportSession(self, purpose: "load \(source.name)", progress: progress)
            do {
                for image in images { try session.add(image) }
                let records = try session.finish()
                try session.close()
                return zip(records, images).map { LoadedImage(image: $0, names: $1.names) }
            } catch {
                try session.abandon(after: error)
                throw error
            }
        }
    }

    private func incoming(
        _ files: any ImageFiles, _ platform: PlatformMatch, mustMatch: Bool, note: (String) -> Void
    ) throws -> [IncomingImage] {
        try withoutActuallyEscaping(note) { note in
            let images = try find(files, platform, note)
            if mustMatch, let other = images.first(where: { !platform.accepts($0.platform) }) {
                throw ImageError(.unsupported, "no image for \(platform.wanted): there is \(other.platform)")
            }
            return images
        }
    }

    private func find(
        _ files: any ImageFiles, _ platform: PlatformMatch, _ note: @escaping (String) -> Void
    ) throws -> [IncomingImage] {
        // Docker writes both from version 25 on; only the OCI form has the digests of the manifests.
        if try files.open("oci-layout") != nil || files.open("index.json") != nil {
            return try OCIImport(files: files, platform: platform, limits: limits, note: note).images()
        }
        let images = try DockerImport(files: files, platform: platform, limits: limits, note: note).images()
        if images.isEmpty {
            throw ImageError.corrupt("not an image archive: it has neither index.json nor manifest.json")
        }
        return images
    }
}

extension ImageSource {
    var name: String {
        switch self {
        case .path(let path): path
        case .descriptor(_, let name): name
        }
    }
}
