// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct NFSVolumeSource: APIStructure {
    package var server: String = ""
    package var path: String = ""
    package var readOnly: Bool = false

    package init(
        server: String = "",
        path: String = "",
        readOnly: Bool = false
    ) {
        self.server = server
        self.path = path
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "server": self.server = String(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("server", self.server)
        object.put("path", self.path)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct Namespace: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Namespace"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: NamespaceSpec = NamespaceSpec()
    package var status: NamespaceStatus = NamespaceStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: NamespaceSpec = NamespaceSpec(),
        status: NamespaceStatus = NamespaceStatus()
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
        case "spec": self.spec = NamespaceSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = NamespaceStatus(from: value, at: path, reporting: &problems)
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

package struct NamespaceCondition: APIStructure {
    package var type: NamespaceConditionType = NamespaceConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: NamespaceConditionType = NamespaceConditionType(),
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
        case "type": self.type = NamespaceConditionType(from: value, at: path, reporting: &problems)
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

package struct NamespaceConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let namespaceDeletionDiscoveryFailure = Self(rawValue: "NamespaceDeletionDiscoveryFailure")
    package static let namespaceDeletionContentFailure = Self(rawValue: "NamespaceDeletionContentFailure")
    package static let namespaceDeletionGroupVersionParsingFailure = Self(rawValue: "NamespaceDeletionGroupVersionParsingFailure")
    package static let namespaceContentRemaining = Self(rawValue: "NamespaceContentRemaining")
    package static let namespaceFinalizersRemaining = Self(rawValue: "NamespaceFinalizersRemaining")

    /// Those that the API names.
    package static let known: [Self] = [.namespaceDeletionDiscoveryFailure, .namespaceDeletionContentFailure, .namespaceDeletionGroupVersionParsingFailure, .namespaceContentRemaining, .namespaceFinalizersRemaining]
}

package struct NamespaceList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "NamespaceList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Namespace] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Namespace] = []
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
        case "items": self.items = [Namespace](from: value, at: path, reporting: &problems)
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

package struct NamespacePhase: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let active = Self(rawValue: "Active")
    package static let terminating = Self(rawValue: "Terminating")

    /// Those that the API names.
    package static let known: [Self] = [.active, .terminating]
}

package struct NamespaceSpec: APIStructure {
    package var finalizers: [FinalizerName] = []

    package init(
        finalizers: [FinalizerName] = []
    ) {
        self.finalizers = finalizers
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "finalizers": self.finalizers = [FinalizerName](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("finalizers", self.finalizers)
    }
}

package struct NamespaceStatus: APIStructure {
    package var phase: NamespacePhase = NamespacePhase()
    package var conditions: [NamespaceCondition] = []

    package init(
        phase: NamespacePhase = NamespacePhase(),
        conditions: [NamespaceCondition] = []
    ) {
        self.phase = phase
        self.conditions = conditions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "phase": self.phase = NamespacePhase(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [NamespaceCondition](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("phase", self.phase)
        object.putUnlessEmpty("conditions", self.conditions)
    }
}

package struct Node: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Node"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: NodeSpec = NodeSpec()
    package var status: NodeStatus = NodeStatus()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: NodeSpec = NodeSpec(),
        status: NodeStatus = NodeStatus()
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
        case "spec": self.spec = NodeSpec(from: value, at: path, reporting: &problems)
        case "status": self.status = NodeStatus(from: value, at: path, reporting: &problems)
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

package struct NodeAddress: APIStructure {
    package var type: NodeAddressType = NodeAddressType()
    package var address: String = ""

    package init(
        type: NodeAddressType = NodeAddressType(),
        address: String = ""
    ) {
        self.type = type
        self.address = address
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = NodeAddressType(from: value, at: path, reporting: &problems)
        case "address": self.address = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("address", self.address)
    }
}

package struct NodeAddressType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let hostname = Self(rawValue: "Hostname")
    package static let internalIP = Self(rawValue: "InternalIP")
    package static let externalIP = Self(rawValue: "ExternalIP")
    package static let internalDNS = Self(rawValue: "InternalDNS")
    package static let externalDNS = Self(rawValue: "ExternalDNS")

    /// Those that the API names.
    package static let known: [Self] = [.hostname, .internalIP, .externalIP, .internalDNS, .externalDNS]
}

package struct NodeAffinity: APIStructure {
    @Boxed package var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector? = nil
    package var preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm] = []

    package init(
        requiredDuringSchedulingIgnoredDuringExecution: NodeSelector? = nil,
        preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "requiredDuringSchedulingIgnoredDuringExecution": self.requiredDuringSchedulingIgnoredDuringExecution = Optional<NodeSelector>(from: value, at: path, reporting: &problems)
        case "preferredDuringSchedulingIgnoredDuringExecution": self.preferredDuringSchedulingIgnoredDuringExecution = [PreferredSchedulingTerm](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("requiredDuringSchedulingIgnoredDuringExecution", self.requiredDuringSchedulingIgnoredDuringExecution)
        object.putUnlessEmpty("preferredDuringSchedulingIgnoredDuringExecution", self.preferredDuringSchedulingIgnoredDuringExecution)
    }
}

package struct NodeAllocatableMappedResources: APIStructure {
    package var name: ResourceName = ResourceName()
    package var quantity: Quantity? = nil

    package init(
        name: ResourceName = ResourceName(),
        quantity: Quantity? = nil
    ) {
        self.name = name
        self.quantity = quantity
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = ResourceName(from: value, at: path, reporting: &problems)
        case "quantity": self.quantity = Optional<Quantity>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("quantity", self.quantity)
    }
}

package struct NodeAllocatableOverheadResources: APIStructure {
    package var name: ResourceName = ResourceName()
    package var perPod: Quantity? = nil
    package var perContainer: Quantity? = nil

    package init(
        name: ResourceName = ResourceName(),
        perPod: Quantity? = nil,
        perContainer: Quantity? = nil
    ) {
        self.name = name
        self.perPod = perPod
        self.perContainer = perContainer
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = ResourceName(from: value, at: path, reporting: &problems)
        case "perPod": self.perPod = Optional<Quantity>(from: value, at: path, reporting: &problems)
        case "perContainer": self.perContainer = Optional<Quantity>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("perPod", self.perPod)
        object.putUnlessEmpty("perContainer", self.perContainer)
    }
}

package struct NodeAllocatableResourceClaimStatus: APIStructure {
    package var resourceClaimName: String = ""
    package var containers: [String] = []
    package var mapping: [NodeAllocatableMappedResources] = []
    package var overhead: [NodeAllocatableOverheadResources] = []

    package init(
        resourceClaimName: String = "",
        containers: [String] = [],
        mapping: [NodeAllocatableMappedResources] = [],
        overhead: [NodeAllocatableOverheadResources] = []
    ) {
        self.resourceClaimName = resourceClaimName
        self.containers = containers
        self.mapping = mapping
        self.overhead = overhead
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "resourceClaimName": self.resourceClaimName = String(from: value, at: path, reporting: &problems)
        case "containers": self.containers = [String](from: value, at: path, reporting: &problems)
        case "mapping": self.mapping = [NodeAllocatableMappedResources](from: value, at: path, reporting: &problems)
        case "overhead": self.overhead = [NodeAllocatableOverheadResources](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("resourceClaimName", self.resourceClaimName)
        object.putUnlessEmpty("containers", self.containers)
        object.putUnlessEmpty("mapping", self.mapping)
        object.putUnlessEmpty("overhead", self.overhead)
    }
}

package struct NodeCondition: APIStructure {
    package var type: NodeConditionType = NodeConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var lastHeartbeatTime: Time? = nil
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: NodeConditionType = NodeConditionType(),
        status: ConditionStatus = ConditionStatus(),
        lastHeartbeatTime: Time? = nil,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.lastHeartbeatTime = lastHeartbeatTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = NodeConditionType(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "lastHeartbeatTime": self.lastHeartbeatTime = Optional<Time>(from: value, at: path, reporting: &problems)
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
        object.putUnlessEmpty("lastHeartbeatTime", self.lastHeartbeatTime)
        object.putUnlessEmpty("lastTransitionTime", self.lastTransitionTime)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

package struct NodeConditionType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let ready = Self(rawValue: "Ready")
    package static let memoryPressure = Self(rawValue: "MemoryPressure")
    package static let diskPressure = Self(rawValue: "DiskPressure")
    package static let pidPressure = Self(rawValue: "PIDPressure")
    package static let networkUnavailable = Self(rawValue: "NetworkUnavailable")
    package static let gracefulNodeShutdownInProgress = Self(rawValue: "GracefulNodeShutdownInProgress")
    package static let drainInProgress = Self(rawValue: "DrainInProgress")
    package static let drained = Self(rawValue: "Drained")
    package static let maintenancePlanned = Self(rawValue: "MaintenancePlanned")
    package static let maintenanceInProgress = Self(rawValue: "MaintenanceInProgress")

    /// Those that the API names.
    package static let known: [Self] = [.ready, .memoryPressure, .diskPressure, .pidPressure, .networkUnavailable, .gracefulNodeShutdownInProgress, .drainInProgress, .drained, .maintenancePlanned, .maintenanceInProgress]
}

package struct NodeConfigSource: APIStructure {
    @Boxed package var configMap: ConfigMapNodeConfigSource? = nil

    package init(
        configMap: ConfigMapNodeConfigSource? = nil
    ) {
        self.configMap = configMap
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "configMap": self.configMap = Optional<ConfigMapNodeConfigSource>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("configMap", self.configMap)
    }
}

package struct NodeConfigStatus: APIStructure {
    @Boxed package var assigned: NodeConfigSource? = nil
    @Boxed package var active: NodeConfigSource? = nil
    @Boxed package var lastKnownGood: NodeConfigSource? = nil
    package var error: String = ""

    package init(
        assigned: NodeConfigSource? = nil,
        active: NodeConfigSource? = nil,
        lastKnownGood: NodeConfigSource? = nil,
        error: String = ""
    ) {
        self.assigned = assigned
        self.active = active
        self.lastKnownGood = lastKnownGood
        self.error = error
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "assigned": self.assigned = Optional<NodeConfigSource>(from: value, at: path, reporting: &problems)
        case "active": self.active = Optional<NodeConfigSource>(from: value, at: path, reporting: &problems)
        case "lastKnownGood": self.lastKnownGood = Optional<NodeConfigSource>(from: value, at: path, reporting: &problems)
        case "error": self.error = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("assigned", self.assigned)
        object.putUnlessEmpty("active", self.active)
        object.putUnlessEmpty("lastKnownGood", self.lastKnownGood)
        object.putUnlessEmpty("error", self.error)
    }
}

package struct NodeDaemonEndpoints: APIStructure {
    package var kubeletEndpoint: DaemonEndpoint = DaemonEndpoint()

    package init(
        kubeletEndpoint: DaemonEndpoint = DaemonEndpoint()
    ) {
        self.kubeletEndpoint = kubeletEndpoint
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "kubeletEndpoint": self.kubeletEndpoint = DaemonEndpoint(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("kubeletEndpoint", self.kubeletEndpoint)
    }
}

package struct NodeFeatures: APIStructure {
    package var supplementalGroupsPolicy: Bool? = nil

    package init(
        supplementalGroupsPolicy: Bool? = nil
    ) {
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "supplementalGroupsPolicy": self.supplementalGroupsPolicy = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("supplementalGroupsPolicy", self.supplementalGroupsPolicy)
    }
}

package struct NodeInclusionPolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let ignore = Self(rawValue: "Ignore")
    package static let honor = Self(rawValue: "Honor")

    /// Those that the API names.
    package static let known: [Self] = [.ignore, .honor]
}

package struct NodeList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "NodeList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Node] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Node] = []
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
        case "items": self.items = [Node](from: value, at: path, reporting: &problems)
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

package struct NodePhase: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pending = Self(rawValue: "Pending")
    package static let running = Self(rawValue: "Running")
    package static let terminated = Self(rawValue: "Terminated")

    /// Those that the API names.
    package static let known: [Self] = [.pending, .running, .terminated]
}

package struct NodePodPreemptionPolicy: APIStructure {
    package var disableResizePreemption: [String] = []

    package init(
        disableResizePreemption: [String] = []
    ) {
        self.disableResizePreemption = disableResizePreemption
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "disableResizePreemption": self.disableResizePreemption = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("disableResizePreemption", self.disableResizePreemption)
    }
}

package struct NodeProxyOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "NodeProxyOptions"

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

package struct NodeRuntimeHandler: APIStructure {
    package var name: String = ""
    @Boxed package var features: NodeRuntimeHandlerFeatures? = nil

    package init(
        name: String = "",
        features: NodeRuntimeHandlerFeatures? = nil
    ) {
        self.name = name
        self.features = features
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "features": self.features = Optional<NodeRuntimeHandlerFeatures>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("features", self.features)
    }
}

package struct NodeRuntimeHandlerFeatures: APIStructure {
    package var recursiveReadOnlyMounts: Bool? = nil
    package var userNamespaces: Bool? = nil

    package init(
        recursiveReadOnlyMounts: Bool? = nil,
        userNamespaces: Bool? = nil
    ) {
        self.recursiveReadOnlyMounts = recursiveReadOnlyMounts
        self.userNamespaces = userNamespaces
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "recursiveReadOnlyMounts": self.recursiveReadOnlyMounts = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "userNamespaces": self.userNamespaces = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("recursiveReadOnlyMounts", self.recursiveReadOnlyMounts)
        object.putUnlessEmpty("userNamespaces", self.userNamespaces)
    }
}

package struct NodeSelector: APIStructure {
    package var nodeSelectorTerms: [NodeSelectorTerm] = []

    package init(
        nodeSelectorTerms: [NodeSelectorTerm] = []
    ) {
        self.nodeSelectorTerms = nodeSelectorTerms
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "nodeSelectorTerms": self.nodeSelectorTerms = [NodeSelectorTerm](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("nodeSelectorTerms", self.nodeSelectorTerms)
    }
}

package struct NodeSelectorOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Self(rawValue: "In")
    package static let notIn = Self(rawValue: "NotIn")
    package static let exists = Self(rawValue: "Exists")
    package static let doesNotExist = Self(rawValue: "DoesNotExist")
    package static let gt = Self(rawValue: "Gt")
    package static let lt = Self(rawValue: "Lt")

    /// Those that the API names.
    package static let known: [Self] = [.in, .notIn, .exists, .doesNotExist, .gt, .lt]
}

package struct NodeSelectorRequirement: APIStructure {
    package var key: String = ""
    package var `operator`: NodeSelectorOperator = NodeSelectorOperator()
    package var values: [String] = []

    package init(
        key: String = "",
        `operator`: NodeSelectorOperator = NodeSelectorOperator(),
        values: [String] = []
    ) {
        self.key = key
        self.`operator` = `operator`
        self.values = values
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "operator": self.`operator` = NodeSelectorOperator(from: value, at: path, reporting: &problems)
        case "values": self.values = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("key", self.key)
        object.put("operator", self.`operator`)
        object.putUnlessEmpty("values", self.values)
    }
}

package struct NodeSelectorTerm: APIStructure {
    package var matchExpressions: [NodeSelectorRequirement] = []
    package var matchFields: [NodeSelectorRequirement] = []

    package init(
        matchExpressions: [NodeSelectorRequirement] = [],
        matchFields: [NodeSelectorRequirement] = []
    ) {
        self.matchExpressions = matchExpressions
        self.matchFields = matchFields
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "matchExpressions": self.matchExpressions = [NodeSelectorRequirement](from: value, at: path, reporting: &problems)
        case "matchFields": self.matchFields = [NodeSelectorRequirement](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("matchExpressions", self.matchExpressions)
        object.putUnlessEmpty("matchFields", self.matchFields)
    }
}

package struct NodeSpec: APIStructure {
    package var podCIDR: String = ""
    package var podCIDRs: [String] = []
    package var providerID: String = ""
    package var unschedulable: Bool = false
    package var taints: [Taint] = []
    @Boxed package var configSource: NodeConfigSource? = nil
    package var externalID: String = ""
    @Boxed package var podPreemptionPolicy: NodePodPreemptionPolicy? = nil

    package init(
        podCIDR: String = "",
        podCIDRs: [String] = [],
        providerID: String = "",
        unschedulable: Bool = false,
        taints: [Taint] = [],
        configSource: NodeConfigSource? = nil,
        externalID: String = "",
        podPreemptionPolicy: NodePodPreemptionPolicy? = nil
    ) {
        self.podCIDR = podCIDR
        self.podCIDRs = podCIDRs
        self.providerID = providerID
        self.unschedulable = unschedulable
        self.taints = taints
        self.configSource = configSource
        self.externalID = externalID
        self.podPreemptionPolicy = podPreemptionPolicy
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "podCIDR": self.podCIDR = String(from: value, at: path, reporting: &problems)
        case "podCIDRs": self.podCIDRs = [String](from: value, at: path, reporting: &problems)
        case "providerID": self.providerID = String(from: value, at: path, reporting: &problems)
        case "unschedulable": self.unschedulable = Bool(from: value, at: path, reporting: &problems)
        case "taints": self.taints = [Taint](from: value, at: path, reporting: &problems)
        case "configSource": self.configSource = Optional<NodeConfigSource>(from: value, at: path, reporting: &problems)
        case "externalID": self.externalID = String(from: value, at: path, reporting: &problems)
        case "podPreemptionPolicy": self.podPreemptionPolicy = Optional<NodePodPreemptionPolicy>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("podCIDR", self.podCIDR)
        object.putUnlessEmpty("podCIDRs", self.podCIDRs)
        object.putUnlessEmpty("providerID", self.providerID)
        object.putUnlessEmpty("unschedulable", self.unschedulable)
        object.putUnlessEmpty("taints", self.taints)
        object.putUnlessEmpty("configSource", self.configSource)
        object.putUnlessEmpty("externalID", self.externalID)
        object.putUnlessEmpty("podPreemptionPolicy", self.podPreemptionPolicy)
    }
}

package struct NodeStatus: APIStructure {
    package var capacity: ResourceList = [:]
    package var allocatable: ResourceList = [:]
    package var phase: NodePhase = NodePhase()
    package var conditions: [NodeCondition] = []
    package var addresses: [NodeAddress] = []
    package var daemonEndpoints: NodeDaemonEndpoints = NodeDaemonEndpoints()
    package var nodeInfo: NodeSystemInfo = NodeSystemInfo()
    package var images: [ContainerImage] = []
    package var volumesInUse: [UniqueVolumeName] = []
    package var volumesAttached: [AttachedVolume] = []
    @Boxed package var config: NodeConfigStatus? = nil
    package var runtimeHandlers: [NodeRuntimeHandler] = []
    @Boxed package var features: NodeFeatures? = nil
    package var declaredFeatures: [String] = []

    package init(
        capacity: ResourceList = [:],
        allocatable: ResourceList = [:],
        phase: NodePhase = NodePhase(),
        conditions: [NodeCondition] = [],
        addresses: [NodeAddress] = [],
        daemonEndpoints: NodeDaemonEndpoints = NodeDaemonEndpoints(),
        nodeInfo: NodeSystemInfo = NodeSystemInfo(),
        images: [ContainerImage] = [],
        volumesInUse: [UniqueVolumeName] = [],
        volumesAttached: [AttachedVolume] = [],
        config: NodeConfigStatus? = nil,
        runtimeHandlers: [NodeRuntimeHandler] = [],
        features: NodeFeatures? = nil,
        declaredFeatures: [String] = []
    ) {
        self.capacity = capacity
        self.allocatable = allocatable
        self.phase = phase
        self.conditions = conditions
        self.addresses = addresses
        self.daemonEndpoints = daemonEndpoints
        self.nodeInfo = nodeInfo
        self.images = images
        self.volumesInUse = volumesInUse
        self.volumesAttached = volumesAttached
        self.config = config
        self.runtimeHandlers = runtimeHandlers
        self.features = features
        self.declaredFeatures = declaredFeatures
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "capacity": self.capacity = ResourceList(from: value, at: path, reporting: &problems)
        case "allocatable": self.allocatable = ResourceList(from: value, at: path, reporting: &problems)
        case "phase": self.phase = NodePhase(from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [NodeCondition](from: value, at: path, reporting: &problems)
        case "addresses": self.addresses = [NodeAddress](from: value, at: path, reporting: &problems)
        case "daemonEndpoints": self.daemonEndpoints = NodeDaemonEndpoints(from: value, at: path, reporting: &problems)
        case "nodeInfo": self.nodeInfo = NodeSystemInfo(from: value, at: path, reporting: &problems)
        case "images": self.images = [ContainerImage](from: value, at: path, reporting: &problems)
        case "volumesInUse": self.volumesInUse = [UniqueVolumeName](from: value, at: path, reporting: &problems)
        case "volumesAttached": self.volumesAttached = [AttachedVolume](from: value, at: path, reporting: &problems)
        case "config": self.config = Optional<NodeConfigStatus>(from: value, at: path, reporting: &problems)
        case "runtimeHandlers": self.runtimeHandlers = [NodeRuntimeHandler](from: value, at: path, reporting: &problems)
        case "features": self.features = Optional<NodeFeatures>(from: value, at: path, reporting: &problems)
        case "declaredFeatures": self.declaredFeatures = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("capacity", self.capacity)
        object.putUnlessEmpty("allocatable", self.allocatable)
        object.putUnlessEmpty("phase", self.phase)
        object.putUnlessEmpty("conditions", self.conditions)
        object.putUnlessEmpty("addresses", self.addresses)
        object.putUnlessEmpty("daemonEndpoints", self.daemonEndpoints)
        object.putUnlessEmpty("nodeInfo", self.nodeInfo)
        object.putUnlessEmpty("images", self.images)
        object.putUnlessEmpty("volumesInUse", self.volumesInUse)
        object.putUnlessEmpty("volumesAttached", self.volumesAttached)
        object.putUnlessEmpty("config", self.config)
        object.putUnlessEmpty("runtimeHandlers", self.runtimeHandlers)
        object.putUnlessEmpty("features", self.features)
        object.putUnlessEmpty("declaredFeatures", self.declaredFeatures)
    }
}

package struct NodeSwapStatus: APIStructure {
    package var capacity: Int64? = nil

    package init(
        capacity: Int64? = nil
    ) {
        self.capacity = capacity
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "capacity": self.capacity = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("capacity", self.capacity)
    }
}

package struct NodeSystemInfo: APIStructure {
    package var machineID: String = ""
    package var systemUUID: String = ""
    package var bootID: String = ""
    package var kernelVersion: String = ""
    package var osImage: String = ""
    package var containerRuntimeVersion: String = ""
    package var kubeletVersion: String = ""
    package var kubeProxyVersion: String = ""
    package var operatingSystem: String = ""
    package var architecture: String = ""
    @Boxed package var swap: NodeSwapStatus? = nil

    package init(
        machineID: String = "",
        systemUUID: String = "",
        bootID: String = "",
        kernelVersion: String = "",
        osImage: String = "",
        containerRuntimeVersion: String = "",
        kubeletVersion: String = "",
        kubeProxyVersion: String = "",
        operatingSystem: String = "",
        architecture: String = "",
        swap: NodeSwapStatus? = nil
    ) {
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.bootID = bootID
        self.kernelVersion = kernelVersion
        self.osImage = osImage
        self.containerRuntimeVersion = containerRuntimeVersion
        self.kubeletVersion = kubeletVersion
        self.kubeProxyVersion = kubeProxyVersion
        self.operatingSystem = operatingSystem
        self.architecture = architecture
        self.swap = swap
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "machineID": self.machineID = String(from: value, at: path, reporting: &problems)
        case "systemUUID": self.systemUUID = String(from: value, at: path, reporting: &problems)
        case "bootID": self.bootID = String(from: value, at: path, reporting: &problems)
        case "kernelVersion": self.kernelVersion = String(from: value, at: path, reporting: &problems)
        case "osImage": self.osImage = String(from: value, at: path, reporting: &problems)
        case "containerRuntimeVersion": self.containerRuntimeVersion = String(from: value, at: path, reporting: &problems)
        case "kubeletVersion": self.kubeletVersion = String(from: value, at: path, reporting: &problems)
        case "kubeProxyVersion": self.kubeProxyVersion = String(from: value, at: path, reporting: &problems)
        case "operatingSystem": self.operatingSystem = String(from: value, at: path, reporting: &problems)
        case "architecture": self.architecture = String(from: value, at: path, reporting: &problems)
        case "swap": self.swap = Optional<NodeSwapStatus>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("machineID", self.machineID)
        object.put("systemUUID", self.systemUUID)
        object.put("bootID", self.bootID)
        object.put("kernelVersion", self.kernelVersion)
        object.put("osImage", self.osImage)
        object.put("containerRuntimeVersion", self.containerRuntimeVersion)
        object.put("kubeletVersion", self.kubeletVersion)
        object.put("kubeProxyVersion", self.kubeProxyVersion)
        object.put("operatingSystem", self.operatingSystem)
        object.put("architecture", self.architecture)
        object.putUnlessEmpty("swap", self.swap)
    }
}
