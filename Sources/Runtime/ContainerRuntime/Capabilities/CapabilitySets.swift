import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The five capability sets of a process, capabilities(7), a bit for each capability.
public struct CapabilitySets: Equatable, Sendable {
    public var bounding: UInt64 = 0
    public var effective: UInt64 = 0
    public var permitted: UInt64 = 0
    public var inheritable: UInt64 = 0
    public var ambient: UInt64 = 0

    /// No capabilities.
    public init() {}

    /// What a container's process gets.
    ///
    /// Names that are unknown, capabilities that are not available, and those that the kernel would refuse
    /// for their absence from another set are left out, with one warning of each kind (none for ambient ones).
    ///
    /// - Parameters:
    ///   - wanted: process.capabilities of config.json.
    ///   - available: what can be given: the runtime's own permitted set (`permittedHere()`), or in a new
    ///     user namespace everything (`Capability.all()`).
    public init(_ wanted: RuntimeSpec.Capabilities, available: UInt64, warn: (String) -> Void) {
        var reader = NameReader(available: available)
        bounding = reader.read(wanted.bounding)
        permitted = reader.read(wanted.permitted)
        effective = reader.read(wanted.effective)
        inheritable = reader.read(wanted.inheritable)
        ambient = reader.read(wanted.ambient)
        reader.report(to: warn)

        // capset(2) refuses effective capabilities that are not permitted, and inheritable ones that are
        // not in the bounding set, which is cut before.
        restrict(&effective, to: permitted, "effective", "permitted", warn)
        restrict(&inheritable, to: bounding, "inheritable", "in the bounding set", warn)
        // PR_CAP_AMBIENT_RAISE refuses what is not in both. Not worth a word: engines that no longer ask for
        // inheritable capabilities (CVE-2022-24769) still name ambient ones, buildah at every step of a build.
        ambient &= permitted & inheritable
    }

    private func restrict(
        _ set: inout UInt64, to limit: UInt64, _ name: StaticString, _ condition: StaticString,
        _ warn: (String) -> Void
    ) {
        let excess = set & ~limit
        if excess == 0 { return }
        warn("\(name) capabilities that are not \(condition) ignored: \(listing(excess))")
        set &= limit
    }

    // MARK: For the kernel

    /// What to drop with PR_CAPBSET_DROP before capset(2), as it needs CAP_SETPCAP: all that is not in the
    /// bounding set, capabilities included that only the running kernel knows. Dropping what is not there
    /// does no harm.
    public func boundingToDrop() throws(KernelError) -> UInt64 { try Capability.all() & ~bounding }

    /// `struct __user_cap_header_struct` for capset(2) on the calling thread.
    public static var kernelHeader: [UInt32] { [UInt32(_LINUX_CAPABILITY_VERSION_3), 0] }

    /// The two `struct __user_cap_data_struct` for capset(2): effective, permitted and inheritable, first the
    /// lower 32 bits of each.
    public var kernelData: [UInt32] {
        func lower(_ set: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: set) }
        return [
            lower(effective), lower(permitted), lower(inheritable), lower(effective >> 32),
            lower(permitted >> 32), lower(inheritable >> 32),
        ]
    }

    // MARK: This process

    /// What this thread may make effective, and may leave to the programs it executes.
    public static func permittedHere() throws(KernelError) -> UInt64 { try here(capgetOnly: true).permitted }

    /// The sets of this thread. Takes two system calls for each capability of the kernel.
    public static func here() throws(KernelError) -> CapabilitySets { try here(capgetOnly: false) }

    private static func here(capgetOnly: Bool) throws(KernelError) -> CapabilitySets {
        var header = kernelHeader
        var data = CapabilitySets().kernelData
        _ = try check("capget", "") {
            header.withUnsafeMutableBytes { header in
                data.withUnsafeMutableBytes { data in
                    clinux_syscall(
                        Int(SYS_capget), Int(bitPattern: header.baseAddress),
                        Int(bitPattern: data.baseAddress),
                        0, 0, 0, 0)
                }
            }
        }
        let wide = { UInt64(data[$0]) | UInt64(data[$0 + 3]) << 32 }
        var sets = CapabilitySets()
        sets.effective = wide(0)
        sets.permitted = wide(1)
        sets.inheritable = wide(2)
        if capgetOnly { return sets }
        for capability in Capability.members(of: try Capability.all()) {
            let number = UInt(capability.rawValue)
            let isBounding = try check("prctl PR_CAPBSET_READ", capability.name) {
                clinux_prctl(PR_CAPBSET_READ, number, 0, 0, 0)
            }
            let isAmbient = try check("prctl PR_CAP_AMBIENT_IS_SET", capability.name) {
                clinux_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_IS_SET), number, 0, 0)
            }
            if isBounding == 1 { sets.bounding |= capability.mask }
            if isAmbient == 1 { sets.ambient |= capability.mask }
        }
        return sets
    }
}

/// Reads lists of names and collects what is wrong with them, each name once.
private struct NameReader {
    private let available: UInt64
    private var unknown: [String] = []
    private var unavailable: UInt64 = 0

    init(available: UInt64) { self.available = available }

    mutating func read(_ names: [String]) -> UInt64 {
        var set: UInt64 = 0
        for name in names {
            if let capability = Capability(name: name) {
                set |= capability.mask
            } else if !unknown.contains(name) {
                unknown.append(name)
            }
        }
        unavailable |= set & ~available
        return set & available
    }

    func report(to warn: (String) -> Void) {
        if !unknown.isEmpty { warn("unknown capabilities ignored: \(joined(unknown))") }
        if unavailable != 0 { warn("capabilities that are not held ignored: \(listing(unavailable))") }
    }
}

private func listing(_ set: UInt64) -> String { joined(Capability.members(of: set).map(\.name)) }

private func joined(_ names: [String]) -> String { names.joined(separator: ", ") }
