/// A word or sign of what stands between `{{` and `}}`.
enum TemplateToken: Equatable {
    case word(String)
    case field([String])
    /// As a field, directly behind a `)`: of what the parentheses answer.
    case member([String])
    case variable(String, [String])
    case string(String)
    case number(String)
    case sign(Character)
    /// `:=`
    case declare
    /// `=`
    case assign

    static func read(_ action: String) throws(UsageError) -> [TemplateToken] {
        var found: [TemplateToken] = []
        var rest = action[...]
        var isBehindParenthesis = false
        while let first = rest.first {
            let isMember = isBehindParenthesis
            isBehindParenthesis = first == ")"
            switch first {
            case _ where first.isWhitespace: rest.removeFirst()
            case "|", "(", ")", ",":
                rest.removeFirst()
                if first != "," { found.append(.sign(first)) }
            case ":" where rest.hasPrefix(":="):
                rest.removeFirst(2)
                found.append(.declare)
            case "=":
                rest.removeFirst()
                found.append(.assign)
            case "\"", "`":
                rest.removeFirst()
                found.append(.string(try string(&rest, end: first, action)))
            case ".":
                let names = fields(&rest)
                found.append(isMember ? .member(names) : .field(names))
            case "$":
                rest.removeFirst()
                let name = word(&rest)
                found.append(.variable(name, rest.first == "." ? fields(&rest) : []))
            default:
                var word = word(&rest)
                if word.isEmpty {
                    throw UsageError("--format: '\(first)' in '{{\(action)}}' is not understood")
                }
                if Int(word) != nil, rest.first == "." {
                    rest.removeFirst()
                    word += "." + Self.word(&rest)
                }
                found.append(Double(word) == nil ? .word(word) : .number(word))
            }
        }
        if found.isEmpty { throw UsageError("--format: '{{\(action)}}' is empty") }
        return found
    }

    private static func word(_ rest: inout Substring) -> String {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private static func fields(_ rest: inout Substring) -> [String] {
        var names: [String] = []
        while rest.first == "." {
            rest.removeFirst()
            let name = word(&rest)
            if name.isEmpty { break }
            names.append(name)
        }
        return names
    }

    private static func string(
        _ rest: inout Substring, end: Character, _ action: String
    ) throws(UsageError) -> String {
        var text = ""
        while let next = rest.popFirst() {
            if next == end { return text }
            guard next == "\\", end == "\"", let escaped = rest.popFirst() else {
                text.append(next)
                continue
            }
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            default: text.append(escaped)
            }
        }
        throw UsageError("--format: a text without its end in '{{\(action)}}'")
    }
}

extension Substring {
    /// Where a text is in this one for the first time. The library's own search would link its regular expressions.
    func place(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
