import Glibc
import LinuxKernel

/// Goes through a folder that others change meanwhile: containers, other pods. Nothing outside of it is reached
/// (`FolderPlace`), and every entry is handed out by the folder that it lies in. What goes meanwhile is left out.
enum TreeWalk {
    /// - Parameters:
    ///   - path: for messages.
    ///   - visit: called for every entry but the root, folders before what is in them.
    static func run(
        _ root: borrowing FileDescriptor, path: String,
        visit: (_ folder: borrowing FileDescriptor, _ name: [CChar]) throws(KernelError) -> Void
    ) throws(KernelError) {
        var waiting = [FolderPlace(root: try root.openAt(".", O_RDONLY | O_DIRECTORY))]
        while let place = waiting.popLast() {
            guard let open = try open(place, path) else { continue }
            for entry in try open.folder.listing(of: path) {
                try visit(open.folder, entry.bytes)
                // What cannot be looked at, as the root of a mount whose server is gone, is not gone into.
                guard let status = try? open.status(of: entry.bytes), status.st_mode & S_IFMT == S_IFDIR
                else { continue }
                waiting.append(place.folder(entry.bytes, in: open))
            }
        }
    }

    private static func open(_ place: FolderPlace, _ path: String) throws(KernelError) -> HeldFolder? {
        do throws(KernelError) { return try place.open() } catch {
            throw KernelError("walk", path, error.errno)
        }
    }
}
