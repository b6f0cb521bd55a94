// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct ObjectMeta: APIStructure {
    package var name: String = ""
    package var generateName: String = ""
    package var namespace: String = ""
    package var selfLink: String = ""
    package var uid: String = ""
    package var resourceVersion: String = ""
    package var generation: Int64 = 0
    package var creationTimestamp: Time? = nil
    package var deletionTimestamp: Time? = nil
    package var deletionGracePeriodSeconds: Int64? = nil
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var ownerReferences: [OwnerReference] = []
    package var finalizers: [String] = []
    package var managedFields: [ManagedFieldsEntry] = []

    package init(
        name: String = "",
        generateName: String = "",
        namespace: String = "",
        selfLink: String = "",
        uid: String = "",
        resourceVersion: String = "",
        generation: Int64 = 0,
        creationTimestamp: Time? = nil,
        deletionTimestamp: Time? = nil,
        deletionGracePeriodSeconds: Int64? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        ownerReferences: [OwnerReference] = [],
        finalizers: [String] = [],
        managedFields: [ManagedFieldsEntry] = []
    ) {
        self.name = name
        self.generateName = generateName
        self.namespace = namespace
        self.selfLink = selfLink
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.deletionGracePeriodSeconds = deletionGracePeriodSeconds
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
        self.managedFields = managedFields
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "generateName": self.generateName = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "selfLink": self.selfLink = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "generation": self.generation = Int64(from: value, at: path, reporting: &problems)
        case "creationTimestamp": self.creationTimestamp = Optional<Time>(from: value, at: path, reporting: &problems)
        case "deletionTimestamp": self.deletionTimestamp = Optional<Time>(from: value, at: path, reporting: &problems)
        case "deletionGracePeriodSeconds": self.deletionGracePeriodSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "labels": self.labels = [String: String](from: value, at: path, reporting: &problems)
        case "annotations": self.annotations = [String: String](from: value, at: path, reporting: &problems)
        case "ownerReferences": self.ownerReferences = [OwnerReference](from: value, at: path, reporting: &problems)
        case "finalizers": self.finalizers = [String](from: value, at: path, reporting: &problems)
        case "managedFields": self.managedFields = [ManagedFieldsEntry](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("generateName", self.generateName)
        object.putUnlessEmpty("namespace", self.namespace)
        object.putUnlessEmpty("selfLink", self.selfLink)
        object.putUnlessEmpty("uid", self.uid)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
        object.putUnlessEmpty("generation", self.generation)
        object.putUnlessEmpty("creationTimestamp", self.creationTimestamp)
        object.putUnlessEmpty("deletionTimestamp", self.deletionTimestamp)
        object.putUnlessEmpty("deletionGracePeriodSeconds", self.deletionGracePeriodSeconds)
        object.putUnlessEmpty("labels", self.labels)
        object.putUnlessEmpty("annotations", self.annotations)
        object.putUnlessEmpty("ownerReferences", self.ownerReferences)
        object.putUnlessEmpty("finalizers", self.finalizers)
        object.putUnlessEmpty("managedFields", self.managedFields)
    }
}

package struct OwnerReference: APIStructure {
    package var apiVersion: String = ""
    package var kind: String = ""
    package var name: String = ""
    package var uid: String = ""
    package var controller: Bool? = nil
    package var blockOwnerDeletion: Bool? = nil

    package init(
        apiVersion: String = "",
        kind: String = "",
        name: String = "",
        uid: String = "",
        controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "apiVersion": self.apiVersion = String(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "controller": self.controller = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "blockOwnerDeletion": self.blockOwnerDeletion = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("apiVersion", self.apiVersion)
        object.put("kind", self.kind)
        object.put("name", self.name)
        object.put("uid", self.uid)
        object.putUnlessEmpty("controller", self.controller)
        object.putUnlessEmpty("blockOwnerDeletion", self.blockOwnerDeletion)
    }
}
