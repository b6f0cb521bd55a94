// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct EmptyDirVolumeSource: APIStructure {
    package var medium: StorageMedium = StorageMedium()
    package var sizeLimit: Quantity? = nil
    package var mode: Int32? = nil

    package init(
        medium: StorageMedium = StorageMedium(),
        sizeLimit: Quantity? = nil,
        mode: Int32? = nil
    ) {
        self.medium = medium
        self.sizeLimit = sizeLimit
        self.mode = mode
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "medium": self.medium = StorageMedium(from: value, at: path, reporting: &problems)
        case "sizeLimit": self.sizeLimit = Optional<Quantity>(from: value, at: path, reporting: &problems)
        case "mode": self.mode = Optional<Int32>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("medium", self.medium)
        object.putUnlessEmpty("sizeLimit", self.sizeLimit)
        object.putUnlessEmpty("mode", self.mode)
    }
}

package struct EndpointAddress: APIStructure {
    package var ip: String = ""
    package var hostname: String = ""
    package var nodeName: String? = nil
    @Boxed package var targetRef: ObjectReference? = nil

    package init(
        ip: String = "",
        hostname: String = "",
        nodeName: String? = nil,
        targetRef: ObjectReference? = nil
    ) {
        self.ip = ip
        self.hostname = hostname
        self.nodeName = nodeName
        self.targetRef = targetRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ip": self.ip = String(from: value, at: path, reporting: &problems)
        case "hostname": self.hostname = String(from: value, at: path, reporting: &problems)
        case "nodeName": self.nodeName = Optional<String>(from: value, at: path, reporting: &problems)
        case "targetRef": self.targetRef = Optional<ObjectReference>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("ip", self.ip)
        object.putUnlessEmpty("hostname", self.hostname)
        object.putUnlessEmpty("nodeName", self.nodeName)
        object.putUnlessEmpty("targetRef", self.targetRef)
    }
}

package struct EndpointPort: APIStructure {
    package var name: String = ""
    package var port: Int32 = 0
    package var `protocol`: Protocol = Protocol()
    package var appProtocol: String? = nil

    package init(
        name: String = "",
        port: Int32 = 0,
        `protocol`: Protocol = Protocol(),
        appProtocol: String? = nil
    ) {
        self.name = name
        self.port = port
        self.`protocol` = `protocol`
        self.appProtocol = appProtocol
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "port": self.port = Int32(from: value, at: path, reporting: &problems)
        case "protocol": self.`protocol` = Protocol(from: value, at: path, reporting: &problems)
        case "appProtocol": self.appProtocol = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.put("port", self.port)
        object.putUnlessEmpty("protocol", self.`protocol`)
        object.putUnlessEmpty("appProtocol", self.appProtocol)
    }
}

package struct EndpointSubset: APIStructure {
    package var addresses: [EndpointAddress] = []
    package var notReadyAddresses: [EndpointAddress] = []
    package var ports: [EndpointPort] = []

    package init(
        addresses: [EndpointAddress] = [],
        notReadyAddresses: [EndpointAddress] = [],
        ports: [EndpointPort] = []
    ) {
        self.addresses = addresses
        self.notReadyAddresses = notReadyAddresses
        self.ports = ports
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "addresses": self.addresses = [EndpointAddress](from: value, at: path, reporting: &problems)
        case "notReadyAddresses": self.notReadyAddresses = [EndpointAddress](from: value, at: path, reporting: &problems)
        case "ports": self.ports = [EndpointPort](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("addresses", self.addresses)
        object.putUnlessEmpty("notReadyAddresses", self.notReadyAddresses)
        object.putUnlessEmpty("ports", self.ports)
    }
}

package struct Endpoints: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Endpoints"

    package var metadata: ObjectMeta = ObjectMeta()
    package var subsets: [EndpointSubset] = []

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        subsets: [EndpointSubset] = []
    ) {
        self.metadata = metadata
        self.subsets = subsets
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "subsets": self.subsets = [EndpointSubset](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("subsets", self.subsets)
    }
}

