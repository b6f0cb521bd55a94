import CLinux
import Glibc

/// One instruction of a BPF program (bpf(2), struct bpf_insn).
public struct BpfInstruction: Equatable, Sendable {
    public var code: UInt8
    /// Destination in the lower four bits, source in the upper.
    public var registers: UInt8
    /// Of jumps: how many instructions to skip. Of loads: bytes from the source register.
    public var offset: Int16
    public var immediate: Int32

    public init(
        _ code: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0
    ) {
        self.code = code
        registers = destination | source << 4
        self.offset = offset
        self.immediate = immediate
    }
}

/// A BPF program that decides over accesses to device nodes (BPF_PROG_TYPE_CGROUP_DEVICE).
///
/// The kernel gives it three 32-bit words at R1: the access (upper half: 1 mknod, 2 read, 4 write) with the
/// type (lower half: 1 block, 2 character), the major and the minor number. 0 in R0 refuses.
public struct BpfDeviceProgram: ~Copyable {
    private let descriptor: FileDescriptor

    private static let programType: UInt32 = 15  // BPF_PROG_TYPE_CGROUP_DEVICE
    private static let attachType: UInt32 = 6  // BPF_CGROUP_DEVICE
    private static let allowMultiple: UInt32 = 1 << 1  // BPF_F_ALLOW_MULTI
    private static let replace: UInt32 = 1 << 2  // BPF_F_REPLACE

    private init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Has the kernel verify and compile a program.
    /// - Parameter name: at most 15 letters, digits, `_` and `.`; what `bpftool prog` shows.
    /// - Throws: EINVAL or EACCES for a program that the verifier refuses.
    public static func load(
        _ instructions: [BpfInstruction], name: StaticString
    ) throws(KernelError) -> BpfDeviceProgram {
        let license: StaticString = "Apache-2.0"
        let failure: KernelError
        var fd: Int = -1
        (fd, failure) = instructions.withUnsafeBufferPointer { code in
            var attributes = BpfAttributes()
            attributes.set(programType, at: 0)
            attributes.set(UInt32(code.count), at: 4)
            attributes.set(UInt64(UInt(bitPattern: code.baseAddress)), at: 8)
            attributes.set(UInt64(UInt(bitPattern: license.utf8Start)), at: 16)
            for index in 0..<min(name.utf8CodeUnitCount, 15) {
                attributes.set(name.utf8Start[index], at: 48 + index)
            }
            // A signal that arrives during verification ends it with EAGAIN.
            for _ in 0..<30 {
                let fd = attributes.call(5)  // BPF_PROG_LOAD
                if fd >= 0 || Errno.current != .again {
                    return (fd, KernelError("bpf load", "device program"))
                }
            }
            return (-1, KernelError("bpf load", "device program", .again))
        }
        if fd < 0 { throw failure }
        return BpfDeviceProgram(owning: FileDescriptor(owning: Int32(fd)))
    }

    /// Has the program decide in a cgroup of version 2, beside those that others attached: each of them can
    /// refuse.
    /// - Parameter old: leaves the group in the same moment.
    public func attach(
        toCgroup cgroup: Int32, replacing old: borrowing BpfDeviceProgram
    ) throws(KernelError) {
        try attach(to: cgroup, flags: Self.allowMultiple | Self.replace, replaced: old.descriptor.raw)
    }

    public func attach(toCgroup cgroup: Int32) throws(KernelError) {
        try attach(to: cgroup, flags: Self.allowMultiple, replaced: 0)
    }

    private func attach(to cgroup: Int32, flags: UInt32, replaced: Int32) throws(KernelError) {
        var attributes = BpfAttributes()
        attributes.set(UInt32(bitPattern: cgroup), at: 0)
        attributes.set(UInt32(bitPattern: descriptor.raw), at: 4)
        attributes.set(Self.attachType, at: 8)
        attributes.set(flags, at: 12)
        attributes.set(UInt32(bitPattern: replaced), at: 16)
        _ = try check("bpf attach", "device program") { attributes.call(8) }  // BPF_PROG_ATTACH
    }

    /// The program with this name that is attached to the group itself; nil when there is none.
    public static func attached(
        toCgroup cgroup: Int32, name: StaticString
    ) throws(KernelError) -> BpfDeviceProgram? {
        for id in try attachedIDs(toCgroup: cgroup) {
            var attributes = BpfAttributes()
            attributes.set(id, at: 0)
            let fd = attributes.call(13)  // BPF_PROG_GET_FD_BY_ID
            if fd < 0 {
                // Freed meanwhile, or a security module keeps it from us: not ours then.
                let errno = Errno.current
                if errno == .noEntry || errno == .notPermitted || errno == .accessDenied { continue }
                throw KernelError("bpf get program", "\(id)", errno)
            }
            let program = BpfDeviceProgram(owning: FileDescriptor(owning: Int32(fd)))
            if try program.hasName(name) { return program }
        }
        return nil
    }

    private static func attachedIDs(toCgroup cgroup: Int32) throws(KernelError) -> [UInt32] {
        var failure: KernelError?
        // The kernel allows 64 per group.
        let ids = [UInt32](unsafeUninitializedCapacity: 64) { buffer, count in
            var attributes = BpfAttributes()
            attributes.set(UInt32(bitPattern: cgroup), at: 0)
            attributes.set(attachType, at: 4)
            attributes.set(UInt64(UInt(bitPattern: buffer.baseAddress)), at: 16)
            attributes.set(UInt32(buffer.count), at: 24)
            if attributes.call(16) < 0 {  // BPF_PROG_QUERY
                failure = KernelError("bpf query", "device programs")
            } else {
                count = Int(attributes.word(at: 24))
            }
        }
        if let failure { throw failure }
        return ids
    }

    private func hasName(_ name: StaticString) throws(KernelError) -> Bool {
        // struct bpf_prog_info up to and with its name, which is at 64.
        var result = false
        var failure: KernelError?
        withUnsafeTemporaryAllocation(byteCount: 80, alignment: 8) { info in
            info.initializeMemory(as: UInt8.self, repeating: 0)
            var attributes = BpfAttributes()
            attributes.set(UInt32(bitPattern: descriptor.raw), at: 0)
            attributes.set(UInt32(info.count), at: 4)
            attributes.set(UInt64(UInt(bitPattern: info.baseAddress)), at: 8)
            if attributes.call(15) < 0 {  // BPF_OBJ_GET_INFO_BY_FD
                failure = KernelError("bpf get info", "device program")
                return
            }
            result =
                strcmp(
                    info.baseAddress! + 64,
                    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
        }
        if let failure { throw failure }
        return result
    }
}

/// union bpf_attr, by offsets. It is as large as kernel 6.17 knows it: from then on BPF_PROG_QUERY writes a
/// field at its end whatever size the caller gave.
private struct BpfAttributes {
    private var words:
        (
            UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
            UInt64,
            UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
        ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        withUnsafeMutableBytes(of: &words) { $0.storeBytes(of: value, toByteOffset: offset, as: Value.self) }
    }

    func word(at offset: Int) -> UInt32 {
        withUnsafeBytes(of: words) { $0.load(fromByteOffset: offset, as: UInt32.self) }
    }

    mutating func call(_ command: Int) -> Int {
        withUnsafeMutableBytes(of: &words) {
            clinux_syscall(Int(SYS_bpf), command, Int(bitPattern: $0.baseAddress), $0.count, 0, 0, 0)
        }
    }
}
