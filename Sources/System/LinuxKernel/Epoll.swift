import CLinux
import Glibc

/// An epoll instance (epoll(7)): waits for many descriptors at once.
public struct Epoll: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// What to wait for, and what happened.
    public struct Events: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let readable = Events(rawValue: EPOLLIN.rawValue)
        public static let writable = Events(rawValue: EPOLLOUT.rawValue)
        /// What kernel files such as `memory.events` signal a change with.
        public static let priority = Events(rawValue: EPOLLPRI.rawValue)
        /// Always reported, need not be asked for.
        public static let error = Events(rawValue: EPOLLERR.rawValue)
        public static let hangUp = Events(rawValue: EPOLLHUP.rawValue)
        /// The peer of a socket has shut down its sending half.
        public static let peerClosed = Events(rawValue: EPOLLRDHUP.rawValue)
        public static let edgeTriggered = Events(rawValue: 1 << 31)
    }

    /// One descriptor that is ready.
    public struct Ready {
        /// What it was added with.
        public let token: UInt64
        public let events: Events
    }

    public init() throws(KernelError) {
        descriptor = FileDescriptor(
            owning: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Watches `fd`. The kernel forgets it by itself when the open file is closed by all who share it; a
    /// descriptor that a child process may still hold is removed with `remove` before it is closed.
    public func add(_ fd: Int32, _ events: Events, token: UInt64) throws(KernelError) {
        try control(EPOLL_CTL_ADD, fd, events, token)
    }

    /// Changes what a watched descriptor is watched for.
    public func modify(_ fd: Int32, _ events: Events, token: UInt64) throws(KernelError) {
        try control(EPOLL_CTL_MOD, fd, events, token)
    }

    public func remove(_ fd: Int32) throws(KernelError) {
        try control(EPOLL_CTL_DEL, fd, [], 0)
    }

    private func control(_ operation: Int32, _ fd: Int32, _ events: Events, _ token: UInt64)
        throws(KernelError)
    {
        var event = epoll_event()
        event.events = events.rawValue
        event.data.u64 = token
        _ = try check("epoll_ctl", "descriptor \(fd)") { epoll_ctl(descriptor.raw, operation, fd, &event) }
    }

    /// Waits for at most `milliseconds` (-1: without limit) and hands each ready descriptor to `body`.
    /// - Returns: how many there were; 0 after the time, or when a signal came.
    public func wait(milliseconds: Int32, _ body: (Ready) -> Void) throws(KernelError) -> Int {
        let capacity = 16
        var failure: KernelError?
        let count = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { buffer -> Int in
            let count = epoll_wait(descriptor.raw, buffer.baseAddress!, Int32(capacity), milliseconds)
            if count < 0 {
                let error = KernelError("epoll_wait", "")
                if error.errno != .interrupted { failure = error }
                return 0
            }
            for index in 0..<Int(count) {
                body(Ready(token: buffer[index].data.u64, events: Events(rawValue: buffer[index].events)))
            }
            return Int(count)
        }
        if let failure { throw failure }
        return count
    }
}
