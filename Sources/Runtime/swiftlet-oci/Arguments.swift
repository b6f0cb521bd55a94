import ContainerRuntime
import LinuxKernel

/// One command's options and arguments, read as runc's command line reads them: `--name value`, `--name=value`, one
/// dash or two, before and after arguments up to a `--`.
struct Arguments {
    /// What a command understands: each option's names, the first one its key.
    struct Syntax {
        var flags: [[String]] = []
        var values: [[String]] = []
        /// What comes after the first argument is another program's (`exec`, `ps`), or a command's.
        var endsAtArgument = false

        fileprivate func key(_ name: String, among names: [[String]]) -> String? {
            names.first { $0.contains(name) }?.first
        }
    }

    /// In the order in which they were given; "" for a flag. Few, so that looking through them is quicker than
    /// hashing.
    private var given: [(key: String, value: String)] = []
    private(set) var positional: ArraySlice<String> = []

    init(_ arguments: ArraySlice<String>, _ syntax: Syntax) throws {
        var rest = arguments
        while let word = rest.popFirst() {
            if word == "--" { break }
            guard word.utf8.first == UInt8(ascii: "-"), word != "-" else {
                positional.append(word)
                if syntax.endsAtArgument { break }
                continue
            }
            var name = word[word.utf8.index(word.startIndex, offsetBy: word.hasPrefix("--") ? 2 : 1)...]
            var inline: String?
            if let equals = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
                inline = String(name[name.utf8.index(after: equals)...])
                name = name[..<equals]
            }
            if let key = syntax.key(String(name), among: syntax.values) {
                guard let value = inline ?? rest.popFirst() else {
                    throw RuntimeError("option \(word) needs a value")
                }
                given.append((key, value))
            } else if let key = syntax.key(String(name), among: syntax.flags) {
                switch inline.map({ Bool(parsing: $0) }) ?? true {
                case true?: given.append((key, ""))
                case false?: given.removeAll { $0.key == key }
                case nil: throw RuntimeError("option \(word): a flag is true or false")
                }
            } else if name == "help" || name == "h" {
                throw HelpRequest()
            } else {
                throw RuntimeError("unknown option \(word)")
            }
        }
        positional += rest
    }

    /// Those of this program. The library makes `CommandLine.arguments` by generic code, which it has to set up first.
    static func ofProgram() -> [String] {
        var words: [String] = []
        for index in 0..<Int(CommandLine.argc) {
            if let word = CommandLine.unsafeArgv[index] { words.append(String(cString: word)) }
        }
        return words
    }

    func has(_ name: String) -> Bool { given.contains { $0.key == name } }

    /// The last value given.
    subscript(name: String) -> String? { given.last { $0.key == name }?.value }

    /// Every value given.
    func all(_ name: String) -> [String] { given.filter { $0.key == name }.map(\.value) }

    func integer(_ name: String) throws -> Int32? {
        guard let text = self[name] else { return nil }
        guard let number = Int32(text), number >= 0 else {
            throw RuntimeError("--\(name): '\(text)' is not a number")
        }
        return number
    }

    /// For commands that are about no container.
    func expectNone() throws {
        guard positional.isEmpty else {
            throw RuntimeError("too many arguments: \(positional.joined(separator: " "))")
        }
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
