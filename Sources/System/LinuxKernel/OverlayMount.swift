import CLinux
import Glibc

/// Folders shown merged by overlayfs (Documentation/filesystems/overlayfs.rst in the kernel's sources).
///
/// The layers are given to the kernel one by one, which takes as many as it stacks (500) with paths of any
/// length. Kernels before 6.8 take them in one text of at most a page: see `mountInOneCall`.
public struct OverlayMount: Equatable, Sendable {
    /// Read-only folders, the topmost first; at least one.
    public var lowers: [String]
    /// Where changes go; nil for a read-only view.
    public var writable: Writable?
    /// The SELinux context of all files in it (mount(8), context=); nil: the one that each layer's file has.
    public var label: String?

    public struct Writable: Equatable, Sendable {
        /// The changes themselves.
        public var upper: String
        /// An empty folder on the same file system, for the kernel's own use.
        public var work: String
        /// Nothing is synced: after a crash of the machine the changes are lost.
        public var isVolatile: Bool

        public init(upper: String, work: String, isVolatile: Bool = false) {
            self.upper = upper
            self.work = work
            self.isVolatile = isVolatile
        }
    }

    /// What a mount does not leave to the defaults of the kernel's configuration and modules:
    ///
    /// - Layers are strangers' files. An attribute that says "the content of this file is elsewhere" (metacopy) or
    ///   "this folder continues there" (redirect) could show what is not the image's, so neither is followed. The
    ///   unpacker drops such attributes, too. A folder of a lower layer that is renamed is then copied by mv(1).
    /// - With an index a layer that several overlays share, or an upper folder that was moved, is refused; here both
    ///   are the rule. The price is that hard links of a lower layer break when one of the names is written to.
    /// - The layers are on one file system, whose inode numbers are unique without bits of overlay's own (xino).
    static let safeguards = ["metacopy=off", "redirect_dir=nofollow", "index=off", "xino=off"]

    public init(lowers: [String], writable: Writable? = nil, label: String? = nil) {
        self.lowers = lowers
        self.writable = writable
        self.label = label
    }

    /// Mounts it at a folder.
    public func mount(at target: String) throws(KernelError) {
        let folder = try FileDescriptor.open(target, O_PATH | O_DIRECTORY)
        do throws(KernelError) {
            try make().attach(on: folder, name: target)
        } catch let refusal {
            // Before 6.8 the option that appends a layer is unknown. The kernel's own words on the first
            // attempt say more than errno does on the second.
            guard refusal.errno == .invalidArgument else { throw refusal }
            do throws(KernelError) {
                try mountInOneCall(at: target)
            } catch {
                throw error.errno == .invalidArgument ? refusal : error
            }
        }
    }

    /// The mount, not attached anywhere yet: fsopen(2), fsconfig(2), fsmount(2). Refused with EINVAL by kernels
    /// before 6.8.
    public func make() throws(KernelError) -> Mount {
        // A single folder is no overlay for the kernel: a read-only bind mount of it shows the same.
        if lowers.count == 1 && writable == nil {
            let mount = try Mount.clone(lowers[0], recursive: false)
            let readOnly = MountAttributes(setting: MountAttributes.readOnly)
            try mount.setAttributes(readOnly, recursive: false, name: lowers[0])
            return mount
        }
        return try OverlayMount.layerByLayer(lowers, writable, label)
    }

    static func layerByLayer(
        _ lowers: [String], _ writable: Writable?, _ label: String?
    ) throws(KernelError) -> Mount {
        // Values of options have at most 255 bytes.
        let paths = try HeldFolders(lowers + paths(writable), longerThan: 255)
        var options = paths.names[..<lowers.count].map { "lowerdir+=\($0)" }
        if let writable {
            // Unlike a lower folder's, these names are unescaped by the kernel.
            let names = paths.names[lowers.count...].map {
                $0.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            }
            options += ["upperdir=\(names[0])", "workdir=\(names[1])"]
            if writable.isVolatile { options.append("volatile") }
        }
        if let label { options.append("context=\(label)") }
        return try Mount.new(type: "overlay", source: "overlay", options: options + safeguards)
    }

