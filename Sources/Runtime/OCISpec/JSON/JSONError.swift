/// Why a document was refused: where in it, and what is wrong there. One line when printed.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The place as a JSON path, `linux.resources.memory.limit` or `mounts[3].destination`.
    /// Empty for the document itself and for text that is not JSON.
    public let path: String
    /// 1-based position in the text; both 0 when the value did not come from text.
    public let line: Int
    /// 1-based, counted in Unicode scalars.
    public let column: Int
    /// What is wrong, `expected an integer, found a string`.
    public let reason: String

    public init(path: String, line: Int = 0, column: Int = 0, reason: String) {
        self.path = path
        self.line = line
        self.column = column
        self.reason = reason
    }

    public var description: String {
        if !path.isEmpty { return "\(path): \(reason)" }
        if line > 0 { return "line \(line), column \(column): \(reason)" }
        return reason
    }

    /// `base` and a member of it: `annotations["org.example/owner"]`, `linux.cgroupsPath`.
    public static func path(_ base: String, _ member: String) -> String {
        var path = JSONPath(base)
        path.append(key: member)
        return path.text
    }

    /// `text` in quotes, fit for one line of a log: control characters escaped, long text cut.
    public static func quoted(_ text: String) -> String {
        let limit = 96
        var out = "\""
        var length = 0
        for scalar in text.unicodeScalars {
            if length == limit { return out + "…\"" }
            length += 1
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}", "\u{2028}", "\u{2029}":
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
