// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// kubelet.config.k8s.io/v1beta1

package struct CrashLoopBackOffConfig: APIStructure {
    package var maxContainerRestartPeriod: Duration? = nil

    package init(
        maxContainerRestartPeriod: Duration? = nil
    ) {
        self.maxContainerRestartPeriod = maxContainerRestartPeriod
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "maxContainerRestartPeriod": self.maxContainerRestartPeriod = Optional<Duration>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("maxContainerRestartPeriod", self.maxContainerRestartPeriod)
    }
}

package struct CredentialProvider: APIStructure {
    package var name: String = ""
    package var matchImages: [String] = []
    package var defaultCacheDuration: Duration? = nil
    package var apiVersion: String = ""
    package var args: [String] = []
    package var env: [ExecEnvVar] = []

    package init(
        name: String = "",
        matchImages: [String] = [],
        defaultCacheDuration: Duration? = nil,
        apiVersion: String = "",
        args: [String] = [],
        env: [ExecEnvVar] = []
    ) {
        self.name = name
        self.matchImages = matchImages
        self.defaultCacheDuration = defaultCacheDuration
        self.apiVersion = apiVersion
        self.args = args
        self.env = env
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "matchImages": self.matchImages = [String](from: value, at: path, reporting: &problems)
        case "defaultCacheDuration": self.defaultCacheDuration = Optional<Duration>(from: value, at: path, reporting: &problems)
        case "apiVersion": self.apiVersion = String(from: value, at: path, reporting: &problems)
        case "args": self.args = [String](from: value, at: path, reporting: &problems)
        case "env": self.env = [ExecEnvVar](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("matchImages", self.matchImages)
        object.put("defaultCacheDuration", self.defaultCacheDuration)
        object.put("apiVersion", self.apiVersion)
        object.putUnlessEmpty("args", self.args)
        object.putUnlessEmpty("env", self.env)
    }
}

package struct CredentialProviderConfig: KubernetesObject {
    package static let apiVersion = "kubelet.config.k8s.io/v1beta1"
    package static let kind = "CredentialProviderConfig"

    package var providers: [CredentialProvider] = []

    package init(
        providers: [CredentialProvider] = []
    ) {
        self.providers = providers
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "providers": self.providers = [CredentialProvider](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("providers", self.providers)
    }
}
