import Glibc
import LinuxKernel
import OCISpec

/// One network: a chain of plugins, as a `.conflist` has it, or a `.conf` with its one (CNI specification, section 1).
public struct NetworkList: Equatable, Sendable {
    public let name: String
    public let version: CNIVersion
    public let disableCheck: Bool
    public let disableGC: Bool
    /// Their configurations, with members of their own.
    public let plugins: [JSONTree]

    /// - Parameters:
    ///   - added: plugins that stand elsewhere, and come after the list's own.
    ///   - path: for messages.
    init(_ tree: JSONTree, isList: Bool, added: [JSONTree] = [], path: String) throws(CNIError) {
        func invalid(_ reason: String) -> CNIError { .invalidConfiguration(path: path, reason: reason) }
        guard case .object = tree else { throw invalid("it is no object") }
        guard let name = tree["name"]?.text, Self.isName(name) else {
            throw invalid("name is missing or has other characters than letters, digits, '_', '.' and '-'")
        }
        self.name = name
        version = try Self.version(tree, invalid)
        disableCheck = try Self.flag("disableCheck", of: tree, path: path)
        disableGC = try Self.flag("disableGC", of: tree, path: path)
        let own = isList ? tree["plugins"]?.list ?? [] : [tree]
        // They may all stand elsewhere, but then there is no list.
        if own.isEmpty, added.isEmpty || tree["plugins"] != nil {
            throw invalid("plugins is missing or empty")
        }
        for plugin in own { try Self.check(plugin: plugin, path: path) }
        plugins = own + added
    }

    private static func check(plugin: JSONTree, path: String) throws(CNIError) {
        guard let type = plugin["type"]?.text, !type.isEmpty, !type.utf8.contains(UInt8(ascii: "/")),
            type != ".", type != ".."
        else {
            throw .invalidConfiguration(path: path, reason: "a plugin's type is missing or is no file name")
        }
    }

    /// Written as a word by some.
    private static func flag(_ member: String, of tree: JSONTree, path: String) throws(CNIError) -> Bool {
        guard let value = tree[member] else { return false }
        guard let flag = value.flag ?? value.text.flatMap({ Bool($0.lowercased()) }) else {
            throw .invalidConfiguration(path: path, reason: "\(member) is neither true nor false")
        }
        return flag
    }

    /// Whether a plugin of that type is in the chain.
    public func has(plugin type: String) -> Bool { plugins.contains { $0["type"]?.text == type } }

    /// Whether some plugin asks for what the runtime knows by that name (`CNICapabilities`).
    func has(capability name: String) -> Bool {
        plugins.contains { $0["capabilities"]?[name]?.flag == true }
    }

    /// The newest version of `cniVersions` that we speak, else `cniVersion`.
    private static func version(
        _ tree: JSONTree, _ invalid: (String) -> CNIError
    ) throws(CNIError) -> CNIVersion {
        let offered = (tree["cniVersions"]?.list ?? []).compactMap { $0.text.flatMap { CNIVersion($0) } }
        if let newest = offered.filter({ CNIVersion.supported.contains($0) }).max() { return newest }
        guard let text = tree["cniVersion"]?.text else {
            throw invalid("cniVersion is missing: wanted is one of \(CNIVersion.supported)")
        }
        guard let version = CNIVersion(text), CNIVersion.supported.contains(version) else {
            throw invalid("cniVersion '\(text)' is not one of \(CNIVersion.supported)")
        }
        return version
    }

    /// Section 1: it becomes part of file names.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || [45, 46, 95].contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    // MARK: As the cache has it

    var tree: JSONTree {
        .members([
            ("name", .string(name)), ("cniVersion", .string("\(version)")),
            ("disableCheck", .bool(disableCheck)), ("disableGC", .bool(disableGC)),
            ("plugins", .array(plugins)),
        ])
    }

    // MARK: Files

    static func read(_ path: String) throws -> NetworkList {
        let tree = try read(tree: path)
        guard path.hasSuffix(".conflist") else { return try NetworkList(tree, isList: false, path: path) }
        var added: [JSONTree] = []
        if let name = tree["name"]?.text, isName(name),
            !(try flag("loadOnlyInlinedPlugins", of: tree, path: path))
        {
            added = try plugins(in: path.splitAtLastComponent.parent + "/" + name)
        }
        return try NetworkList(tree, isList: true, added: added, path: path)
    }

