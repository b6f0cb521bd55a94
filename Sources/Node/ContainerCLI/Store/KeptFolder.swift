import Glibc
import LinuxKernel

/// A folder of ours that is not removed as long as this is there: who removes it wants its lock (flock(2)) for himself,
/// and this shares it with others that hold it. Who is killed holds nothing any more.
public final class KeptFolder {
    private let folder: FileDescriptor

    private init(_ folder: consuming FileDescriptor) {
        self.folder = folder
    }

    /// Waits for one who removes such a folder just now.
    /// - Returns: nil where there is none.
    package static func hold(_ path: String) throws(KernelError) -> KeptFolder? {
        try lock(path, LOCK_SH)
    }

    enum Claim {
        case missing
        /// Somebody holds it.
        case held
        /// Nobody does, nor will, while this is there.
        case free(KeptFolder)
    }

    /// For who removes it.
    /// - Parameter milliseconds: for which its holders are waited for.
    static func claim(_ path: String, milliseconds: Int = 0) throws(KernelError) -> Claim {
        let deadline = monotonicMilliseconds() + milliseconds
        while true {
            do throws(KernelError) {
                guard let folder = try lock(path, LOCK_EX | LOCK_NB) else { return .missing }
                return .free(folder)
            } catch {
                if error.errno != .again { throw error }
            }
            if monotonicMilliseconds() >= deadline { return .held }
            usleep(2000)
        }
    }

    private static func lock(_ path: String, _ operation: Int32) throws(KernelError) -> KeptFolder? {
        while true {
            guard let folder = try open(path) else { return nil }
            _ = try check("lock", path) { flock(folder.raw, operation) }
            // Meanwhile it may have been removed, and another one made in its place.
            var present = stat()
            let isThere = stat(path, &present) == 0
            let locked = try folder.status()
            if isThere, present.st_ino == locked.st_ino, present.st_dev == locked.st_dev {
                return KeptFolder(folder)
            }
        }
    }

    private static func open(_ path: String) throws(KernelError) -> FileDescriptor? {
        do throws(KernelError) {
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    /// After the folder was moved away: who waits for it need not wait until everything in it is removed.
    func share() { flock(folder.raw, LOCK_SH) }

    /// It may be removed from now on.
    public func release() { flock(folder.raw, LOCK_UN) }
}
