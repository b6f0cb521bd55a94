import OCISpec

extension ImageStore {
    /// Everything about an image in the form of `docker image inspect`: one object, of which a command prints
    /// an array.
    /// - Parameter isFamiliar: whether names are shortened as Docker shows them, `busybox:latest`.
    public func inspect(
        _ image: ImageRecord, isFamiliar: Bool = true, into json: inout JSONWriter
    ) throws {
        let bytes = try whileThere(image) { try content(image.id) }
        let rootfs = try rootFilesystem(of: image)
        let fields = ImageInspection(
            image: image, isFamiliar: isFamiliar, lowerDirectories: rootfs.lowerDirectories)
        try within("image \(image.shownName): configuration") {
            try JSON.read(bytes) { (value) throws(JSONError) in
                try fields.write(value, into: &json)
            }
        }
    }
}

private struct ImageInspection {
    let image: ImageRecord
    let isFamiliar: Bool
    let lowerDirectories: [String]

    func write(_ configuration: JSONValue, into json: inout JSONWriter) throws(JSONError) {
        let source = try configuration.object()
        let config = try ImageConfig(from: configuration)
        let raw = source["config"]
        let version = try source.text("docker_version") ?? ""
        json.object { json in
            json.member("Id", image.id)
            json.member("RepoTags", image.names.map { isFamiliar ? $0.familiar : $0.description })
            json.member("RepoDigests", image.digests.map { isFamiliar ? $0.familiar : $0.description })
            json.member("Parent", "")
            json.member("Comment", config.history.last?.comment ?? "")
            json.member("Created", config.created ?? "")
            json.member("DockerVersion", version)
            json.member("Author", config.author ?? "")
            json.key("Config")
            if let raw { json.value(raw) } else { json.object { _ in } }
            json.member("Architecture", config.platform.architecture)
            json.optional("Variant", config.platform.variant)
            json.member("Os", config.platform.os)
            json.optional("OsVersion", config.platform.osVersion)
            json.member("Size", image.size)
            json.key("GraphDriver")
            json.object { json in
                json.member("Name", "overlayfs")
                json.key("Data")
                json.object { json in json.member("LowerDir", lowerDirectories.joined(separator: ":")) }
            }
            json.key("RootFS")
            json.object { json in
                json.member("Type", "layers")
                json.nonEmpty("Layers", config.diffIDs)
            }
            json.key("Metadata")
            json.object { json in json.member("LastTagTime", Timestamp(seconds: image.imported).text) }
            json.member("Digest", image.manifest)
        }
    }
}
