import CLinux
import Glibc

/// Folders shown merged by overlayfs (Documentation/filesystems/overlayfs.rst in the kernel's sources).
///
/// The layers are given to the kernel one by one, which takes as many as it stacks (500) with paths of any
/// length. Kernels before 6.8 take them in one option of at most a page; then they go in as descriptors, whose
/// names are short: about 200 layers.
public struct OverlayMount: Equatable, Sendable {
    /// Read-only folders, the topmost first; at least one.
    public var lowers: [String]
    /// Where changes go; nil for a read-only view.
    public var writable: Writable?

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

    public init(lowers: [String], writable: Writable? = nil) {
        self.lowers = lowers
        self.writable = writable
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
            do throws(KernelError) { try mountInOneCall(at: target) } catch { throw refusal }
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
        // Values of options have at most 255 bytes.
        let paths = try HeldPaths(lowers + writablePaths, longerThan: 255)
        var options = paths.names[..<lowers.count].map { "lowerdir+=\($0)" }
        if let writable {
            // Unlike a lower folder's, these names are unescaped by the kernel.
            let names = paths.names[lowers.count...].map {
                $0.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            }
            options += ["upperdir=\(names[0])", "workdir=\(names[1])"]
            if writable.isVolatile { options.append("volatile") }
        }
        return try Mount.new(type: "overlay", source: "overlay", options: options)
    }

    /// mount(2), whose options are one text of less than a page, in which `,`, `:` and `\` have a meaning.
    package func mountInOneCall(at target: String) throws(KernelError) {
        let paths = try HeldPaths(lowers + writablePaths, longerThan: 0)
        var options = "lowerdir=" + paths.names[..<lowers.count].joined(separator: ":")
        if let writable {
            options += ",upperdir=\(paths.names[lowers.count]),workdir=\(paths.names[lowers.count + 1])"
            if writable.isVolatile { options += ",volatile" }
        }
        // The kernel would cut longer options off, and show fewer layers than there are.
        if options.utf8.count >= 4095 { throw KernelError("mount overlay at", target, .nameTooLong) }
        _ = try check("mount overlay at", target) { Glibc.mount("overlay", target, "overlay", 0, options) }
    }

    private var writablePaths: [String] {
        writable.map { [$0.upper, $0.work] } ?? []
    }
}

/// Folders by names that are short enough: long ones are opened and named by their descriptors.
private struct HeldPaths: ~Copyable {
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

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
