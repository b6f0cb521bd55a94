import Yams

/// One of a file's YAML documents, as text. JSON is YAML too.
///
/// A file is cut at its `---` lines, and between objects of JSON that follow one another, before anything of it is parsed, so that a document with an error does
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
        var start = text.startIndex
        var firstLine = 1
        var hasContent = false
        var hasDirective = false
        func finish(_ end: String.Index) {
            guard hasContent else { return }
            // The parser takes it for the first character of a line, and the next line for one of another indentation.
            if text.utf8[start..<end].starts(with: byteOrderMark) {
                start = text.utf8.index(start, offsetBy: byteOrderMark.count)
            }
            for piece in JSONSequence.split(text[start..<end]) {
                documents.append(
                    YAMLDocument(number: documents.count + 1, firstLine: firstLine, text: String(piece)))
                firstLine += piece.utf8.count { $0 == UInt8(ascii: "\n") }
            }
        }
        var lineStart = text.startIndex
        var number = 1
        while lineStart < text.endIndex {
            let newline = text.utf8[lineStart...].firstIndex(of: UInt8(ascii: "\n"))
            let line = text.utf8[lineStart..<(newline ?? text.endIndex)]
            // A directive belongs to the document behind its separator.
            if isSeparator(line), !hasDirective {
                finish(lineStart)
                start = lineStart
                firstLine = number
                hasContent = false
            }
            if withoutMark(line).first == UInt8(ascii: "%"), !hasContent {
                hasDirective = true
            } else if isSeparator(line) || isContent(line) {
                hasDirective = false
                hasContent = hasContent || isContent(line)
            }
            lineStart = newline.map(text.utf8.index(after:)) ?? text.endIndex
            number += 1
        }
        finish(text.endIndex)
        return documents
    }

    /// Of editors on Windows; also where files that begin with it were put together.
    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    private static func withoutMark(_ line: Substring.UTF8View) -> Substring.UTF8View {
        line.starts(with: byteOrderMark) ? line.dropFirst(byteOrderMark.count) : line
    }

    /// `---` alone or before a space.
    private static func isSeparator(_ line: Substring.UTF8View) -> Bool {
        let line = withoutMark(line)
        return line.starts(with: "---".utf8) && line.dropFirst(3).first.map(isBlank) ?? true
    }

    /// More than space, comments and a separator.
    private static func isContent(_ line: Substring.UTF8View) -> Bool {
        let line = withoutMark(line)
        let content = (isSeparator(line) ? line.dropFirst(3) : line).drop(while: isBlank)
        return content.first.map { $0 != UInt8(ascii: "#") } ?? false
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \t\r".utf8.contains(byte) }

    /// Reads the document.
    ///
    /// - Throws: a `DocumentError` with the line of the file for text that is not YAML, or has a key twice in a mapping.
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