    /// mount(2), whose options are one text of less than a page, in which `,`, `:` and `\` have a meaning.
    ///
    /// Paths that fit are given as they are, for whoever reads the table of mounts. Else the folders are opened, and
    /// named by their descriptors from a process that stands in the folder of its descriptors: four bytes a layer, so
    /// that the 500 that the kernel stacks take half a page.
    package func mountInOneCall(at target: String) throws(KernelError) {
        if let options = Self.text(lowers, writable, label, names: lowers + Self.paths(writable)) {
            do throws(KernelError) {
                return try Self.mount(at: target, options)
            } catch {
                // mount(2) does not say which of them is not there.
                for path in lowers + Self.paths(writable) where access(path, F_OK) != 0 {
                    throw KernelError("mount overlay of", path)
                }
                throw error
            }
        }
        let folders = try HeldFolders(lowers + Self.paths(writable), longerThan: 0)
        try runApart { () throws(KernelError) in
            try changeFolder("/proc/self/fd")
            try Self.mountNumbered(lowers, writable, label, folders, at: target)
        }
    }

    private static func mountNumbered(
        _ lowers: [String], _ writable: Writable?, _ label: String?, _ folders: borrowing HeldFolders,
        at target: String
    ) throws(KernelError) {
        guard let options = text(lowers, writable, label, names: folders.numbers) else {
            // The kernel would cut longer options off, and show fewer layers than there are.
            throw KernelError("mount overlay of \(lowers.count) layers at", target, .nameTooLong)
        }
        try mount(at: target, options)
    }

    static func mount(at target: String, _ options: String) throws(KernelError) {
        _ = try check("mount overlay at", target) { Glibc.mount("overlay", target, "overlay", 0, options) }
    }

    /// The options; nil when they are too long, or a name means something in them.
    static func text(
        _ lowers: [String], _ writable: Writable?, _ label: String?, names: [String]
    ) -> String? {
        guard names.allSatisfy({ !$0.utf8.contains { [0x2C, 0x3A, 0x5C].contains($0) } }) else { return nil }
        var options = ["lowerdir=" + names[..<lowers.count].joined(separator: ":")]
        if let writable {
            options += ["upperdir=\(names[lowers.count])", "workdir=\(names[lowers.count + 1])"]
            if writable.isVolatile { options.append("volatile") }
        }
        // A context has commas of its own.
        if let label { options.append("context=\"\(label)\"") }
        let text = (options + safeguards).joined(separator: ",")
        return text.utf8.count < 4095 ? text : nil
    }

    static func paths(_ writable: Writable?) -> [String] {
        writable.map { [$0.upper, $0.work] } ?? []
    }
}

func changeFolder(_ path: String) throws(KernelError) {
    _ = try check("enter", path) { chdir(path) }
}

/// Folders by names that are short enough: long ones are opened and named by their descriptors.
struct HeldFolders: ~Copyable {
    let names: [String]
    private let descriptors: [Int32]

    init(_ paths: [String], longerThan limit: Int) throws(KernelError) {
        var names: [String] = []
        var descriptors: [Int32] = []
        for path in paths {
            if path.utf8.count <= limit {
                names.append(path)
                continue
            }
            do throws(KernelError) {
                let folder = try FileDescriptor.open(path, O_PATH | O_DIRECTORY)
                names.append(folder.procPath)
                descriptors.append(folder.release())
            } catch {
                for descriptor in descriptors { close(descriptor) }
                throw error
            }
        }
        self.names = names
        self.descriptors = descriptors
    }

    /// Names of the opened ones for a process that stands in the folder of its descriptors.
    var numbers: [String] { descriptors.map { "\($0)" } }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
