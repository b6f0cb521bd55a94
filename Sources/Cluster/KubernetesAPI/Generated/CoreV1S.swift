// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct SELinuxOptions: APIStructure {
    package var user: String = ""
    package var role: String = ""
    package var type: String = ""
    package var level: String = ""

    package init(
        user: String = "",
        role: String = "",
        type: String = "",
        level: String = ""
    ) {
        self.user = user
        self.role = role
        self.type = type
        self.level = level
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "role": self.role = String(from: value, at: path, reporting: &problems)
        case "type": self.type = String(from: value, at: path, reporting: &problems)
        case "level": self.level = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("role", self.role)
        object.putUnlessEmpty("type", self.type)
        object.putUnlessEmpty("level", self.level)
    }
}

package struct ScaleIOPersistentVolumeSource: APIStructure {
    package var gateway: String = ""
    package var system: String = ""
    @Boxed package var secretRef: SecretReference? = nil
    package var sslEnabled: Bool = false
    package var protectionDomain: String = ""
    package var storagePool: String = ""
    package var storageMode: String = ""
    package var volumeName: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false

    package init(
        gateway: String = "",
        system: String = "",
        secretRef: SecretReference? = nil,
        sslEnabled: Bool = false,
        protectionDomain: String = "",
        storagePool: String = "",
        storageMode: String = "",
        volumeName: String = "",
        fsType: String = "",
        readOnly: Bool = false
    ) {
        self.gateway = gateway
        self.system = system
        self.secretRef = secretRef
        self.sslEnabled = sslEnabled
        self.protectionDomain = protectionDomain
        self.storagePool = storagePool
        self.storageMode = storageMode
        self.volumeName = volumeName
        self.fsType = fsType
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "gateway": self.gateway = String(from: value, at: path, reporting: &problems)
        case "system": self.system = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "sslEnabled": self.sslEnabled = Bool(from: value, at: path, reporting: &problems)
        case "protectionDomain": self.protectionDomain = String(from: value, at: path, reporting: &problems)
        case "storagePool": self.storagePool = String(from: value, at: path, reporting: &problems)
        case "storageMode": self.storageMode = String(from: value, at: path, reporting: &problems)
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("gateway", self.gateway)
        object.put("system", self.system)
        object.put("secretRef", self.secretRef)
        object.putUnlessEmpty("sslEnabled", self.sslEnabled)
        object.putUnlessEmpty("protectionDomain", self.protectionDomain)
        object.putUnlessEmpty("storagePool", self.storagePool)
        object.putUnlessEmpty("storageMode", self.storageMode)
        object.putUnlessEmpty("volumeName", self.volumeName)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct ScaleIOVolumeSource: APIStructure {
    package var gateway: String = ""
    package var system: String = ""
    @Boxed package var secretRef: LocalObjectReference? = nil
    package var sslEnabled: Bool = false
    package var protectionDomain: String = ""
    package var storagePool: String = ""
    package var storageMode: String = ""
    package var volumeName: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false

    package init(
        gateway: String = "",
        system: String = "",
        secretRef: LocalObjectReference? = nil,
        sslEnabled: Bool = false,
        protectionDomain: String = "",
        storagePool: String = "",
        storageMode: String = "",
        volumeName: String = "",
        fsType: String = "",
        readOnly: Bool = false
    ) {
        self.gateway = gateway
        self.system = system
        self.secretRef = secretRef
        self.sslEnabled = sslEnabled
        self.protectionDomain = protectionDomain
        self.storagePool = storagePool
        self.storageMode = storageMode
        self.volumeName = volumeName
        self.fsType = fsType
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "gateway": self.gateway = String(from: value, at: path, reporting: &problems)
        case "system": self.system = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        case "sslEnabled": self.sslEnabled = Bool(from: value, at: path, reporting: &problems)
        case "protectionDomain": self.protectionDomain = String(from: value, at: path, reporting: &problems)
        case "storagePool": self.storagePool = String(from: value, at: path, reporting: &problems)
        case "storageMode": self.storageMode = String(from: value, at: path, reporting: &problems)
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("gateway", self.gateway)
        object.put("system", self.system)
        object.put("secretRef", self.secretRef)
        object.putUnlessEmpty("sslEnabled", self.sslEnabled)
        object.putUnlessEmpty("protectionDomain", self.protectionDomain)
        object.putUnlessEmpty("storagePool", self.storagePool)
        object.putUnlessEmpty("storageMode", self.storageMode)
        object.putUnlessEmpty("volumeName", self.volumeName)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct ScopeSelector: APIStructure {
    package var matchExpressions: [ScopedResourceSelectorRequirement] = []

    package init(
        matchExpressions: [ScopedResourceSelectorRequirement] = []
    ) {
        self.matchExpressions = matchExpressions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "matchExpressions": self.matchExpressions = [ScopedResourceSelectorRequirement](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("matchExpressions", self.matchExpressions)
    }
}

package struct ScopeSelectorOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Self(rawValue: "In")
    package static let notIn = Self(rawValue: "NotIn")
    package static let exists = Self(rawValue: "Exists")
    package static let doesNotExist = Self(rawValue: "DoesNotExist")

    /// Those that the API names.
    package static let known: [Self] = [.in, .notIn, .exists, .doesNotExist]
}

package struct ScopedResourceSelectorRequirement: APIStructure {
    package var scopeName: ResourceQuotaScope = ResourceQuotaScope()
    package var `operator`: ScopeSelectorOperator = ScopeSelectorOperator()
    package var values: [String] = []

    package init(
        scopeName: ResourceQuotaScope = ResourceQuotaScope(),
        `operator`: ScopeSelectorOperator = ScopeSelectorOperator(),
        values: [String] = []
    ) {
        self.scopeName = scopeName
        self.`operator` = `operator`
        self.values = values
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "scopeName": self.scopeName = ResourceQuotaScope(from: value, at: path, reporting: &problems)
        case "operator": self.`operator` = ScopeSelectorOperator(from: value, at: path, reporting: &problems)
        case "values": self.values = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("scopeName", self.scopeName)
        object.put("operator", self.`operator`)
        object.putUnlessEmpty("values", self.values)
    }
}

package struct SeccompProfile: APIStructure {
    package var type: SeccompProfileType = SeccompProfileType()
    package var localhostProfile: String? = nil

    package init(
        type: SeccompProfileType = SeccompProfileType(),
        localhostProfile: String? = nil
    ) {
        self.type = type
        self.localhostProfile = localhostProfile
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = SeccompProfileType(from: value, at: path, reporting: &problems)
        case "localhostProfile": self.localhostProfile = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.putUnlessEmpty("localhostProfile", self.localhostProfile)
    }
}

package struct SeccompProfileType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let unconfined = Self(rawValue: "Unconfined")
    package static let runtimeDefault = Self(rawValue: "RuntimeDefault")
    package static let localhost = Self(rawValue: "Localhost")

    /// Those that the API names.
    package static let known: [Self] = [.unconfined, .runtimeDefault, .localhost]
}

package struct Secret: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Secret"

    package var metadata: ObjectMeta = ObjectMeta()
    package var immutable: Bool? = nil
    package var data: [String: Bytes] = [:]
    package var stringData: [String: String] = [:]
    package var type: SecretType = SecretType()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        immutable: Bool? = nil,
        data: [String: Bytes] = [:],
        stringData: [String: String] = [:],
        type: SecretType = SecretType()
    ) {
        self.metadata = metadata
        self.immutable = immutable
        self.data = data
        self.stringData = stringData
        self.type = type
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "immutable": self.immutable = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "data": self.data = [String: Bytes](from: value, at: path, reporting: &problems)
        case "stringData": self.stringData = [String: String](from: value, at: path, reporting: &problems)
        case "type": self.type = SecretType(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("immutable", self.immutable)
        object.putUnlessEmpty("data", self.data)
        object.putUnlessEmpty("stringData", self.stringData)
        object.putUnlessEmpty("type", self.type)
    }
}

package struct SecretEnvSource: APIStructure {
    package var name: String = ""
    package var optional: Bool? = nil

    package init(
        name: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct SecretKeySelector: APIStructure {
    package var name: String = ""
    package var key: String = ""
    package var optional: Bool? = nil

    package init(
        name: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.put("key", self.key)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct SecretList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "SecretList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Secret] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Secret] = []
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
        case "items": self.items = [Secret](from: value, at: path, reporting: &problems)
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

package struct SecretProjection: APIStructure {
    package var name: String = ""
    package var items: [KeyToPath] = []
    package var optional: Bool? = nil

    package init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "items": self.items = [KeyToPath](from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("items", self.items)
        object.putUnlessEmpty("optional", self.optional)
    }
}

package struct SecretReference: APIStructure {
    package var name: String = ""
    package var namespace: String = ""

    package init(
        name: String = "",
        namespace: String = ""
    ) {
        self.name = name
        self.namespace = namespace
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("namespace", self.namespace)
    }
}

package struct SecretType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let opaque = Self(rawValue: "Opaque")
    package static let serviceAccountToken = Self(rawValue: "kubernetes.io/service-account-token")
    package static let dockercfg = Self(rawValue: "kubernetes.io/dockercfg")
    package static let dockerConfigJson = Self(rawValue: "kubernetes.io/dockerconfigjson")
    package static let basicAuth = Self(rawValue: "kubernetes.io/basic-auth")
    package static let sshAuth = Self(rawValue: "kubernetes.io/ssh-auth")
    package static let tls = Self(rawValue: "kubernetes.io/tls")
    package static let bootstrapToken = Self(rawValue: "bootstrap.kubernetes.io/token")

    /// Those that the API names.
    package static let known: [Self] = [.opaque, .serviceAccountToken, .dockercfg, .dockerConfigJson, .basicAuth, .sshAuth, .tls, .bootstrapToken]
}

package struct SecretVolumeSource: APIStructure {
    package var secretName: String = ""
    package var items: [KeyToPath] = []
    package var defaultMode: Int32? = nil
    package var optional: Bool? = nil
    package var defaultUser: Int64? = nil

    package init(
        secretName: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int32? = nil,
        optional: Bool? = nil,
        defaultUser: Int64? = nil
    ) {
        self.secretName = secretName
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
        self.defaultUser = defaultUser
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "secretName": self.secretName = String(from: value, at: path, reporting: &problems)
        case "items": self.items = [KeyToPath](from: value, at: path, reporting: &problems)
        case "defaultMode": self.defaultMode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "optional": self.optional = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "defaultUser": self.defaultUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("secretName", self.secretName)
        object.putUnlessEmpty("items", self.items)
        object.putUnlessEmpty("defaultMode", self.defaultMode)
        object.putUnlessEmpty("optional", self.optional)
        object.putUnlessEmpty("defaultUser", self.defaultUser)
    }
}

package struct SecurityContext: APIStructure {
    @Boxed package var capabilities: Capabilities? = nil
    package var privileged: Bool? = nil
    @Boxed package var seLinuxOptions: SELinuxOptions? = nil
    @Boxed package var windowsOptions: WindowsSecurityContextOptions? = nil
    package var runAsUser: Int64? = nil
    package var runAsGroup: Int64? = nil
    package var runAsNonRoot: Bool? = nil
    package var readOnlyRootFilesystem: Bool? = nil
    package var allowPrivilegeEscalation: Bool? = nil
    package var procMount: ProcMountType? = nil
    @Boxed package var seccompProfile: SeccompProfile? = nil
    @Boxed package var appArmorProfile: AppArmorProfile? = nil

    package init(
        capabilities: Capabilities? = nil,
        privileged: Bool? = nil,
        seLinuxOptions: SELinuxOptions? = nil,
        windowsOptions: WindowsSecurityContextOptions? = nil,
        runAsUser: Int64? = nil,
        runAsGroup: Int64? = nil,
        runAsNonRoot: Bool? = nil,
        readOnlyRootFilesystem: Bool? = nil,
        allowPrivilegeEscalation: Bool? = nil,
        procMount: ProcMountType? = nil,
        seccompProfile: SeccompProfile? = nil,
        appArmorProfile: AppArmorProfile? = nil
    ) {
        self.capabilities = capabilities
        self.privileged = privileged
        self.seLinuxOptions = seLinuxOptions
        self.windowsOptions = windowsOptions
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.readOnlyRootFilesystem = readOnlyRootFilesystem
        self.allowPrivilegeEscalation = allowPrivilegeEscalation
        self.procMount = procMount
        self.seccompProfile = seccompProfile
        self.appArmorProfile = appArmorProfile
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "capabilities": self.capabilities = Optional<Capabilities>(from: value, at: path, reporting: &problems)
        case "privileged": self.privileged = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "seLinuxOptions": self.seLinuxOptions = Optional<SELinuxOptions>(from: value, at: path, reporting: &problems)
        case "windowsOptions": self.windowsOptions = Optional<WindowsSecurityContextOptions>(from: value, at: path, reporting: &problems)
        case "runAsUser": self.runAsUser = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "runAsGroup": self.runAsGroup = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "runAsNonRoot": self.runAsNonRoot = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "readOnlyRootFilesystem": self.readOnlyRootFilesystem = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "allowPrivilegeEscalation": self.allowPrivilegeEscalation = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "procMount": self.procMount = Optional<ProcMountType>(from: value, at: path, reporting: &problems)
        case "seccompProfile": self.seccompProfile = Optional<SeccompProfile>(from: value, at: path, reporting: &problems)
        case "appArmorProfile": self.appArmorProfile = Optional<AppArmorProfile>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("capabilities", self.capabilities)
        object.putUnlessEmpty("privileged", self.privileged)
        object.putUnlessEmpty("seLinuxOptions", self.seLinuxOptions)
        object.putUnlessEmpty("windowsOptions", self.windowsOptions)
        object.putUnlessEmpty("runAsUser", self.runAsUser)
        object.putUnlessEmpty("runAsGroup", self.runAsGroup)
        object.putUnlessEmpty("runAsNonRoot", self.runAsNonRoot)
        object.putUnlessEmpty("readOnlyRootFilesystem", self.readOnlyRootFilesystem)
        object.putUnlessEmpty("allowPrivilegeEscalation", self.allowPrivilegeEscalation)
        object.putUnlessEmpty("procMount", self.procMount)
        object.putUnlessEmpty("seccompProfile", self.seccompProfile)
        object.putUnlessEmpty("appArmorProfile", self.appArmorProfile)
    }
}

package struct SerializedReference: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "SerializedReference"

    package var reference: ObjectReference = ObjectReference()

    package init(
        reference: ObjectReference = ObjectReference()
    ) {
        self.reference = reference
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "reference": self.reference = ObjectReference(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("reference", self.reference)
    }
}

package struct Service: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Service"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: ServiceSpec = ServiceSpec()
    package var status: ServiceStatus = ServiceStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: ServiceSpec = ServiceSpec(),
        status: ServiceStatus = ServiceStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = ServiceSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = ServiceStatus(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
        object.putUnlessEmpty("status", self.status)
    }
}

package struct ServiceAccount: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "ServiceAccount"

    package var metadata: ObjectMeta = ObjectMeta()
    package var secrets: [ObjectReference] = []
    package var imagePullSecrets: [LocalObjectReference] = []
    package var automountServiceAccountToken: Bool? = nil

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        secrets: [ObjectReference] = [],
        imagePullSecrets: [LocalObjectReference] = [],
        automountServiceAccountToken: Bool? = nil
    ) {
        self.metadata = metadata
        self.secrets = secrets
        self.imagePullSecrets = imagePullSecrets
        self.automountServiceAccountToken = automountServiceAccountToken
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "secrets": self.secrets = [ObjectReference](from: value, at: path, reporting: &problems)
        case "imagePullSecrets": self.imagePullSecrets = [LocalObjectReference](from: value, at: path, reporting: &problems)
        case "automountServiceAccountToken": self.automountServiceAccountToken = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("secrets", self.secrets)
        object.putUnlessEmpty("imagePullSecrets", self.imagePullSecrets)
        object.putUnlessEmpty("automountServiceAccountToken", self.automountServiceAccountToken)
    }
}

package struct ServiceAccountList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ServiceAccountList"

    package var metadata: ListMeta = ListMeta()
    package var items: [ServiceAccount] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [ServiceAccount] = []
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
        case "items": self.items = [ServiceAccount](from: value, at: path, reporting: &problems)
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

package struct ServiceAccountTokenProjection: APIStructure {
    package var audience: String = ""
    package var expirationSeconds: Int64? = nil
    package var path: String = ""
    package var user: Int64? = nil

    package init(
        audience: String = "",
        expirationSeconds: Int64? = nil,
        path: String = "",
        user: Int64? = nil
    ) {
        self.audience = audience
        self.expirationSeconds = expirationSeconds
        self.path = path
        self.user = user
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "audience": self.audience = String(from: value, at: path, reporting: &problems)
        case "expirationSeconds": self.expirationSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("audience", self.audience)
        object.putUnlessEmpty("expirationSeconds", self.expirationSeconds)
        object.put("path", self.path)
        object.putUnlessEmpty("user", self.user)
    }
}

package struct ServiceAffinity: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let clientIP = Self(rawValue: "ClientIP")
    package static let none = Self(rawValue: "None")

    /// Those that the API names.
    package static let known: [Self] = [.clientIP, .none]
}

package struct ServiceExternalTrafficPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let cluster = Self(rawValue: "Cluster")
    package static let local = Self(rawValue: "Local")

    /// Those that the API names.
    package static let known: [Self] = [.cluster, .local]
}

