import LinuxKernel

/// Why a control group could not be made, changed, read or removed. One line when printed.
public enum CgroupError: Error, Sendable, CustomStringConvertible {
    /// What the kernel refused: the operation with its value, the file or folder, and the answer.
    case kernel(KernelError)
    /// No cgroup2 file system is mounted, without which a container can be neither frozen nor killed as a
    /// whole, nor kept from devices.
    case noUnifiedHierarchy
    /// A limit was asked for that needs a controller which no mounted hierarchy of this host has.
    case noController(String, neededFor: String)
    /// A group above the container's has processes of its own and therefore cannot hand on controllers
    /// (cgroups(7), the rule of no internal processes).
    case internalProcesses(path: String, controllers: String)
    /// A value that the kernel has no form for.
    case invalid(field: String, reason: String)
    /// A cgroup path that names no place for a container.
    case badPath(String, reason: String)
    /// Another container, or something else, runs in the group.
    case notEmpty(path: String, processes: Int)
    /// The group exists and is frozen: nothing started in it would run.
    case frozen(path: String)
    /// The group is not there (any more).
    case gone(path: String)
    case timedOut(doing: String, path: String, milliseconds: Int)
    /// The systemd driver is asked for on a host that was not booted with systemd.
    case noSystemd
    /// What systemd's manager was asked to do, and why it does not.
    case systemd(_ doing: String, reason: String)

    public var description: String {
        switch self {
        case .kernel(let error):
            error.description
        case .noUnifiedHierarchy:
            "no cgroup2 file system is mounted (mount one at /sys/fs/cgroup, or beside version 1 "
                + "hierarchies at /sys/fs/cgroup/unified)"
        case .noController(let name, let field):
            "cannot set \(field): no mounted cgroup hierarchy has the controller '\(name)'"
        case .internalProcesses(let path, let controllers):
            "cannot enable cgroup controllers '\(controllers)' below \(path): it has processes of its own"
        case .invalid(let field, let reason):
            "\(field): \(reason)"
        case .badPath(let path, let reason):
            "cgroup path '\(path)': \(reason)"
        case .notEmpty(let path, let processes):
            "container's cgroup is not empty: \(processes) process(es) found in \(path)"
        case .frozen(let path):
            "container's cgroup unexpectedly frozen: \(path)"
        case .gone(let path):
            "container's cgroup does not exist: \(path)"
        case .timedOut(let doing, let path, let milliseconds):
            "\(doing) \(path): not done after \(milliseconds) ms"
        case .noSystemd:
            "systemd not running on this host, cannot use systemd cgroups manager (no /run/systemd/system)"
        case .systemd(let doing, let reason):
            "systemd: \(doing): \(reason)"
        }
    }

    /// The kernel's answer to the call that failed last.
    static func system(_ operation: String, _ object: String, _ errno: Errno = .current) -> CgroupError {
        .kernel(KernelError(operation, object, errno))
    }
}
