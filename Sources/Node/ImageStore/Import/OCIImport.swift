import OCISpec

/// Finds the images of an OCI layout (image-spec, image-layout.md).
struct OCIImport {
    let files: any ImageFiles
    let platform: PlatformMatch
    let limits: ImportLimits
    /// Says something that the user should know.
    let note: (String) -> Void

    /// Names of images; containerd's and Docker's is complete, the specification's may be only a tag.
    private static let fullNameAnnotation = "io.containerd.image.name"
    private static let nameAnnotation = "org.opencontainers.image.ref.name"

    /// How deep indexes may be in each other. One in another is as deep as they are made.
    private static let maximumDepth = 8

    func images() throws -> [IncomingImage] {
        guard let layout = try files.document("oci-layout", limits: limits) else {
            throw ImageError.corrupt("it has an index.json, but no oci-layout")
        }
        _ = try within("oci-layout") { try ImageLayout(json: layout) }
        guard let index = try files.document("index.json", limits: limits) else {
            throw ImageError.corrupt("it has an oci-layout, but no index.json")
        }
        let manifests = try within("index.json") { try ImageIndex(json: index).manifests }
        if manifests.isEmpty { throw ImageError.corrupt("index.json has no images") }
        return combine(try groups(manifests).map(image))
    }

    // MARK: Names

    /// Manifests under one name, or without a name for several platforms, are one image in several forms.
    private func groups(_ manifests: [Descriptor]) -> [[Descriptor]] {
        let real = manifests.filter { !$0.isAttestation }
        let named = Dictionary(grouping: real.indices) { Self.rawName(real[$0]) }
        return named.sorted { $0.value[0] < $1.value[0] }.flatMap { name, indices -> [[Descriptor]] in
            let members = indices.map { real[$0] }
            let platforms = Set(members.compactMap(\.platform))
            let isOneImage = name != nil || platforms.count == members.count
            return isOneImage ? [members] : members.map { [$0] }
        }
    }

    private static func rawName(_ descriptor: Descriptor) -> String? {
        descriptor.annotations[fullNameAnnotation] ?? descriptor.annotations[nameAnnotation]
    }

    private func names(_ descriptor: Descriptor) throws -> [ImageReference] {
        guard let text = Self.rawName(descriptor), !text.isEmpty else { return [] }
        // A tag alone says nothing about which image it is.
        let isTagOnly = !text.contains("/") && !text.contains(":") && !text.contains("@")
        if isTagOnly && descriptor.annotations[Self.fullNameAnnotation] == nil { return [] }
        let reference = try ImageReference(text)
        // What came by a digest has no tag; another digest would be no name of this image.
        if let digest = reference.digest, reference.tag == nil {
            return digest == descriptor.digest ? [reference] : []
        }
        return [reference.tagged]
    }

    /// Entries of one image that differ in their names only.
    private func combine(_ images: [IncomingImage]) -> [IncomingImage] {
        var result: [IncomingImage] = []
        for image in images {
            if let index = result.firstIndex(where: {
                $0.manifest == image.manifest && $0.target == image.target
            }) {
                result[index] = result[index].adding(names: image.names)
            } else {
                result.append(image)
            }
        }
        return result
    }

    // MARK: Documents

    private func image(_ group: [Descriptor]) throws -> IncomingImage {
        var descriptor = group[0]
        if group.count > 1 { descriptor = try choose(group) }
        var indexes: [(digest: Digest, bytes: [UInt8])] = []
        while descriptor.mediaType.isIndex {
            if indexes.count == Self.maximumDepth {
                throw ImageError(.unsupported, "indexes in indexes, deeper than \(Self.maximumDepth)")
            }
            let bytes = try files.document(descriptor, limits: limits)
            indexes.append((descriptor.digest, bytes))
            let inner = try within("index \(descriptor.digest)") { try ImageIndex(json: bytes).manifests }
            descriptor = try choose(inner)
        }
        guard descriptor.mediaType.isManifest else {
            throw ImageError(
                .unsupported,
                "\(descriptor.digest) is not an image but \(shown(Array(descriptor.mediaType.name.utf8)))"
            )
        }
        let image = try IncomingImage(
            manifest: try files.document(descriptor, limits: limits), descriptor: descriptor,
            indexes: indexes,
            names: try names(group[0]), limits: limits,
            configuration: { try files.document($0, limits: limits) },
            origin: { [files] layer in .archive { try Self.open(layer, in: files) } })
        if !platform.accepts(image.platform) {
            note("\(image.config.short) is for \(image.platform), this is \(platform.wanted)")
        }
        return image
    }

    /// `docker save` may have written one platform only, beside an index that names all: as long as something is
    /// complete, nothing else is chosen.
    private func choose(_ manifests: [Descriptor]) throws -> Descriptor {
        var known: [Digest: Bool] = [:]
        let found = platform.choose(manifests)
        if let found, isThere(found, &known) { return found }
        let rest = manifests.filter { !$0.isAttestation && isThere($0, &known) }
        if let other = platform.choose(rest) ?? (rest.count == 1 ? rest[0] : nil) { return other }
        if let found { return found }
        let offered = PlatformMatch.offered(manifests)
        throw ImageError(
            .unsupported,
            "no image for \(platform.wanted)" + (offered.isEmpty ? "" : ": there are \(offered)"))
    }

    /// Whether the archive has a manifest with its blobs, or one of an index's. What is damaged counts as there: that is
    /// said when it is read.
    private func isThere(_ descriptor: Descriptor, _ known: inout [Digest: Bool], depth: Int = 0) -> Bool {
        // An index may name another one many times.
        if let answer = known[descriptor.digest] { return answer }
        let answer = looksComplete(descriptor, &known, depth)
        known[descriptor.digest] = answer
        return answer
    }

    private func looksComplete(
        _ descriptor: Descriptor, _ known: inout [Digest: Bool], _ depth: Int
    ) -> Bool {
        guard has(descriptor.digest), depth < Self.maximumDepth else { return false }
        guard let bytes = try? files.document(descriptor, limits: limits) else { return true }
        if descriptor.mediaType.isIndex {
            guard let index = try? ImageIndex(json: bytes) else { return true }
            return index.manifests.contains { !$0.isAttestation && isThere($0, &known, depth: depth + 1) }
        }
        guard let manifest = try? ImageManifest(json: bytes) else { return true }
        return ([manifest.config] + manifest.layers).allSatisfy {
            $0.mediaType.isNondistributable || has($0.digest)
        }
    }

    private func has(_ digest: Digest) -> Bool {
        do {
            return try files.open(StoreFolder.blobPath(digest)) != nil
        } catch {
            return true
        }
    }

    private static func open(_ descriptor: Descriptor, in files: any ImageFiles) throws -> any ByteSource {
        guard let (source, size) = try files.open(StoreFolder.blobPath(descriptor.digest)) else {
            if descriptor.mediaType.isNondistributable {
                throw ImageError(
                    .unsupported, "its bytes are not in the archive and must be fetched from their owner")
            }
            throw ImageError.corrupt("its bytes are missing")
        }
        if size != descriptor.size {
            throw ImageError.corrupt("it has \(size) bytes, not \(descriptor.size)")
        }
        return source
    }
}
