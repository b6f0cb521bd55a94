extension String {
    /// On one line between quotes, as Go's strconv.Quote writes it.
    public var quoted: String {
        let inner = unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\"", "\\": text += "\\" + String(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default: text += String(scalar).printable
            }
        }
        return "\"" + inner + "\""
    }

    /// For a terminal, which would obey what a container's names have in them: control characters as `\x1b`.
    public var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.properties.generalCategory == .control {
                text += scalar.value < 16 ? "\\x0" : "\\x"
                text += String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
