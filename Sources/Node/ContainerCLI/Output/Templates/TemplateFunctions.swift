/// What can be called in a template, by Go's and docker's names.
enum TemplateFunctions {
    /// Those that change a value but not what stands above its column.
    static let leaveHeaders: Set<String> = ["json", "split", "join", "title", "lower", "upper", "truncate"]

    static func call(_ name: String, _ arguments: [TemplateValue]) throws(UsageError) -> TemplateValue {
        func need(_ count: Int) throws(UsageError) {
            if arguments.count != count {
                throw UsageError("--format: \(name) takes \(count) arguments and has \(arguments.count)")
            }
        }
        switch name {
        case "json":
            try need(1)
            return .string(String(decoding: arguments[0].json(), as: UTF8.self))
        case "len":
            try need(1)
            if case .string(let text) = arguments[0] { return .number(String(text.utf8.count)) }
            guard let elements = arguments[0].elements else {
                throw UsageError("--format: len of \(arguments[0].text), which is no list")
            }
            return .number(String(elements.count))
        case "index": return try index(arguments)
        case "join":
            try need(2)
            return .string(
                (arguments[0].elements ?? []).map(\.value.text).joined(separator: arguments[1].text))
        case "split":
            try need(2)
            return .array(split(arguments[0].text, by: arguments[1].text))
        case "lower":
            try need(1)
            return .string(arguments[0].text.lowercased())
        case "upper":
            try need(1)
            return .string(arguments[0].text.uppercased())
        case "title":
            try need(1)
            return .string(title(arguments[0].text))
        case "truncate":
            try need(2)
            return .string(String(arguments[0].text.prefix(try count(arguments[1]))))
        case "pad":
            try need(3)
            let text = arguments[0].text
            let space = try arguments[1...].map { (value) throws(UsageError) in
                String(repeating: " ", count: try count(value))
            }
            return .string(text.isEmpty ? text : space[0] + text + space[1])
        case "printf": return .string(try TemplatePrintf.text(arguments))
        case "print": return .string(arguments.map(\.text).joined())
        case "println": return .string(arguments.map(\.text).joined(separator: " ") + "\n")
        case "eq":
            return .bool(arguments.dropFirst().contains { $0.text == arguments[0].text })
        case "ne":
            try need(2)
            return .bool(arguments[0].text != arguments[1].text)
        case "lt", "ge":
            try need(2)
            return .bool(try precedes(arguments[0], arguments[1], name) == (name == "lt"))
        case "gt", "le":
            try need(2)
            return .bool(try precedes(arguments[1], arguments[0], name) == (name == "gt"))
        case "not":
            try need(1)
            return .bool(!arguments[0].isTrue)
        case "and": return arguments.first { !$0.isTrue } ?? arguments.last ?? .null
        case "or": return arguments.first(where: \.isTrue) ?? arguments.last ?? .null
        default: throw UsageError("--format: there is no function '\(name)'")
        }
    }

    private static func index(_ arguments: [TemplateValue]) throws(UsageError) -> TemplateValue {
        guard var value = arguments.first else { throw UsageError("--format: index of nothing") }
        for key in arguments.dropFirst() {
            switch value {
            case .object, .unset(.map): value = value.member(key.text) ?? .string("")
            case .array(let values):
                guard let number = Int(key.text), values.indices.contains(number) else {
                    throw UsageError("--format: index \(key.text) of a list of \(values.count)")
                }
                value = values[number]
            default: throw UsageError("--format: index of \(value.text), which is no list")
            }
        }
        return value
    }

    private static func split(_ text: String, by separator: String) -> [TemplateValue] {
        guard !separator.isEmpty else { return text.map { .string(String($0)) } }
        var parts: [TemplateValue] = []
        var rest = text[...]
        while let place = rest.place(of: separator) {
            parts.append(.string(String(rest[..<place.lowerBound])))
            rest = rest[place.upperBound...]
        }
        return parts + [.string(String(rest))]
    }

    /// The first letter of each word large.
    private static func title(_ text: String) -> String {
        var isInWord = false
        return text.reduce(into: "") { title, character in
            title += isInWord ? String(character) : character.uppercased()
            isInWord = character.isLetter || character.isNumber || character == "_" || character == "'"
        }
    }

    /// How many characters.
    private static func count(_ value: TemplateValue) throws(UsageError) -> Int {
        guard let count = Int(value.text), (0...10_000).contains(count) else {
            throw UsageError("--format: \(value.text) is no number of characters")
        }
        return count
    }

    private static func precedes(
        _ left: TemplateValue, _ right: TemplateValue, _ name: String
    ) throws(UsageError) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)):
            if let left = Int64(left), let right = Int64(right) { return left < right }
            return (Double(left) ?? 0) < (Double(right) ?? 0)
        case (.string(let left), .string(let right)):
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        default: throw UsageError("--format: \(name) compares two numbers, or two texts")
        }
    }
}
