import OCISpec

/// A piece of JSON that is passed on: network configurations and results have members that only plugins know.
public indirect enum JSONTree: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONTree])
    /// In the document's order; of members with one name the last one counts.
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONTree
    }

    /// A member of an object; nil when it is absent or null, or this is no object. Set to nil to remove it.
    public subscript(name: String) -> JSONTree? {
        get {
            guard case .object(let members) = self else { return nil }
            let value = members.last { $0.name == name }?.value
            return value == .null ? nil : value
        }
        set {
            guard case .object(var members) = self else { return }
            members.removeAll { $0.name == name }
            if let newValue { members.append(Member(name: name, value: newValue)) }
            self = .object(members)
        }
    }

    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var list: [JSONTree]? { if case .array(let list) = self { list } else { nil } }

    static func integer(_ value: some BinaryInteger) -> JSONTree { .number(.integer(Int64(value))) }
    static func strings(_ values: [String]) -> JSONTree { .array(values.map(JSONTree.string)) }
    static func members(_ members: [(String, JSONTree?)]) -> JSONTree {
        .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }
}

extension JSONTree: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        switch json.kind {
        case .null: self = .null
        case .boolean: self = .bool(try json.bool())
        case .number: self = .number(try json.number())
        case .string: self = .string(try json.string())
        case .array:
            var list: [JSONTree] = []
            for element in try json.elements() { list.append(try JSONTree(from: element)) }
            self = .array(list)
        case .object:
            var members: [Member] = []
            for (name, value) in try json.object().members {
                members.append(Member(name: name, value: try JSONTree(from: value)))
            }
            self = .object(members)
        }
    }

    public func encode(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .number(.integer(let value)): json.integer(value)
        case .number(.unsigned(let value)): json.integer(value)
        case .number(.double(let value)): json.double(value)
        case .string(let value): json.string(value)
        case .array(let list):
            json.array { json in
                for element in list { element.encode(to: &json) }
            }
        case .object(let members):
            json.object { json in
                for member in members { json.member(member.name, member.value) }
            }
        }
    }
}
