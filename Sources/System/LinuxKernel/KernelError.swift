import CLinux
import Glibc

/// A number of the kernel's error list (errno(3)).
public struct Errno: RawRepresentable, Equatable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The error of the last failed call of this thread.
    public static var current: Errno { Errno(rawValue: clinux_errno()) }

    public static let notPermitted = Errno(rawValue: EPERM)
    public static let noEntry = Errno(rawValue: ENOENT)
    public static let noProcess = Errno(rawValue: ESRCH)
    public static let interrupted = Errno(rawValue: EINTR)
    public static let ioError = Errno(rawValue: EIO)
    public static let noDevice = Errno(rawValue: ENODEV)
    public static let badDescriptor = Errno(rawValue: EBADF)
    public static let noChild = Errno(rawValue: ECHILD)
    public static let again = Errno(rawValue: EAGAIN)
    public static let noMemory = Errno(rawValue: ENOMEM)
    public static let accessDenied = Errno(rawValue: EACCES)
    public static let busy = Errno(rawValue: EBUSY)
    public static let exists = Errno(rawValue: EEXIST)
    public static let notDirectory = Errno(rawValue: ENOTDIR)
    public static let isDirectory = Errno(rawValue: EISDIR)
    public static let invalidArgument = Errno(rawValue: EINVAL)
    public static let noSpace = Errno(rawValue: ENOSPC)
    public static let readOnly = Errno(rawValue: EROFS)
    public static let brokenPipe = Errno(rawValue: EPIPE)
    public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
    public static let notSupported = Errno(rawValue: EOPNOTSUPP)
    public static let notImplemented = Errno(rawValue: ENOSYS)
    public static let notEmpty = Errno(rawValue: ENOTEMPTY)
    public static let loop = Errno(rawValue: ELOOP)
    public static let crossDevice = Errno(rawValue: EXDEV)
    public static let noData = Errno(rawValue: ENODATA)
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)
    public static let timedOut = Errno(rawValue: ETIMEDOUT)
    public static let outOfRange = Errno(rawValue: ERANGE)
    public static let badExecutable = Errno(rawValue: ENOEXEC)
    public static let argumentListTooLong = Errno(rawValue: E2BIG)

    /// The caller may not do it, at all or here.
    public var isRefusal: Bool { [.notPermitted, .accessDenied, .readOnly].contains(self) }

    /// The C library's text in lower case, as Go programs print it, since that is what the field's users know.
    public var description: String {
        guard let text = strerrordesc_np(rawValue) else { return "errno \(rawValue)" }
        return String(cString: text).lowercasedASCII
    }
}

extension String {
    /// Lower case of the ASCII letters only; needs no Unicode tables.
    var lowercasedASCII: String {
        String(decoding: utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}

/// What the kernel refused: the operation, what it was done on, and its answer.
public struct KernelError: Error, CustomStringConvertible, Sendable {
    public let operation: String
    public let object: String
    public let errno: Errno

    public init(_ operation: String, _ object: String, _ errno: Errno = .current) {
        // The default argument is evaluated by the caller before anything here can change errno.
        self.operation = operation
        self.object = object
        self.errno = errno
    }

    public var description: String {
        object.isEmpty ? "\(operation): \(errno)" : "\(operation) \(object): \(errno)"
    }
}

/// Repeats a call that a signal interrupted; throws what else it answers with -1.
/// - Parameter object: evaluated only on failure.
@inlinable @inline(__always)
package func check<Result: SignedInteger>(
    _ operation: StaticString, _ object: @autoclosure () -> String = "", _ call: () -> Result
) throws(KernelError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let errno = Errno.current
        if errno == .interrupted { continue }
        throw KernelError(operation.description, object(), errno)
    }
}