package typealias ServiceExternalTrafficPolicyType = ServiceExternalTrafficPolicy

package struct ServiceInternalTrafficPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let cluster = Self(rawValue: "Cluster")
    package static let local = Self(rawValue: "Local")

    /// Those that the API names.
    package static let known: [Self] = [.cluster, .local]
}

package typealias ServiceInternalTrafficPolicyType = ServiceInternalTrafficPolicy

package struct ServiceList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ServiceList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Service] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Service] = []
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
        case "items": self.items = [Service](from: value, at: path, reporting: &problems)
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

package struct ServicePort: APIStructure {
    package var name: String = ""
    package var `protocol`: Protocol = Protocol()
    package var appProtocol: String? = nil
    package var port: Int32 = 0
    package var targetPort: IntOrString = IntOrString()
    package var nodePort: Int32 = 0

    package init(
        name: String = "",
        `protocol`: Protocol = Protocol(),
        appProtocol: String? = nil,
        port: Int32 = 0,
        targetPort: IntOrString = IntOrString(),
        nodePort: Int32 = 0
    ) {
        self.name = name
        self.`protocol` = `protocol`
        self.appProtocol = appProtocol
        self.port = port
        self.targetPort = targetPort
        self.nodePort = nodePort
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "protocol": self.`protocol` = Protocol(from: value, at: path, reporting: &problems)
        case "appProtocol": self.appProtocol = Optional<String>(from: value, at: path, reporting: &problems)
        case "port": self.port = Int32(from: value, at: path, reporting: &problems)
        case "targetPort": self.targetPort = IntOrString(from: value, at: path, reporting: &problems)
        case "nodePort": self.nodePort = Int32(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("protocol", self.`protocol`)
        object.putUnlessEmpty("appProtocol", self.appProtocol)
        object.put("port", self.port)
        object.putUnlessEmpty("targetPort", self.targetPort)
        object.putUnlessEmpty("nodePort", self.nodePort)
    }
}

package struct ServiceProxyOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "ServiceProxyOptions"

    package var path: String = ""

    package init(
        path: String = ""
    ) {
        self.path = path
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("path", self.path)
    }
}

