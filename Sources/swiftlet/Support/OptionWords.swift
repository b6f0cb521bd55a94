import LinuxKernel

/// The words after a command's name as docker reads them (pflag), put into the form that swift-argument-parser
/// understands: several letters with a value at their end (`-itu1000`), values of flags (`--rm=0`), values that are
/// empty (`--entrypoint=`) or begin with a dash.
enum OptionWords {
    /// What an option is for the command.
    enum Kind {
        case flag
        /// A flag that holds unless it is said that it does not: the parser has it as an option with a value.
        case truth
        case value
        case unknown
    }

    private static let truths: Set = ["--sig-proxy"]

    /// Whether an option is of the kind `truth`.
    static func isTruth(_ name: String) -> Bool { truths.contains(name) }

    /// - Parameters:
    ///   - passesWordsOn: whether the options end at the first word that is none.
    ///   - kind: tells it of an option with its dashes.
    ///   - names: all the names of an option, by one of them.
    static func reworded(
        _ words: [String], passesWordsOn: Bool, kind: (String) -> Kind, names: (String) -> [String]
    ) -> [String] {
        var result: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                result.append(word)
                if passesWordsOn { break }
                continue
            }
            if word == "--" {
                // The parser would pass it on, too.
                if !passesWordsOn || rest.first?.hasPrefix("-") == true { result.append(word) }
                break
            }
            guard let parts = split(word, kind) else {
                result.append(word)
                continue
            }
            for part in parts { append(part, to: &result, &rest, names) }
        }
        return result + rest
    }

    private struct Part {
        let name: String
        let kind: Kind
        let attached: String?
    }

    /// - Returns: nil for what the command does not know.
    private static func split(_ word: String, _ kind: (String) -> Kind) -> [Part]? {
        if word.hasPrefix("--") {
            let pieces = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(pieces[0])
            let kind = kind(name)
            if kind == .unknown { return nil }
            return [Part(name: name, kind: kind, attached: pieces.count > 1 ? String(pieces[1]) : nil)]
        }
        var parts: [Part] = []
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            let name = "-\(letter)"
            let kind = kind(name)
            let hasEquals = letters.first == "="
            switch kind {
            case .unknown: return nil
            case .flag where !hasEquals: parts.append(Part(name: name, kind: kind, attached: nil))
            default:
                let value = String(hasEquals ? letters.dropFirst() : letters)
                let isAttached = hasEquals || !value.isEmpty
                parts.append(Part(name: name, kind: kind, attached: isAttached ? value : nil))
                return parts
            }
        }
        return parts
    }

    private static func append(
        _ part: Part, to result: inout [String], _ rest: inout ArraySlice<String>,
        _ names: (String) -> [String]
    ) {
        let name = part.name
        if part.kind == .flag || part.kind == .truth {
            switch (part.attached ?? "true", part.kind) {
            case (let word, .truth): result.append("\(name)=\(Bool(parsing: word).map(String.init) ?? word)")
            case (let word, _) where Bool(parsing: word) == true: result.append(name)
            case (let word, _) where Bool(parsing: word) == false:
                let names = names(name)
                result.removeAll { names.contains($0) }
            // Which the parser refuses.
            case (let word, _): result.append("\(name)=\(word)")
            }
        } else if let value = part.attached ?? rest.popFirst() {
            // The parser sees no value behind an equals sign that nothing follows.
            result += value.isEmpty ? [name, value] : ["\(name)=\(value)"]
        } else {
            result.append(name)
        }
    }
}
