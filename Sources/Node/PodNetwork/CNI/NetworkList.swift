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

    /// - Parameter path: for messages.
    init(_ tree: JSONTree, isList: Bool, path: String) throws(CNIError) {
        func invalid(_ reason: String) -> CNIError { .invalidConfiguration(path: path, reason: reason) }
        guard case .object = tree else { throw invalid("it is no object") }
        guard let name = tree["name"]?.text, Self.isName(name) else {
            throw invalid("name is missing or has other characters than letters, digits, '_', '.' and '-'")
        }
        self.name = name
        version = try Self.version(tree, invalid)
        // Written as a word by some.
        func flag(_ member: String) -> Bool { tree[member]?.flag ?? (tree[member]?.text == "true") }
        disableCheck = flag("disableCheck")
        disableGC = flag("disableGC")
        let plugins = isList ? tree["plugins"]?.list ?? [] : [tree]
        if plugins.isEmpty { throw invalid("plugins is missing or empty") }
        for plugin in plugins {
            guard let type = plugin["type"]?.text, !type.isEmpty, !type.utf8.contains(UInt8(ascii: "/")),
                type != ".", type != ".."
            else { throw invalid("a plugin's type is missing or is no file name") }
        }
        self.plugins = plugins
    }

    /// Whether a plugin of that type is in the chain.
    public func has(plugin type: String) -> Bool { plugins.contains { $0["type"]?.text == type } }

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
        let bytes = try FileDescriptor.readFile(path, limit: 4 << 20)
        let tree: JSONTree
        do throws(JSONError) { tree = try JSONTree(json: bytes) } catch {
            throw CNIError.invalidConfiguration(path: path, reason: "\(error)")
        }
        return try NetworkList(tree, isList: path.hasSuffix(".conflist"), path: path)
    }
}

/// A folder of network configurations, of which the first by name that can be used counts, read again when something in
/// it changes.
public struct ConfigurationFolder: Sendable {
    public let path: String
    private var known: [FileMark] = []
    private var current: NetworkList?
    /// What is wrong with files that are passed over.
    public private(set) var problems: [String] = []
    /// What was found wrong with any file since something in the folder has changed, and what of it nobody was told yet.
    private var found: Set<String> = []
    private var news: [String] = []

    /// What changes when a file does.
    private struct FileMark: Equatable, Sendable {
        let name: String
        let inode: UInt
        let size: Int
        let modified: timespecMark
    }
    private struct timespecMark: Equatable, Sendable {
        let seconds: Int
        let nanoseconds: Int
    }

    public init(path: String) {
        self.path = path
    }

    /// The network to use now: of the first file that is well-formed.
    /// - Throws: `CNIError` when there is none.
    public mutating func network() throws -> NetworkList {
        let marks = try marks()
        if marks != known {
            known = marks
            current = nil
            problems = []
            found = []
            for mark in marks where current == nil {
                do {
                    current = try NetworkList.read(path + "/" + mark.name)
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
        for mark in try marks() {
            do {
                let network = try NetworkList.read(path + "/" + mark.name)
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

    private func marks() throws -> [FileMark] {
        try StateFiles.names(in: path).filter { name in
            [".conf", ".conflist", ".json"].contains { name.hasSuffix($0) }
        }.sorted().compactMap { name in
            var status = stat()
            guard stat(path + "/" + name, &status) == 0 else { return nil }
            return FileMark(
                name: name, inode: UInt(status.st_ino), size: Int(status.st_size),
                modified: timespecMark(
                    seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec)))
        }
    }
}