package struct ServiceSpec: APIStructure {
    package var ports: [ServicePort] = []
    package var selector: [String: String] = [:]
    package var clusterIP: String = ""
    package var clusterIPs: [String] = []
    package var type: ServiceType = ServiceType()
    package var externalIPs: [String] = []
    package var sessionAffinity: ServiceAffinity = ServiceAffinity()
    package var loadBalancerIP: String = ""
    package var loadBalancerSourceRanges: [String] = []
    package var externalName: String = ""
    package var externalTrafficPolicy: ServiceExternalTrafficPolicy = ServiceExternalTrafficPolicy()
    package var healthCheckNodePort: Int32 = 0
    package var publishNotReadyAddresses: Bool = false
    @Boxed package var sessionAffinityConfig: SessionAffinityConfig? = nil
    package var ipFamilies: [IPFamily] = []
    package var ipFamilyPolicy: IPFamilyPolicy? = nil
    package var allocateLoadBalancerNodePorts: Bool? = nil
    package var loadBalancerClass: String? = nil
    package var internalTrafficPolicy: ServiceInternalTrafficPolicy? = nil
    package var trafficDistribution: String? = nil

    package init(
        ports: [ServicePort] = [],
        selector: [String: String] = [:],
        clusterIP: String = "",
        clusterIPs: [String] = [],
        type: ServiceType = ServiceType(),
        externalIPs: [String] = [],
        sessionAffinity: ServiceAffinity = ServiceAffinity(),
        loadBalancerIP: String = "",
        loadBalancerSourceRanges: [String] = [],
        externalName: String = "",
        externalTrafficPolicy: ServiceExternalTrafficPolicy = ServiceExternalTrafficPolicy(),
        healthCheckNodePort: Int32 = 0,
        publishNotReadyAddresses: Bool = false,
        sessionAffinityConfig: SessionAffinityConfig? = nil,
        ipFamilies: [IPFamily] = [],
        ipFamilyPolicy: IPFamilyPolicy? = nil,
        allocateLoadBalancerNodePorts: Bool? = nil,
        loadBalancerClass: String? = nil,
        internalTrafficPolicy: ServiceInternalTrafficPolicy? = nil,
        trafficDistribution: String? = nil
    ) {
        self.ports = ports
        self.selector = selector
        self.clusterIP = clusterIP
        self.clusterIPs = clusterIPs
        self.type = type
        self.externalIPs = externalIPs
        self.sessionAffinity = sessionAffinity
        self.loadBalancerIP = loadBalancerIP
        self.loadBalancerSourceRanges = loadBalancerSourceRanges
        self.externalName = externalName
        self.externalTrafficPolicy = externalTrafficPolicy
        self.healthCheckNodePort = healthCheckNodePort
        self.publishNotReadyAddresses = publishNotReadyAddresses
        self.sessionAffinityConfig = sessionAffinityConfig
        self.ipFamilies = ipFamilies
        self.ipFamilyPolicy = ipFamilyPolicy
        self.allocateLoadBalancerNodePorts = allocateLoadBalancerNodePorts
        self.loadBalancerClass = loadBalancerClass
        self.internalTrafficPolicy = internalTrafficPolicy
        self.trafficDistribution = trafficDistribution
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ports": self.ports = [ServicePort](from: value, at: path, reporting: &problems)
        case "selector": self.selector = [String: String](from: value, at: path, reporting: &problems)
        case "clusterIP": self.clusterIP = String(from: value, at: path, reporting: &problems)
        case "clusterIPs": self.clusterIPs = [String](from: value, at: path, reporting: &problems)
        case "type": self.type = ServiceType(from: value, at: path, reporting: &problems)
        case "externalIPs": self.externalIPs = [String](from: value, at: path, reporting: &problems)
        case "sessionAffinity": self.sessionAffinity = ServiceAffinity(from: value, at: path, reporting: &problems)
        case "loadBalancerIP": self.loadBalancerIP = String(from: value, at: path, reporting: &problems)
        case "loadBalancerSourceRanges": self.loadBalancerSourceRanges = [String](from: value, at: path, reporting: &problems)
        case "externalName": self.externalName = String(from: value, at: path, reporting: &problems)
        case "externalTrafficPolicy": self.externalTrafficPolicy = ServiceExternalTrafficPolicy(from: value, at: path, reporting: &problems)
        case "healthCheckNodePort": self.healthCheckNodePort = Int32(from: value, at: path, reporting: &problems)
        case "publishNotReadyAddresses": self.publishNotReadyAddresses = Bool(from: value, at: path, reporting: &problems)
        case "sessionAffinityConfig": self.sessionAffinityConfig = Optional<SessionAffinityConfig>(from: value, at: path, reporting: &problems)
        case "ipFamilies": self.ipFamilies = [IPFamily](from: value, at: path, reporting: &problems)
        case "ipFamilyPolicy": self.ipFamilyPolicy = Optional<IPFamilyPolicy>(from: value, at: path, reporting: &problems)
        case "allocateLoadBalancerNodePorts": self.allocateLoadBalancerNodePorts = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "loadBalancerClass": self.loadBalancerClass = Optional<String>(from: value, at: path, reporting: &problems)
        case "internalTrafficPolicy": self.internalTrafficPolicy = Optional<ServiceInternalTrafficPolicy>(from: value, at: path, reporting: &problems)
        case "trafficDistribution": self.trafficDistribution = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("ports", self.ports)
        object.putUnlessEmpty("selector", self.selector)
        object.putUnlessEmpty("clusterIP", self.clusterIP)
        object.putUnlessEmpty("clusterIPs", self.clusterIPs)
        object.putUnlessEmpty("type", self.type)
        object.putUnlessEmpty("externalIPs", self.externalIPs)
        object.putUnlessEmpty("sessionAffinity", self.sessionAffinity)
        object.putUnlessEmpty("loadBalancerIP", self.loadBalancerIP)
        object.putUnlessEmpty("loadBalancerSourceRanges", self.loadBalancerSourceRanges)
        object.putUnlessEmpty("externalName", self.externalName)
        object.putUnlessEmpty("externalTrafficPolicy", self.externalTrafficPolicy)
        object.putUnlessEmpty("healthCheckNodePort", self.healthCheckNodePort)
        object.putUnlessEmpty("publishNotReadyAddresses", self.publishNotReadyAddresses)
        object.putUnlessEmpty("sessionAffinityConfig", self.sessionAffinityConfig)
        object.putUnlessEmpty("ipFamilies", self.ipFamilies)
        object.putUnlessEmpty("ipFamilyPolicy", self.ipFamilyPolicy)
        object.putUnlessEmpty("allocateLoadBalancerNodePorts", self.allocateLoadBalancerNodePorts)
        object.putUnlessEmpty("loadBalancerClass", self.loadBalancerClass)
        object.putUnlessEmpty("internalTrafficPolicy", self.internalTrafficPolicy)
        object.putUnlessEmpty("trafficDistribution", self.trafficDistribution)
    }
}

