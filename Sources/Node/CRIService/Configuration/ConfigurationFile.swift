import Glibc
import LinuxKernel
import TOMLKit

/// A mistake in a configuration file: `FILE:LINE: what`.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    public let file: String
    /// From 1; 0 for the file as a whole.
    public let line: Int
    public let text: String

    public var description: String { line > 0 ? "\(file):\(line): \(text)" : "\(file): \(text)" }
}

/// A configuration that cannot be used, with all that is wrong.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    public var description: String {
        let first = problems.first.map { "\($0)" } ?? "the configuration cannot be used"
        return problems.count > 1
            ? "\(first) (and \(problems.count - 1) more; see 'swiftlet config check')" : first
    }
}

extension CRIConfiguration {
    /// Where it is looked for.
    public static let standardFile = "/etc/swiftlet/config.toml"

    private static let limit = 1 << 20

    /// Reads the file.
    /// - Parameters:
    ///   - file: nil: the standard one, which need not be there.
    ///   - files: for which of the files that it names it is a mistake that they are not there, or not what they should be.
    /// - Throws: `ConfigurationError`.
    public static func read(
        _ file: String? = nil, reading files: NamedFiles = .none
    ) throws(ConfigurationError) -> CRIConfiguration {
        let path = file ?? standardFile
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor.readFile(path, limit: limit)
        } catch {
            if file == nil, error.errno == .noEntry { return CRIConfiguration() }
            throw ConfigurationError(problems: [
                ConfigurationProblem(file: path, line: 0, text: "\(error.operation): \(error.errno)")
            ])
        }
        return try CRIConfiguration(
            toml: String(decoding: bytes, as: UTF8.self), file: path, reading: files)
    }

    /// - Parameters:
    ///   - file: for messages.
    ///   - files: as of `read`.
    /// - Throws: `ConfigurationError` with everything that is wrong, in the order of the lines.
    public init(toml text: String, file: String, reading files: NamedFiles = .none) throws(ConfigurationError)
    {
        self.init()
        let text = ZeroMark.put(in: text)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch {
            let error = error as? TOMLParseError
            throw ConfigurationError(problems: [
                ConfigurationProblem(
                    file: file, line: error?.source.begin.line ?? 0,
                    text: oneLine(error?.description ?? "this is not TOML"))
            ])
        }
        var reader = ConfigurationReader()
        reader.read(table, at: [], ConfigurationKeys.all, into: &self)
        if reader.problems.isEmpty {
            let unusable = files.problems(in: self)
            reader.problems = (ConfigurationKeys.disagreements(self) + unusable).map {
                ($0.path.split(separator: ".").map(String.init), "\($0.path): \($0.problem)")
            }
        }
        if reader.problems.isEmpty { return }
        let lines = ConfigurationLines(text)
        throw ConfigurationError(
            problems: reader.problems.map {
                ConfigurationProblem(file: file, line: lines.line(of: $0.path), text: $0.text)
            }.sorted { $0.line < $1.line })
    }
}

/// Goes through the tables of a file and takes over what they say.
private struct ConfigurationReader {
    var problems: [(path: [String], text: String)] = []

    mutating func read<Target>(
        _ table: TOMLTable, at place: [String], below prefix: String = "", _ keys: [ConfigurationKey<Target>],
        into target: inout Target
    ) {
        for name in table.keys {
            guard let value = table[name] else { continue }
            let path = place + [name]
            let full = prefix.isEmpty ? name : "\(prefix).\(name)"
            if let key = keys.first(where: { $0.path == full }) {
                do throws(BadValue) {
                    try key.set(&target, value)
                } catch {
                    problems.append((path, "\(path.joined(separator: ".")): \(error.text)"))
                }
            } else if path == ["runtimes"] {
                readRuntimes(value, into: &target)
            } else if keys.contains(where: { $0.path.hasPrefix(full + ".") }) {
                guard let inner = value.table else {
                    problems.append((path, "\(full) is a table of keys: [\(full)]"))
                    continue
                }
                read(inner, at: path, below: full, keys, into: &target)
            } else {
                let all = keys.map(\.path) + (Target.self == CRIConfiguration.self ? ["runtimes"] : [])
                problems.append((path, "unknown key \(path.joined(separator: "."))\(hint(full, all))"))
            }
        }
    }

    private mutating func readRuntimes<Target>(_ value: any TOMLValueConvertible, into target: inout Target) {
        guard let runtimes = value.table, var configuration = target as? CRIConfiguration else {
            problems.append((["runtimes"], "runtimes is a table of runtimes: [runtimes.NAME]"))
            return
        }
        for name in runtimes.keys {
            if ["", ".", ".."].contains(name) || name.utf8.contains(UInt8(ascii: "/")) || ZeroMark.isIn(name)
            {
                problems.append(
                    (["runtimes", name], "runtimes: \(name.toml) is no name: a folder is called so, too"))
                continue
            }
            guard let table = runtimes[name]?.table else {
                problems.append((["runtimes", name], "runtimes.\(name) is a table: [runtimes.\(name)]"))
                continue
            }
            var runtime = CRIConfiguration.Runtime()
            read(table, at: ["runtimes", name], ConfigurationKeys.runtime, into: &runtime)
            configuration.runtimes[name] = runtime
        }
        if let changed = configuration as? Target { target = changed }
    }

    /// A key that is nearly called so, or has the same name in another table.
    private func hint(_ wrong: String, _ known: [String]) -> String {
        let name = wrong.split(separator: ".").last
        let near =
            known.first { $0.split(separator: ".").last == name }
            ?? known.map { ($0, distance(wrong, $0)) }.min { $0.1 < $1.1 }.flatMap { $0.1 <= 2 ? $0.0 : nil }
        return near.map { ": is \($0) meant?" } ?? ""
    }

    /// Letters to insert, remove or change (Levenshtein).
    private func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, letter) in left.utf8.enumerated() {
            var corner = row[0]
            row[0] = index + 1
            for column in right.indices {
                let change = corner + (right[column] == letter ? 0 : 1)
                corner = row[column + 1]
                row[column + 1] = min(change, corner + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}

/// Finds the line that a key stands in. The parser keeps no places of values, so ever longer beginnings of the file
/// are read: a key stands in the statement with which it appears.
private struct ConfigurationLines {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// - Returns: 0 for what no line says.
    func line(of path: [String]) -> Int {
        var beginning = ""
        // Of the statement that is not complete yet.
        var first: Int?
        for (index, line) in lines.enumerated() {
            beginning += line + "\n"
            let content = line.drop { $0 == " " || $0 == "\t" }
            if first == nil, !content.isEmpty, content.first != "#", content != "\r" { first = index + 1 }
            // The middle of a list over several lines, say, is no document.
            guard let table = try? TOMLTable(string: beginning) else { continue }
            if contains(table, path) { return first ?? index + 1 }
            first = nil
        }
        return 0
    }

    private func contains(_ table: TOMLTable, _ path: [String]) -> Bool {
        var table = table
        for (index, name) in path.enumerated() {
            guard let value = table[name] else { return false }
            if index == path.count - 1 { return true }
            guard let inner = value.table else { return false }
            table = inner
        }
        return false
    }
}
