import Foundation
import KubernetesAPI
import Testing

/// Each kind is made with every field that the tables name, from the tables themselves, and has to come out as it went
/// in: no field is unknown, none is forgotten and none has another type.
@Suite struct EveryFieldTests {
    @Test func everyFieldIsReadAndWritten() throws {
        let tables = try FieldTables()
        var kinds = 0
        for group in ["core/v1", "meta/v1"] {
            for name in tables.types(in: group).sorted() {
                let versions = ["v1", "meta.k8s.io/v1"]
                let known = versions.compactMap { ObjectKinds.type(apiVersion: $0, kind: name) }
                guard let type = known.first, type.apiVersion == "v1" || group == "meta/v1" else { continue }
                kinds += 1
                func check<Object: KubernetesObject>(_ type: Object.Type) throws {
                    let sample = try tables.sample(of: name, in: group)
                    var problems = Problems()
                    let object = Object(from: sample, at: FieldPath(name), reporting: &problems)
                    #expect(problems.description == "")
                    #expect(difference(object.apiValue, sample, at: name) == nil)
                    #expect(object != Object())
                }
                try check(type)
            }
        }
        #expect(kinds > 50)
    }

    @Test func statisticsAreReadAndWritten() throws {
        let sample = try FieldTables().sample(of: "Summary", in: "stats/v1alpha1")
        var problems = Problems()
        let summary = Summary(from: sample, at: .root, reporting: &problems)
        #expect(problems.description == "")
        #expect(difference(summary.apiValue, sample, at: "Summary") == nil)
    }

    /// Where two trees part, for a message that can be read.
    private func difference(_ left: APIValue, _ right: APIValue, at path: String) -> String? {
        if left == right { return nil }
        switch (left, right) {
        case (.object(let one), .object(let other)):
            let names = Set(one.members.map(\.name)).union(other.members.map(\.name)).sorted()
            for name in names {
                guard let first = one[name], let second = other[name] else {
                    return "\(path).\(name) is missing"
                }
                if let found = difference(first, second, at: "\(path).\(name)") { return found }
            }
            return nil
        case (.array(let one), .array(let other)) where one.count == other.count:
            return zip(one, other).lazy.compactMap { self.difference($0, $1, at: "\(path)[]") }.first
        default:
            return "\(path): \(left) is not \(right)"
        }
    }
}

/// The tables that the types are generated from.
private struct FieldTables {
    private struct Field {
        let name: String
        let type: String
    }

    private var fields: [String: [String: [Field]]] = [:]
    private var named: [String: [String: String]] = [:]

    init() throws {
        for row in try Self.rows("fields.tsv") {
            fields[row[0], default: [:]][row[1], default: []].append(Field(name: row[2], type: row[3]))
        }
        for row in try Self.rows("named-types.tsv") { named[row[0], default: [:]][row[1]] = row[2] }
    }

    private static func rows(_ name: String) throws -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "scripts/kubernetes-api/\(name)"), encoding: .utf8)
        return text.split(separator: "\n").dropFirst().map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    func types(in group: String) -> [String] { Array((fields[group] ?? [:]).keys) }

    func sample(of type: String, in group: String) throws -> APIValue {
        var object = APIObject()
        for field in try #require(fields[group]?[type]) {
            switch field.name {
            case "(embedded)", "(inline)":
                if field.type.hasSuffix("TypeMeta") { continue }
                for member in try sample(of: field.type, in: group).object?.members ?? [] {
                    object[member.name] = member.value
                }
            case "-": continue
            default: object[field.name] = try value(field.type, in: group)
            }
        }
        return .object(object)
    }

    private static let scalars: [String: APIValue] = [
        "string": "x", "bool": true, "int": 7, "int32": 7, "int64": 7, "uint64": 7, "float64": 1.5,
        "[]byte": "aGk=",
        "types.UID": "uid", "resource.Quantity": "1500m", "intstr.IntOrString": "50%",
        "interface{}": [1, "a"],
        "runtime.RawExtension": ["any": ["thing": 1]], "FieldsV1": ["f:metadata": ["f:name": [:]]],
        "Time": "2026-03-01T12:00:00Z", "MicroTime": "2026-03-01T12:00:00.000123Z",
    ]

    private func value(_ type: String, in group: String) throws -> APIValue {
        let bare = type.hasPrefix("metav1.") ? String(type.dropFirst(7)) : type
        if let scalar = Self.scalars[bare] { return scalar }
        if bare.hasPrefix("*") { return try value(String(bare.dropFirst()), in: group) }
        if bare.hasPrefix("[]") { return [try value(String(bare.dropFirst(2)), in: group)] }
        if bare.hasPrefix("map["), let end = bare.firstIndex(of: "]") {
            return ["key": try value(String(bare[bare.index(after: end)...]), in: group)]
        }
        let owner = type.hasPrefix("metav1.") ? "meta/v1" : group
        if let underlying = named[owner]?[bare] { return try value(underlying, in: owner) }
        return try sample(of: bare, in: owner)
    }
}
