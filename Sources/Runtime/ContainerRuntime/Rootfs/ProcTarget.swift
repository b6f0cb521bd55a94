import CLinux
import Glibc
import LinuxKernel

/// Mounts over /proc would let an image answer in the kernel's place, to the runtime too, which writes
/// labels and sysctls there (CVE-2019-16884, CVE-2025-52881). Only files that hold nothing but statistics may
/// be covered, as the field's runtimes have it for tools such as lxcfs.
package enum ProcTarget {
    private static let mayBeCovered: [String] = [
        "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "net/dev",
        "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled",
    ]

    /// Whether something may be mounted at that place below /proc.
    /// - Parameter inside: without `/proc/`.
    package static func allows(_ inside: String) -> Bool { mayBeCovered.contains(inside) }

    /// - Parameters:
    ///   - target: the place, already resolved: what counts is where it is, not what it was called.
    ///   - source: the bind mount's source, nil for a new file system.
    static func check(
        _ destination: String, target: borrowing FileDescriptor, source: Int32?
    ) throws {
        let isInProc = try target.fileSystemType() == Int(PROC_SUPER_MAGIC)
        // What has no component `proc` is not below it by name either. Most mounts end here.
        if !isInProc, strstr(destination, "proc") == nil { return }
        let components = destination.utf8.split(separator: UInt8(ascii: "/"))
            .filter { !$0.elementsEqual(".".utf8) }
        let isBelowProc = components.first?.elementsEqual("proc".utf8) ?? false
        let isProcItself = isBelowProc && components.count == 1
        guard isInProc || isProcItself else { return }
        if isProcItself {
            var info = statfs()
            if let source, fstatfs(source, &info) == 0, Int(info.f_type) == Int(PROC_SUPER_MAGIC) { return }
            throw RuntimeError("'\(destination)' cannot be covered by something that is not a procfs")
        }
        let inside = components.dropFirst().map { String($0) ?? "" }.joined(separator: "/")
        if isBelowProc, allows(inside) { return }
        throw RuntimeError("'\(destination)' is inside /proc, where nothing may be mounted")
    }
}
