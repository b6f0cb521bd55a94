import Glibc
import KubernetesAPI
import LinuxKernel

/// The file into which a container writes why it ends, one for each time that it is started.
package enum TerminationMessage {
    /// Bytes that count of it.
    package static let limit = 4096

    /// Makes an empty file that every user may write.
    /// - Parameter id: names the start, as a file: the attempt's number, say.
    /// - Returns: the mount; nil for a container that has no such path.
    package static func mount(
        for container: Container, id: String, in folder: PodFolder
    ) throws -> ContainerMount? {
        if container.terminationMessagePath.isEmpty { return nil }
        let parent = try folder.container(container.name)
        try Folders.make(parent)
        let path = parent + "/" + (try PodFolder.checked(id, "id of a container's start"))
        try Folders.replace(path, with: [], mode: 0o666)
        return ContainerMount(containerPath: container.terminationMessagePath, source: .path(path))
    }

    /// The end of what was written; nil where nothing is, or no file.
    package static func read(_ path: String) throws(KernelError) -> String? {
        do throws(KernelError) {
            return try end(of: try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
        } catch {
            if error.errno == .noEntry { return nil }
            throw KernelError("read", path, error.errno)
        }
    }

    private static func end(of file: borrowing FileDescriptor) throws(KernelError) -> String? {
        let status = try file.status()
        if status.st_mode & S_IFMT != S_IFREG || status.st_size == 0 { return nil }
        let number = file.raw
        _ = try check("seek", "") { lseek(number, max(0, Int(status.st_size) - limit), SEEK_SET) }
        // A container that still writes is not waited for: what is longer by now is cut.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 1)
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Removes the files of earlier starts.
    /// - Parameter kept: ids whose files are still needed.
    package static func removeOld(of container: String, besides kept: Set<String>, in folder: PodFolder)
        throws
    {
        let parent = try folder.container(container)
        guard Folders.exists(parent) else { return }
        for entry in try FileDescriptor.listing(of: parent) where !kept.contains(entry.name) {
            unlink(parent + "/" + entry.name)
        }
    }
}
