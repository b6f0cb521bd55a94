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
    private let layer: LayerFolder
    private let limits: ImportLimits
    private var result = UnpackedLayer()
    private var whiteouts: [LayerPath] = []
    private var hasRootEntry = false
    // Files of lower layers that hard links in this one brought up, by the path they were found at.
    private var broughtUp: [LayerPath: LayerPath] = [:]

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

    private func addSymlink(
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

    // MARK: Hard links

    private func addHardLink(to name: [UInt8], _ path: LayerPath, in place: LayerFolder.Place) throws {
        let target = try LayerPath(archiveName: name)
        let folder = try layer.resolve(target.parent)
        let found = folder.appending(target.name)
        if found == path { throw ImageError.corrupt("'\(path)' is a hard link to itself") }
        guard !target.isRoot, let source = try layer.find(found) else {
            throw ImageError.corrupt("'\(path)' is a hard link to '\(target)', which is not there")
        }
        if source.isDirectory {
            throw ImageError.corrupt("'\(path)' is a hard link to the folder '\(target)'")
        }
        if layer.isThisLayer(source) {
            try link(found, to: path, in: place.folder)
        } else if let copy = broughtUp[found] {
            try link(copy, to: path, in: place.folder)
        } else {
            // overlayfs cannot link across layers: the file comes up, as it would when a container linked it.
            try bringUp(found, source, to: path, in: place.folder)
            broughtUp[found] = path
        }
    }

    private func link(_ target: LayerPath, to path: LayerPath, in parent: borrowing FileDescriptor) throws {
        let folder = try layer.place(target.parent)
        _ = try withCStringOf(target.name) { old in
            try make(path, in: parent, "link '\(target)' to") {
                linkat(folder.folder.raw, old, parent.raw, $0, 0)
            }
        }
    }

    private func bringUp(
        _ found: LayerPath, _ source: LayerStack.Found, to path: LayerPath,
        in parent: borrowing FileDescriptor
    ) throws {
        let old = source.status
        let copy = TarEntry(
            name: path.bytes, kind: .file, mode: old.st_mode & 0o7777, uid: Int64(old.st_uid),
            gid: Int64(old.st_gid), size: Int64(old.st_size), modified: old.st_mtim, accessed: old.st_atim,
            attributes: try lowerAttributes(found, source))
        switch source.type {
        case S_IFREG:
            try copyFile(found, source, to: path, in: parent, copy)
        case S_IFLNK:
            try addSymlink(copy, try layer.readLink(source.layer, found), path, in: parent)
        default:
            try makeNode(source.type, old.st_rdev, path, in: parent)
            try setMetadata(copy, path, in: parent, isLink: false)
        }
    }

    private func lowerAttributes(
        _ path: LayerPath, _ source: LayerStack.Found
    ) throws -> [(name: [UInt8], value: [UInt8])] {
        guard let folder = try LayerStack.open(source.layer, path.parent, O_PATH | O_DIRECTORY) else {
            throw KernelError("open", path.description, .noEntry)
        }
        return try FileAttributes(of: path, in: folder).read()
    }

    private func copyFile(
        _ found: LayerPath, _ source: LayerStack.Found, to path: LayerPath,
        in parent: borrowing FileDescriptor, _ copy: TarEntry
    ) throws {
        guard let old = try LayerStack.open(source.layer, found, O_RDONLY) else {
            throw KernelError("open", found.description, .noEntry)
        }
        let new = try create(path, in: parent)
        result.bytes += copy.size
        var position: off_t = 0
        while true {
            // Only the parts that hold data: a sparse file stays one.
            let start = lseek(old.raw, position, SEEK_DATA)
            if start < 0 {
                if Errno.current.rawValue == ENXIO { break }
                throw KernelError("find data in", found.description)
            }
            let end = lseek(old.raw, start, SEEK_HOLE)
            if end < 0 { throw KernelError("find data in", found.description) }
            var from = start
            var to = start
            while from < end {
                let count = try check("copy", path.description) {
                    copy_file_range(old.raw, &from, new.raw, &to, Int(end - from), 0)
                }
                if count == 0 { throw KernelError("copy", path.description, .ioError) }
            }
            position = end
        }
        if Int64(position) < copy.size { try extend(new, to: copy.size, path) }
        try setMetadata(copy, of: new, path)
        try setTimes(path, in: parent, copy.accessed, copy.modified)
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

    // MARK: Steps

    private func status(_ name: ArraySlice<UInt8>, in parent: borrowing FileDescriptor) throws -> stat? {
        var status = stat()
        if withCStringOf(name, { fstatat(parent.raw, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 {
            return status
        }
        if Errno.current == .noEntry { return nil }
        throw KernelError("stat", shown(Array(name)))
    }

    /// Makes a name; what was there before under it goes away.
    @discardableResult
    private func make(
        _ path: LayerPath, in parent: borrowing FileDescriptor, _ operation: String,
        _ call: (UnsafePointer<CChar>) -> Int32
    ) throws -> Int32 {
        var result = withCStringOf(path.name, call)
        if result < 0, Errno.current == .exists {
            layer.forget()
            broughtUp = broughtUp.filter { $0.value != path && !$0.value.ancestors.contains(path) }
            try TreeRemoval.remove(path.name, in: parent)
            result = withCStringOf(path.name, call)
        }
        if result < 0 { throw KernelError(operation, path.description) }
        return result
    }

    private func create(_ path: LayerPath, in parent: borrowing FileDescriptor) throws -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(
            owning: try make(path, in: parent, "create") { clinux_openat(parent.raw, $0, flags, 0o600) })
    }

    private func makeNode(
        _ type: mode_t, _ device: dev_t, _ path: LayerPath, in parent: borrowing FileDescriptor
    ) throws {
        try make(path, in: parent, "make device") { mknodat(parent.raw, $0, type | 0o600, device) }
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, to file: borrowing FileDescriptor, at offset: Int64,
        _ path: LayerPath
    ) throws {
        var done = 0
        while done < bytes.count {
            done += try check("write", path.description) {
                pwrite(file.raw, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + done)
            }
        }
    }

    /// A hole at the end has no data block that would make the file long enough.
    private func extend(_ file: borrowing FileDescriptor, to size: Int64, _ path: LayerPath) throws {
        if ftruncate(file.raw, off_t(size)) != 0 { throw KernelError("extend", path.description) }
    }

    private func setMetadata(
        _ entry: TarEntry, of file: borrowing FileDescriptor, _ path: LayerPath
    ) throws {
        if fchown(file.raw, uid_t(entry.uid), gid_t(entry.gid)) != 0 {
            throw KernelError("chown", path.description)
        }
        if !entry.attributes.isEmpty {
            note(try FileAttributes(of: file, name: path).write(entry.attributes), path)
        }
        if fchmod(file.raw, entry.mode) != 0 { throw KernelError("chmod", path.description) }
    }

    /// For what cannot be opened: links, devices and fifos.
    private func setMetadata(
        _ entry: TarEntry, _ path: LayerPath, in parent: borrowing FileDescriptor, isLink: Bool
    ) throws {
        let owner = withCStringOf(path.name) {
            fchownat(parent.raw, $0, uid_t(entry.uid), gid_t(entry.gid), AT_SYMLINK_NOFOLLOW)
        }
        if owner != 0 { throw KernelError("chown", path.description) }
        if !entry.attributes.isEmpty {
            note(try FileAttributes(of: path, in: parent).write(entry.attributes), path)
        }
        if !isLink, withCStringOf(path.name, { fchmodat(parent.raw, $0, entry.mode, 0) }) != 0 {
            throw KernelError("chmod", path.description)
        }
        try setTimes(path, in: parent, entry.accessed, entry.modified)
    }

    private func setTimes(
        _ path: LayerPath, in parent: borrowing FileDescriptor, _ accessed: timespec, _ modified: timespec
    ) throws {
        let code = withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
            times[0] = accessed
            times[1] = modified
            return withCStringOf(path.name) {
                utimensat(parent.raw, $0, times.baseAddress!, AT_SYMLINK_NOFOLLOW)
            }
        }
        if code != 0 { throw KernelError("set times of", path.description) }
    }

    private func note(_ refused: [String], _ path: LayerPath) {
        for name in refused where result.warnings.count < 20 {
            result.warnings.append("'\(path)': this file system cannot hold the attribute \(name)")
        }
    }
}

/// The names with which layers remove things (image-spec layer.md, "Whiteouts").
private enum Whiteout {
    /// `.wh..wh..opq`: hide everything of lower layers in the folder.
    case opaque
    /// `.wh.NAME`: hide NAME of lower layers.
    case name(ArraySlice<UInt8>)
    /// aufs' own bookkeeping, which old Docker versions left in layers.
    case ignored

    private static let prefix = Array(".wh.".utf8)
    private static let reserved = Array(".wh..wh.".utf8)

    /// Nil for an ordinary path.
    init?(_ path: LayerPath) throws {
        if path.name.elementsEqual(".wh..wh..opq".utf8) {
            self = .opaque
        } else if path.components.contains(where: { $0.starts(with: Self.reserved) }) {
            self = .ignored
        } else if path.parent.components.contains(where: { $0.starts(with: Self.prefix) }) {
            throw ImageError.corrupt("'\(path)' is inside of a whiteout")
        } else if path.name.starts(with: Self.prefix) {
            let name = path.name.dropFirst(Self.prefix.count)
            if name.isEmpty || name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                throw ImageError.corrupt("'\(path)' is a whiteout of no name")
            }
            self = .name(name)
        } else {
            return nil
        }
    }
}
