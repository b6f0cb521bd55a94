import CLinux
import Glibc
import LinuxKernel

/// Masked and read-only paths (runtime-spec, config-linux.md). Paths that the container does not have are
/// passed over, as the specification has it.
struct ProtectedPaths: ~Copyable {
    private let root: FileDescriptor
    /// The procfs at /proc, when the configuration mounts one, or -1. Paths in it are looked up from here: were
    /// /proc exchanged for something else by now, they would seem to be absent and go unprotected.
    private let proc: FileDescriptor

    /// - Parameter mountsProc: whether there must be a procfs at /proc.
    init(root: borrowing FileDescriptor, mountsProc: Bool) throws {
        let root = try root.duplicate()
        self.proc = mountsProc ? try Self.openProc(root) : FileDescriptor(owning: -1)
        self.root = root
    }

    private static func openProc(_ root: borrowing FileDescriptor) throws -> FileDescriptor {
        let place = try root.openInRoot("/proc", O_PATH | O_DIRECTORY, noLinks: true)
        guard try place.fileSystemType() == Int(PROC_SUPER_MAGIC) else {
            throw RuntimeError("/proc is not the procfs any more that was mounted there")
        }
        return place
    }

    /// Folders are covered by one empty read-only tmpfs, files by /dev/null.
    /// - Parameter nullDevice: a detached mount that was checked to be the null device: what the image may
    ///   have put at /dev/null is never used (CVE-2025-31133). It is read-only, and so are its copies.
    func mask(_ paths: [String], nullDevice: Int32) throws {
        // The kernel copies attached mounts only: the first place gets the mount itself, the others copies.
        var null = Cover(mount: nullDevice >= 0 ? dup(nullDevice) : -1)
        var folder = Cover(mount: -1)
        for path in paths {
            guard let target = try find(path) else { continue }
            do {
                if try target.status().st_mode & S_IFMT == S_IFDIR {
                    if folder.mount < 0 { folder.mount = try Self.emptyFolder().release() }
                    try folder.put(on: target, path)
                } else {
                    try null.put(on: target, path)
                }
            } catch {
                throw RuntimeError("mask \(path)", error)
            }
        }
    }

    private struct Cover: ~Copyable {
        var mount: Int32
        private var isAttached = false

        init(mount: Int32) {
            self.mount = mount
        }

        deinit {
            if mount >= 0 { close(mount) }
        }

        mutating func put(on target: borrowing FileDescriptor, _ path: String) throws {
            let source = FileDescriptor(owning: dup(mount))
            if isAttached {
                try LinuxKernel.Mount.clone(of: source, recursive: false, name: path)
                    .attach(on: target, name: path)
            } else {
                try LinuxKernel.Mount(owning: source).attach(on: target, name: path)
                isAttached = true
            }
        }
    }

    /// Each path becomes a read-only mount of itself, with what is mounted below it.
    func makeReadOnly(_ paths: [String]) throws {
        for path in paths {
            guard let target = try find(path) else { continue }
            do {
                let copy = try LinuxKernel.Mount.clone(of: target, recursive: true, name: path)
                try copy.setAttributes(
                    MountAttributes(setting: MountAttributes.readOnly), recursive: true, name: path)
                try copy.attach(on: target, name: path)
            } catch {
                throw RuntimeError("make \(path) read-only", error)
            }
        }
    }

    private func find(_ path: String) throws -> FileDescriptor? {
        do throws(KernelError) {
            if proc.raw >= 0, let inside = Self.pathInProc(path) {
                return try proc.openInRootIfThere(inside, O_PATH)
            }
            return try root.openInRootIfThere(path, O_PATH)
        } catch {
            if error.errno == .notDirectory { return nil }
            throw error
        }
    }

    /// `bus` for `/proc/bus`; nil for what does not begin with `/proc`, and for that itself.
    private static func pathInProc(_ path: String) -> String? {
        let rest = path.utf8.drop { $0 == UInt8(ascii: "/") }
        guard rest.starts(with: "proc/".utf8) else { return nil }
        let inside = rest.dropFirst(5).drop { $0 == UInt8(ascii: "/") }
        return inside.isEmpty ? nil : String(inside)
    }

    private static func emptyFolder() throws -> LinuxKernel.Mount {
        // nr_inodes=1 leaves room for the root folder alone.
        try LinuxKernel.Mount.new(
            type: "tmpfs", source: "tmpfs", options: ["size=4k", "nr_inodes=1", "mode=0555"],
            attributes: MountAttributes.readOnly)
    }
}
