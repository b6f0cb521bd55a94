import CLinux
import CSeccomp
import OCISpec

/// An architecture that libseccomp can filter.
package struct FilterArchitecture: Equatable, Sendable {
    /// libseccomp's number.
    package let token: UInt32
    package let isX32: Bool

    private init(token: UInt32) {
        self.token = token
        isX32 = token == UInt32(EM_X86_64) | UInt32(__AUDIT_ARCH_LE)
    }

    /// Nil when this libseccomp does not know it.
    package init?(_ name: RuntimeSpec.Seccomp.Architecture) {
        // The library's names are the specification's in lower case, behind the prefix.
        let letters = name.rawValue.utf8.dropFirst("SCMP_ARCH_".utf8.count)
            .map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
        let token = seccomp_arch_resolve_name(String(decoding: letters, as: UTF8.self))
        guard token != 0 else { return nil }
        self.init(token: token)
    }

    /// The one that this program is compiled for.
    package static var native: FilterArchitecture { FilterArchitecture(token: seccomp_arch_native()) }

    /// `AUDIT_ARCH_…`, which the kernel gives to a filter. x32 is an ABI of x86_64.
    package var kernelToken: UInt32 { isX32 ? Self.x86_64 : token }

    package static let x86_64 = UInt32(EM_X86_64) | UInt32(__AUDIT_ARCH_64BIT) | UInt32(__AUDIT_ARCH_LE)

    /// In the numbers of x32's system calls.
    package static let x32Bit: UInt32 = 1 << 30
}

/// The libseccomp that is linked in.
enum SeccompLibrary {
    static var version: String {
        guard let version = seccomp_version() else { return "?" }
        return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)"
    }
}
