import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The network namespace of another container, which a container shares. Which one that is, is found out before each
/// start; a bind mount keeps it until after the end, so that the other one may end, be started again or be removed
/// meanwhile: as with docker, the container stays in the namespace that it has until it is started again itself.
public struct JoinedNetwork: Equatable, Sendable {
    /// The other container's folder.
    public var folder: String
    /// Where the namespace is pinned; absolute.
    public var pin: String

    public init(folder: String, pin: String) {
        self.folder = folder
        self.pin = pin
    }

    /// - Parameters:
    ///   - folder: the container's own.
    ///   - other: the folder of the one that has the network.
    public init(of other: String, in folder: String) {
        // Where `Supervision.forCleanup` looks for it, too.
        self.init(folder: other, pin: OwnNamespaces.networkPin(in: folder))
    }

    /// Pins the namespace.
    /// - Throws: where the other container does not run.
    func make() throws {
        let namespace = try open()
        try PinnedNamespaces.remove(pin)
        try PinnedNamespaces.pin(namespace, at: pin)
    }

    /// Takes the pin away; none there is no error.
    func remove() throws(KernelError) { try PinnedNamespaces.remove(pin) }

    private func open() throws -> FileDescriptor {
        if access(folder, F_OK) != 0, Errno.current == .noEntry { throw failure("it is not there any more") }
        guard let status = try LiveStatus.current(in: folder), [.running, .paused].contains(status.phase),
            let process = status.process
        else { throw failure("it is not running") }
        do throws(KernelError) {
            let namespace = try FileDescriptor.open("/proc/\(process.pid)/ns/net", O_RDONLY)
            // Else it may be that of another process, which got the number meanwhile.
            if try process.isAlive { return namespace }
        } catch {
            guard [.noEntry, .noProcess].contains(error.errno) else { throw error }
        }
        throw failure("it has just ended")
    }

    private func failure(_ why: String) -> ShimFailure {
        let id = folder.splitAtLastComponent.name.prefix(12)
        return ShimFailure(.wrongState, "cannot join the network of container \(id): \(why)")
    }
}

extension JoinedNetwork: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        folder = try object.required("folder")
        pin = try object.required("pin")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("folder", folder)
            json.member("pin", pin)
        }
    }
}
