import Glibc
import LinuxKernel

/// Hard links, to files of the layer itself and of those below it.
extension LayerUnpacker {
    func addHardLink(to name: [UInt8], _ path: LayerPath, in place: LayerFolder.Place) throws {
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
            try addSymlink(copy, try LayerStack.readLink(source.layer, found), path, in: parent)
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
}
