import Glibc
import LinuxKernel

/// The service manager that started this daemon, where one wants to hear how it is (sd_notify(3)).
public struct ServiceManager: Sendable {
    private let address: String?

    /// - Parameter address: the value of `NOTIFY_SOCKET`: a path, or after `@` an abstract name; nil: nobody listens.
    public init(address: String?) {
        self.address = address
    }

    /// The one of this process's environment, which children of this process do not get: only the daemon speaks for
    /// the service.
    public static func ofEnvironment() -> ServiceManager {
        let address = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
        unsetenv("NOTIFY_SOCKET")
        return ServiceManager(address: address.flatMap { $0.isEmpty ? nil : $0 })
    }

    public func ready(_ status: String) throws { try tell("READY=1\nSTATUS=\(status)") }
    public func stopping() throws { try tell("STOPPING=1") }

    /// Followed by `ready` when it is done.
    public func reloading() throws {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        try tell("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
    }

    private func tell(_ message: String) throws {
        guard let address else { return }
        try UnixSocket.connect(datagrams: address).writeAll(message)
    }
}
