import CLinux
import Glibc
import LinuxKernel

/// What came out of a layer.
struct UnpackedLayer: Sendable, Equatable {
    /// Bytes of file content, each hard-linked file counted once, holes not counted.
    var bytes: Int64 = 0
    var entries = 0
    /// What could not be kept, one line each.
    var warnings: [String] = []
}

/// Writes a layer's tar archive into a folder, in the form that overlayfs wants for a lower layer: removed
/// names as character devices 0:0, replaced folders marked opaque (image-spec layer.md, overlayfs.rst).
///
/// Each entry is made by descriptor in a folder that was reached without leaving the layer, under a name
/// without slashes that is never followed; so nothing outside is made, changed or opened, whatever the
/// archive says.
final class LayerUnpacker {
    let layer: LayerFolder
    private let limits: ImportLimits
    var result = UnpackedLayer()
    private var whiteouts: [LayerPath] = []
    private var hasRootEntry = false
    /// Files of lower layers that hard links in this one brought up, by the path they were found at.
    var broughtUp: [LayerPath: LayerPath] = [:]

    /// - Parameters:
    ///   - root: an empty folder.
    ///   - lower: the layers below, the topmost first.
    init(into root: SharedFile, below lower: LayerStack, limits: ImportLimits) {
        layer = LayerFolder(root, below: lower)
        self.limits = limits
    }

    func unpack(_ tar: TarReader) throws -> UnpackedLayer {
        while let entry = try tar.next() {
            result.entries += 1
            if result.entries > limits.layerEntries {
                throw ImageError(.limit, "more than \(limits.layerEntries) entries")
            }
            try add(entry, tar)
        }
        try finish()
        return result
    }

    private func add(_ entry: TarEntry, _ tar: TarReader) throws {
        if entry.name.isEmpty { throw ImageError.corrupt("an entry without a name") }
        try checkOwner(entry)
        let path = try LayerPath(archiveName: entry.name)
        if path.isRoot { return try setRoot(entry) }
        switch try Whiteout(path) {
        case .ignored: return
        case .opaque: return try hideLower(path.parent)
        case .name(let name): return try remove(name, in: path.parent)
        case nil: break
        }
        let place = try layer.place(path.parent)
        let target = place.path.appending(path.name)
        switch entry.kind {
        case .directory: try addFolder(entry, target, in: place.folder)
        case .file: try addFile(entry, target, in: place.folder, tar)
        case .symlink(let text): try addSymlink(entry, text, target, in: place.folder)
        case .hardLink(let name): try addHardLink(to: name, target, in: place)
        case .fifo: try addNode(entry, S_IFIFO, 0, target, in: place.folder)
        case .characterDevice(let major, let minor):
            if major == 0 && minor == 0 {
                throw ImageError(
                    .unsupported, "'\(path)' is a device 0:0, which overlayfs takes for a removed file")
            }
            try addNode(entry, S_IFCHR, dev_t(clinux_makedev(major, minor)), target, in: place.folder)
        case .blockDevice(let major, let minor):
            try addNode(entry, S_IFBLK, dev_t(clinux_makedev(major, minor)), target, in: place.folder)
        }
    }

    private func checkOwner(_ entry: TarEntry) throws {
        // The kernel takes -1 as "leave as it is".
        let valid: Range<Int64> = 0..<Int64(UInt32.max)
        if !valid.contains(entry.uid) || !valid.contains(entry.gid) {
            throw ImageError(
                .unsupported, "'\(shown(entry.name))' has the impossible owner \(entry.uid):\(entry.gid)")
        }
    }

    // MARK: Kinds of entries

    private func setRoot(_ entry: TarEntry) throws {
        guard entry.kind == .directory else {
            throw ImageError.corrupt("'\(shown(entry.name))' would replace the root folder")
        }
        hasRootEntry = true
        let root = try layer.root.descriptor.openAt(".", O_RDONLY | O_DIRECTORY)
        try setMetadata(entry, of: root, .root)
        layer.remember(.root, accessed: entry.accessed, modified: entry.modified)
    }

