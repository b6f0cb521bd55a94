// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct PartialObjectMetadata: KubernetesResource {
    package static let apiVersion = "meta.k8s.io/v1"
    package static let kind = "PartialObjectMetadata"

    package var metadata: ObjectMeta = ObjectMeta()

    package init(
        metadata: ObjectMeta = ObjectMeta()
    ) {
        self.metadata = metadata
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
    }
}

package struct PartialObjectMetadataList: KubernetesList {
    package static let apiVersion = "meta.k8s.io/v1"
    package static let kind = "PartialObjectMetadataList"

    package var metadata: ListMeta = ListMeta()
    package var items: [PartialObjectMetadata] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [PartialObjectMetadata] = []
    ) {
        self.metadata = metadata
        self.items = items
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ListMeta(from: value, at: path, reporting: &problems)
        case "items": self.items = [PartialObjectMetadata](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("items", self.items)
    }
}

package struct PatchOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "PatchOptions"

    package var dryRun: [String] = []
    package var force: Bool? = nil
    package var fieldManager: String = ""
    package var fieldValidation: String = ""

    package init(
        dryRun: [String] = [],
        force: Bool? = nil,
        fieldManager: String = "",
        fieldValidation: String = ""
    ) {
        self.dryRun = dryRun
        self.force = force
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "dryRun": self.dryRun = [String](from: value, at: path, reporting: &problems)
        case "force": self.force = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "fieldManager": self.fieldManager = String(from: value, at: path, reporting: &problems)
        case "fieldValidation": self.fieldValidation = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("dryRun", self.dryRun)
        object.putUnlessEmpty("force", self.force)
        object.putUnlessEmpty("fieldManager", self.fieldManager)
        object.putUnlessEmpty("fieldValidation", self.fieldValidation)
    }
}

package struct Preconditions: APIStructure {
    package var uid: String? = nil
    package var resourceVersion: String? = nil

    package init(
        uid: String? = nil,
        resourceVersion: String? = nil
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "uid": self.uid = Optional<String>(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("uid", self.uid)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
    }
}
