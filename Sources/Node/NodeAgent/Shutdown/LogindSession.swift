import ContainerRuntime
import Glibc
import LinuxKernel

/// A conversation with systemd-logind: a lock that delays the machine's end, and the word that it is about to come
/// (org.freedesktop.login1(5), "Inhibitor Locks").
struct LogindSession: ~Copyable {
    /// Milliseconds for an answer.
    private static let patience = 10_000
    private static let drop = "/etc/systemd/logind.conf.d/99-swiftlet.conf"

    private static let bus = DBusTarget(
        destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus")
    private static let manager = DBusTarget(
        destination: "org.freedesktop.login1", path: "/org/freedesktop/login1",
        interface: "org.freedesktop.login1.Manager")
    private static let properties = DBusTarget(
        destination: "org.freedesktop.login1", path: "/org/freedesktop/login1",
        interface: "org.freedesktop.DBus.Properties")
    private static let systemd = DBusTarget(
        destination: "org.freedesktop.systemd1", path: "/org/freedesktop/systemd1",
        interface: "org.freedesktop.systemd1.Manager")

    private var connection: DBusConnection
    /// The lock, as long as it is held.
    private var lock: FileDescriptor?

    /// - Returns: nil where this machine has no system bus.
    static func open() throws(DBusError) -> LogindSession? {
        let given = getenv("DBUS_SYSTEM_BUS_ADDRESS").map { DBusAddress.list(String(cString: $0)) }
        let address = given?.first ?? .path("/run/dbus/system_bus_socket")
        if case .path(let path) = address, access(path, F_OK) != 0 { return nil }
        var session = LogindSession(
            connection: try DBusConnection.open(
                address, user: geteuid(), takesDescriptors: true, milliseconds: patience))
        _ = try session.connection.call(bus, "Hello", expecting: "s", milliseconds: patience)
        let rule =
            "type='signal',sender='\(manager.destinationName)',path='\(manager.path)'"
            + ",interface='\(manager.interface)',member='PrepareForShutdown'"
        _ = try session.connection.call(bus, "AddMatch", signature: "s", milliseconds: patience) {
            $0.string(rule)
        }
        return session
    }

    private init(connection: consuming DBusConnection) {
        self.connection = connection
        lock = nil
    }

    /// How long a lock may delay the end, seconds.
    mutating func longestDelay() throws(DBusError) -> Int64 {
        let answer = try connection.call(
            Self.properties, "Get", signature: "ss", expecting: "v", milliseconds: Self.patience
        ) {
            $0.string(Self.manager.interface)
            $0.string("InhibitDelayMaxUSec")
        }
        guard case .uint64(let microseconds)? = answer.first else {
            throw .malformed("InhibitDelayMaxUSec is no number")
        }
        return Int64(clamping: microseconds / 1_000_000)
    }

    /// Asks for as much as pods are to get: five seconds are what logind gives by itself.
    /// - Returns: what it gives now.
    mutating func allowDelay(of seconds: Int64) throws -> Int64 {
        let now = try longestDelay()
        if now >= seconds { return now }
        try AgentFiles.makeFolder("/etc/systemd/logind.conf.d")
        try AgentFiles.replace(
            Self.drop,
            "# The pods of this node end first (shutdownGracePeriod).\n[Login]\nInhibitDelayMaxSec=\(seconds)\n"
        )
        // SIGHUP makes it read its configuration again.
        _ = try connection.call(Self.systemd, "KillUnit", signature: "ssi", milliseconds: Self.patience) {
            $0.string("systemd-logind.service")
            $0.string("main")
            $0.value(.int32(SIGHUP))
        }
        for _ in 0..<20 {
            let given = try longestDelay()
            if given >= seconds { return given }
            usleep(100_000)
        }
        return try longestDelay()
    }

    mutating func takeLock() throws(DBusError) {
        let answer = try connection.call(
            Self.manager, "Inhibit", signature: "ssss", expecting: "h", milliseconds: Self.patience
        ) {
            $0.string("shutdown")
            $0.string("swiftlet")
            $0.string("the pods of this node end first")
            $0.string("delay")
        }
        guard !answer.isEmpty, let lock = connection.takeDescriptor() else {
            throw .malformed("Inhibit brings no descriptor")
        }
        self.lock = consume lock
    }

    /// The machine may go on.
    mutating func releaseLock() { lock = nil }

    /// - Returns: whether the machine ends (true), or goes on after all (false); nil when neither was said in time.
    mutating func word(milliseconds: Int) throws(DBusError) -> Bool? {
        do throws(DBusError) {
            return try connection.awaitSignal(
                Self.manager.interface, "PrepareForShutdown", milliseconds: milliseconds
            ) { (signal: DBusMessage) throws(DBusError) -> Bool? in
                try signal.arguments("b").first == .boolean(true)
            }
        } catch {
            if case .timedOut = error { return nil }
            throw error
        }
    }
}

extension DBusTarget {
    fileprivate var destinationName: String { destination ?? "" }
}
