import CLinux
import Glibc

/// Extended attributes of files by path, links not followed (xattr(7)).
public enum ExtendedAttributes {
    /// The names, each without its NUL; empty where the file system has none.
    public static func names(_ path: UnsafePointer<CChar>) throws(KernelError) -> [[CChar]] {
        var buffer = [CChar](repeating: 0, count: 65536)  // XATTR_LIST_MAX
        let length = llistxattr(path, &buffer, buffer.count)
        if length < 0 {
            if Errno.current == .notSupported { return [] }
            throw KernelError("list attributes of", String(cString: path))
        }
        return buffer[..<length].split(separator: 0).map { Array($0) }
    }

    /// One attribute's value.
    /// - Throws: ENODATA when the file does not have it.
    public static func value(
        _ name: UnsafePointer<CChar>, of path: UnsafePointer<CChar>
    ) throws(KernelError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)  // XATTR_SIZE_MAX
        let length = lgetxattr(path, name, &buffer, buffer.count)
        if length < 0 { throw KernelError("read attribute of", String(cString: path)) }
        return Array(buffer[..<length])
    }
}