package struct EndpointsList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "EndpointsList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Endpoints] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Endpoints] = []
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
        case "items": self.items = [Endpoints](from: value, at: path, reporting: &problems)
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

package struct EnvFromSource: APIStructure {
    package var prefix: String = ""
    @Boxed package var configMapRef: ConfigMapEnvSource? = nil
    @Boxed package var secretRef: SecretEnvSource? = nil

    package init(
        prefix: String = "",
        configMapRef: ConfigMapEnvSource? = nil,
        secretRef: SecretEnvSource? = nil
    ) {
        self.prefix = prefix
        self.configMapRef = configMapRef
        self.secretRef = secretRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "prefix": self.prefix = String(from: value, at: path, reporting: &problems)
        case "configMapRef": self.configMapRef = Optional<ConfigMapEnvSource>(from: value, at: path, reporting: &problems)
        case "secretRef": self.secretRef = Optional<SecretEnvSource>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("prefix", self.prefix)
        object.putUnlessEmpty("configMapRef", self.configMapRef)
        object.putUnlessEmpty("secretRef", self.secretRef)
    }
}

package struct EnvVar: APIStructure {
    package var name: String = ""
    package var value: String = ""
    @Boxed package var valueFrom: EnvVarSource? = nil

    package init(
        name: String = "",
        value: String = "",
        valueFrom: EnvVarSource? = nil
    ) {
        self.name = name
        self.value = value
        self.valueFrom = valueFrom
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "value": self.value = String(from: value, at: path, reporting: &problems)
        case "valueFrom": self.valueFrom = Optional<EnvVarSource>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("value", self.value)
        object.putUnlessEmpty("valueFrom", self.valueFrom)
    }
}

package struct EnvVarSource: APIStructure {
    @Boxed package var fieldRef: ObjectFieldSelector? = nil
    @Boxed package var resourceFieldRef: ResourceFieldSelector? = nil
    @Boxed package var configMapKeyRef: ConfigMapKeySelector? = nil
    @Boxed package var secretKeyRef: SecretKeySelector? = nil
    @Boxed package var fileKeyRef: FileKeySelector? = nil

    package init(
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        configMapKeyRef: ConfigMapKeySelector? = nil,
        secretKeyRef: SecretKeySelector? = nil,
        fileKeyRef: FileKeySelector? = nil
    ) {
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.configMapKeyRef = configMapKeyRef
        self.secretKeyRef = secretKeyRef
        self.fileKeyRef = fileKeyRef
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "fieldRef": self.fieldRef = Optional<ObjectFieldSelector>(from: value, at: path, reporting: &problems)
        case "resourceFieldRef": self.resourceFieldRef = Optional<ResourceFieldSelector>(from: value, at: path, reporting: &problems)
        case "configMapKeyRef": self.configMapKeyRef = Optional<ConfigMapKeySelector>(from: value, at: path, reporting: &problems)
        case "secretKeyRef": self.secretKeyRef = Optional<SecretKeySelector>(from: value, at: path, reporting: &problems)
        case "fileKeyRef": self.fileKeyRef = Optional<FileKeySelector>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("fieldRef", self.fieldRef)
        object.putUnlessEmpty("resourceFieldRef", self.resourceFieldRef)
        object.putUnlessEmpty("configMapKeyRef", self.configMapKeyRef)
        object.putUnlessEmpty("secretKeyRef", self.secretKeyRef)
        object.putUnlessEmpty("fileKeyRef", self.fileKeyRef)
    }
}

