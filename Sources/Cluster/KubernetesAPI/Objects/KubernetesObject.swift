/// A structure that stands alone and names its kind.
package protocol KubernetesObject: APIStructure {
    /// `v1`, `apps/v1`.
    static var apiVersion: String { get }
    static var kind: String { get }
}

extension KubernetesObject {
    /// The object with its apiVersion and kind, as it stands alone.
    package var document: APIValue {
        var object = APIObject()
        object.append("apiVersion", .string(Self.apiVersion))
        object.append("kind", .string(Self.kind))
        write(to: &object)
        return .object(object)
    }
}

/// An object with a name, kept by an API server.
package protocol KubernetesResource: KubernetesObject {
    var metadata: ObjectMeta { get set }
}

/// A list of objects of one kind.
package protocol KubernetesList: KubernetesObject {
    associatedtype Item: APICodable
    var metadata: ListMeta { get set }
    var items: [Item] { get set }
}

/// The kinds that can be read.
package enum ObjectKinds {
    private static let byName: [String: any KubernetesObject.Type] = Dictionary(
        generated.map { ("\($0.apiVersion)/\($0.kind)", $0) }
    ) { first, _ in first }

    /// The type of objects with this apiVersion and kind.
    package static func type(apiVersion: String, kind: String) -> (any KubernetesObject.Type)? {
        byName["\(apiVersion)/\(kind)"]
    }

    /// Whether some kind has this apiVersion.
    static func knows(apiVersion: String) -> Bool { generated.contains { $0.apiVersion == apiVersion } }

    /// Reads an object by the apiVersion and kind that it names. Nil, and reported, when those are missing or no kind
    /// that is known; problems inside the object are reported and the object is there.
    package static func read(
        _ document: APIValue, at path: FieldPath = .root, reporting problems: inout Problems
    ) -> (any KubernetesObject)? {
        guard let object = document.object else {
            problems.mismatch(document, expected: "an object", at: path)
            return nil
        }
        let apiVersion = name(of: "apiVersion", in: object, at: path, reporting: &problems)
        let kind = name(of: "kind", in: object, at: path, reporting: &problems)
        guard let apiVersion, let kind else { return nil }
        guard let type = type(apiVersion: apiVersion, kind: kind) else {
            let reason = "no kind \"\(kind)\" is registered for version \"\(apiVersion)\""
            problems.report(.invalid(reason), at: path)
            return nil
        }
        return read(type, document, at: path, reporting: &problems)
    }

    /// Reads an object, or the objects of a list: of `List`, whose items name their kinds, or of one kind's list.
    /// What cannot be read is reported and left out.
    package static func readAll(
        _ document: APIValue, reporting problems: inout Problems
    ) -> [any KubernetesObject] {
        guard let object = read(document, reporting: &problems) else { return [] }
        if let list = object as? List {
            return list.items.enumerated().compactMap { index, item in
                read(item, at: FieldPath("items").index(index), reporting: &problems)
            }
        }
        if let list = object as? any KubernetesList { return list.objects }
        return [object]
    }

    private static func read<Object: KubernetesObject>(
        _ type: Object.Type, _ document: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> any KubernetesObject {
        Object(from: document, at: path, reporting: &problems)
    }

    private static func name(
        of field: String, in object: APIObject, at path: FieldPath, reporting problems: inout Problems
    ) -> String? {
        let value = object[field] ?? .null
        let text = String(from: value, at: path.field(field), reporting: &problems)
        if !text.isEmpty { return text }
        if value.isNull || value.string != nil { problems.report(.missing, at: path.field(field)) }
        return nil
    }
}

extension KubernetesList {
    fileprivate var objects: [any KubernetesObject] { items.compactMap { $0 as? any KubernetesObject } }
}
