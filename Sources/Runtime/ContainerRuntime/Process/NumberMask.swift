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
}

extension RuntimeSpec.CPUAffinity {
    /// For the runtime's own process, whose child inherits it (config.md, execCPUAffinity).
    func applyInitial() throws(KernelError) {
        if let mask = Self.mask(initial) { try ProcessorAffinity.set(mask, initial ?? "") }
    }

    /// For the new process, when it is in the container's cgroup.
    func applyFinal() throws(KernelError) {
        if let mask = Self.mask(final) {
            try ProcessorAffinity.set(mask, final ?? "")
        } else if Self.mask(initial) == nil {
            try ProcessorAffinity.reset()
        }
    }

    private static func mask(_ text: String?) -> [UInt]? {
        guard let text, let list = NumberList(text), !list.isEmpty else { return nil }
        return NumberMask(list).words
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
