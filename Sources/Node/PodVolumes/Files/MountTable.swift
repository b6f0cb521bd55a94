import CLinux
import Glibc
import LinuxKernel

/// The mounts that this process sees (proc_pid_mountinfo(5)).
struct MountTable {
    private struct Entry {
        let point: [UInt8]
        /// As whoever mounted it has named it.
        let source: [UInt8]
    }

    private let entries: [Entry]

    /// Mount points in the order in which they were mounted: bytes, as containers name some of them.
    var points: [[UInt8]] { entries.map(\.point) }

    static func read() throws(KernelError) -> MountTable {
        MountTable(try FileDescriptor.readFile("/proc/thread-self/mountinfo"))
    }

    init(_ mountinfo: [UInt8]) {
        entries = mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard fields.count > 4 else { return nil }
            // Behind a dash, since there may be any number of fields before: the type and the source.
            let rest = fields.dropFirst(6).drop { !$0.elementsEqual("-".utf8) }.dropFirst(2)
            return Entry(
                point: Self.unescaped(Array(fields[4])), source: Self.unescaped(Array(rest.first ?? [])))
        }
    }

    /// Of what is mounted last at `path`.
    func source(at path: String) -> String? {
        entries.last { $0.point.elementsEqual(path.utf8) }.map { String(decoding: $0.source, as: UTF8.self) }
    }

    /// What is mounted at or below `path`, without what lies below another one of these.
    func topmost(below path: String) -> [[UInt8]] {
        let root = Array(path.utf8)
        var top: [[UInt8]] = []
        // A path that begins another one is shorter.
        for point in points.filter({ Self.isInside($0, root) }).sorted(by: { $0.count < $1.count })
        where !top.contains(where: { Self.isInside(point, $0) }) {
            top.append(point)
        }
        return top
    }

    private static func isInside(_ path: [UInt8], _ folder: [UInt8]) -> Bool {
        path.starts(with: folder) && (path.count == folder.count || path[folder.count] == UInt8(ascii: "/"))
    }

    /// Space, tab, line end and backslash are written as three octal digits.
    private static func unescaped(_ field: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < field.count {
            if field[position] == UInt8(ascii: "\\"), position + 3 < field.count,
                let code = UInt8(
                    String(decoding: field[position + 1...position + 3], as: UTF8.self), radix: 8)
            {
                result.append(code)
                position += 4
            } else {
                result.append(field[position])
                position += 1
            }
        }
        return result
    }
}

/// Takes away all mounts at and below a folder, whatever is mounted in them or still uses them.
///
/// Each is taken out of its group of peers first, with what is mounted in it: unmounting travels to peers, and the peer
/// of a bind mount is the host's own mount. Points are found without following links, which a container may have put on
/// the way.
func unmountAll(below path: String) throws(KernelError) {
    let (parent, name) = path.splitAtLastComponent
    // Mounts on mounts come into sight one by one; a bound for what somebody mounts again and again.
    for _ in 0..<100 {
        let points = try MountTable.read().topmost(below: path)
        if points.isEmpty { return }
        let base = try FileDescriptor.open(parent, O_PATH | O_DIRECTORY)
        for point in points {
            let inner = (Array(name.utf8) + point.dropFirst(path.utf8.count) + [0]).map {
                CChar(bitPattern: $0)
            }
            try detach(inner, in: base, String(decoding: point, as: UTF8.self))
        }
    }
    throw KernelError("unmount all below", path, .busy)
}

private func detach(_ inner: [CChar], in base: borrowing FileDescriptor, _ point: String) throws(KernelError)
{
    do throws(KernelError) {
        let mount = Mount(owning: try base.openInRoot(inner, O_PATH | O_NOFOLLOW, noLinks: true))
        try mount.setAttributes(MountAttributes(), recursive: true, propagation: .private)
        try unmount(mount.descriptor.procPath, flags: Int32(MNT_DETACH))
    } catch {
        // Gone, or no mount any more (EINVAL): the table that is read next says what is left.
        if error.errno != .noEntry, error.errno != .invalidArgument {
            throw KernelError("unmount", point, error.errno)
        }
    }
}
