import CLinux
import Glibc
import LinuxKernel

/// Removes a tree by descriptors, never following a link and never leaving it.
package enum TreeRemoval {
    /// How many levels are held open at once; what is deeper is moved up first.
    private static let maximumDepth = 64

    /// Removes `name` in `folder`, whatever it is; nothing there is no error.
    package static func remove(_ name: some Collection<UInt8>, in folder: borrowing FileDescriptor) throws {
        var moved = 0
        try remove(Array(name), in: folder, top: folder, depth: 0, moved: &moved)
        // Deep trees leave their lower parts beside the removed name.
        var next = 0
        while next < moved {
            try remove(movedName(next), in: folder, top: folder, depth: 0, moved: &moved)
            next += 1
        }
    }

    private static func remove(
        _ name: [UInt8], in folder: borrowing FileDescriptor, top: borrowing FileDescriptor, depth: Int,
        moved: inout Int
    ) throws {
        if withCStringOf(name, { unlinkat(folder.raw, $0, 0) }) == 0 { return }
        switch Errno.current {
        case .noEntry: return
        case .isDirectory, .notPermitted: break
        case let errno: throw KernelError("remove", shown(name), errno)
        }
        if withCStringOf(name, { unlinkat(folder.raw, $0, AT_REMOVEDIR) }) == 0 { return }
        guard Errno.current == .notEmpty || Errno.current == .exists else {
            throw KernelError("remove folder", shown(name))
        }
        if depth == maximumDepth {
            let other = movedName(moved)
            moved += 1
            let code = withCStringOf(name) { old in
                withCStringOf(other) { new in renameat(folder.raw, old, top.raw, new) }
            }
            if code != 0 { throw KernelError("move folder", shown(name)) }
            return
        }
        do {
            let inner = try withCStringOf(name) { try folder.openAt($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) }
            for child in try names(in: inner) {
                try remove(child, in: inner, top: top, depth: depth + 1, moved: &moved)
            }
        } catch let error as KernelError {
            // Somebody else is removing the same tree.
            if error.errno == .noEntry { return }
            throw error
        }
        if withCStringOf(name, { unlinkat(folder.raw, $0, AT_REMOVEDIR) }) != 0, Errno.current != .noEntry {
            throw KernelError("remove folder", shown(name))
        }
    }

    private static func movedName(_ number: Int) -> [UInt8] {
        Array(".removing-\(getpid())-\(number)".utf8)
    }

    /// Names in a folder, without `.` and `..`.
    static func names(in folder: borrowing FileDescriptor) throws -> [[UInt8]] {
        // fdopendir takes over the descriptor that it gets.
        let copy = try folder.openAt(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw KernelError("read folder", "descriptor \(folder.raw)")
        }
        defer { closedir(stream) }
        var result: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(
                        UnsafeBufferPointer(
                            start: $0, count: strlen(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
                        ))
                }
            }
            if !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8) { result.append(name) }
        }
        return result
    }
}
