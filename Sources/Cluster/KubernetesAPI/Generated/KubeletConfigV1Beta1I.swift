// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct ImagePullCredentials: APIStructure {
    package var kubernetesSecrets: [ImagePullSecret] = []
    package var kubernetesServiceAccounts: [ImagePullServiceAccount] = []
    package var nodePodsAccessible: Bool = false

    package init(
        kubernetesSecrets: [ImagePullSecret] = [],
        kubernetesServiceAccounts: [ImagePullServiceAccount] = [],
        nodePodsAccessible: Bool = false
    ) {
        self.kubernetesSecrets = kubernetesSecrets
        self.kubernetesServiceAccounts = kubernetesServiceAccounts
        self.nodePodsAccessible = nodePodsAccessible
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "kubernetesSecrets": self.kubernetesSecrets = [ImagePullSecret](from: value, at: path, reporting: &problems)
        case "kubernetesServiceAccounts": self.kubernetesServiceAccounts = [ImagePullServiceAccount](from: value, at: path, reporting: &problems)
        case "nodePodsAccessible": self.nodePodsAccessible = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("kubernetesSecrets", self.kubernetesSecrets)
        object.putUnlessEmpty("kubernetesServiceAccounts", self.kubernetesServiceAccounts)
        object.putUnlessEmpty("nodePodsAccessible", self.nodePodsAccessible)
    }
}

package struct ImagePullCredentialsVerificationPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let neverVerify = Self(rawValue: "NeverVerify")
    package static let neverVerifyPreloadedImages = Self(rawValue: "NeverVerifyPreloadedImages")
    package static let neverVerifyAllowlistedImages = Self(rawValue: "NeverVerifyAllowlistedImages")
    package static let alwaysVerify = Self(rawValue: "AlwaysVerify")

    /// Those that the API names.
    package static let known: [Self] = [.neverVerify, .neverVerifyPreloadedImages, .neverVerifyAllowlistedImages, .alwaysVerify]
}

package struct ImagePullIntent: KubernetesObject {
    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "ImagePullIntent"

    package var image: String = ""

    package init(
        image: String = ""
    ) {
        self.image = image
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("image", self.image)
    }
}

package struct ImagePullSecret: APIStructure {
    package var uid: String = ""
    package var namespace: String = ""
    package var name: String = ""
    package var credentialHash: String = ""

    package init(
        uid: String = "",
        namespace: String = "",
        name: String = "",
        credentialHash: String = ""
    ) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
        self.credentialHash = credentialHash
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "credentialHash": self.credentialHash = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("uid", self.uid)
        object.put("namespace", self.namespace)
        object.put("name", self.name)
        object.put("credentialHash", self.credentialHash)
    }
}

package struct ImagePullServiceAccount: APIStructure {
    package var uid: String = ""
    package var namespace: String = ""
    package var name: String = ""

    package init(
        uid: String = "",
        namespace: String = "",
        name: String = ""
    ) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("uid", self.uid)
        object.put("namespace", self.namespace)
        object.put("name", self.name)
    }
}

package struct ImagePulledRecord: KubernetesObject {
    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "ImagePulledRecord"

    package var lastUpdatedTime: Time? = nil
    package var imageRef: String = ""
    package var credentialMapping: [String: ImagePullCredentials] = [:]

    package init(
        lastUpdatedTime: Time? = nil,
        imageRef: String = "",
        credentialMapping: [String: ImagePullCredentials] = [:]
    ) {
        self.lastUpdatedTime = lastUpdatedTime
        self.imageRef = imageRef
        self.credentialMapping = credentialMapping
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "lastUpdatedTime": self.lastUpdatedTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "imageRef": self.imageRef = String(from: value, at: path, reporting: &problems)
        case "credentialMapping": self.credentialMapping = [String: ImagePullCredentials](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("lastUpdatedTime", self.lastUpdatedTime)
        object.put("imageRef", self.imageRef)
        object.putUnlessEmpty("credentialMapping", self.credentialMapping)
    }
}
