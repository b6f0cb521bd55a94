import OCISpec
import Testing

/// The error that `body` throws; a failed expectation when it throws none.
func failure<Value>(
    of body: () throws(JSONError) -> Value, sourceLocation: SourceLocation = #_sourceLocation
) -> JSONError? {
    do throws(JSONError) {
        let value = try body()
        Issue.record("no error, but \(value)", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Decodes `text` as a whole document.
func decode<Value: JSONDecodable>(_ text: String, as type: Value.Type = Value.self) throws(JSONError) -> Value
{
    try Value(json: Array(text.utf8))
}

/// The value as compact JSON.
func written(_ value: some JSONEncodable) -> String { String(decoding: value.json(), as: UTF8.self) }

/// `text`, which is JSON, without its white space.
func compact(_ text: String) throws -> String { try Tree(text).text }

/// A document in memory, so that tests can change it: the tests' own, plain and slow.
indirect enum Tree: Equatable {
    case scalar(String)
    case array([Tree])
    case object([(String, Tree)])

    init(_ text: String) throws {
        self = try JSON.read(Array(text.utf8)) { (value) throws(JSONError) -> Tree in try Tree(value) }
    }

    private init(_ value: JSONValue) throws(JSONError) {
        switch value.kind {
        case .array:
            var elements: [Tree] = []
            for element in try value.elements() { elements.append(try Tree(element)) }
            self = .array(elements)
        case .object:
            var members: [(String, Tree)] = []
            for (key, member) in try value.object().members { members.append((key, try Tree(member))) }
            self = .object(members)
        default:
            self = .scalar(String(decoding: value.json(), as: UTF8.self))
        }
    }

    var text: String {
        switch self {
        case .scalar(let text): text
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
        }
    }

    var isContainer: Bool {
        if case .scalar = self { false } else { true }
    }

    /// Every place in the document with its JSON path, the document itself excepted.
    var places: [(path: String, keys: [Key])] {
        var found: [(path: String, keys: [Key])] = []
        collect("", [], into: &found)
        return found
    }

    enum Key: Equatable {
        case member(String)
        case element(Int)
    }

    private func collect(_ path: String, _ keys: [Key], into found: inout [(path: String, keys: [Key])]) {
        switch self {
        case .scalar: break
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                let place = ("\(path)[\(index)]", keys + [.element(index)])
                found.append(place)
                element.collect(place.0, place.1, into: &found)
            }
        case .object(let members):
            for (key, member) in members {
                let place = (JSONError.path(path, key), keys + [.member(key)])
                found.append(place)
                member.collect(place.0, place.1, into: &found)
            }
        }
    }

    func at(_ keys: [Key]) -> Tree {
        guard let key = keys.first else { return self }
        let rest = Array(keys.dropFirst())
        switch (self, key) {
        case (.array(let elements), .element(let index)): return elements[index].at(rest)
        case (.object(let members), .member(let name)): return members.first { $0.0 == name }!.1.at(rest)
        default: fatalError("no such place")
        }
    }

    /// The document with another value at a place; nil removes it.
    func replacing(_ keys: [Key], with value: Tree?) -> Tree? {
        guard let key = keys.first else { return value }
        let rest = Array(keys.dropFirst())
        switch (self, key) {
        case (.array(var elements), .element(let index)):
            if let new = elements[index].replacing(rest, with: value) {
                elements[index] = new
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        case (.object(var members), .member(let name)):
            let index = members.firstIndex { $0.0 == name }!
            if let new = members[index].1.replacing(rest, with: value) {
                members[index].1 = new
            } else {
                members.remove(at: index)
            }
            return .object(members)
        default: fatalError("no such place")
        }
    }

    static func == (left: Tree, right: Tree) -> Bool { left.text == right.text }
}

func quoted(_ text: String) -> String { written(text) }