package struct EphemeralContainer: APIStructure {
    package var name: String = ""
    package var image: String = ""
    package var command: [String] = []
    package var args: [String] = []
    package var workingDir: String = ""
    package var ports: [ContainerPort] = []
    package var envFrom: [EnvFromSource] = []
    package var env: [EnvVar] = []
    package var resources: ResourceRequirements = ResourceRequirements()
    package var resizePolicy: [ContainerResizePolicy] = []
    package var restartPolicy: ContainerRestartPolicy? = nil
    package var restartPolicyRules: [ContainerRestartRule] = []
    package var volumeMounts: [VolumeMount] = []
    package var volumeDevices: [VolumeDevice] = []
    @Boxed package var livenessProbe: Probe? = nil
    @Boxed package var readinessProbe: Probe? = nil
    @Boxed package var startupProbe: Probe? = nil
    @Boxed package var lifecycle: Lifecycle? = nil
    package var terminationMessagePath: String = ""
    package var terminationMessagePolicy: TerminationMessagePolicy = TerminationMessagePolicy()
    package var imagePullPolicy: PullPolicy = PullPolicy()
    @Boxed package var securityContext: SecurityContext? = nil
    package var stdin: Bool = false
    package var stdinOnce: Bool = false
    package var tty: Bool = false
    package var targetContainerName: String = ""

    package init(
        name: String = "",
        image: String = "",
        command: [String] = [],
        args: [String] = [],
        workingDir: String = "",
        ports: [ContainerPort] = [],
        envFrom: [EnvFromSource] = [],
        env: [EnvVar] = [],
        resources: ResourceRequirements = ResourceRequirements(),
        resizePolicy: [ContainerResizePolicy] = [],
        restartPolicy: ContainerRestartPolicy? = nil,
        restartPolicyRules: [ContainerRestartRule] = [],
        volumeMounts: [VolumeMount] = [],
        volumeDevices: [VolumeDevice] = [],
        livenessProbe: Probe? = nil,
        readinessProbe: Probe? = nil,
        startupProbe: Probe? = nil,
        lifecycle: Lifecycle? = nil,
        terminationMessagePath: String = "",
        terminationMessagePolicy: TerminationMessagePolicy = TerminationMessagePolicy(),
        imagePullPolicy: PullPolicy = PullPolicy(),
        securityContext: SecurityContext? = nil,
        stdin: Bool = false,
        stdinOnce: Bool = false,
        tty: Bool = false,
        targetContainerName: String = ""
    ) {
        self.name = name
        self.image = image
        self.command = command
        self.args = args
        self.workingDir = workingDir
        self.ports = ports
        self.envFrom = envFrom
        self.env = env
        self.resources = resources
        self.resizePolicy = resizePolicy
        self.restartPolicy = restartPolicy
        self.restartPolicyRules = restartPolicyRules
        self.volumeMounts = volumeMounts
        self.volumeDevices = volumeDevices
        self.livenessProbe = livenessProbe
        self.readinessProbe = readinessProbe
        self.startupProbe = startupProbe
        self.lifecycle = lifecycle
        self.terminationMessagePath = terminationMessagePath
        self.terminationMessagePolicy = terminationMessagePolicy
        self.imagePullPolicy = imagePullPolicy
        self.securityContext = securityContext
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.tty = tty
        self.targetContainerName = targetContainerName
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "image": self.image = String(from: value, at: path, reporting: &problems)
        case "command": self.command = [String](from: value, at: path, reporting: &problems)
        case "args": self.args = [String](from: value, at: path, reporting: &problems)
        case "workingDir": self.workingDir = String(from: value, at: path, reporting: &problems)
        case "ports": self.ports = [ContainerPort](from: value, at: path, reporting: &problems)
        case "envFrom": self.envFrom = [EnvFromSource](from: value, at: path, reporting: &problems)
        case "env": self.env = [EnvVar](from: value, at: path, reporting: &problems)
        case "resources": self.resources = ResourceRequirements(from: value, at: path, reporting: &problems)
        case "resizePolicy": self.resizePolicy = [ContainerResizePolicy](from: value, at: path, reporting: &problems)
        case "restartPolicy": self.restartPolicy = Optional<ContainerRestartPolicy>(from: value, at: path, reporting: &problems)
        case "restartPolicyRules": self.restartPolicyRules = [ContainerRestartRule](from: value, at: path, reporting: &problems)
        case "volumeMounts": self.volumeMounts = [VolumeMount](from: value, at: path, reporting: &problems)
        case "volumeDevices": self.volumeDevices = [VolumeDevice](from: value, at: path, reporting: &problems)
        case "livenessProbe": self.livenessProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "readinessProbe": self.readinessProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "startupProbe": self.startupProbe = Optional<Probe>(from: value, at: path, reporting: &problems)
        case "lifecycle": self.lifecycle = Optional<Lifecycle>(from: value, at: path, reporting: &problems)
        case "terminationMessagePath": self.terminationMessagePath = String(from: value, at: path, reporting: &problems)
        case "terminationMessagePolicy": self.terminationMessagePolicy = TerminationMessagePolicy(from: value, at: path, reporting: &problems)
        case "imagePullPolicy": self.imagePullPolicy = PullPolicy(from: value, at: path, reporting: &problems)
        case "securityContext": self.securityContext = Optional<SecurityContext>(from: value, at: path, reporting: &problems)
        case "stdin": self.stdin = Bool(from: value, at: path, reporting: &problems)
        case "stdinOnce": self.stdinOnce = Bool(from: value, at: path, reporting: &problems)
        case "tty": self.tty = Bool(from: value, at: path, reporting: &problems)
        case "targetContainerName": self.targetContainerName = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("image", self.image)
        object.putUnlessEmpty("command", self.command)
        object.putUnlessEmpty("args", self.args)
        object.putUnlessEmpty("workingDir", self.workingDir)
        object.putUnlessEmpty("ports", self.ports)
        object.putUnlessEmpty("envFrom", self.envFrom)
        object.putUnlessEmpty("env", self.env)
        object.putUnlessEmpty("resources", self.resources)
        object.putUnlessEmpty("resizePolicy", self.resizePolicy)
        object.putUnlessEmpty("restartPolicy", self.restartPolicy)
        object.putUnlessEmpty("restartPolicyRules", self.restartPolicyRules)
        object.putUnlessEmpty("volumeMounts", self.volumeMounts)
        object.putUnlessEmpty("volumeDevices", self.volumeDevices)
        object.putUnlessEmpty("livenessProbe", self.livenessProbe)
        object.putUnlessEmpty("readinessProbe", self.readinessProbe)
        object.putUnlessEmpty("startupProbe", self.startupProbe)
        object.putUnlessEmpty("lifecycle", self.lifecycle)
        object.putUnlessEmpty("terminationMessagePath", self.terminationMessagePath)
        object.putUnlessEmpty("terminationMessagePolicy", self.terminationMessagePolicy)
        object.putUnlessEmpty("imagePullPolicy", self.imagePullPolicy)
        object.putUnlessEmpty("securityContext", self.securityContext)
        object.putUnlessEmpty("stdin", self.stdin)
        object.putUnlessEmpty("stdinOnce", self.stdinOnce)
        object.putUnlessEmpty("tty", self.tty)
        object.putUnlessEmpty("targetContainerName", self.targetContainerName)
    }
}

