import Glibc
import LinuxKernel

extension CgroupDriver {
    /// Who should make groups on this host: systemd where it is the init and keeps the one tree of version 2, which
    /// has one writer by its rules; else this runtime.
    public static func suited(to layout: CgroupLayout) -> CgroupDriver {
        layout.isUnified && isSystemdInit ? .systemd : .files
    }

    /// As sd_booted(3) has it.
    public static var isSystemdInit: Bool { access("/run/systemd/system", F_OK) == 0 }
}

/// A slice of the system's manager: the unit whose group is the parent of scopes (systemd.slice(5)). systemd makes it
/// with the first scope that names it, and leaves it when the last has ended.
public struct SystemdSlice: Equatable, Sendable {
    /// `kubepods-burstable-pod12.slice`.
    public let name: String
    /// Below the manager's own: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice`.
    private let group: String

    /// - Returns: nil for what is not the name of a slice.
    public init?(_ name: String) {
        guard let group = SystemdScopeName.expand(slice: name) else { return nil }
        self.name = name
        self.group = group
    }

    /// The slice's group, below the mount point of every hierarchy.
    public func path() throws(CgroupError) -> String {
        let table: [UInt8]
        do throws(KernelError) {
            table = try FileDescriptor.readFile("/proc/1/cgroup")
        } catch {
            throw .kernel(error)
        }
        return Self.managersGroup(table) + group
    }

    /// The manager itself runs in `init.scope` below the group of all of its units.
    /// - Parameter table: `/proc/1/cgroup`.
    package static func managersGroup(_ table: [UInt8]) -> String {
        let scope = "/init.scope"
        for line in table.split(separator: UInt8(ascii: "\n")) where line.starts(with: "0::".utf8) {
            let path = String(decoding: line.dropFirst(3), as: UTF8.self)
            if path.hasSuffix(scope) { return String(path.dropLast(scope.utf8.count)) }
        }
        return ""
    }

    /// Has systemd remove the slice and its group, and end what may be left in it; one that is gone is fine.
    public func stop() throws(CgroupError) {
        var manager = try SystemdManager.connect(.system)
        try manager.stop(name)
    }
}
