import CLinux
import Glibc

/// Attributes of one mount (mount_setattr(2)): what is set and what is cleared.
public struct MountAttributes: Equatable, Sendable {
    public var setting: UInt64 = 0
    public var clearing: UInt64 = 0

    public init(setting: UInt64 = 0, clearing: UInt64 = 0) {
        self.setting = setting
        self.clearing = clearing
    }

    public static let readOnly: UInt64 = 0x1
    public static let noSuid: UInt64 = 0x2
    public static let noDev: UInt64 = 0x4
    public static let noExec: UInt64 = 0x8
    public static let accessTime: UInt64 = 0x70  // the mask; relatime is zero
    public static let noAccessTime: UInt64 = 0x10
    public static let strictAccessTime: UInt64 = 0x20
    public static let noDirectoryAccessTime: UInt64 = 0x80
    public static let idMap: UInt64 = 0x10_0000
    public static let noSymlinkFollow: UInt64 = 0x20_0000

    public var isEmpty: Bool { setting == 0 && clearing == 0 }
}

/// How mounts and unmounts travel between namespaces (mount_namespaces(7)).
public enum MountPropagation: UInt64, Sendable {
    case unbindable = 0x2_0000  // MS_UNBINDABLE
    case `private` = 0x4_0000  // MS_PRIVATE
    case slave = 0x8_0000  // MS_SLAVE
    case shared = 0x10_0000  // MS_SHARED
}

/// A mount that is held by descriptor: detached, or where it was attached.
@frozen public struct Mount: ~Copyable {
    public let descriptor: FileDescriptor

    public init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// A new file system instance: fsopen(2), fsconfig(2), fsmount(2).
    /// - Parameters:
    ///   - options: `key` or `key=value`, as after `mount -o`, of this file system type.
    ///   - optional: the same, where the type knows them.
    public static func new(
        type: String, source: String? = nil, options: [String] = [], optional: [String] = [],
        attributes: UInt64 = 0
    ) throws(KernelError) -> Mount {
        try withKnown(optional) { optional throws(KernelError) in
            try make(type, source, options, optional, attributes)
        }
    }

    /// A type that still takes its options as one text (overlay until Linux 6.4) refuses all of it, at the end, for one
    /// that it does not know.
    private static func withKnown<Result: ~Copyable>(
        _ optional: [String], _ body: ([String]) throws(KernelError) -> Result
    ) throws(KernelError) -> Result {
        do throws(KernelError) {
            return try body(optional)
        } catch {
            if optional.isEmpty { throw error }
        }
        return try body([])
    }

    private static func make(
        _ type: String, _ source: String?, _ options: [String], _ optional: [String], _ attributes: UInt64
    ) throws(KernelError) -> Mount {
        let context = FileDescriptor(owning: try check("fsopen", type) { clinux_fsopen(type, 1) })
        if let source {
            try context.configure(.setString, "source", source, type: type)
        }
        try context.set(options, type: type)
        try context.setKnown(optional, type: type)
        try context.configure(.create, nil, nil, type: type)
        let fd = try check("fsmount", type) { clinux_fsmount(context.raw, 1, UInt32(attributes)) }
        return Mount(owning: FileDescriptor(owning: fd))
    }

    /// A new file system instance right onto an open folder, by mount(2): three quarters of the time that the calls
    /// by descriptor take. The folder becomes the working directory, so that no path is looked up here either.
    /// - Parameter options: none of them with a comma in it.
    /// - Returns: false when it did not succeed, or cannot be said in this way. `new` and `attach` then say why, or do
    ///   it.
    public static func attachNew(
        type: String, source: String, options: [String], attributes: UInt64,
        on target: borrowing FileDescriptor
    ) -> Bool {
        guard let flags = mountFlags(attributes) else { return false }
        var data = ""
        for option in options {
            if option.utf8.contains(UInt8(ascii: ",")) { return false }
            if !data.isEmpty { data += "," }
            data += option
        }
        // The kernel takes a page, and silently no more.
        if data.utf8.count >= 4096 { return false }
        return fchdir(target.raw) == 0 && clinux_mount(source, ".", type, flags, data) == 0
    }

    /// The flags of mount(2) for attributes of a mount. Read-only is not one of them: it would make the file system so,
    /// too.
    private static func mountFlags(_ attributes: UInt64) -> UInt64? {
        typealias Attributes = MountAttributes
        var (left, flags): (UInt64, UInt64) = (attributes, 0)
        for (attribute, flag): (UInt64, UInt64) in [
            (Attributes.noSuid, 0x2), (Attributes.noDev, 0x4), (Attributes.noExec, 0x8),
            (Attributes.noAccessTime, 0x400), (Attributes.noDirectoryAccessTime, 0x800),
            (Attributes.strictAccessTime, 0x100_0000), (Attributes.noSymlinkFollow, 0x100),
        ] where left & attribute != 0 {
            left &= ~attribute
            flags |= flag
        }
        return left == 0 ? flags : nil
    }

