import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel

/// The archive of a checkpoint, in the layout that kubelets hand on and that containerd's tools read: an uncompressed
/// tar with `checkpoint/` (criu's images), `config.dump`, `spec.dump`, `status.dump`, `container.log`, `dump.log`,
/// `stats-dump`, and `rootfs-diff.tar`, what the container has changed of its root as a layer of an image.
///
/// It is put together in a folder beside the container's, and comes to its place whole.
struct CheckpointArchive: Sendable {
    let container: String
    /// The container's.
    let folder: String
    let order: CheckpointOrder
    let log: String?
    let spec: SandboxSpec
    /// Of `monotonicMilliseconds`.
    let deadline: Int

    static func work(in folder: String) -> String { folder + "/checkpoint" }
    var work: String { Self.work(in: folder) }
    /// Where criu writes.
    var images: String { work + "/checkpoint" }
    /// Beside the place, so that it gets there by a rename.
    private var unfinished: String { "\(order.location).\(container.prefix(12)).partial" }

    var lateness: EngineError {
        EngineError(.timedOut, "checkpoint container \(container): it takes longer than it may")
    }

    func checkTime() throws(EngineError) {
        if monotonicMilliseconds() >= deadline { throw lateness }
    }

    // MARK: Steps

    /// Makes the folder; one that an engine left is removed first.
    func begin() throws {
        try Self.discard(in: folder)
        _ = try check("mkdir", work) { mkdir(work, 0o700) }
        for (name, text) in order.documents { try write(text, to: name) }
        try write(try FileDescriptor.readFile(folder + "/config.json"), to: "spec.dump")
    }

    /// Takes what must be of the same moment as the processes; to be called while these stand still.
    func collect() throws {
        let upper = try FileDescriptor.open(folder + "/upper", O_PATH | O_DIRECTORY | O_NOFOLLOW)
        let difference = try newFile(work + "/rootfs-diff.tar")
        let form = TarOutput.LayerForm(
            user: { Self.inside($0, spec.userMappings) }, group: { Self.inside($0, spec.groupMappings) })
        let output = try TarOutput(difference.raw, layer: form, mayGoOn: checkTime)
        try output.addContents(of: upper)
        try output.finish()
        try copyLog()
    }

    /// Writes the archive and puts it at its place.
    func write() throws {
        let file = try newFile(unfinished)
        let folder = try FileDescriptor.open(work, O_PATH | O_DIRECTORY | O_NOFOLLOW)
        let output = try TarOutput(file.raw, mayGoOn: checkTime)
        try output.addContents(of: folder)
        try output.finish()
        try checkTime()
        _ = try check("rename", order.location) { rename(unfinished, order.location) }
    }

    /// Removes what is left beside the archive; nothing there is no error.
    func discard() throws {
        if unlink(unfinished) != 0, Errno.current != .noEntry { throw KernelError("remove", unfinished) }
        try Self.discard(in: folder)
    }

    static func discard(in folder: String) throws {
        if access(work(in: folder), F_OK) == 0 { try removeTree(work(in: folder)) }
    }

    // MARK: Parts

    private func newFile(_ path: String) throws(KernelError) -> FileDescriptor {
        // Memory of processes is in it: root's alone.
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
    }

    private func write(_ bytes: [UInt8], to name: String) throws(KernelError) {
        try newFile(work + "/" + name).writeAll(bytes)
    }

    /// A log that somebody has moved is none.
    private func copyLog() throws {
        guard let log else { return }
        let source: FileDescriptor
        do throws(KernelError) {
            source = try FileDescriptor.open(log, O_RDONLY | O_NOFOLLOW | O_NOCTTY)
        } catch {
            if error.errno == .noEntry { return }
            throw error
        }
        let copy = try newFile(work + "/container.log")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            try checkTime()
            let count = try source.read(into: buffer)
            if count == 0 { return }
            try copy.writeAll(Array(buffer[..<count]))
        }
    }

    /// The id in the pod's user namespace of a file's owner on the host.
    private static func inside(_ id: UInt32, _ ranges: [SandboxSpec.IDRange]) -> UInt32 {
        for range in ranges where id >= range.hostID && id - range.hostID < range.size {
            return range.containerID + (id - range.hostID)
        }
        return id
    }
}
