// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct BindMountOption: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let noexec = Self(rawValue: "noexec")
    package static let nodev = Self(rawValue: "nodev")
    package static let nosuid = Self(rawValue: "nosuid")

    /// Those that the API names.
    package static let known: [Self] = [.noexec, .nodev, .nosuid]
}

package struct Binding: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Binding"

    package var metadata: ObjectMeta = ObjectMeta()
    package var target: ObjectReference = ObjectReference()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        target: ObjectReference = ObjectReference()
    ) {
        self.metadata = metadata
        self.target = target
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "target": self.target = ObjectReference(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("target", self.target)
    }
}
