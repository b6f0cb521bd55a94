import CLinux
import Glibc
import LinuxKernel

/// Extended attributes of a file that is reached by descriptor.
struct FileAttributes {
    typealias List = [(name: [UInt8], value: [UInt8])]

    /// Below /proc/self/fd, which leads to the open file itself and not to a path that could change.
    private let object: [UInt8]
    private let follow: Bool
    private let shownName: String

    /// Of an open file or folder; O_PATH is enough.
    init(of file: borrowing FileDescriptor, name: LayerPath) {
        object = Array(file.procPath.utf8)
        follow = true
        shownName = name.description
    }

    /// Of an entry of an open folder, which is not followed when it is a link.
    init(of path: LayerPath, in folder: borrowing FileDescriptor) {
        object = Array(folder.procPath.utf8) + [LayerPath.slash] + path.name
        follow = false
        shownName = path.description
    }

    /// Attributes that are not an image's to set: overlayfs' own marks would make it show what the layer does
    /// not hold, and SELinux labels are the host's.
    private static func isReserved(_ name: [UInt8]) -> Bool {
        name.starts(with: "trusted.overlay.".utf8) || name.starts(with: "user.overlay.".utf8)
            || name.elementsEqual("security.selinux".utf8)
    }

    /// All attributes but the reserved ones.
    func read() throws -> List { try readAll().filter { !Self.isReserved($0.name) } }

    /// All attributes.
    func readAll() throws -> List {
        try withCStringOf(object) { object in
            let list = try grown {
                let text = $0?.assumingMemoryBound(to: CChar.self)
                return follow ? listxattr(object, text, $1) : llistxattr(object, text, $1)
            }
            return try list.split(separator: 0).map(Array.init).map { name in
                let value = try withCStringOf(name) { cName in
                    try grown {
                        follow ? getxattr(object, cName, $0, $1) : lgetxattr(object, cName, $0, $1)
                    }
                }
                return (name, value)
            }
        }
    }

    /// Sets all but the reserved ones. Returns the names that the file system cannot hold.
    func write(_ attributes: List) throws -> [String] {
        var refused: [String] = []
        for (name, value) in attributes where !Self.isReserved(name) {
            let code = withCStringOf(object) { object in
                withCStringOf(name) { name in
                    follow
                        ? setxattr(object, name, value, value.count, 0)
                        : lsetxattr(object, name, value, value.count, 0)
                }
            }
            if code == 0 { continue }
            let errno = Errno.current
            guard errno == .notSupported else {
                throw KernelError("set attribute \(shown(name)) (\(value.count) bytes) of", shownName, errno)
            }
            refused.append(shown(name))
        }
        return refused
    }

    /// Calls once for the size and once for the bytes, again when they grew in between.
    private func grown(_ call: (UnsafeMutableRawPointer?, Int) -> Int) throws -> [UInt8] {
        while true {
            let size = call(nil, 0)
            if size == 0 { return [] }
            if size < 0 { throw KernelError("read attributes of", shownName) }
            var failure: Errno?
            let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                let length = call(buffer.baseAddress, size)
                if length < 0 { failure = .current }
                count = max(length, 0)
            }
            guard let failure else { return bytes }
            if failure != .outOfRange { throw KernelError("read attributes of", shownName, failure) }
        }
    }
}
