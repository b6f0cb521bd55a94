import LinuxKernel
import OCISpec

/// The release of all programs of the project.
public enum SwiftletVersion {
    public static let text = "0.1.0"
}

extension Runtime {
    /// What this runtime can do (runtime-spec, features.md).
    public static func features() throws -> RuntimeFeatures {
        var features = RuntimeFeatures(ociVersionMin: "1.0.0", ociVersionMax: RuntimeSpec.version)
        features.hooks = [
            "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
        ]
        features.mountOptions = MountOptions.known
        var linux = RuntimeFeatures.Linux()
        linux.namespaces = NamespaceKind.allCases.map { kind in
            kind == .mount ? "mount" : kind == .network ? "network" : kind.procName
        }.sorted()
        linux.capabilities = Capability.knownNames
        var cgroup = RuntimeFeatures.Cgroup()
        cgroup.v1 = true
        cgroup.v2 = true
        cgroup.systemd = true
        cgroup.systemdUser = true
        cgroup.rdma = true
        linux.cgroup = cgroup
        linux.seccomp = SeccompCompiler.features
        linux.apparmor = .init(enabled: true)
        linux.selinux = .init(enabled: true)
        linux.intelRdt = .init(enabled: true, schemata: true, monitoring: true)
        linux.memoryPolicy = .init(
            modes: RuntimeSpec.MemoryPolicy.Mode.words, flags: RuntimeSpec.MemoryPolicy.Flag.words)
        linux.netDevices = .init(enabled: true)
        linux.mountExtensions = .init(idmap: .init(enabled: true))
        features.linux = linux
        // Properties of the systemd unit, and a file with criu's options.
        features.potentiallyUnsafeConfigAnnotations = ["org.criu.config", "org.systemd.property."]
        features.annotations = ["org.swiftlet.version": SwiftletVersion.text]
        return features
    }
}

extension MountOptions {
    /// All options that act on a mount, on this runtime, or on a file system whatever its type; everything else is for
    /// types that know it.
    static let known = [
        "acl", "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap",
        "iversion", "lazytime", "loud", "mand", "noacl", "noatime", "nodev", "nodiratime", "noexec",
        "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow",
        "private", "ratime", "rbind", "rdev", "rdiratime", "relatime", "remount", "rexec", "ridmap",
        "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid",
        "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime",
        "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid",
        "symfollow", "sync", "tmpcopyup", "unbindable",
    ]
}
