/// Objects of JSON that follow one another with nothing but space between them, as `kubectl` reads them.
enum JSONSequence {
    /// Cuts a text into its objects; each piece goes on to the next one.
    /// - Returns: the text as a whole where it is no such sequence: one object, or what only YAML allows.
    static func split(_ text: Substring) -> [Substring] {
        let bytes = text.utf8
        var pieces: [Substring] = []
        var start = text.startIndex
        var depth = 0
        var hasValue = false
        var isInString = false
        var index = start
        // The line that parts a document from the one before.
        if bytes.starts(with: "---".utf8) { index = bytes.index(index, offsetBy: 3) }
        while index < bytes.endIndex {
            let byte = bytes[index]
            let next = bytes.index(after: index)
            if isInString {
                if byte == UInt8(ascii: "\\"), next < bytes.endIndex {
                    index = bytes.index(after: next)
                    continue
                }
                if byte == UInt8(ascii: "\"") { isInString = false }
            } else {
                switch byte {
                case UInt8(ascii: "{"):
                    if depth == 0, hasValue {
                        pieces.append(text[start..<index])
                        start = index
                    }
                    hasValue = true
                    depth += 1
                case UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: "\""): isInString = true
                // Quotes and comments in which braces count for nothing, and names of what is elsewhere: YAML.
                case UInt8(ascii: "'"), UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "*"): return [text]
                default: if depth == 0, !isSpace(byte) { return [text] }
                }
            }
            index = next
        }
        pieces.append(text[start...])
        return pieces
    }

    private static func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }
}
