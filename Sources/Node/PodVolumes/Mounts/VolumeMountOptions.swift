import LinuxKernel

/// The `mountOptions` of a persistent volume: mount(8)'s words.
struct VolumeMountOptions: Equatable, Sendable {
    /// Of each mount of the volume.
    private(set) var attributes = MountAttributes()
    private(set) var isReadOnly = false
    /// What the file system itself is told, where the volume is one.
    private(set) var fileSystem: [String] = []

    init(_ options: [String] = []) {
        for option in options.flatMap({ $0.split(separator: ",") }).map(String.init) { add(option) }
    }

    private mutating func add(_ option: String) {
        typealias Attributes = MountAttributes
        switch option {
        // As the kubelet has it: one that says so is enough.
        case "ro": isReadOnly = true
        case "nosuid": set(Attributes.noSuid)
        case "nodev": set(Attributes.noDev)
        case "noexec": set(Attributes.noExec)
        case "nosymfollow": set(Attributes.noSymlinkFollow)
        case "nodiratime": set(Attributes.noDirectoryAccessTime)
        case "noatime": set(Attributes.noAccessTime, of: Attributes.accessTime)
        case "strictatime": set(Attributes.strictAccessTime, of: Attributes.accessTime)
        case "relatime": set(0, of: Attributes.accessTime)
        case "suid": clear(Attributes.noSuid)
        case "dev": clear(Attributes.noDev)
        case "exec": clear(Attributes.noExec)
        case "symfollow": clear(Attributes.noSymlinkFollow)
        case "diratime": clear(Attributes.noDirectoryAccessTime)
        case "atime", "norelatime", "nostrictatime", "rw", "defaults": break
        // For other programs than mount.
        case "auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup",
            "nofail", "_netdev":
            break
        default:
            let isComment = ["x-", "X-", "comment="].contains { option.hasPrefix($0) }
            if !isComment { fileSystem.append(option) }
        }
    }

    private mutating func set(_ flag: UInt64, of mask: UInt64? = nil) {
        clear(mask ?? flag)
        attributes.setting |= flag
        // The kernel wants to be told of the times of access as a whole; what is set alone need not be cleared.
        if mask == nil { attributes.clearing &= ~flag }
    }

    private mutating func clear(_ mask: UInt64) {
        attributes.setting &= ~mask
        attributes.clearing |= mask
    }
}