package struct ServiceStatus: APIStructure {
    package var loadBalancer: LoadBalancerStatus = LoadBalancerStatus()
    package var conditions: [Condition] = []

    package init(
        loadBalancer: LoadBalancerStatus = LoadBalancerStatus(),
        conditions: [Condition] = []
    ) {
        self.loadBalancer = loadBalancer
        self.conditions = conditions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "loadBalancer": self.loadBalancer = LoadBalancerStatus(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [Condition](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("loadBalancer", self.loadBalancer)
        object.putUnlessEmpty("conditions", self.conditions)
    }
}

package struct ServiceType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let clusterIP = Self(rawValue: "ClusterIP")
    package static let nodePort = Self(rawValue: "NodePort")
    package static let loadBalancer = Self(rawValue: "LoadBalancer")
    package static let externalName = Self(rawValue: "ExternalName")

    /// Those that the API names.
    package static let known: [Self] = [.clusterIP, .nodePort, .loadBalancer, .externalName]
}

package struct SessionAffinityConfig: APIStructure {
    @Boxed package var clientIP: ClientIPConfig? = nil

    package init(
        clientIP: ClientIPConfig? = nil
    ) {
        self.clientIP = clientIP
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "clientIP": self.clientIP = Optional<ClientIPConfig>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("clientIP", self.clientIP)
    }
}

package struct Signal: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let sigabrt = Self(rawValue: "SIGABRT")
    package static let sigalrm = Self(rawValue: "SIGALRM")
    package static let sigbus = Self(rawValue: "SIGBUS")
    package static let sigchld = Self(rawValue: "SIGCHLD")
    package static let sigcld = Self(rawValue: "SIGCLD")
    package static let sigcont = Self(rawValue: "SIGCONT")
    package static let sigfpe = Self(rawValue: "SIGFPE")
    package static let sighup = Self(rawValue: "SIGHUP")
    package static let sigill = Self(rawValue: "SIGILL")
    package static let sigint = Self(rawValue: "SIGINT")
    package static let sigio = Self(rawValue: "SIGIO")
    package static let sigiot = Self(rawValue: "SIGIOT")
    package static let sigkill = Self(rawValue: "SIGKILL")
    package static let sigpipe = Self(rawValue: "SIGPIPE")
    package static let sigpoll = Self(rawValue: "SIGPOLL")
    package static let sigprof = Self(rawValue: "SIGPROF")
    package static let sigpwr = Self(rawValue: "SIGPWR")
    package static let sigquit = Self(rawValue: "SIGQUIT")
    package static let sigsegv = Self(rawValue: "SIGSEGV")
    package static let sigstkflt = Self(rawValue: "SIGSTKFLT")
    package static let sigstop = Self(rawValue: "SIGSTOP")
    package static let sigsys = Self(rawValue: "SIGSYS")
    package static let sigterm = Self(rawValue: "SIGTERM")
    package static let sigtrap = Self(rawValue: "SIGTRAP")
    package static let sigtstp = Self(rawValue: "SIGTSTP")
    package static let sigttin = Self(rawValue: "SIGTTIN")
    package static let sigttou = Self(rawValue: "SIGTTOU")
    package static let sigurg = Self(rawValue: "SIGURG")
    package static let sigusr1 = Self(rawValue: "SIGUSR1")
    package static let sigusr2 = Self(rawValue: "SIGUSR2")
    package static let sigvtalrm = Self(rawValue: "SIGVTALRM")
    package static let sigwinch = Self(rawValue: "SIGWINCH")
    package static let sigxcpu = Self(rawValue: "SIGXCPU")
    package static let sigxfsz = Self(rawValue: "SIGXFSZ")
    package static let sigrtmin = Self(rawValue: "SIGRTMIN")
    package static let sigrtminplus1 = Self(rawValue: "SIGRTMIN+1")
    package static let sigrtminplus2 = Self(rawValue: "SIGRTMIN+2")
    package static let sigrtminplus3 = Self(rawValue: "SIGRTMIN+3")
    package static let sigrtminplus4 = Self(rawValue: "SIGRTMIN+4")
    package static let sigrtminplus5 = Self(rawValue: "SIGRTMIN+5")
    package static let sigrtminplus6 = Self(rawValue: "SIGRTMIN+6")
    package static let sigrtminplus7 = Self(rawValue: "SIGRTMIN+7")
    package static let sigrtminplus8 = Self(rawValue: "SIGRTMIN+8")
    package static let sigrtminplus9 = Self(rawValue: "SIGRTMIN+9")
    package static let sigrtminplus10 = Self(rawValue: "SIGRTMIN+10")
    package static let sigrtminplus11 = Self(rawValue: "SIGRTMIN+11")
    package static let sigrtminplus12 = Self(rawValue: "SIGRTMIN+12")
    package static let sigrtminplus13 = Self(rawValue: "SIGRTMIN+13")
    package static let sigrtminplus14 = Self(rawValue: "SIGRTMIN+14")
    package static let sigrtminplus15 = Self(rawValue: "SIGRTMIN+15")
    package static let sigrtmaxminus14 = Self(rawValue: "SIGRTMAX-14")
    package static let sigrtmaxminus13 = Self(rawValue: "SIGRTMAX-13")
    package static let sigrtmaxminus12 = Self(rawValue: "SIGRTMAX-12")
    package static let sigrtmaxminus11 = Self(rawValue: "SIGRTMAX-11")
    package static let sigrtmaxminus10 = Self(rawValue: "SIGRTMAX-10")
    package static let sigrtmaxminus9 = Self(rawValue: "SIGRTMAX-9")
    package static let sigrtmaxminus8 = Self(rawValue: "SIGRTMAX-8")
    package static let sigrtmaxminus7 = Self(rawValue: "SIGRTMAX-7")
    package static let sigrtmaxminus6 = Self(rawValue: "SIGRTMAX-6")
    package static let sigrtmaxminus5 = Self(rawValue: "SIGRTMAX-5")
    package static let sigrtmaxminus4 = Self(rawValue: "SIGRTMAX-4")
    package static let sigrtmaxminus3 = Self(rawValue: "SIGRTMAX-3")
    package static let sigrtmaxminus2 = Self(rawValue: "SIGRTMAX-2")
    package static let sigrtmaxminus1 = Self(rawValue: "SIGRTMAX-1")
    package static let sigrtmax = Self(rawValue: "SIGRTMAX")

    /// Those that the API names.
    package static let known: [Self] = [.sigabrt, .sigalrm, .sigbus, .sigchld, .sigcld, .sigcont, .sigfpe, .sighup, .sigill, .sigint, .sigio, .sigiot, .sigkill, .sigpipe, .sigpoll, .sigprof, .sigpwr, .sigquit, .sigsegv, .sigstkflt, .sigstop, .sigsys, .sigterm, .sigtrap, .sigtstp, .sigttin, .sigttou, .sigurg, .sigusr1, .sigusr2, .sigvtalrm, .sigwinch, .sigxcpu, .sigxfsz, .sigrtmin, .sigrtminplus1, .sigrtminplus2, .sigrtminplus3, .sigrtminplus4, .sigrtminplus5, .sigrtminplus6, .sigrtminplus7, .sigrtminplus8, .sigrtminplus9, .sigrtminplus10, .sigrtminplus11, .sigrtminplus12, .sigrtminplus13, .sigrtminplus14, .sigrtminplus15, .sigrtmaxminus14, .sigrtmaxminus13, .sigrtmaxminus12, .sigrtmaxminus11, .sigrtmaxminus10, .sigrtmaxminus9, .sigrtmaxminus8, .sigrtmaxminus7, .sigrtmaxminus6, .sigrtmaxminus5, .sigrtmaxminus4, .sigrtmaxminus3, .sigrtmaxminus2, .sigrtmaxminus1, .sigrtmax]
}

