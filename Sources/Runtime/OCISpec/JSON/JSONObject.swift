/// An object's members by name, with the rules that Go's decoder made customary: unknown members are
/// ignored, `null` counts as absent, of several members with one name the last counts.
public struct JSONObject {
    public let value: JSONValue

    init(value: JSONValue) { self.value = value }

    /// The member, unless it is absent or null.
    public subscript(name: StaticString) -> JSONValue? {
        var found: JSONValue?
        var index = value.index + 1
        let end = value.next
        while index < end {
            let member = value.at(index + 1)
            if value.at(index).isText(name) { found = member.isNull ? nil : member }
            index = member.next
        }
        return found
    }

    public func required<Value: JSONDecodable>(
        _ name: StaticString, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value {
        guard let member = self[name] else { throw missing(name) }
        return try Value(from: member)
    }

    public func optional<Value: JSONDecodable>(
        _ name: StaticString, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value? {
        guard let member = self[name] else { return nil }
        return try Value(from: member)
    }

    /// An optional member with a default.
    public func optional<Value: JSONDecodable>(
        _ name: StaticString, default absent: @autoclosure () -> Value
    ) throws(JSONError) -> Value {
        guard let member = self[name] else { return absent() }
        return try Value(from: member)
    }

    /// An optional list; absent and empty are the same.
    public func list<Element: JSONDecodable>(
        _ name: StaticString, of type: Element.Type = Element.self
    ) throws(JSONError) -> [Element] {
        guard let member = self[name] else { return [] }
        return try [Element](from: member)
    }

    /// An optional text; absent and empty are the same.
    public func text(_ name: StaticString) throws(JSONError) -> String? {
        guard let text: String = try optional(name), !text.isEmpty else { return nil }
        return text
    }

    /// An optional word; absent and empty are the same.
    public func word<Word: JSONWord>(_ name: StaticString, as type: Word.Type = Word.self) throws(JSONError)
        -> Word?
    {
        guard let member = self[name], !member.isEmptyText else { return nil }
        return try Word(from: member)
    }

    /// An optional flag, false when absent.
    public func flag(_ name: StaticString) throws(JSONError) -> Bool {
        try optional(name, default: false)
    }

    /// An optional map; absent and empty are the same.
    public func map<Value: JSONDecodable>(
        _ name: StaticString, of type: Value.Type = Value.self
    ) throws(JSONError) -> SortedMap<Value> {
        guard let member = self[name] else { return SortedMap() }
        return try SortedMap(from: member)
    }

    /// The error for a member that must be there.
    public func missing(_ name: StaticString) -> JSONError {
        value.error("missing", member: name)
    }

    /// All members in document order, repeated names and nulls included.
    public var members: JSONMembers { JSONMembers(object: value) }
}

/// The members of an object.
public struct JSONMembers: Sequence, IteratorProtocol {
    private let object: JSONValue
    private var index: Int
    private let end: Int

    init(object: JSONValue) {
        self.object = object
        index = object.index + 1
        end = object.next
    }

    public mutating func next() -> (key: String, value: JSONValue)? {
        guard index < end else { return nil }
        let key = object.at(index)
        let value = object.at(index + 1)
        index = value.next
        return (key.unescaped(), value)
    }
}
