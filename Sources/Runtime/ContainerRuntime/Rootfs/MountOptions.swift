import LinuxKernel

/// The options of one mount of config.json, sorted by what they act on: the mount, the mounts below it, the
/// file system, or this runtime (runtime-spec, config.md, "Mounts").
public struct MountOptions: Equatable, Sendable {
    /// Not with `remount`: that makes no mount, it says to leave the file system as it is.
    public var isBind = false
    /// `rbind`: the mounts below the source too.
    public var isRecursiveBind = false
    public var isRemount = false
    public var attributes = MountAttributes()
    /// From `rro`, `rnosuid` …: for this mount and all below it.
    public var recursiveAttributes = MountAttributes()
    public var propagation: [Propagation] = []
    /// What the file system type itself understands.
    public var data: [String] = []
    /// `acl`, `noacl`: the same, but to mount(2) they are flags, which file systems without ACLs take no notice of.
    public var optionalData: [String] = []
    /// `tmpcopyup`: a tmpfs begins with what the image has at its place.
    public var copiesUp = false
    public var idMap: IDMap?

    public enum IDMap: Equatable, Sendable {
        case single, recursive
    }

    public struct Propagation: Equatable, Sendable {
        public var kind: MountPropagation
        public var recursive: Bool

        public init(_ kind: MountPropagation, recursive: Bool) {
            self.kind = kind
            self.recursive = recursive
        }
    }

    public var isReadOnly: Bool { attributes.setting & MountAttributes.readOnly != 0 }

    public init(_ options: [String]) {
        for option in options { apply(option) }
        if isRemount, isBind {
            (isBind, isRecursiveBind) = (false, false)
            (data, optionalData) = ([], [])
        }
    }

    private mutating func apply(_ option: String) {
        if let (bits, isSet) = Self.attribute(option) {
            Self.change(&attributes, bits, isSet)
            return
        }
        if option.utf8.first == UInt8(ascii: "r"),
            let (bits, isSet) = Self.attribute(String(option.dropFirst()))
        {
            Self.change(&recursiveAttributes, bits, isSet)
            return
        }
        switch option {
        case "bind": isBind = true
        case "rbind":
            isBind = true
            isRecursiveBind = true
        case "remount": isRemount = true
        case "private": propagation.append(Propagation(.private, recursive: false))
        case "rprivate": propagation.append(Propagation(.private, recursive: true))
        case "slave": propagation.append(Propagation(.slave, recursive: false))
        case "rslave": propagation.append(Propagation(.slave, recursive: true))
        case "shared": propagation.append(Propagation(.shared, recursive: false))
        case "rshared": propagation.append(Propagation(.shared, recursive: true))
        case "unbindable": propagation.append(Propagation(.unbindable, recursive: false))
        case "runbindable": propagation.append(Propagation(.unbindable, recursive: true))
        case "tmpcopyup": copiesUp = true
        case "acl", "noacl": optionalData.append(option)
        case "idmap": idMap = .single
        case "ridmap": idMap = .recursive
        // They are the defaults, or mean nothing to a mount made by descriptor.
        case "defaults", "loud", "silent", "noiversion", "iversion": break
        default: data.append(option)
        }
    }

    /// The attribute bits of an option, and whether it sets or clears them.
    private static func attribute(_ option: String) -> (UInt64, Bool)? {
        switch option {
        case "ro": (MountAttributes.readOnly, true)
        case "rw": (MountAttributes.readOnly, false)
        case "nosuid": (MountAttributes.noSuid, true)
        case "suid": (MountAttributes.noSuid, false)
        case "nodev": (MountAttributes.noDev, true)
        case "dev": (MountAttributes.noDev, false)
        case "noexec": (MountAttributes.noExec, true)
        case "exec": (MountAttributes.noExec, false)
        case "nodiratime": (MountAttributes.noDirectoryAccessTime, true)
        case "diratime": (MountAttributes.noDirectoryAccessTime, false)
        case "noatime": (MountAttributes.noAccessTime, true)
        case "atime": (MountAttributes.noAccessTime, false)
        case "relatime": (0, true)
        case "norelatime": (0, false)
        case "strictatime": (MountAttributes.strictAccessTime, true)
        case "nostrictatime": (MountAttributes.strictAccessTime, false)
        case "nosymfollow": (MountAttributes.noSymlinkFollow, true)
        case "symfollow": (MountAttributes.noSymlinkFollow, false)
        default: nil
        }
    }

    private static func change(_ attributes: inout MountAttributes, _ bits: UInt64, _ isSet: Bool) {
        // Access time is one field of several values: the kernel wants all of it cleared before one is set.
        let isAccessTime = bits == 0 || bits & MountAttributes.accessTime != 0
        if isAccessTime {
            attributes.clearing |= MountAttributes.accessTime
            attributes.setting &= ~MountAttributes.accessTime
            if isSet { attributes.setting |= bits }
        } else if isSet {
            attributes.setting |= bits
            attributes.clearing &= ~bits
        } else {
            attributes.setting &= ~bits
            attributes.clearing |= bits
        }
    }
}
