import Glibc
import LinuxKernel
import OCISpec

/// The network of a container of the command line: what it wants lies as `network.json` in its folder, and its shim
/// connects it before each start and disconnects it after each end.
public struct ContainerLink: Equatable, Sendable {
    /// Of the built-in network.
    public var state: String
    public var settingsFile: String
    public var attachment: PodAttachment

    public static let fileName = "network.json"

    public init(network: BuiltinNetwork, attachment: PodAttachment) {
        state = network.state
        settingsFile = network.settingsFile
        self.attachment = attachment
    }

    public var network: BuiltinNetwork { BuiltinNetwork(state: state, settingsFile: settingsFile) }

    /// - Returns: nil for a container without a network of ours.
    public static func read(in folder: String) throws -> ContainerLink? {
        try StateFiles.read(folder + "/" + fileName)
    }

    /// Connects the container.
    /// - Parameter owner: its shim; once that has ended the connection is a leftover.
    public static func attach(folder: String, owner: ProcessIdentity) throws {
        guard let link = try read(in: folder) else { return }
        _ = try link.network.attach(link.attachment, owner: owner)
    }

    /// Disconnects the container; one that is not connected is no error.
    public static func detach(folder: String) throws {
        let link: ContainerLink?
        do {
            link = try read(in: folder)
        } catch is NetworkFileError {
            // Whose connection it is, the file does not say any more; with its owner's end it is free (`reconcile`).
            return
        }
        if let link { try link.network.detach(link.attachment.id) }
    }
}

extension ContainerLink: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        state = try object.required("state")
        settingsFile = try object.required("settings")
        attachment = try object.required("attachment")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("state", state)
            json.member("settings", settingsFile)
            json.member("attachment", attachment)
        }
    }
}
