import Yams

/// One of a file's YAML documents, as text. JSON is YAML too.
///
/// A file is cut at its `---` lines before anything of it is parsed, so that a document with an error does
/// not take the others with it.
package struct YAMLDocument: Sendable {
    /// Counted from 1, without the empty ones.
    package let number: Int
    /// The line of the file, counted from 1, on which the document's text begins.
    package let firstLine: Int
    package let text: String

    /// The documents of a file that are not empty.
    package static func split(_ text: String) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        var lines: [Substring] = []
        var firstLine = 1
        func finish() {
            let hasContent = lines.contains { line in
                let content = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\u{feff}" }
                return !content.isEmpty && content.first != "#" && !isSeparator(content, alone: true)
            }
            guard hasContent else { return }
            let text = lines.joined(separator: "\n")
            documents.append(YAMLDocument(number: documents.count + 1, firstLine: firstLine, text: text))
        }
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            // A directive belongs to the document behind its separator.
            if isSeparator(line, alone: false), !lines.contains(where: { $0.hasPrefix("%") }) {
                finish()
                lines = []
                firstLine = index + 1
            }
            lines.append(line)
        }
        finish()
        return documents
    }

    private static func isSeparator(_ line: Substring, alone: Bool) -> Bool {
        guard line.hasPrefix("---") else { return false }
        let rest = line.dropFirst(3)
        if alone {
            let content = rest.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
            return content.isEmpty || content.first == "#"
        }
        return rest.isEmpty || rest.first == " " || rest.first == "\t" || rest.first == "\r"
    }

    /// Reads the document.
    ///
    /// - Throws: a `DocumentError` with the line of the file for text that is not YAML, has a key twice in a mapping,
    package func value() throws(DocumentError) -> APIValue {
        guard let root = try node() else { return .null }
        var composer = YAMLComposer(budget: text.utf8.count * 10 + 10_000)
        do {
            return try composer.value(of: root, depth: 0)
        } catch {
            throw inFile(error)
        }
    }

    /// The line of the file on which the value at `path` stands, or the innermost one around it that is
    /// there.
    package func line(of path: FieldPath) -> Int {
        guard var node = try? node() else { return firstLine }
        for step in path.steps {
            switch (step, node) {
            case (.index(let index), .sequence(let sequence)) where index < sequence.count:
                node = sequence[index]
            case (.field(let name), .mapping(let mapping)), (.key(let name), .mapping(let mapping)):
                guard let pair = mapping.first(where: { $0.key.scalar?.string == name }) else {
                    return line(of: node)
                }
                // The key's own line: the value may begin on the next one.
                if step == path.steps.last { return line(of: pair.key) }
                node = pair.value
            default:
                return line(of: node)
            }
        }
        return line(of: node)
    }

    private func line(of node: Yams.Node) -> Int { firstLine + (node.mark?.line ?? 1) - 1 }

    private func node() throws(DocumentError) -> Yams.Node? {
        try YAMLComposer.refuseDeepKeys(in: text)
        do {
            // Without rules: what plain text means, YAMLScalar says.
            return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw inFile(DocumentError(error))
        } catch {
            throw DocumentError(line: firstLine, reason: "\(error)")
        }
    }

    private func inFile(_ error: DocumentError) -> DocumentError {
        var error = error
        error.line = error.line == 0 ? firstLine : error.line + firstLine - 1
        return error
    }
}

extension DocumentError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { "\($0.text), " } ?? ""
            self.init(line: mark.line, column: mark.column, reason: around + problem)
        case .reader(let problem, _, _, _):
            self.init(reason: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            self.init(
                line: context.mark.line, column: context.mark.column, reason: "the key \(keys) is there twice"
            )
        default:
            self.init(reason: "\(error)")
        }
    }
}
