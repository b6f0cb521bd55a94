import Glibc
import LinuxKernel
import OCISpec

/// What was attached, on disk: with the configuration that did it, because that is the one that must undo it, whatever
/// the folder of configurations says by then. Written before the first plugin runs, completed when the last one is
/// done, removed when all is undone.
struct CNICache: Sendable {
    let folder: String

    struct Entry: Equatable {
        var network: NetworkList
        var containerID: String
        var namespace: String
        var interface: String
        /// CNI_ARGS.
        var arguments: String
        var capabilities: JSONTree
        /// nil when ADD was begun and nobody knows how far it came.
        var result: JSONTree?
    }

    private func path(_ network: String, _ container: String, _ interface: String) -> String {
        "\(folder)/\(network)-\(container)-\(interface).json"
    }

    func entries() throws -> [Entry] {
        try StateFiles.names(in: folder).filter { $0.hasSuffix(".json") }.compactMap {
            try StateFiles.read(folder + "/" + $0)
        }
    }

    /// The interface of a container, in whichever network.
    func entry(_ container: String, _ interface: String) throws -> Entry? {
        try entries().first {
            $0.containerID == container && $0.interface == interface
        }
    }

    func write(_ entry: Entry) throws {
        try StateFiles.makeFolders(folder)
        let path = path(entry.network.name, entry.containerID, entry.interface)
        try StateFiles.write(path, entry.json())
    }

    func remove(_ entry: Entry) throws(KernelError) {
        try StateFiles.remove(
            path(entry.network.name, entry.containerID, entry.interface))
    }
}

extension CNICache.Entry: JSONDecodable, JSONEncodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        let tree: JSONTree = try object.required("network")
        do throws(CNIError) {
            network = try NetworkList(tree, isList: true, path: "in the cache")
        } catch {
            throw json.error("\(error)")
        }
        containerID = try object.required("containerID")
        namespace = try object.text("namespace") ?? ""
        interface = try object.required("interface")
        arguments = try object.text("arguments") ?? ""
        capabilities = try object.optional("capabilities") ?? .object([])
        result = try object.optional("result")
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("network", network.tree)
            json.member("containerID", containerID)
            json.member("namespace", namespace)
            json.member("interface", interface)
            json.member("arguments", arguments)
            json.member("capabilities", capabilities)
            json.optional("result", result)
        }
    }
}
