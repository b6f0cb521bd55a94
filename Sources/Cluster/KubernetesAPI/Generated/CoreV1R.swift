// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct RBDPersistentVolumeSource: APIStructure {
    package var monitors: [String] = []
    package var image: String = ""
    package var fsType: String = ""
    package var pool: String = ""
    package var user: String = ""
    package var keyring: String = ""
    @Boxed package var secretRef: SecretReference? = nil
    package var readOnly: Bool = false

    package init(
        monitors: [String] = [],
        image: String = "",
        fsType: String = "",
        pool: String = "",
        user: String = "",
        keyring: String = "",
        secretRef: SecretReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.image = image
        self.fsType = fsType
        self.pool = pool
        self.user = user
        self.keyring = keyring
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "monitors": self.monitors = [String](from: value, at: path, reporting: &problems)
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "pool": self.pool = String(from: value, at: path, reporting: &problems)
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "keyring": self.keyring = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("monitors", self.monitors)
        object.put("image", self.image)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("pool", self.pool)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("keyring", self.keyring)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct RBDVolumeSource: APIStructure {
    package var monitors: [String] = []
    package var image: String = ""
    package var fsType: String = ""
    package var pool: String = ""
    package var user: String = ""
    package var keyring: String = ""
    @Boxed package var secretRef: LocalObjectReference? = nil
    package var readOnly: Bool = false

    package init(
        monitors: [String] = [],
        image: String = "",
        fsType: String = "",
        pool: String = "",
        user: String = "",
        keyring: String = "",
        secretRef: LocalObjectReference? = nil,
        readOnly: Bool = false
    ) {
        self.monitors = monitors
        self.image = image
        self.fsType = fsType
        self.pool = pool
        self.user = user
        self.keyring = keyring
        self.secretRef = secretRef
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "monitors": self.monitors = [String](from: value, at: path, reporting: &problems)
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "pool": self.pool = String(from: value, at: path, reporting: &problems)
        case "user": self.user = String(from: value, at: path, reporting: &problems)
        case "keyring": self.keyring = String(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<LocalObjectReference>(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("monitors", self.monitors)
        object.put("image", self.image)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("pool", self.pool)
        object.putUnlessEmpty("user", self.user)
        object.putUnlessEmpty("keyring", self.keyring)
        object.putUnlessEmpty("secretRef", self.secretRef)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct RangeAllocation: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "RangeAllocation"

    package var metadata: ObjectMeta = ObjectMeta()
    package var range: String = ""
    package var data: Bytes = Bytes()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        range: String = "",
        data: Bytes = Bytes()
    ) {
        self.metadata = metadata
        self.range = range
        self.data = data
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "range": self.range = String(from: value, at: path, reporting: &problems)
        case "data": self.data = Bytes(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("range", self.range)
        object.put("data", self.data)
    }
}

package struct RecursiveReadOnlyMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let disabled = Self(rawValue: "Disabled")
    package static let ifPossible = Self(rawValue: "IfPossible")
    package static let enabled = Self(rawValue: "Enabled")

    /// Those that the API names.
    package static let known: [Self] = [.disabled, .ifPossible, .enabled]
}

package struct ReplicationController: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "ReplicationController"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: ReplicationControllerSpec = ReplicationControllerSpec()
    package var status: ReplicationControllerStatus = ReplicationControllerStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: ReplicationControllerSpec = ReplicationControllerSpec(),
        status: ReplicationControllerStatus = ReplicationControllerStatus()
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
        case "spec": self.spec = ReplicationControllerSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = ReplicationControllerStatus(from: value, at: path, reporting: &problems)
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

package struct ReplicationControllerCondition: APIStructure {
    package var type: ReplicationControllerConditionType = ReplicationControllerConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: ReplicationControllerConditionType = ReplicationControllerConditionType(),
        status: ConditionStatus = ConditionStatus(),
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = ReplicationControllerConditionType(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "lastTransitionTime": self.lastTransitionTime = Optional<Time>(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("status", self.status)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct ReplicationControllerConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let replicaFailure = Self(rawValue: "ReplicaFailure")

    /// Those that the API names.
    package static let known: [Self] = [.replicaFailure]
}

package struct ReplicationControllerList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ReplicationControllerList"

    package var metadata: ListMeta = ListMeta()
    package var items: [ReplicationController] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [ReplicationController] = []
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
        case "items": self.items = [ReplicationController](from: value, at: path, reporting: &problems)
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

package struct ReplicationControllerSpec: APIStructure {
    package var replicas: Int32? = nil
    package var minReadySeconds: Int32 = 0
    package var selector: [String: String] = [:]
    @Boxed package var template: PodTemplateSpec? = nil

    package init(
        replicas: Int32? = nil,
        minReadySeconds: Int32 = 0,
        selector: [String: String] = [:],
        template: PodTemplateSpec? = nil
    ) {
        self.replicas = replicas
        self.minReadySeconds = minReadySeconds
        self.selector = selector
        self.template = template
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "replicas": self.replicas = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "minReadySeconds": self.minReadySeconds = Int32(from: value, at: path, reporting: &problems)
        case "selector": self.selector = [String: String](from: value, at: path, reporting: &problems)
        case "template": self.template = Optional<PodTemplateSpec>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("replicas", self.replicas)
        object.putUnlessEmpty("minReadySeconds", self.minReadySeconds)
        object.putUnlessEmpty("selector", self.selector)
        object.putUnlessEmpty("template", self.template)
    }
}

package struct ReplicationControllerStatus: APIStructure {
    package var replicas: Int32 = 0
    package var fullyLabeledReplicas: Int32 = 0
    package var readyReplicas: Int32 = 0
    package var availableReplicas: Int32 = 0
    package var observedGeneration: Int64 = 0
    package var conditions: [ReplicationControllerCondition] = []

    package init(
        replicas: Int32 = 0,
        fullyLabeledReplicas: Int32 = 0,
        readyReplicas: Int32 = 0,
        availableReplicas: Int32 = 0,
        observedGeneration: Int64 = 0,
        conditions: [ReplicationControllerCondition] = []
    ) {
        self.replicas = replicas
        self.fullyLabeledReplicas = fullyLabeledReplicas
        self.readyReplicas = readyReplicas
        self.availableReplicas = availableReplicas
        self.observedGeneration = observedGeneration
        self.conditions = conditions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "replicas": self.replicas = Int32(from: value, at: path, reporting: &problems)
        case "fullyLabeledReplicas": self.fullyLabeledReplicas = Int32(from: value, at: path, reporting: &problems)
        case "readyReplicas": self.readyReplicas = Int32(from: value, at: path, reporting: &problems)
        case "availableReplicas": self.availableReplicas = Int32(from: value, at: path, reporting: &problems)
        case "observedGeneration": self.observedGeneration = Int64(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [ReplicationControllerCondition](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("replicas", self.replicas)
        object.putUnlessEmpty("fullyLabeledReplicas", self.fullyLabeledReplicas)
        object.putUnlessEmpty("readyReplicas", self.readyReplicas)
        object.putUnlessEmpty("availableReplicas", self.availableReplicas)
        object.putUnlessEmpty("observedGeneration", self.observedGeneration)
        object.putUnlessEmpty("conditions", self.conditions)
    }
}

package struct ResourceClaim: APIStructure {
    package var name: String = ""
    package var request: String = ""

    package init(
        name: String = "",
        request: String = ""
    ) {
        self.name = name
        self.request = request
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "request": self.request = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("request", self.request)
    }
}

package struct ResourceFieldSelector: APIStructure {
    package var containerName: String = ""
    package var resource: String = ""
    package var divisor: Quantity = Quantity()

    package init(
        containerName: String = "",
        resource: String = "",
        divisor: Quantity = Quantity()
    ) {
        self.containerName = containerName
        self.resource = resource
        self.divisor = divisor
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "containerName": self.containerName = String(from: value, at: path, reporting: &problems)
        case "resource": self.resource = String(from: value, at: path, reporting: &problems)
        case "divisor": self.divisor = Quantity(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("containerName", self.containerName)
        object.put("resource", self.resource)
        object.putUnlessEmpty("divisor", self.divisor)
    }
}

package struct ResourceHealth: APIStructure {
    package var resourceID: ResourceID = ResourceID()
    package var health: ResourceHealthStatus = ResourceHealthStatus()
    package var message: String? = nil

    package init(
        resourceID: ResourceID = ResourceID(),
        health: ResourceHealthStatus = ResourceHealthStatus(),
        message: String? = nil
    ) {
        self.resourceID = resourceID
        self.health = health
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "resourceID": self.resourceID = ResourceID(from: value, at: path, reporting: &problems)
        case "health": self.health = ResourceHealthStatus(from: value, at: path, reporting: &problems)
        case "message": self.message = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("resourceID", self.resourceID)
        object.putUnlessEmpty("health", self.health)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct ResourceHealthStatus: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let healthy = Self(rawValue: "Healthy")
    package static let unhealthy = Self(rawValue: "Unhealthy")
    package static let unknown = Self(rawValue: "Unknown")

    /// Those that the API names.
    package static let known: [Self] = [.healthy, .unhealthy, .unknown]
}

package struct ResourceID: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

package typealias ResourceList = [ResourceName: Quantity]

package struct ResourceName: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let cpu = Self(rawValue: "cpu")
    package static let memory = Self(rawValue: "memory")
    package static let storage = Self(rawValue: "storage")
    package static let ephemeralStorage = Self(rawValue: "ephemeral-storage")
    package static let pods = Self(rawValue: "pods")
    package static let services = Self(rawValue: "services")
    package static let replicationcontrollers = Self(rawValue: "replicationcontrollers")
    package static let resourcequotas = Self(rawValue: "resourcequotas")
    package static let secrets = Self(rawValue: "secrets")
    package static let configmaps = Self(rawValue: "configmaps")
    package static let persistentvolumeclaims = Self(rawValue: "persistentvolumeclaims")
    package static let servicesNodePorts = Self(rawValue: "services.nodeports")
    package static let servicesLoadBalancers = Self(rawValue: "services.loadbalancers")
    package static let requestsCPU = Self(rawValue: "requests.cpu")
    package static let requestsMemory = Self(rawValue: "requests.memory")
    package static let requestsStorage = Self(rawValue: "requests.storage")
    package static let requestsEphemeralStorage = Self(rawValue: "requests.ephemeral-storage")
    package static let limitsCPU = Self(rawValue: "limits.cpu")
    package static let limitsMemory = Self(rawValue: "limits.memory")
    package static let limitsEphemeralStorage = Self(rawValue: "limits.ephemeral-storage")

    /// Those that the API names.
    package static let known: [Self] = [.cpu, .memory, .storage, .ephemeralStorage, .pods, .services, .replicationcontrollers, .resourcequotas, .secrets, .configmaps, .persistentvolumeclaims, .servicesNodePorts, .servicesLoadBalancers, .requestsCPU, .requestsMemory, .requestsStorage, .requestsEphemeralStorage, .limitsCPU, .limitsMemory, .limitsEphemeralStorage]
}

package struct ResourceQuota: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "ResourceQuota"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: ResourceQuotaSpec = ResourceQuotaSpec()
    package var status: ResourceQuotaStatus = ResourceQuotaStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: ResourceQuotaSpec = ResourceQuotaSpec(),
        status: ResourceQuotaStatus = ResourceQuotaStatus()
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
        case "spec": self.spec = ResourceQuotaSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = ResourceQuotaStatus(from: value, at: path, reporting: &problems)
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

package struct ResourceQuotaList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "ResourceQuotaList"

    package var metadata: ListMeta = ListMeta()
    package var items: [ResourceQuota] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [ResourceQuota] = []
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
        case "items": self.items = [ResourceQuota](from: value, at: path, reporting: &problems)
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

package struct ResourceQuotaScope: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let terminating = Self(rawValue: "Terminating")
    package static let notTerminating = Self(rawValue: "NotTerminating")
    package static let bestEffort = Self(rawValue: "BestEffort")
    package static let notBestEffort = Self(rawValue: "NotBestEffort")
    package static let priorityClass = Self(rawValue: "PriorityClass")
    package static let crossNamespacePodAffinity = Self(rawValue: "CrossNamespacePodAffinity")
    package static let volumeAttributesClass = Self(rawValue: "VolumeAttributesClass")

    /// Those that the API names.
    package static let known: [Self] = [.terminating, .notTerminating, .bestEffort, .notBestEffort, .priorityClass, .crossNamespacePodAffinity, .volumeAttributesClass]
}

package struct ResourceQuotaSpec: APIStructure {
    package var hard: ResourceList = [:]
    package var scopes: [ResourceQuotaScope] = []
    @Boxed package var scopeSelector: ScopeSelector? = nil

    package init(
        hard: ResourceList = [:],
        scopes: [ResourceQuotaScope] = [],
        scopeSelector: ScopeSelector? = nil
    ) {
        self.hard = hard
        self.scopes = scopes
        self.scopeSelector = scopeSelector
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "hard": self.hard = ResourceList(from: value, at: path, reporting: &problems)
        case "scopes": self.scopes = [ResourceQuotaScope](from: value, at: path, reporting: &problems)
        case "scopeSelector": self.scopeSelector = Optional<ScopeSelector>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("hard", self.hard)
        object.putUnlessEmpty("scopes", self.scopes)
        object.putUnlessEmpty("scopeSelector", self.scopeSelector)
    }
}

package struct ResourceQuotaStatus: APIStructure {
    package var hard: ResourceList = [:]
    package var used: ResourceList = [:]

    package init(
        hard: ResourceList = [:],
        used: ResourceList = [:]
    ) {
        self.hard = hard
        self.used = used
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "hard": self.hard = ResourceList(from: value, at: path, reporting: &problems)
        case "used": self.used = ResourceList(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("hard", self.hard)
        object.putUnlessEmpty("used", self.used)
    }
}

package struct ResourceRequirements: APIStructure {
    package var limits: ResourceList = [:]
    package var requests: ResourceList = [:]
    package var claims: [ResourceClaim] = []

    package init(
        limits: ResourceList = [:],
        requests: ResourceList = [:],
        claims: [ResourceClaim] = []
    ) {
        self.limits = limits
        self.requests = requests
        self.claims = claims
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "limits": self.limits = ResourceList(from: value, at: path, reporting: &problems)
        case "requests": self.requests = ResourceList(from: value, at: path, reporting: &problems)
        case "claims": self.claims = [ResourceClaim](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("limits", self.limits)
        object.putUnlessEmpty("requests", self.requests)
        object.putUnlessEmpty("claims", self.claims)
    }
}

package struct ResourceResizeRestartPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let notRequired = Self(rawValue: "NotRequired")
    package static let restartContainer = Self(rawValue: "RestartContainer")

    /// Those that the API names.
    package static let known: [Self] = [.notRequired, .restartContainer]
}

package struct ResourceStatus: APIStructure {
    package var name: ResourceName = ResourceName()
    package var resources: [ResourceHealth] = []

    package init(
        name: ResourceName = ResourceName(),
        resources: [ResourceHealth] = []
    ) {
        self.name = name
        self.resources = resources
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = ResourceName(from: value, at: path, reporting: &problems)
        case "resources": self.resources = [ResourceHealth](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("resources", self.resources)
    }
}

package struct RestartPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let always = Self(rawValue: "Always")
    package static let onFailure = Self(rawValue: "OnFailure")
    package static let never = Self(rawValue: "Never")

    /// Those that the API names.
    package static let known: [Self] = [.always, .onFailure, .never]
}
