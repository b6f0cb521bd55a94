import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Sets of processors and of memory nodes as system calls take them: one bit each, in words of the kernel.
struct NumberMask {
    private(set) var words: [UInt]

    init(_ list: NumberList) {
        let largest = list.ranges.map(\.upperBound).max() ?? 0
        words = [UInt](repeating: 0, count: largest / UInt.bitWidth + 1)
        for number in list.ranges.joined() { words[number / UInt.bitWidth] |= 1 << (number % UInt.bitWidth) }
    }

    /// Lets the calling thread run on these processors only, of those that its cgroup allows
    /// (sched_setaffinity(2)).
    func setAffinity(_ text: String) throws(KernelError) {
        _ = try check("set processor affinity to", text) {
            words.withUnsafeBytes {
                clinux_syscall(
                    Int(SYS_sched_setaffinity), 0, $0.count, Int(bitPattern: $0.baseAddress), 0, 0, 0)
            }
        }
    }
}

extension RuntimeSpec.CPUAffinity {
    /// For the runtime's own process, whose child inherits it (config.md, execCPUAffinity).
    func applyInitial() throws(KernelError) { try Self.apply(initial) }

    /// For the new process, when it is in the container's cgroup.
    func applyFinal() throws(KernelError) { try Self.apply(final) }

    private static func apply(_ text: String?) throws(KernelError) {
        guard let text, let list = NumberList(text), !list.isEmpty else { return }
        try NumberMask(list).setAffinity(text)
    }
}

extension RuntimeSpec.MemoryPolicy {
    /// Says where the calling thread's memory comes from, which its program inherits (set_mempolicy(2)).
    func apply() throws(KernelError) {
        let list = NumberList(nodes ?? "")
        let mask = list.map { $0.isEmpty ? [] : NumberMask($0).words } ?? []
        let mode = flags.reduce(mode.number) { $0 | $1.bit }
        _ = try check("set memory policy", "\(self.mode.rawValue) \(nodes ?? "")") {
            mask.withUnsafeBytes {
                // The kernel counts one bit less than it is told.
                clinux_syscall(
                    Int(SYS_set_mempolicy), Int(mode), Int(bitPattern: mask.isEmpty ? nil : $0.baseAddress),
                    mask.isEmpty ? 0 : $0.count * 8 + 1, 0, 0, 0)
            }
        }
    }
}
