import CLinux
import CSeccomp
import OCISpec

extension SeccompCompiler {
    /// What profiles can use on this kernel and with this libseccomp (features-linux.md, seccomp).
    public static var features: RuntimeFeatures.Seccomp {
        typealias Seccomp = RuntimeSpec.Seccomp
        var features = RuntimeFeatures.Seccomp()
        let actions = Seccomp.Action.allCases.filter(isAvailable)
        features.enabled = !actions.isEmpty
        features.actions = actions.map(\.rawValue).sorted()
        features.operators = Seccomp.Operator.allCases.map(\.rawValue).sorted()
        features.archs = Seccomp.Architecture.allCases.filter { FilterArchitecture($0) != nil }
            .map(\.rawValue).sorted()
        features.knownFlags = Seccomp.Flag.allCases.map(\.rawValue).sorted()
        features.supportedFlags = Seccomp.Flag.allCases.filter(isSupported).map(\.rawValue).sorted()
        return features
    }

    private static func isAvailable(_ action: RuntimeSpec.Seccomp.Action) -> Bool {
        var answer = action.answer(errno: 0)
        return withUnsafeMutablePointer(to: &answer) {
            clinux_syscall(
                Int(SYS_seccomp), Int(SECCOMP_GET_ACTION_AVAIL), 0, Int(bitPattern: $0), 0, 0, 0) == 0
        }
    }

    private static func isSupported(_ flag: RuntimeSpec.Seccomp.Flag) -> Bool {
        let bits: UInt =
            switch flag {
            case .threadSync: UInt(SECCOMP_FILTER_FLAG_TSYNC)
            case .log: UInt(SECCOMP_FILTER_FLAG_LOG)
            case .allowSpeculation: UInt(SECCOMP_FILTER_FLAG_SPEC_ALLOW)
            case .waitKillable:
                UInt(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER)
            }
        // Without a program the kernel answers EFAULT, to flags that it does not know EINVAL before.
        let result = clinux_syscall(Int(SYS_seccomp), Int(SECCOMP_SET_MODE_FILTER), Int(bits), 0, 0, 0, 0)
        return result == -1 && clinux_errno() == EFAULT
    }
}
