import CLinux
import CSeccomp
import Glibc
import LinuxKernel
import OCISpec

/// A profile as libseccomp holds it.
package final class SeccompRules {
    private let context: scmp_filter_ctx
    /// The native one first, then those that the profile adds.
    package private(set) var architectures: [FilterArchitecture]
    /// Names of system calls that libseccomp does not know, comma and space between them.
    package private(set) var unknownNames = ""
    /// Numbers beyond the newest system call that the profile names.
    package private(set) var unknownRanges: [FilterTree.ArchitectureRange] = []

    deinit { seccomp_release(context) }

    package init(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) {
        let fallback = profile.defaultAction.answer(errno: profile.defaultErrnoRet)
        guard let context = seccomp_init(fallback) else {
            throw RuntimeError(
                "seccomp: libseccomp refuses the default action \(profile.defaultAction.rawValue)")
        }
        self.context = context
        architectures = [.native]
        for name in profile.architectures { try add(name) }
        for rule in profile.syscalls { try add(rule, unless: fallback) }
        if profile.defaultAction.refuses {
            unknownRanges = NewestSyscalls(profile, architectures).rangesBeyond
        }
    }

    /// The program that libseccomp generates.
    package func export() throws(RuntimeError) -> [sock_filter] {
        do throws(KernelError) {
            let file = try FileDescriptor.memoryFile("seccomp")
            let result = seccomp_export_bpf(context, file.raw)
            guard result == 0 else { throw KernelError("export", "program", Errno(rawValue: -result)) }
            let stride = MemoryLayout<sock_filter>.stride
            let count = Int(try file.status().st_size) / stride
            guard lseek(file.raw, 0, SEEK_SET) == 0 else { throw KernelError("seek", "program") }
            var failure: KernelError?
            let program = [sock_filter](unsafeUninitializedCapacity: count) { buffer, filled in
                do throws(KernelError) {
                    filled = try file.read(into: UnsafeMutableRawBufferPointer(buffer)) / stride
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            guard program.count == count else { throw KernelError("read", "program", .ioError) }
            return program
        } catch {
            throw RuntimeError("seccomp", error)
        }
    }

    // MARK: Building

    private func add(_ name: RuntimeSpec.Seccomp.Architecture) throws(RuntimeError) {
        guard let architecture = FilterArchitecture(name) else {
            throw RuntimeError("seccomp: \(name.rawValue) is unknown to libseccomp \(SeccompLibrary.version)")
        }
        if architectures.contains(architecture) { return }
        let result = seccomp_arch_add(context, architecture.token)
        guard result == 0 else {
            // EDOM: the other byte order.
            let why = Errno(rawValue: -result)
            throw RuntimeError("seccomp: \(name.rawValue) cannot be filtered on this machine: \(why)")
        }
        architectures.append(architecture)
    }

    private func add(_ rule: RuntimeSpec.Seccomp.Syscall, unless fallback: UInt32) throws(RuntimeError) {
        let answer = rule.action.answer(errno: rule.errnoRet)
        let conditions = rule.args.map { argument in
            scmp_arg_cmp(
                arg: argument.index, op: argument.op.comparison, datum_a: argument.value,
                datum_b: argument.valueTwo)
        }
        for name in rule.names {
            let number = seccomp_syscall_resolve_name(name)
            if number == __NR_SCMP_ERROR {
                unknownNames += unknownNames.isEmpty ? name : ", " + name
            } else if answer != fallback {
                // libseccomp refuses a rule that says what holds anyhow.
                try add(name, number, answer, conditions)
            }
        }
    }

    private func add(
        _ name: String, _ number: Int32, _ answer: UInt32, _ conditions: [scmp_arg_cmp]
    ) throws(RuntimeError) {
        var result: Int32 = 0
        if conditions.sharesArgument {
            // Two conditions on one argument cannot be in one rule of libseccomp. They become a rule
            // each, so that one of them is enough: the meaning that runc has given to such profiles.
            for condition in conditions where result == 0 {
                result = withUnsafePointer(to: condition) {
                    seccomp_rule_add_array(context, answer, number, 1, $0)
                }
            }
        } else {
            result = seccomp_rule_add_array(context, answer, number, UInt32(conditions.count), conditions)
        }
        guard result == 0 else {
            throw RuntimeError("seccomp: rule for \(name): \(Errno(rawValue: -result))")
        }
    }
}

extension [scmp_arg_cmp] {
    fileprivate var sharesArgument: Bool {
        var seen: UInt64 = 0
        for condition in self {
            let bit = UInt64(1) << UInt64(condition.arg & 63)
            if seen & bit != 0 { return true }
            seen |= bit
        }
        return false
    }
}

extension RuntimeSpec.Seccomp.Action {
    /// What the filter returns to the kernel, linux/seccomp.h.
    /// - Parameter errno: for `errno` the error, for `trace` what the tracer gets; nil: EPERM.
    func answer(errno: UInt32?) -> UInt32 {
        let data = (errno ?? UInt32(EPERM)) & UInt32(SECCOMP_RET_DATA)
        switch self {
        case .kill, .killThread: return UInt32(SECCOMP_RET_KILL_THREAD)
        case .killProcess: return UInt32(SECCOMP_RET_KILL_PROCESS)
        case .trap: return UInt32(SECCOMP_RET_TRAP)
        case .errno: return UInt32(SECCOMP_RET_ERRNO) | data
        case .trace: return UInt32(SECCOMP_RET_TRACE) | data
        case .allow: return UInt32(SECCOMP_RET_ALLOW)
        case .log: return UInt32(SECCOMP_RET_LOG)
        case .notify: return UInt32(SECCOMP_RET_USER_NOTIF)
        }
    }

    /// Whether a call that gets this answer is not carried out. A tracer may carry it out, and knows
    /// itself what to do with calls that are new to it.
    fileprivate var refuses: Bool {
        switch self {
        case .allow, .log, .trace: false
        case .kill, .killThread, .killProcess, .trap, .errno, .notify: true
        }
    }
}

extension RuntimeSpec.Seccomp.Operator {
    fileprivate var comparison: scmp_compare {
        switch self {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
