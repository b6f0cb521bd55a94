import CLinux
import Glibc
import LinuxKernel

/// Masked and read-only paths (runtime-spec, config-linux.md). Paths that the container does not have are
/// passed over, as the specification has it.
enum ProtectedPaths {
    /// Folders are covered by one empty read-only tmpfs, files by /dev/null.
    /// - Parameter nullDevice: a detached mount that was checked to be the null device: what the image may
    ///   have put at /dev/null is never used (CVE-2025-31133).
    static func mask(_ paths: [String], nullDevice: Int32, in root: borrowing FileDescriptor) throws {
        // The kernel copies attached mounts only: the first place gets the mount itself, the others copies.
        var null = Cover(mount: nullDevice >= 0 ? dup(nullDevice) : -1)
        var folder = Cover(mount: -1)
        for path in paths {
            guard let target = try find(path, in: root) else { continue }
            do {
                if try target.status().st_mode & S_IFMT == S_IFDIR {
                    if folder.mount < 0 { folder.mount = try emptyFolder().release() }
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
    static func makeReadOnly(_ paths: [String], in root: borrowing FileDescriptor) throws {
        for path in paths {
            guard let target = try find(path, in: root) else { continue }
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

    private static func find(
        _ path: String, in root: borrowing FileDescriptor
    ) throws -> FileDescriptor? {
        do throws(KernelError) {
            return try root.openInRoot(path, O_PATH)
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    private static func emptyFolder() throws -> LinuxKernel.Mount {
        // nr_inodes=1 leaves room for the root folder alone.
        try LinuxKernel.Mount.new(
            type: "tmpfs", source: "tmpfs", options: ["size=4k", "nr_inodes=1", "mode=0555"],
            attributes: MountAttributes.readOnly)
    }
}
