/// The formats of names: each a function from a text to the reasons why it is none, empty where it is one.
package enum NameFormat {
    // MARK: DNS

    private static let labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let labelWords =
        "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
        + "character"

    /// A label of RFC 1123: 63 lower case letters, digits and `-` at most.
    package static func dnsLabel(_ text: String) -> [String] {
        var reasons = tooLong(text, 63)
        if !isLabel(text.utf8) {
            if isSubdomain(text) {
                reasons.append("must not contain dots")
            } else {
                reasons.append(
                    pattern(
                        "a lowercase RFC 1123 label \(labelWords)", labelPattern, "my-name", "123-abc"))
            }
        }
        return reasons
    }

    /// Labels of RFC 1123 joined by dots, 253 bytes at most.
    package static func dnsSubdomain(_ text: String) -> [String] {
        var reasons = tooLong(text, 253)
        if !isSubdomain(text) {
            reasons.append(
                pattern(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                        + "and must start and end with an alphanumeric character",
                    "\(labelPattern)(\\.\(labelPattern))*", "example.com"))
        }
        return reasons
    }

    /// A search domain of a resolver: a subdomain whose labels may have underscores.
    static func dnsSearch(_ text: String) -> [String] {
        var reasons = tooLong(text, 253)
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let fits = labels.allSatisfy { label in
            let rest = label.hasPrefix("_") ? label.dropFirst() : label
            return isFramed(rest.utf8, ends: isLowerOrDigit) {
                isLowerOrDigit($0) || $0 == dash || $0 == underscore
            }
        }
        if !fits {
            let label = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
            reasons.append(
                pattern(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or "
                        + "'.', and must start and end with an alphanumeric character",
                    "\(label)(\\.\(label))*", "example.com"))
        }
        return reasons
    }

    // MARK: Labels

    private static let namePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    private static let nameWords =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character"

    /// The key of a label: a name of 63 bytes at most, behind an optional domain and `/`.
    package static func qualifiedName(_ text: String) -> [String] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var reasons: [String] = []
        guard parts.count <= 2 else {
            return [
                pattern("a qualified name \(nameWords)", namePattern, "MyName", "my.name", "123-abc")
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        if parts.count == 2 {
            if parts[0].isEmpty {
                reasons.append("prefix part must be non-empty")
            } else {
                reasons += dnsSubdomain(parts[0]).map { "prefix part \($0)" }
            }
        }
        let name = parts[parts.count - 1]
        if name.isEmpty {
            reasons.append("name part must be non-empty")
        } else {
            reasons += tooLong(name, 63).map { "name part \($0)" }
        }
        if !isName(name) {
            reasons.append(
                pattern("name part \(nameWords)", namePattern, "MyName", "my.name", "123-abc"))
        }
        return reasons
    }

    /// The value of a label: empty, or a name.
    package static func labelValue(_ text: String) -> [String] {
        var reasons = tooLong(text, 63)
        if !text.isEmpty, !isName(text) {
            reasons.append(
                pattern(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                        + "and must start and end with an alphanumeric character",
                    "(\(namePattern))?", "MyValue", "my_value", "12345"))
        }
        return reasons
    }

    // MARK: Others

    /// A service's name by RFC 6335.
    static func portName(_ text: String) -> [String] {
        var reasons = tooLong(text, 15)
        if text.isEmpty || !text.utf8.allSatisfy({ isLowerOrDigit($0) || $0 == dash }) {
            reasons.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !text.utf8.contains(where: isLower) { reasons.append("must contain at least one letter (a-z)") }
        if text.contains("--") { reasons.append("must not contain consecutive hyphens") }
        if text.hasPrefix("-") || text.hasSuffix("-") {
            reasons.append("must not begin or end with a hyphen")
        }
        return reasons
    }

    static func environmentName(_ text: String) -> [String] {
        if text.isEmpty { return ["environment variable name must be non-empty"] }
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }) { return [] }
        return [
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        ]
    }

    /// The key of a config map or a secret: a file's name.
    static func configKey(_ text: String) -> [String] {
        var reasons = tooLong(text, 253)
        if text.isEmpty || !text.utf8.allSatisfy({ isLetterOrDigit($0) || "-_.".utf8.contains($0) }) {
            reasons.append(
                pattern(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                    "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME", "key-name"))
        }
        if text == "." || text == ".." {
            reasons.append("must not be '\(text)'")
        } else if text.hasPrefix("..") {
            reasons.append("must not start with '..'")
        }
        return reasons
    }

    /// A pod's uid, which a manifest may choose: part of the names of folders, groups and systemd's units. Of these `_`
    /// parts others from it (`NAMESPACE_NAME_UID`), or stands for `-`.
    static func uid(_ text: String) -> [String] {
        var reasons = tooLong(text, 128)
        if !text.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == dash || $0 == dot })
            || text.utf8.first == dot
        {
            reasons.append(
                pattern(
                    "a uid that is chosen must consist of alphanumeric characters, '-' or '.', and must not start with '.'",
                    "[-a-zA-Z0-9][-.a-zA-Z0-9]*", "my-pod", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"))
        }
        return reasons
    }

    static func httpHeader(_ text: String) -> [String] {
        if !text.isEmpty, text.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == dash }) { return [] }
        return [
            pattern(
                "a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
                "X-Header-Name")
        ]
    }

    /// Names of kernel parameters, with dots or slashes between their parts.
    static func isSysctl(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        let parts = text.utf8.split(omittingEmptySubsequences: false) { $0 == dot || $0 == UInt8(ascii: "/") }
        return parts.allSatisfy { part in
            isFramed(part, ends: isLowerOrDigit) { isLowerOrDigit($0) || $0 == dash || $0 == underscore }
        }
    }

    static let sysctlPattern =
        "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"

    static func range(_ range: ClosedRange<Int64>) -> String {
        "must be between \(range.lowerBound) and \(range.upperBound), inclusive"
    }

    // MARK: Characters

    private static let dash = UInt8(ascii: "-")
    private static let dot = UInt8(ascii: ".")
    private static let underscore = UInt8(ascii: "_")

    private static func isLower(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }
    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        isLower(byte) || byte &- UInt8(ascii: "0") < 10
    }
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || byte &- UInt8(ascii: "A") < 26
    }

    private static func isLabel(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        isFramed(text, ends: isLowerOrDigit) { isLowerOrDigit($0) || $0 == dash }
    }

    private static func isSubdomain(_ text: String) -> Bool {
        text.utf8.split(separator: dot, omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isName(_ text: String) -> Bool {
        isFramed(text.utf8, ends: isLetterOrDigit) { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func isFramed(
        _ text: some BidirectionalCollection<UInt8>, ends: (UInt8) -> Bool, inside: (UInt8) -> Bool
    ) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        return ends(first) && ends(last) && text.allSatisfy(inside)
    }

    // MARK: Words

    private static func tooLong(_ text: String, _ limit: Int) -> [String] {
        text.utf8.count > limit ? ["must be no more than \(limit) bytes"] : []
    }

    private static func pattern(_ words: String, _ pattern: String, _ examples: String...) -> String {
        let shown = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(words) (e.g. \(shown)regex used for validation is '\(pattern)')"
    }
}
