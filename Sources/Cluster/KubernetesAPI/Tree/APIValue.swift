/// A JSON document as a tree that can be changed: what manifests, patches and objects of unknown kinds are
/// while they are no Swift types.
package enum APIValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// With a fraction or an exponent, or an integer beyond 64 bits.
    case number(Double)
    case string(String)
    case array([APIValue])
    case object(APIObject)

    package var isNull: Bool { self == .null }

    /// With its article, for messages.
    package var noun: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var array: [APIValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var object: APIObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The member of an object. Setting one makes an object of what was none; setting nil removes it.
    package subscript(name: String) -> APIValue? {
        get { object?[name] }
        set {
            var changed = object ?? APIObject()
            // Not held twice while it is changed: a copy of all members each time.
            self = .null
            changed[name] = newValue
            self = .object(changed)
        }
    }

    /// The element of an array, if there is one.
    package subscript(index: Int) -> APIValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension APIValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: APIValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, APIValue)...) {
        var object = APIObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}

/// The members of an object, each name once, in the order in which they were put.
package struct APIObject: Sendable {
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: APIValue
    }

    package private(set) var members: [Member] = []

    package init() {}

    /// Of members that are known to have different names.
    init(unique members: [Member]) { self.members = members }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    package subscript(name: String) -> APIValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member whose name is not yet there.
    package mutating func append(_ name: String, _ value: APIValue) {
        members.append(Member(name: name, value: value))
    }
}

extension APIObject: Equatable {
    /// Objects are equal whatever the order of their members.
    package static func == (left: Self, right: Self) -> Bool {
        if left.members.count != right.members.count { return false }
        if left.members == right.members { return true }
        let others = Dictionary(right.members.map { ($0.name, $0.value) }) { first, _ in first }
        return left.members.allSatisfy { others[$0.name] == $0.value }
    }
}
