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
        var cover: Int32 = -1
        defer { if cover >= 0 { close(cover) } }
        for path in paths {
            guard let target = try find(path, in: root) else { continue }
            do {
                if try target.status().st_mode & S_IFMT == S_IFDIR {
                    if cover < 0 { cover = try emptyFolder().release() }
                    try put(cover, on: target, path)
                } else {
                    try put(nullDevice, on: target, path)
                }
            } catch {
                throw RuntimeError("mask \(path)", error)
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

    private static func put(
        _ mount: Int32, on target: borrowing FileDescriptor, _ path: String
    ) throws {
        let source = FileDescriptor(owning: dup(mount))
        let copy = try LinuxKernel.Mount.clone(of: source, recursive: false, name: path)
        try copy.attach(on: target, name: path)
    }

    private static func emptyFolder() throws -> LinuxKernel.Mount {
        // nr_inodes=1 leaves room for the root folder alone.
        try LinuxKernel.Mount.new(
            type: "tmpfs", source: "tmpfs", options: ["size=4k", "nr_inodes=1", "mode=0555"],
            attributes: MountAttributes.readOnly)
    }
}
