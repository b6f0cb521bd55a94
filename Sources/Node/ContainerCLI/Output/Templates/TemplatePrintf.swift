import Glibc
import OCISpec

/// `printf` of Go's templates, as far as texts, whole numbers, fractions and truth go.
enum TemplatePrintf {
    /// - Parameter arguments: first the format, `%-20s: %5.1f%%`.
    static func text(_ arguments: [TemplateValue]) throws(UsageError) -> String {
        guard let format = arguments.first?.text else { throw UsageError("--format: printf of nothing") }
        var values = arguments.dropFirst()
        var rest = format[...]
        var text = ""
        while let next = rest.popFirst() {
            if next != "%" {
                text.append(next)
            } else if rest.first == "%" {
                text.append(rest.removeFirst())
            } else {
                let directive = try Directive(&rest, of: format)
                guard let value = values.popFirst() else {
                    throw UsageError("--format: printf '\(format)' has too few values")
                }
                text += try directive.text(of: value)
            }
        }
        if !values.isEmpty { throw UsageError("--format: printf '\(format)' has too many values") }
        return text
    }

    /// What stands behind a `%`.
    private struct Directive {
        private var flags = ""
        private var width = 0
        private var precision: Int?
        private let verb: Character

        init(_ rest: inout Substring, of format: String) throws(UsageError) {
            while let flag = rest.first, "-+0 #".contains(flag) { flags.append(rest.removeFirst()) }
            width = Self.number(&rest)
            if rest.first == "." {
                rest.removeFirst()
                precision = Self.number(&rest)
            }
            guard let verb = rest.popFirst(), width < 1000, precision ?? 0 < 1000 else {
                throw UsageError("--format: printf '\(format)' cannot be read")
            }
            self.verb = verb
        }

        private static func number(_ rest: inout Substring) -> Int {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return digits.isEmpty ? 0 : Int(digits) ?? .max
        }

        func text(of value: TemplateValue) throws(UsageError) -> String {
            switch (verb, value) {
            case ("v", _): return padded(value.text)
            case ("s", _): return padded(precision.map { String(value.text.prefix($0)) } ?? value.text)
            case ("q", .string): return padded(String(decoding: value.json(), as: UTF8.self))
            case ("t", .bool): return padded(value.text)
            case ("d", .number(let text)), ("x", .number(let text)), ("X", .number(let text)):
                if let number = Int64(text) { return formatted("ll", number) }
            case ("f", .number(let text)), ("e", .number(let text)), ("g", .number(let text)):
                if let number = Double(text) { return formatted("", number) }
            default: break
            }
            throw UsageError("--format: printf has no %\(verb) for \(value.text)")
        }

        private func padded(_ text: String) -> String {
            let space = String(repeating: " ", count: max(0, width - text.count))
            return flags.contains("-") ? text + space : space + text
        }

        /// By the C library, whose directives are the same for these.
        private func formatted(_ size: String, _ number: some CVarArg) -> String {
            let digits = precision.map { ".\($0)" } ?? ""
            let directive = "%\(flags)\(width == 0 ? "" : String(width))\(digits)\(size)\(verb)"
            // The longest number has 310 digits before its point.
            var buffer = [CChar](repeating: 0, count: 2048)
            let count = withVaList([number]) { vsnprintf(&buffer, buffer.count, directive, $0) }
            return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
