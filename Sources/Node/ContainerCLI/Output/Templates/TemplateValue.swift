import OCISpec

/// What a template works with: a value of a JSON document.
public indirect enum TemplateValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case array([TemplateValue])
    case object([Member])
    /// Nothing, of which it is known what it would be: Go's nil of a type.
    case unset(Shape)

    public enum Shape: Equatable, Sendable {
        case list, map, object
    }

    public struct Member: Equatable, Sendable {
        public let name: String
        public let value: TemplateValue

        public init(_ name: String, _ value: TemplateValue) {
            self.name = name
            self.value = value
        }
    }

    public init(document: [UInt8]) throws(JSONError) {
        self = try JSON.read(document) { (json) throws(JSONError) in try TemplateValue(json) }
    }

    private init(_ json: JSONValue) throws(JSONError) {
        switch json.kind {
        case .null: self = .null
        case .boolean: self = .bool(try json.bool())
        case .number:
            self =
                switch try json.number() {
                case .integer(let number): .number(String(number))
                case .unsigned(let number): .number(String(number))
                case .double(let number): .number(String(number))
                }
        case .string: self = .string(try json.string())
        case .array:
            var values: [TemplateValue] = []
            for element in try json.elements() { values.append(try TemplateValue(element)) }
            self = .array(values)
        case .object:
            var members: [Member] = []
            for (key, value) in try json.object().members {
                members.append(Member(key, try TemplateValue(value)))
            }
            self = .object(members)
        }
    }

    /// The member of an object; nil where there is none, and of anything else.
    func member(_ name: String) -> TemplateValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// Whether `if` takes its first branch: for Go all but false, zero, nothing and what is empty.
    var isTrue: Bool {
        switch self {
        case .null, .unset: false
        case .bool(let value): value
        case .number(let text): Double(text) != 0
        case .string(let text): !text.isEmpty
        case .array(let values): !values.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// As Go prints it.
    var text: String {
        switch self {
        case .null: "<no value>"
        case .bool(let value): value ? "true" : "false"
        case .number(let text), .string(let text): text
        case .array(let values): "[" + values.map(\.text).joined(separator: " ") + "]"
        case .object(let members):
            "map["
                + members.sorted { $0.name < $1.name }.map { "\($0.name):\($0.value.text)" }
                .joined(separator: " ") + "]"
        case .unset(.list): "[]"
        case .unset(.map): "map[]"
        case .unset(.object): "<nil>"
        }
    }

    /// What `range` walks through: keys, or numbers from 0 on, with their values.
    var elements: [(key: TemplateValue, value: TemplateValue)]? {
        switch self {
        case .null, .unset(.list), .unset(.map): []
        case .array(let values):
            values.enumerated().map { (.number(String($0.offset)), $0.element) }
        case .object(let members): members.sorted { $0.name < $1.name }.map { (.string($0.name), $0.value) }
        default: nil
        }
    }
}

extension TemplateValue: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        switch self {
        case .null, .unset: json.null()
        case .bool(let value): json.bool(value)
        case .number(let text): json.document(text)
        case .string(let text): json.string(text)
        case .array(let values): json.array { json in for value in values { value.encode(to: &json) } }
        case .object(let members):
            json.object { json in
                for member in members { json.member(member.name, member.value) }
            }
        }
    }
}