package struct SleepAction: APIStructure {
    package var seconds: Int64 = 0

    package init(
        seconds: Int64 = 0
    ) {
        self.seconds = seconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "seconds": self.seconds = Int64(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("seconds", self.seconds)
    }
}

package struct StorageMedium: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `default` = Self(rawValue: "")
    package static let memory = Self(rawValue: "Memory")
    package static let hugePages = Self(rawValue: "HugePages")
    package static let hugePagesPrefix = Self(rawValue: "HugePages-")

    /// Those that the API names.
    package static let known: [Self] = [.default, .memory, .hugePages, .hugePagesPrefix]
}

package struct StorageOSPersistentVolumeSource: APIStructure {
    package var volumeName: String = ""
    package var volumeNamespace: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    @Boxed package var secretRef: ObjectReference? = nil

    package init(
        volumeName: String = "",
        volumeNamespace: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: ObjectReference? = nil
    ) {
        self.volumeName = volumeName
        self.volumeNamespace = volumeNamespace
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "volumeNamespace": self.volumeNamespace = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<ObjectReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("volumeName", self.volumeName)
        object.putUnlessEmpty("volumeNamespace", self.volumeNamespace)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("secretRef", self.secretRef)
    }
}

package struct StorageOSVolumeSource: APIStructure {
    package var volumeName: String = ""
    package var volumeNamespace: String = ""
    package var fsType: String = ""
    package var readOnly: Bool = false
    @Boxed package var secretRef: LocalObjectReference? = nil

    package init(
        volumeName: String = "",
        volumeNamespace: String = "",
        fsType: String = "",
        readOnly: Bool = false,
        secretRef: LocalObjectReference? = nil
    ) {
        self.volumeName = volumeName
        self.volumeNamespace = volumeNamespace
        self.fsType = fsType
        self.readOnly = readOnly
        self.secretRef = secretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeName": self.volumeName = String(from: value, at: path, reporting: &problems)
        case "volumeNamespace": self.volumeNamespace = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("volumeName", self.volumeName)
        object.putUnlessEmpty("volumeNamespace", self.volumeNamespace)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("secretRef", self.secretRef)
    }
}

package struct SupplementalGroupsPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let merge = Self(rawValue: "Merge")
    package static let strict = Self(rawValue: "Strict")

    /// Those that the API names.
    package static let known: [Self] = [.merge, .strict]
}

package struct Sysctl: APIStructure {
    package var name: String = ""
    package var value: String = ""

    package init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "value": self.value = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("value", self.value)
    }
}