    /// Plugins that others have added to a network: the `.conf` files of the folder that is called as it, beside its list
    /// (section 1, "Plugin configuration objects", and libcni since 1.3). One that cannot be used spoils the network,
    /// which somebody wants to have with it.
    private static func plugins(in folder: String) throws -> [JSONTree] {
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
        return try ConfigurationFolder.files(in: folder, endings: [".conf"]).map { file in
            let path = folder + "/" + file.name
            let plugin = try read(tree: path)
            try check(plugin: plugin, path: path)
            return plugin
        }
    }

    private static func read(tree path: String) throws -> JSONTree {
        let bytes = try FileDescriptor.readFile(path, limit: 4 << 20)
        do throws(JSONError) { return try JSONTree(json: bytes) } catch {
            throw CNIError.invalidConfiguration(path: path, reason: "\(error)")
        }
    }
}

/// A folder of network configurations, of which the first by name that can be used counts, read again when something in
/// it changes.
public struct ConfigurationFolder: Sendable {
    public let path: String
    private var known = Contents()
    private var current: NetworkList?
    /// What is wrong with files that are passed over.
    public private(set) var problems: [String] = []
    /// What was found wrong with any file since something in the folder has changed, and what of it nobody was told yet.
    private var found: Set<String> = []
    private var news: [String] = []

    /// What changes when a file does.
    struct FileMark: Equatable, Sendable {
        let name: String
        let inode: UInt
        let size: Int
        let modified: timespecMark
    }
    struct timespecMark: Equatable, Sendable {
        let seconds: Int
        let nanoseconds: Int
    }

    /// What the network depends on: the files, and by its name each folder that a network could have plugins in.
    private struct Contents: Equatable {
        var files: [FileMark] = []
        var added: [String: [FileMark]] = [:]
    }

    public init(path: String) {
        self.path = path
    }

    /// The network to use now: of the first file that is well-formed.
    /// - Throws: `CNIError` when there is none.
    public mutating func network() throws -> NetworkList {
        let contents = try contents()
        if contents != known {
            known = contents
            current = nil
            problems = []
            found = []
            for file in contents.files where current == nil {
                do {
                    current = try NetworkList.read(path + "/" + file.name)
                } catch {
                    problems.append("\(error)")
                    note(error)
                }
            }
        }
        if let current { return current }
        if let problem = problems.first {
            throw CNIError.failed(type: "-", command: "configuration", reason: problem)
        }
        throw CNIError.noConfiguration(folder: path)
    }

    /// The network of that name now, whichever file has it; nil for none.
    public mutating func network(named name: String) throws -> NetworkList? {
        if let first = try? network(), first.name == name { return first }
        for file in try contents().files {
            do {
                let network = try NetworkList.read(path + "/" + file.name)
                if network.name == name { return network }
            } catch {
                note(error)
            }
        }
        return nil
    }

    /// What was found wrong with files that were looked into. Nobody is told the same twice, as long as nothing in the
    /// folder changes.
    public mutating func takeNews() -> [String] {
        defer { news = [] }
        return news
    }

    private mutating func note(_ problem: any Error) {
        if found.insert("\(problem)").inserted { news.append("\(problem)") }
    }

    private func contents() throws -> Contents {
        var contents = Contents()
        contents.files = try Self.files(in: path, endings: [".conf", ".conflist", ".json"])
        for name in try StateFiles.names(in: path) {
            if let added = try? Self.files(in: path + "/" + name, endings: [".conf"]), !added.isEmpty {
                contents.added[name] = added
            }
        }
        return contents
    }

    /// A folder's files with one of those endings, by name.
    static func files(in folder: String, endings: [String]) throws -> [FileMark] {
        try StateFiles.names(in: folder).filter { name in
            endings.contains { name.hasSuffix($0) }
        }.sorted().compactMap { name in
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
                return nil
            }
            return FileMark(
                name: name, inode: UInt(status.st_ino), size: Int(status.st_size),
                modified: timespecMark(
                    seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec)))
        }
    }
}
