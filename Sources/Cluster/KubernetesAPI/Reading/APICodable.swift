/// A type that is read from a document and written into one as Kubernetes does.
package protocol APICodable: Sendable, Equatable {
    /// Reads the value, whatever it is: what is wrong in it is reported with its path, and the rest is read
    /// on. `null` is the same as absent.
    init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems)

    var apiValue: APIValue { get }

    /// Left out of the object that has it, where the field need not be there.
    var isOmitted: Bool { get }
}

extension APICodable {
    package var isOmitted: Bool { false }
}

/// A structure of the API, with its fields by their JSON names. Generated.
package protocol APIStructure: APICodable {
    init()

    /// Reads one field. Returns false for a name that the structure has not.
    mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool

    func write(to object: inout APIObject)
}

extension APIStructure {
    package init(from value: APIValue, at path: FieldPath, reporting problems: inout Problems) {
        self.init()
        if value.isNull { return }
        guard let object = value.object else {
            problems.mismatch(value, expected: "an object", at: path)
            return
        }
        for member in object.members {
            let place = path.field(member.name)
            if !read(member.name, member.value, at: place, reporting: &problems) {
                problems.report(.unknownField, at: place)
            }
        }
    }

    package var apiValue: APIValue {
        var object = APIObject()
        write(to: &object)
        return .object(object)
    }
}

extension APIObject {
    /// A field that is always written.
    mutating func put(_ name: String, _ value: some APICodable) {
        append(name, value.apiValue)
    }

    /// A field that is left out when it is empty (Go's `omitempty`).
    mutating func putUnlessEmpty(_ name: String, _ value: some APICodable) {
        if !value.isOmitted { append(name, value.apiValue) }
    }
}
