extension String {
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
