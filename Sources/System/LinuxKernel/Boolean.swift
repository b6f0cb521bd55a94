extension Bool {
    /// A flag's value as the field's command lines write it, which are Go's (strconv.ParseBool).
    public init?(parsing word: String) {
        switch word {
        case "1", "t", "T", "true", "TRUE", "True": self = true
        case "0", "f", "F", "false", "FALSE", "False": self = false
        default: return nil
        }
    }
}
