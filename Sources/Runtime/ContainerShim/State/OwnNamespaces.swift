import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The namespaces of a container with a user namespace of its own. They have to be there before the container is: its
/// root is mounted by the user namespace's maps, and its network namespace must belong to that, or the container's
/// root could neither mount /sys nor set an address. Bind mounts keep them from before the root is mounted until after
/// the container's end.
public struct OwnNamespaces: Equatable, Sendable {
    /// Where the user namespace is pinned; absolute.
    public var user: String
    /// The same of the network namespace; nil: the container is in the host's.
    public var network: String?
    public var uidMappings: [RuntimeSpec.IDMapping]
    public var gidMappings: [RuntimeSpec.IDMapping]

    public init(
        user: String, network: String?, uidMappings: [RuntimeSpec.IDMapping],
        gidMappings: [RuntimeSpec.IDMapping]
    ) {
        self.user = user
        self.network = network
        self.uidMappings = uidMappings
        self.gidMappings = gidMappings
    }

    /// Pinned in the container's folder.
    /// - Parameter hasNetwork: false in the host's network.
    public init(
        in folder: String, hasNetwork: Bool = true, uidMappings: [RuntimeSpec.IDMapping] = [],
        gidMappings: [RuntimeSpec.IDMapping] = []
    ) {
        self.init(
            user: folder + "/user-namespace", network: hasNetwork ? Self.networkPin(in: folder) : nil,
            uidMappings: uidMappings, gidMappings: gidMappings)
    }

    static func networkPin(in folder: String) -> String { folder + "/network-namespace" }

    private var paths: [String] { [user] + (network.map { [$0] } ?? []) }

    /// Makes and pins them, unless all are pinned already. For a program of one thread (`PinnedNamespaces.make`).
    public func make() throws {
        if try paths.allSatisfy(Self.isPinned) { return }
        var pins = [PinnedNamespaces.Pin(.user, path: user)]
        if let network { pins.append(PinnedNamespaces.Pin(.network, path: network)) }
        var namespaces = PinnedNamespaces(pins)
        namespaces.uidMappings = uidMappings
        namespaces.gidMappings = gidMappings
        try namespaces.make()
    }

    /// Takes the pins away; none there is no error.
    public func remove() throws(KernelError) {
        for path in paths { try PinnedNamespaces.remove(path) }
    }

    /// The magic number of the file system that namespaces' files are on (linux/magic.h).
    private static let fileSystemType = 0x6e73_6673

    private static func isPinned(_ path: String) throws(KernelError) -> Bool {
        do throws(KernelError) {
            return try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW).fileSystemType() == fileSystemType
        } catch {
            if error.errno == .noEntry { return false }
            throw error
        }
    }
}

extension OwnNamespaces: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        user = try object.required("user")
        network = try object.text("network")
        uidMappings = try object.list("uidMappings")
        gidMappings = try object.list("gidMappings")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("user", user)
            json.optional("network", network)
            json.member("uidMappings", uidMappings)
            json.member("gidMappings", gidMappings)
        }
    }
}
