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

    /// An entry's file.
    struct Place {
        let path: String
        let network: String
        let containerID: String
        let interface: String
        /// Or why it cannot be read.
        let entry: Result<Entry, any Error>
    }

    private func path(_ entry: Entry) -> String {
        "\(folder)/\(entry.network.name)-\(entry.containerID)-\(entry.interface).json"
    }

    /// All that is there, damaged or not.
    func places() throws -> [Place] { try places(endingIn: ".json") }

    /// The interface of a container, in whichever network. Others' files are not looked into.
    func place(_ container: String, _ interface: String) throws -> Place? {
        try places(endingIn: "-\(container)-\(interface).json").first {
            $0.containerID == container && $0.interface == interface
        }
    }

    private func places(endingIn end: String) throws -> [Place] {
        try StateFiles.names(in: folder).filter { $0.hasSuffix(end) }.compactMap { place($0) }
    }

    /// - Returns: nil for a file that is gone, and for one that is not ours.
    private func place(_ name: String) -> Place? {
        let path = folder + "/" + name
        do {
            guard let entry: Entry = try StateFiles.read(path) else { return nil }
            return Place(
                path: path, network: entry.network.name, containerID: entry.containerID,
                interface: entry.interface, entry: .success(entry))
        } catch {
            // Its name still tells whose it is: of its parts only the first, the network's name, may have a '-'.
            let parts = name.dropLast(".json".utf8.count).split(
                separator: "-", omittingEmptySubsequences: false)
            guard parts.count > 2 else { return nil }
            return Place(
                path: path, network: parts.dropLast(2).joined(separator: "-"),
                containerID: String(parts[parts.count - 2]), interface: String(parts[parts.count - 1]),
                entry: .failure(error))
        }
    }

    func write(_ entry: Entry) throws {
        try StateFiles.makeFolders(folder)
        try StateFiles.write(path(entry), entry.json())
    }

    /// Waits until an entry is on the disk: what plugins have made for it may outlive a crash of the machine. That needs
    /// no result: DEL goes without where it has to.
    func sync(_ entry: Entry) throws(KernelError) {
        try FileDescriptor.open(path(entry), O_RDONLY | O_NOFOLLOW).sync()
        try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY).sync()
    }

    func remove(_ entry: Entry) throws(KernelError) { try StateFiles.remove(path(entry)) }

    private static let damaged = ".damaged"
    /// Seconds.
    private static let week = 7 * 24 * 3600

    /// Lets what cannot be read count no more, for whoever wants to see what became of it within a week.
    func setAside(_ place: Place) throws(KernelError) {
        // The week begins now.
        _ = utimensat(AT_FDCWD, place.path, nil, AT_SYMLINK_NOFOLLOW)
        if rename(place.path, place.path + Self.damaged) != 0 { throw KernelError("set aside", place.path) }
    }

    /// Removes what was set aside, and what somebody was killed over while he wrote it, when it is a week old.
    func removeOld() throws(KernelError) {
        for name in try StateFiles.names(in: folder)
        where name.hasSuffix(Self.damaged) || name.hasSuffix(StateFiles.unfinished) {
            let path = folder + "/" + name
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mtim.tv_sec < time(nil) - Self.week else { continue }
            try StateFiles.remove(path)
        }
    }
}

extension CNICache.Entry {
    init(_ attachment: CNIAttachment, _ network: NetworkList) {
        self.init(
            network: network, containerID: attachment.containerID, namespace: attachment.namespace,
            interface: attachment.interface, arguments: attachment.argumentText,
            capabilities: attachment.capabilities.tree, result: nil)
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