package struct EphemeralVolumeSource: APIStructure {
    @Boxed package var volumeClaimTemplate: PersistentVolumeClaimTemplate? = nil

    package init(
        volumeClaimTemplate: PersistentVolumeClaimTemplate? = nil
    ) {
        self.volumeClaimTemplate = volumeClaimTemplate
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "volumeClaimTemplate": self.volumeClaimTemplate = Optional<PersistentVolumeClaimTemplate>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("volumeClaimTemplate", self.volumeClaimTemplate)
    }
}

package struct Event: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "Event"

    package var metadata: ObjectMeta = ObjectMeta()
    package var involvedObject: ObjectReference = ObjectReference()
    package var reason: String = ""
    package var message: String = ""
    package var source: EventSource = EventSource()
    package var firstTimestamp: Time? = nil
    package var lastTimestamp: Time? = nil
    package var count: Int32 = 0
    package var type: String = ""
    package var eventTime: MicroTime? = nil
    @Boxed package var series: EventSeries? = nil
    package var action: String = ""
    @Boxed package var related: ObjectReference? = nil
    package var reportingComponent: String = ""
    package var reportingInstance: String = ""

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        involvedObject: ObjectReference = ObjectReference(),
        reason: String = "",
        message: String = "",
        source: EventSource = EventSource(),
        firstTimestamp: Time? = nil,
        lastTimestamp: Time? = nil,
        count: Int32 = 0,
        type: String = "",
        eventTime: MicroTime? = nil,
        series: EventSeries? = nil,
        action: String = "",
        related: ObjectReference? = nil,
        reportingComponent: String = "",
        reportingInstance: String = ""
    ) {
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.reason = reason
        self.message = message
        self.source = source
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        self.count = count
        self.type = type
        self.eventTime = eventTime
        self.series = series
        self.action = action
        self.related = related
        self.reportingComponent = reportingComponent
        self.reportingInstance = reportingInstance
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "involvedObject": self.involvedObject = ObjectReference(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "source": self.source = EventSource(from: value, at: path, reporting: &problems)
        case "firstTimestamp": self.firstTimestamp = Optional<Time>(from: value, at: path, reporting: &problems)
        case "lastTimestamp": self.lastTimestamp = Optional<Time>(from: value, at: path, reporting: &problems)
        case "count": self.count = Int32(from: value, at: path, reporting: &problems)
        case "type": self.type = String(from: value, at: path, reporting: &problems)
        case "eventTime": self.eventTime = Optional<MicroTime>(from: value, at: path, reporting: &problems)
        case "series": self.series = Optional<EventSeries>(from: value, at: path, reporting: &problems)
        case "action": self.action = String(from: value, at: path, reporting: &problems)
        case "related": self.related = Optional<ObjectReference>(from: value, at: path, reporting: &problems)
        case "reportingComponent": self.reportingComponent = String(from: value, at: path, reporting: &problems)
        case "reportingInstance": self.reportingInstance = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("metadata", self.metadata)
        object.put("involvedObject", self.involvedObject)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("source", self.source)
        object.putUnlessEmpty("firstTimestamp", self.firstTimestamp)
        object.putUnlessEmpty("lastTimestamp", self.lastTimestamp)
        object.putUnlessEmpty("count", self.count)
        object.putUnlessEmpty("type", self.type)
        object.putUnlessEmpty("eventTime", self.eventTime)
        object.putUnlessEmpty("series", self.series)
        object.putUnlessEmpty("action", self.action)
        object.putUnlessEmpty("related", self.related)
        object.putUnlessEmpty("reportingComponent", self.reportingComponent)
        object.putUnlessEmpty("reportingInstance", self.reportingInstance)
    }
}