    /// A detached copy of the mount at `path` (open_tree(2) with OPEN_TREE_CLONE): what a bind mount is.
    public static func clone(
        _ path: UnsafePointer<CChar>, recursive: Bool, followLinks: Bool = true
    ) throws(KernelError) -> Mount {
        var flags = UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC)
        if recursive { flags |= UInt32(AT_RECURSIVE) }
        if !followLinks { flags |= UInt32(AT_SYMLINK_NOFOLLOW) }
        let fd = try check("open_tree", String(cString: path)) { clinux_open_tree(AT_FDCWD, path, flags) }
        return Mount(owning: FileDescriptor(owning: fd))
    }

    /// A detached copy of the mount below an open file.
    public static func clone(
        of file: borrowing FileDescriptor, recursive: Bool, name: @autoclosure () -> String = ""
    ) throws(KernelError) -> Mount {
        let flags =
            UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC) | UInt32(AT_EMPTY_PATH)
            | (recursive ? UInt32(AT_RECURSIVE) : 0)
        let number = file.raw
        let fd = try check("open_tree", name()) { clinux_open_tree(number, "", flags) }
        return Mount(owning: FileDescriptor(owning: fd))
    }

    /// mount_setattr(2).
    /// - Parameter userNamespace: the ID mapping with `MountAttributes.idMap`.
    public func setAttributes(
        _ attributes: MountAttributes, recursive: Bool, propagation: MountPropagation? = nil,
        userNamespace: Int32 = 0, name: @autoclosure () -> String = ""
    ) throws(KernelError) {
        _ = try check("mount_setattr", name()) {
            clinux_mount_setattr(
                descriptor.raw, "", UInt32(AT_EMPTY_PATH) | (recursive ? UInt32(AT_RECURSIVE) : 0),
                attributes.setting, attributes.clearing, propagation?.rawValue ?? 0, userNamespace)
        }
    }

    /// Changes options of the file system of an attached mount, which is shared with its other mounts: fspick(2).
    /// - Parameters:
    ///   - options: as for `new`; those that are not named stay as they are.
    ///   - optional: as for `new`.
    public func reconfigure(
        _ options: [String], optional: [String] = [], name: String
    ) throws(KernelError) {
        try Self.withKnown(optional) { optional throws(KernelError) in
            try reconfigure(options, optional, name)
        }
    }

    private func reconfigure(
        _ options: [String], _ optional: [String], _ name: String
    ) throws(KernelError) {
        if options.isEmpty, optional.isEmpty { return }
        // FSPICK_CLOEXEC and FSPICK_EMPTY_PATH; the number is the same on all of Linux's architectures.
        let number = descriptor.raw
        let here = Int(bitPattern: ("" as StaticString).utf8Start)
        let result = try check("fspick", name) { clinux_syscall(433, Int(number), here, 1 | 8, 0, 0, 0) }
        let context = FileDescriptor(owning: Int32(result))
        try context.set(options, type: name)
        try context.setKnown(optional, type: name)
        try context.configure(.reconfigure, nil, nil, type: name)
    }

    /// move_mount(2) onto an open folder or file.
    public func attach(
        on target: borrowing FileDescriptor, name: @autoclosure () -> String
    ) throws(KernelError) {
        let number = target.raw
        _ = try check("mount at", name()) {
            clinux_move_mount(
                descriptor.raw, "", number, "",
                UInt32(MOVE_MOUNT_F_EMPTY_PATH) | UInt32(MOVE_MOUNT_T_EMPTY_PATH))
        }
    }
}

fileprivate enum ConfigureCommand: UInt32 {
    case setFlag = 0
    case setString = 1
    case create = 6
    case reconfigure = 7
}

extension FileDescriptor {
    fileprivate func set(_ options: [String], type: String) throws(KernelError) {
        for option in options {
            if let equals = option.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(option[..<equals])
                let value = String(option[option.utf8.index(after: equals)...])
                try configure(.setString, key, value, type: type)
            } else {
                try configure(.setFlag, option, nil, type: type)
            }
        }
    }

    /// As `set`, but for options that the file system does not know.
    fileprivate func setKnown(_ options: [String], type: String) throws(KernelError) {
        for option in options {
            do throws(KernelError) {
                try set([option], type: type)
            } catch {
                if error.errno != .invalidArgument { throw error }
            }
        }
    }

    /// fsconfig(2), with what the file system itself says about a refusal where it says something.
    fileprivate func configure(
        _ command: ConfigureCommand, _ key: String?, _ value: String?, type: String
    ) throws(KernelError) {
        func call(_ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?) -> Int32 {
            clinux_fsconfig(raw, command.rawValue, key, value, 0)
        }
        let result =
            switch (key, value) {
            case (nil, _): call(nil, nil)
            case (let key?, nil): call(key, nil)
            case (let key?, let value?): call(key, value)
            }
        if result >= 0 { return }
        let errno = Errno.current
        let option = key.map { key in value.map { "\(key)=\($0)" } ?? key }
        let told = fileSystemMessage()
        throw KernelError(
            "mount \(type)", [option, told].compactMap { $0 }.joined(separator: ": "), errno)
    }

    /// The messages that a file system context keeps for its reader (`e …`, `w …` lines).
    private func fileSystemMessage() -> String? {
        var lines: [String] = []
        while lines.count < 4 {
            let text = String(unsafeUninitializedCapacity: 512) { buffer in
                max(0, Glibc.read(raw, buffer.baseAddress, buffer.count))
            }
            if text.isEmpty { break }
            var line = text.dropFirst(2)
            while line.last == "\n" { line.removeLast() }
            lines.append(String(line))
        }
        return lines.isEmpty ? nil : lines.joined(separator: "; ")
    }
}

/// mount(2) that only changes the propagation of what is mounted at `path`, with everything below it.
public func setPropagation(
    _ path: UnsafePointer<CChar>, _ propagation: MountPropagation, recursive: Bool
) throws(KernelError) {
    _ = try check("set propagation of", String(cString: path)) {
        clinux_mount_setattr(
            AT_FDCWD, path, recursive ? UInt32(AT_RECURSIVE) : 0, 0, 0, propagation.rawValue, 0)
    }
}

/// umount2(2).
public func unmount(_ path: UnsafePointer<CChar>, flags: Int32 = 0) throws(KernelError) {
    _ = try check("unmount", String(cString: path)) { umount2(path, flags) }
}
