import Glibc
import LinuxKernel
import OCISpec

/// Which of a host's managers keeps a unit.
package enum SystemdInstance: String, Sendable, JSONWord {
    case system
    /// The manager of the user who runs this program.
    case user

    package static var noun: StaticString { "systemd manager" }
}

/// A property of a unit (org.freedesktop.systemd1(5)).
package struct SystemdProperty: Equatable, Sendable {
    package let name: String
    package let value: DBusValue

    package init(_ name: String, _ value: DBusValue) {
        self.name = name
        self.value = value
    }
}

/// A connection to a manager, and the few of its methods that containers need.
struct SystemdManager: ~Copyable {
    private var bus: DBusConnection
    private let manager: DBusTarget

    /// As long as runc waits; a busy machine's manager may well take seconds.
    private static let patience = 30_000
    private static let interface = "org.freedesktop.systemd1.Manager"
    private static let service = "org.freedesktop.systemd1"
    private static let path = "/org/freedesktop/systemd1"

    /// The manager that makes the units of this program's user.
    static func instance() throws(CgroupError) -> SystemdInstance { try user() == 0 ? .system : .user }

    // MARK: Connecting

    /// Straight to the manager where it listens, which also works without a bus, else through the bus.
    static func connect(_ instance: SystemdInstance) throws(CgroupError) -> SystemdManager {
        let user = try user()
        var failure: CgroupError?
        for (address, isBus) in places(instance) {
            do throws(DBusError) {
                var manager = SystemdManager(
                    bus: try DBusConnection.open(address, user: user, milliseconds: patience),
                    manager: DBusTarget(
                        destination: isBus ? service : nil, path: path, interface: interface))
                if isBus { try manager.joinBus() }
                return manager
            } catch {
                failure = Self.failure("connect to the \(instance.rawValue) manager", error)
            }
        }
        // Told apart here, where something went wrong: the way of a container that starts is kept short.
        if instance == .system, access("/run/systemd/system", F_OK) != 0 { throw .noSystemd }
        throw failure
            ?? .systemd(
                "connect to the user manager",
                reason: "neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS says where it is")
    }

    private init(bus: consuming DBusConnection, manager: DBusTarget) {
        self.bus = bus
        self.manager = manager
    }

    private static func places(_ instance: SystemdInstance) -> [(address: DBusAddress, isBus: Bool)] {
        switch instance {
        case .system:
            let bus = variable("DBUS_SYSTEM_BUS_ADDRESS") ?? "unix:path=/run/dbus/system_bus_socket"
            return [(.path("/run/systemd/private"), false)] + DBusAddress.list(bus).map { ($0, true) }
        case .user:
            var found: [(address: DBusAddress, isBus: Bool)] = []
            let folder = variable("XDG_RUNTIME_DIR")
            if let folder { found.append((.path("\(folder)/systemd/private"), false)) }
            if let bus = variable("DBUS_SESSION_BUS_ADDRESS") {
                found += DBusAddress.list(bus).map { ($0, true) }
            } else if let folder {
                found.append((.path("\(folder)/bus"), true))
            }
            return found
        }
    }

    private static func variable(_ name: String) -> String? {
        guard let text = getenv(name), text.pointee != 0 else { return nil }
        return String(cString: text)
    }

    /// Our user outside of the user namespace that we may be root of: what the peer sees.
    private static func user() throws(CgroupError) -> UInt32 {
        do throws(KernelError) {
            return try IDMaps.outside(geteuid(), map: "/proc/self/uid_map") ?? geteuid()
        } catch {
            throw .kernel(error)
        }
    }