    private func addFolder(
        _ entry: TarEntry, _ path: LayerPath, in parent: borrowing FileDescriptor
    ) throws {
        var replaced = false
        if withCStringOf(path.name, { mkdirat(parent.raw, $0, 0o700) }) != 0 {
            if Errno.current != .exists { throw KernelError("make folder", path.description) }
            if try status(path.name, in: parent)!.st_mode & S_IFMT != S_IFDIR {
                try make(path, in: parent, "make folder") { mkdirat(parent.raw, $0, 0o700) }
                replaced = true
            }
        }
        let folder = try withCStringOf(path.name) {
            try parent.openAt($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
        // What was here before, a whiteout or a file, had already removed a lower folder of this name.
        if replaced { try layer.setOpaque(folder, path) }
        try setMetadata(entry, of: folder, path)
        layer.remember(path, accessed: entry.accessed, modified: entry.modified)
    }

    private func addFile(
        _ entry: TarEntry, _ path: LayerPath, in parent: borrowing FileDescriptor, _ tar: TarReader
    ) throws {
        let file = try create(path, in: parent)
        var end: Int64 = 0
        try tar.forEachBlock { bytes, offset in
            result.bytes += Int64(bytes.count)
            if result.bytes > limits.layerBytes {
                throw ImageError(.limit, "more than \(limits.layerBytes) bytes of files")
            }
            try write(bytes, to: file, at: offset, path)
            end = offset + Int64(bytes.count)
        }
        if end < entry.size { try extend(file, to: entry.size, path) }
        // Writing clears setuid and capabilities, chown does as well: the order of these is fixed.
        try setMetadata(entry, of: file, path)
        try setTimes(path, in: parent, entry.accessed, entry.modified)
    }

    func addSymlink(
        _ entry: TarEntry, _ text: [UInt8], _ path: LayerPath, in parent: borrowing FileDescriptor
    ) throws {
        _ = try withCStringOf(text) { text in
            try make(path, in: parent, "make symbolic link") { symlinkat(text, parent.raw, $0) }
        }
        layer.forget()
        try setMetadata(entry, path, in: parent, isLink: true)
    }

    private func addNode(
        _ entry: TarEntry, _ type: mode_t, _ device: dev_t, _ path: LayerPath,
        in parent: borrowing FileDescriptor
    ) throws {
        try makeNode(type, device, path, in: parent)
        try setMetadata(entry, path, in: parent, isLink: false)
    }

    // MARK: Whiteouts

    /// Removes `name` of the layers below. What this layer itself has under that name stays.
    private func remove(_ name: ArraySlice<UInt8>, in folder: LayerPath) throws {
        let place = try layer.place(folder)
        let path = place.path.appending(name)
        if let own = try status(name, in: place.folder) {
            if own.st_mode & S_IFMT == S_IFDIR {
                let inner = try withCStringOf(name) {
                    try place.folder.openAt($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                }
                try layer.setOpaque(inner, path)
            }
            return
        }
        // Without something to hide, a whiteout would show up as a strange file in folders that only this
        // layer has.
        if try layer.find(path) == nil { return }
        try makeNode(S_IFCHR, 0, path, in: place.folder)
        whiteouts.append(path)
    }

    private func hideLower(_ folder: LayerPath) throws {
        let place = try layer.place(folder)
        if !place.path.isRoot { return try layer.setOpaque(place.folder, place.path) }
        // overlayfs does not look for the mark on a layer's root.
        for name in try layer.lowerRootNames() { try remove(name[...], in: .root) }
    }

    // MARK: The end

    private func finish() throws {
        if !hasRootEntry { try layer.copyRootMetadata() }
        // A folder that became opaque later hides everything by itself.
        for path in whiteouts where path.ancestors.contains(where: layer.opaque.contains) {
            guard let status = try LayerStack.status(layer.root, path), LayerStack.isWhiteout(status) else {
                continue
            }
            try TreeRemoval.remove(path.name, in: try layer.place(path.parent).folder)
        }
        for (path, accessed, modified) in layer.times {
            // A folder may have been replaced since.
            guard let folder = try LayerStack.open(layer.root, path, O_RDONLY | O_DIRECTORY) else { continue }
            let times = [accessed, modified]
            if futimens(folder.raw, times) != 0 { throw KernelError("set times of", path.description) }
        }
    }
}
