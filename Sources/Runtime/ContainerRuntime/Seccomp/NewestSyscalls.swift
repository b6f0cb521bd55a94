import CSeccomp
import OCISpec

/// The newest system call that a profile names, for each architecture.
///
/// A profile says nothing about calls that came into the kernel after it was written, and a C library that
/// tries such a call falls back to an older one if the answer is ENOSYS, but takes EPERM (or being killed)
/// for the answer. As in runc, therefore, calls with higher numbers than any in the profile answer ENOSYS,
/// whatever the default action, unless that carries calls out.
struct NewestSyscalls {
    private var newest: [(architecture: FilterArchitecture, number: UInt32)] = []

    init(_ profile: RuntimeSpec.Seccomp, _ architectures: [FilterArchitecture]) {
        for architecture in architectures {
            var highest: Int32 = 0
            for rule in profile.syscalls {
                for name in rule.names {
                    // Negative: unknown, or the library's number for a part of socketcall(2) or ipc(2).
                    highest = max(highest, seccomp_syscall_resolve_name_arch(architecture.token, name))
                }
            }
            // A profile that names no call of an architecture says nothing about when it was written.
            if highest > 0 { newest.append((architecture, UInt32(highest))) }
        }
    }

    var rangesBeyond: [FilterTree.ArchitectureRange] {
        newest.flatMap { architecture, number in
            let kernel = architecture.kernelToken
            // On x86_64 bit 30 tells which ABI a number belongs to, and bit 31 nothing.
            let ranges: [ClosedRange<UInt32>] =
                if architecture.isX32 {
                    [(number | FilterArchitecture.x32Bit) + 1...0x7fff_ffff, 0xc000_0000...0xffff_ffff]
                } else if kernel == FilterArchitecture.x86_64 {
                    [number + 1...0x3fff_ffff, 0x8000_0000...0xbfff_ffff]
                } else {
                    [number + 1...0xffff_ffff]
                }
            return ranges.map { FilterTree.ArchitectureRange(architecture: kernel, numbers: $0) }
        }
    }
}
