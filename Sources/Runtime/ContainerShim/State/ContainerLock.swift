import CLinux
import Glibc
import LinuxKernel

/// The lock of a container's folder: its shim holds it for as long as it lives; without a shim, whoever
/// changes or removes the container. Released when the value ends, or its process.
public struct ContainerLock: ~Copyable {
    private let file: FileDescriptor

    /// A clone of this process that has it open keeps the lock, too.
    package var descriptor: Int32 { file.raw }

    public static let fileName = "lock"

    /// More than whoever looks at a container needs it, in milliseconds: see `LiveStatus.noteEnd`.
    public static let glance = 200

    /// Takes the lock, or answers nil when somebody else holds it.
    /// - Parameter creates: false leaves a folder without the lock's file as it is: ENOENT.
    public static func tryTake(folder: String, creates: Bool = true) throws(KernelError) -> ContainerLock? {
        let path = folder + "/" + fileName
        let file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW | (creates ? O_CREAT : 0), mode: 0o600)
        do throws(KernelError) {
            _ = try check("lock", path) { flock(file.raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.errno == .again { return nil }
            throw error
        }
        // Between open and lock the holder before us may have removed the folder.
        guard try file.status().st_nlink > 0 else { throw KernelError("lock", path, .noEntry) }
        return ContainerLock(file: file)
    }

    /// As `tryTake`, once more and more until the time is over: its holder may be about to end.
    /// - Parameter milliseconds: without it, enough for clones of a killed shim that are still at work.
    public static func take(folder: String, milliseconds: Int = 3000) throws(KernelError) -> ContainerLock? {
        let deadline = monotonicMilliseconds() + milliseconds
        var isFirst = true
        while true {
            // Its holder may be removing the folder, where no file may come back.
            if let lock = try tryTake(folder: folder, creates: isFirst) { return lock }
            isFirst = false
            if monotonicMilliseconds() >= deadline { return nil }
            usleep(5000)
        }
    }

    /// Frees it now, whoever has it open, too: in a program of many threads a process that is just being started has
    /// all descriptors until it executes its program.
    public func release() { flock(file.raw, LOCK_UN) }

    private init(file: consuming FileDescriptor) {
        self.file = file
    }
}
