@preconcurrency import Dispatch
import Glibc
import LinuxKernel

/// inotify(7) on one folder: tells when a file in it was written, moved or removed.
final class FolderWatch: Sendable {
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

    private let source: any DispatchSourceRead
    private let watched: Identity?

    /// - Throws: `KernelError` when there is no such folder, or no instance of inotify is left.
    init(_ folder: String, changed: @escaping @Sendable () -> Void) throws(KernelError) {
        let events = FileDescriptor(
            owning: try check("inotify_init", folder) { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
        // Taken before: what replaces the folder in between is seen as another one, and watched anew.
        watched = Identity(of: folder)
        _ = try check("inotify_add_watch", folder) { inotify_add_watch(events.raw, folder, Self.mask) }
        let number = events.release()
        source = DispatchSource.makeReadSource(fileDescriptor: number)
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 4096)
            // What happened does not matter: who is told looks at the folder.
            while read(number, &buffer, buffer.count) > 0 {}
            changed()
        }
        source.setCancelHandler { close(number) }
        source.resume()
    }

    /// Whether the path leads to something else by now: removed and made again, replaced by a rename, mounted upon.
    func isOutdated(_ folder: String) -> Bool { Identity(of: folder) != watched }

    deinit {
        source.cancel()
    }

    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t

        /// - Returns: nil where nothing is.
        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }
}