package struct EventList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "EventList"

    package var metadata: ListMeta = ListMeta()
    package var items: [Event] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [Event] = []
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
        case "items": self.items = [Event](from: value, at: path, reporting: &problems)
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

package struct EventSeries: APIStructure {
    package var count: Int32 = 0
    package var lastObservedTime: MicroTime? = nil

    package init(
        count: Int32 = 0,
        lastObservedTime: MicroTime? = nil
    ) {
        self.count = count
        self.lastObservedTime = lastObservedTime
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "count": self.count = Int32(from: value, at: path, reporting: &problems)
        case "lastObservedTime": self.lastObservedTime = Optional<MicroTime>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("count", self.count)
        object.putUnlessEmpty("lastObservedTime", self.lastObservedTime)
    }
}

package struct EventSource: APIStructure {
    package var component: String = ""
    package var host: String = ""

    package init(
        component: String = "",
        host: String = ""
    ) {
        self.component = component
        self.host = host
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "component": self.component = String(from: value, at: path, reporting: &problems)
        case "host": self.host = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("component", self.component)
        object.putUnlessEmpty("host", self.host)
    }
}

package struct EvictionResponder: APIStructure {
    package var name: String = ""
    package var priority: Int32? = nil

    package init(
        name: String = "",
        priority: Int32? = nil
    ) {
        self.name = name
        self.priority = priority
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "priority": self.priority = Optional<Int32>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("priority", self.priority)
    }
}

package struct ExecAction: APIStructure {
    package var command: [String] = []

    package init(
        command: [String] = []
    ) {
        self.command = command
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "command": self.command = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("command", self.command)
    }
}
