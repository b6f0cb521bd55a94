extension Optional: APICodable where Wrapped: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = value.isNull ? nil : Wrapped(from: value, at: path, reporting: &problems)
    }

    package var apiValue: APIValue { self?.apiValue ?? .null }
    package var isOmitted: Bool { self == nil }
}

extension Array: APICodable where Element: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = []
        switch value {
        case .array(let elements):
            reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                append(Element(from: element, at: path.index(index), reporting: &problems))
            }
        case .null: break
        default: problems.mismatch(value, expected: "an array", at: path)
        }
    }

    package var apiValue: APIValue { .array(map(\.apiValue)) }
    package var isOmitted: Bool { isEmpty }
}

/// The key of a map: text, or a word with a type of its own.
package protocol APIKey: Hashable, Sendable {
    init(key: String)
    var key: String { get }
}

extension String: APIKey {
    package init(key: String) { self = key }
    package var key: String { self }
}

extension Dictionary: APICodable where Key: APIKey, Value: APICodable {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self = [:]
        switch value {
        case .object(let object):
            reserveCapacity(object.count)
            for member in object.members {
                self[Key(key: member.name)] = Value(
                    from: member.value, at: path.field(member.name), reporting: &problems)
            }
        case .null: break
        default: problems.mismatch(value, expected: "an object", at: path)
        }
    }

    /// Sorted by their keys' bytes, so that equal maps are equal text.
    package var apiValue: APIValue {
        let sorted = map { APIObject.Member(name: $0.key.key, value: $0.value.apiValue) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return .object(APIObject(unique: sorted))
    }

    package var isOmitted: Bool { isEmpty }
}

/// A structure kept by reference: as a field, a pointer that is empty where the structure is absent.
@propertyWrapper
package struct Boxed<Value: Sendable & Equatable>: Sendable, Equatable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    package init(wrappedValue: Value?) { box = wrappedValue.map(Box.init) }

    package var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.box === right.box || left.wrappedValue == right.wrappedValue
    }
}

/// One of a set of words. Words that the API does not name are kept: a newer peer may know them.
package protocol APIEnumeration: APICodable, APIKey, RawRepresentable<String>, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    init(rawValue: String)
}

extension APIEnumeration {
    /// No word at all.
    package init() { self.init(rawValue: "") }
    package init(stringLiteral value: String) { self.init(rawValue: value) }
    package init(key: String) { self.init(rawValue: key) }

    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init(rawValue: String(from: value, at: path, reporting: &problems))
    }

    package var key: String { rawValue }
    package var isEmpty: Bool { rawValue.isEmpty }
    package var description: String { rawValue }
    package var apiValue: APIValue { .string(rawValue) }
    package var isOmitted: Bool { rawValue.isEmpty }
}
