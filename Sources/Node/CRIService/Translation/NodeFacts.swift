import ContainerCLI
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// What the service knows about its node: found out at start, and again when its configuration is reloaded.
public struct NodeFacts: Sendable {
    /// Who makes the groups of containers.
    public enum CgroupDriver: String, Sendable {
        case cgroupfs, systemd
    }

    public var cgroupDriver = CgroupDriver.cgroupfs
    /// What this process may give away, by `CAP_` names.
    public var capabilities: [String] = []
    /// All that the kernel has: what the root of a user namespace holds in it.
    public var kernelCapabilities: [String] = []
    public var kernel = KernelVersion.running
    /// Whether the kernel filters system calls.
    public var hasSeccomp = true
    /// Whether user namespaces can be made.
    public var makesUserNamespaces = true
    /// What RuntimeDefault means.
    public var defaultSeccomp = SeccompProfile.standard
    /// nil where the kernel has no AppArmor.
    public var appArmor: AppArmor?
    public var hasSELinux = false
    /// Whether the configuration asks for labels.
    public var wantsSELinux = false
    /// The lowest that may be written to `oom_score_adj`.
    public var lowestOOMScore: Int32 = -1000
    /// Controllers of groups that neither version has, and those that only version 1 has.
    public var absentControllers: [String] = []
    public var legacyControllers: [String] = []
    /// Whether swap of a group can be limited.
    public var countsSwap = true
    /// Whether huge pages of a group can be limited.
    public var countsHugePages = true
    /// Of huge pages, as groups' files call them.
    public var pageSizes = ["2MB", "1GB"]
    /// Where device specifications lie; those of a later folder win.
    public var cdiFolders = ["/etc/cdi", "/var/run/cdi"]
    /// Programs of pods with a network of their own may listen at every port and send pings without capabilities.
    public var allowsUnprivilegedPorts = true

    /// AppArmor as this kernel has it.
    public struct AppArmor: Equatable, Sendable {
        /// What RuntimeDefault means; nil where there is none.
        public var defaultProfile: String?
        /// Why the default profile cannot be applied, and containers that need it are refused.
        public var problem: String?
        public var profiles: AppArmorProfiles

        public init(defaultProfile: String? = nil, profiles: AppArmorProfiles = AppArmorProfiles()) {
            self.defaultProfile = defaultProfile
            self.profiles = profiles
        }

        /// - Parameter wanted: the configuration's default profile; empty: the standard one, which is loaded here, unless
        ///   this process cannot do that; `unconfined`: none.
        package init(wanted: String, profiles: AppArmorProfiles) {
            self.init(profiles: profiles)
            if wanted == "unconfined" { return }
            defaultProfile = wanted.isEmpty ? AppArmorProfiles.standard : wanted
            do {
                defaultProfile = try provideDefault()
            } catch {
                problem = "\(error)"
            }
        }

        /// The default profile, as it is to be applied now: the standard one is loaded anew where an administrator has
        /// unloaded it.
        /// - Throws: when the default profile is not there.
        func provideDefault() throws -> String? {
            guard let defaultProfile else { return nil }
            if defaultProfile == AppArmorProfiles.standard {
                return try profiles.provideStandard() ? defaultProfile : nil
            }
            guard try profiles.has(defaultProfile) else {
                throw TranslationError(
                    .failedPrecondition, "apparmor.default_profile of the configuration",
                    "the profile \(JSONError.quoted(defaultProfile)) is not loaded on this node")
            }
            return defaultProfile
        }
    }

    /// A node that has everything.
    public init() {}

    /// Whether mounts can be read-only with all below: mount_setattr(2) with AT_RECURSIVE.
    var setsMountsBelow: Bool { kernel >= KernelVersion(5, 12) }

    /// Whether pods can have user namespaces: their images need ID-mapped mounts of overlayfs' layers.
    var hasUserNamespaces: Bool { makesUserNamespaces && kernel >= KernelVersion(5, 19) }

    /// This node.
    /// - Parameter appArmorProfile: the configuration's default.
    public static func detect(cgroupDriver: CgroupDriver, appArmorProfile: String = "") throws -> NodeFacts {
        var facts = NodeFacts()
        facts.cgroupDriver = cgroupDriver
        let held = try CapabilitySets.permittedHere()
        facts.capabilities = Capability.members(of: held).map(\.name)
        facts.kernelCapabilities = Capability.members(of: try Capability.all()).map(\.name)
        facts.hasSeccomp = access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0
        facts.makesUserNamespaces = try makesUserNamespaces()
        facts.appArmor = try AppArmorProfiles.ofKernel().map {
            AppArmor(wanted: appArmorProfile, profiles: $0)
        }
        facts.hasSELinux = access("/sys/fs/selinux/enforce", F_OK) == 0
        // Without CAP_SYS_RESOURCE nobody goes below what he has (proc_pid_oom_score_adj(5)).
        if !facts.capabilities.contains("CAP_SYS_RESOURCE") {
            let own = try FileDescriptor.readFile("/proc/self/oom_score_adj")
            facts.lowestOOMScore =
                Int32(String(decoding: own.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) ?? 0
        }
        facts.pageSizes = HugePageSizes.names()
        try facts.look(at: try CgroupLayout.detect())
        return facts
    }

    package mutating func look(at layout: CgroupLayout) throws {
        let legacy = try layout.legacyHierarchies()
        func legacyFile(_ controller: String, _ name: String) -> Bool {
            legacy.contains { hierarchy in
                hierarchy.controllers.split(separator: ",").contains { $0 == controller }
                    && access(hierarchy.mountPoint + "/" + name, F_OK) == 0
            }
        }
        let unified = try layout.unifiedControllers()
        countsHugePages = unified.contains("hugetlb") || legacyFile("hugetlb", "tasks")
        countsSwap =
            unified.contains("memory")
            ? try FileDescriptor.listing(of: layout.unified).contains { folder in
                folder.isFolder && access("\(layout.unified)/\(folder.name)/memory.swap.max", F_OK) == 0
            }
            : legacyFile("memory", "memory.memsw.limit_in_bytes")
        let others = ["cpu", "cpuset", "io", "memory", "pids"].filter { !unified.contains($0) }
        legacyControllers = others.filter { legacyFile($0 == "io" ? "blkio" : $0, "tasks") }
        absentControllers = others.filter { !legacyControllers.contains($0) }
    }

    /// The kernel may be built without them, and an administrator may allow none (namespaces(7)).
    package static func makesUserNamespaces(proc: String = "/proc") throws(KernelError) -> Bool {
        guard let most = try FileDescriptor.readFileIfThere(proc + "/sys/user/max_user_namespaces") else {
            return false
        }
        return most.first != UInt8(ascii: "0") && access(proc + "/self/ns/user", F_OK) == 0
    }
}
