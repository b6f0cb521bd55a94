import ContainerRuntime

/// One command's options and arguments, read as runc's command line reads them: `--name value`,
/// `--name=value`, one dash or two, and no more options after the first argument.
struct Arguments {
    /// What a command understands: each option's names, the first one its key.
    struct Syntax {
        var flags: [[String]] = []
        var values: [[String]] = []

        fileprivate func key(_ name: String, among names: [[String]]) -> String? {
            names.first { $0.contains(name) }?.first
        }
    }

    private var flags: Set<String> = []
    private var values: [String: [String]] = [:]
    private(set) var positional: ArraySlice<String> = []

    init(_ arguments: ArraySlice<String>, _ syntax: Syntax) throws {
        var rest = arguments
        while let word = rest.first, word.hasPrefix("-"), word != "-" {
            rest.removeFirst()
            if word == "--" { break }
            var name = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
            var inline: String?
            if let equals = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
                inline = String(name[name.utf8.index(after: equals)...])
                name = name[..<equals]
            }
            if let key = syntax.key(String(name), among: syntax.values) {
                guard let value = inline ?? rest.popFirst() else {
                    throw RuntimeError("option \(word) needs a value")
                }
                values[key, default: []].append(value)
            } else if let key = syntax.key(String(name), among: syntax.flags) {
                switch inline {
                case nil, "true": flags.insert(key)
                case "false": flags.remove(key)
                default: throw RuntimeError("option --\(name) takes no value")
                }
            } else {
                throw RuntimeError("unknown option \(word)")
            }
        }
        positional = rest
    }

    func has(_ name: String) -> Bool { flags.contains(name) }

    /// The last value given.
    subscript(name: String) -> String? { values[name]?.last }

    /// Every value given.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    func integer(_ name: String) throws -> Int32? {
        guard let text = self[name] else { return nil }
        guard let number = Int32(text), number >= 0 else {
            throw RuntimeError("--\(name): '\(text)' is not a number")
        }
        return number
    }

    /// The container's id, which must be the only argument unless `more` are allowed.
    func containerID(_ more: ClosedRange<Int> = 0...0) throws -> ContainerID {
        guard let first = positional.first else { throw RuntimeError("a container id is needed") }
        guard more.contains(positional.count - 1) else {
            throw RuntimeError(
                positional.count - 1 > more.upperBound
                    ? "too many arguments: \(positional.dropFirst(1 + more.upperBound).joined(separator: " "))"
                    : "too few arguments")
        }
        return try ContainerID(first)
    }
}