    /// A bus wants to be greeted first, and hands on no signals that were not asked for.
    private mutating func joinBus() throws(DBusError) {
        let bus = DBusTarget(
            destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus")
        let rule =
            "type='signal',sender='\(Self.service)',path='\(Self.path)',interface='\(Self.interface)'"
            + ",member='JobRemoved'"
        _ = try self.bus.call(bus, "Hello", expecting: "s", milliseconds: Self.patience)
        _ = try self.bus.call(bus, "AddMatch", signature: "s", milliseconds: Self.patience) {
            $0.string(rule)
        }
        _ = try self.bus.call(manager, "Subscribe", milliseconds: Self.patience)
    }

    // MARK: Units

    /// Makes and starts a unit that has no file, and waits until it runs. A failed unit that was left under its
    /// name is cleared away.
    mutating func start(_ unit: String, _ properties: [SystemdProperty]) throws(CgroupError) {
        do throws(DBusError) {
            let result = try runStartJob(unit, properties)
            if result == "done" { return }
            try? resetFailed(unit)
            throw .answer(name: "", text: "its job ended with '\(result)'")
        } catch {
            throw Self.failure("start unit '\(unit)'", error)
        }
    }

    /// Makes and starts a unit that has no file, or changes the one that runs.
    /// - Parameters:
    ///   - base: what only a new unit gets.
    ///   - limits: what both get.
    mutating func startOrSet(
        _ unit: String, _ base: [SystemdProperty], _ limits: [SystemdProperty]
    ) throws(CgroupError) {
        do throws(DBusError) {
            let result = try startJob(unit, base + limits)
            if result != "done" { throw .answer(name: "", text: "its job ended with '\(result)'") }
        } catch {
            guard case .answer("org.freedesktop.systemd1.UnitExists", _) = error else {
                throw Self.failure("start unit '\(unit)'", error)
            }
            if !limits.isEmpty { try set(limits, of: unit) }
        }
    }

    private mutating func runStartJob(
        _ unit: String, _ properties: [SystemdProperty]
    ) throws(DBusError) -> String {
        do throws(DBusError) {
            return try startJob(unit, properties)
        } catch {
            guard case .answer("org.freedesktop.systemd1.UnitExists", _) = error else { throw error }
            try? resetFailed(unit)
            return try startJob(unit, properties)
        }
    }

    private mutating func startJob(
        _ unit: String, _ properties: [SystemdProperty]
    ) throws(DBusError) -> String {
        try job("StartTransientUnit", signature: "ssa(sv)a(sa(sv))") {
            $0.string(unit)
            $0.string("replace")
            $0.properties(properties)
            // No other units with it.
            $0.array(alignment: 8) { _ in }
        }
    }

    /// Stops a unit and waits until it is gone. One that has gone by itself is fine; of one that has failed
    /// (for being out of memory, say) the manager is told to forget it.
    mutating func stop(_ unit: String) throws(CgroupError) {
        do throws(DBusError) {
            _ = try job("StopUnit", signature: "ss") {
                $0.string(unit)
                $0.string("replace")
            }
        } catch {
            if !Self.isUnknown(error) { throw Self.failure("stop unit '\(unit)'", error) }
        }
        do throws(DBusError) {
            try resetFailed(unit)
        } catch {
            if !Self.isUnknown(error) { throw Self.failure("reset unit '\(unit)'", error) }
        }
    }

    /// Changes properties until the next boot.
    mutating func set(_ properties: [SystemdProperty], of unit: String) throws(CgroupError) {
        do throws(DBusError) {
            _ = try bus.call(
                manager, "SetUnitProperties", signature: "sba(sv)", milliseconds: Self.patience
            ) {
                $0.string(unit)
                $0.value(.boolean(true))
                $0.properties(properties)
            }
        } catch {
            throw Self.failure("set properties of unit '\(unit)'", error)
        }
    }

    /// Moves a process into a unit's group, where we may not ourselves: a user's manager asks the system's.
    mutating func attach(
        _ process: Int32, to unit: String, subgroup: String
    ) throws(CgroupError) {
        do throws(DBusError) {
            _ = try bus.call(
                manager, "AttachProcessesToUnit", signature: "ssau", milliseconds: Self.patience
            ) {
                $0.string(unit)
                $0.string(subgroup.isEmpty ? "" : "/\(subgroup)")
                $0.value(.numbers([UInt32(process)]))
            }
        } catch {
            throw Self.failure("attach process \(process) to unit '\(unit)'", error)
        }
    }

    /// The group that the manager's units are below: empty for the root.
    mutating func controlGroup() throws(CgroupError) -> String {
        let properties = DBusTarget(
            destination: manager.destination, path: Self.path, interface: "org.freedesktop.DBus.Properties")
        do throws(DBusError) {
            let answer = try bus.call(
                properties, "Get", signature: "ss", expecting: "v", milliseconds: Self.patience
            ) {
                $0.string(Self.interface)
                $0.string("ControlGroup")
            }
            guard case .string(let path)? = answer.first else {
                throw .malformed("ControlGroup is no string")
            }
            return path == "/" ? "" : path
        } catch {
            throw Self.failure("ask the manager for its control group", error)
        }
    }

    // MARK: Jobs

    /// Calls a method that answers with a job, and waits for the job's end.
    /// - Returns: its result: `done`, `canceled`, `timeout`, `failed`, `dependency` or `skipped`.
    private mutating func job(
        _ method: String, signature: String, _ body: (inout DBusWriter) -> Void
    ) throws(DBusError) -> String {
        let answer = try bus.call(
            manager, method, signature: signature, expecting: "o", milliseconds: Self.patience, body)
        guard case .objectPath(let job)? = answer.first else { throw .malformed("\(method) names no job") }
        return try bus.awaitSignal(Self.interface, "JobRemoved", milliseconds: Self.patience) {
            (signal: DBusMessage) throws(DBusError) -> String? in
            let values = try signal.arguments("uoss")
            guard values[1] == .objectPath(job), case .string(let result) = values[3] else { return nil }
            return result
        }
    }

    private mutating func resetFailed(_ unit: String) throws(DBusError) {
        _ = try bus.call(manager, "ResetFailedUnit", signature: "s", milliseconds: Self.patience) {
            $0.string(unit)
        }
    }

    private static func isUnknown(_ error: DBusError) -> Bool {
        guard case .answer("org.freedesktop.systemd1.NoSuchUnit", _) = error else { return false }
        return true
    }

    private static func failure(_ doing: String, _ error: DBusError) -> CgroupError {
        .systemd(doing, reason: error.description)
    }
}

extension DBusWriter {
    /// `a(sv)`, as the manager takes properties.
    package mutating func properties(_ properties: [SystemdProperty]) {
        array(alignment: 8) {
            for property in properties {
                $0.structure {
                    $0.string(property.name)
                    $0.variant(property.value)
                }
            }
        }
    }
}
