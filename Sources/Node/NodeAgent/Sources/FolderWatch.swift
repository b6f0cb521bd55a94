@preconcurrency import Dispatch
import Glibc
import LinuxKernel

/// inotify(7) on one folder: tells when a file in it was written, moved or removed.
final class FolderWatch: Sendable {
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

    private let source: any DispatchSourceRead

    /// - Throws: `KernelError` when there is no such folder, or no instance of inotify is left.
    init(_ folder: String, changed: @escaping @Sendable () -> Void) throws(KernelError) {
        let events = FileDescriptor(
            owning: try check("inotify_init", folder) { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
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

    deinit {
        source.cancel()
    }
}
