import Glibc
import LinuxKernel

/// Environment variables as `-e` and `--env-file` give them.
public enum EnvironmentOption {
    /// `NAME=value`, or `NAME` alone for the value it has here; nil when it has none here.
    public static func resolve(_ text: String) throws(UsageError) -> String? {
        guard let name = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first,
            !name.isEmpty
        else { throw UsageError("invalid environment variable '\(text)': the name is missing") }
        if text.utf8.contains(UInt8(ascii: "=")) { return text }
        return getenv(text).map { text + "=" + String(cString: $0) }
    }

    /// One variable a line; empty lines and those that begin with `#` do not count, and nothing is unquoted.
    public static func file(_ path: String) throws -> [String] {
        var bytes: [UInt8]
        do throws(KernelError) {
            bytes = try FileDescriptor.readFile(path, limit: 1 << 20)
        } catch {
            throw UsageError("environment file \(path): \(error.errno)")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var variables: [String] = []
        for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw UsageError("environment file \(path), line \(index + 1): not UTF-8")
            }
            var entry = text[...].drop { $0 == " " || $0 == "\t" }
            if entry.utf8.last == 13 { entry = entry.dropLast() }
            if entry.isEmpty || entry.first == "#" { continue }
            let name = entry.prefix { $0 != "=" }
            if name.isEmpty || name.contains(where: { $0 == " " || $0 == "\t" }) {
                throw UsageError(
                    "environment file \(path), line \(index + 1): invalid variable name '\(name)'")
            }
            if let variable = try resolve(String(entry)) { variables.append(variable) }
        }
        return variables
    }

    /// Puts variables together: of those with the same name the last counts, in the place of the first.
    public static func merge(_ lists: [String]...) -> [String] {
        var merged: [String] = []
        var places: [Substring: Int] = [:]
        for variable in lists.joined() {
            let name = variable.prefix { $0 != "=" }
            if let place = places[name] {
                merged[place] = variable
            } else {
                places[name] = merged.count
                merged.append(variable)
            }
        }
        return merged
    }
}

/// `key=value` of labels, annotations and sysctls; a missing `=` means an empty value.
public struct KeyValue: Equatable, Sendable {
    public let key: String
    public let value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    public init(parsing text: String, what: String) throws(UsageError) {
        let key = text.prefix { $0 != "=" }
        guard !key.isEmpty else { throw UsageError("invalid \(what) '\(text)': the name is missing") }
        self.key = String(key)
        self.value = String(text[key.endIndex...].dropFirst())
    }
}
