// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct Lifecycle: APIStructure {
    @Boxed package var postStart: LifecycleHandler? = nil
    @Boxed package var preStop: LifecycleHandler? = nil
    package var stopSignal: Signal? = nil

    package init(
        postStart: LifecycleHandler? = nil,
        preStop: LifecycleHandler? = nil,
        stopSignal: Signal? = nil
    ) {
        self.postStart = postStart
        self.preStop = preStop
        self.stopSignal = stopSignal
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "postStart": self.postStart = Optional<LifecycleHandler>(from: value, at: path, reporting: &problems)
        case "preStop": self.preStop = Optional<LifecycleHandler>(from: value, at: path, reporting: &problems)
        case "stopSignal": self.stopSignal = Optional<Signal>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("postStart", self.postStart)
        object.putUnlessEmpty("preStop", self.preStop)
        object.putUnlessEmpty("stopSignal", self.stopSignal)
    }
}

package struct LifecycleHandler: APIStructure {
    @Boxed package var exec: ExecAction? = nil
    @Boxed package var httpGet: HTTPGetAction? = nil
    @Boxed package var tcpSocket: TCPSocketAction? = nil
    @Boxed package var sleep: SleepAction? = nil

    package init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        sleep: SleepAction? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.sleep = sleep
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "exec": self.exec = Optional<ExecAction>(from: value, at: path, reporting: &problems)
        case "httpGet": self.httpGet = Optional<HTTPGetAction>(from: value, at: path, reporting: &problems)
        case "tcpSocket": self.tcpSocket = Optional<TCPSocketAction>(from: value, at: path, reporting: &problems)
        case "sleep": self.sleep = Optional<SleepAction>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("exec", self.exec)
        object.putUnlessEmpty("httpGet", self.httpGet)
        object.putUnlessEmpty("tcpSocket", self.tcpSocket)
        object.putUnlessEmpty("sleep", self.sleep)
    }
}

package struct LimitRange: KubernetesResource {
    package static let apiVersion = "v1"
    package static let kind = "LimitRange"

    package var metadata: ObjectMeta = ObjectMeta()
    package var spec: LimitRangeSpec = LimitRangeSpec()

    package init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: LimitRangeSpec = LimitRangeSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ObjectMeta(from: value, at: path, reporting: &problems)
        case "spec": self.spec = LimitRangeSpec(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("spec", self.spec)
    }
}

package struct LimitRangeItem: APIStructure {
    package var type: LimitType = LimitType()
    package var max: ResourceList = [:]
    package var min: ResourceList = [:]
    package var `default`: ResourceList = [:]
    package var defaultRequest: ResourceList = [:]
    package var maxLimitRequestRatio: ResourceList = [:]

    package init(
        type: LimitType = LimitType(),
        max: ResourceList = [:],
        min: ResourceList = [:],
        `default`: ResourceList = [:],
        defaultRequest: ResourceList = [:],
        maxLimitRequestRatio: ResourceList = [:]
    ) {
        self.type = type
        self.max = max
        self.min = min
        self.`default` = `default`
        self.defaultRequest = defaultRequest
        self.maxLimitRequestRatio = maxLimitRequestRatio
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = LimitType(from: value, at: path, reporting: &problems)
        case "max": self.max = ResourceList(from: value, at: path, reporting: &problems)
        case "min": self.min = ResourceList(from: value, at: path, reporting: &problems)
        case "default": self.`default` = ResourceList(from: value, at: path, reporting: &problems)
        case "defaultRequest": self.defaultRequest = ResourceList(from: value, at: path, reporting: &problems)
        case "maxLimitRequestRatio": self.maxLimitRequestRatio = ResourceList(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.putUnlessEmpty("max", self.max)
        object.putUnlessEmpty("min", self.min)
        object.putUnlessEmpty("default", self.`default`)
        object.putUnlessEmpty("defaultRequest", self.defaultRequest)
        object.putUnlessEmpty("maxLimitRequestRatio", self.maxLimitRequestRatio)
    }
}

package struct LimitRangeList: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "LimitRangeList"

    package var metadata: ListMeta = ListMeta()
    package var items: [LimitRange] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [LimitRange] = []
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
        case "items": self.items = [LimitRange](from: value, at: path, reporting: &problems)
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

package struct LimitRangeSpec: APIStructure {
    package var limits: [LimitRangeItem] = []

    package init(
        limits: [LimitRangeItem] = []
    ) {
        self.limits = limits
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "limits": self.limits = [LimitRangeItem](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("limits", self.limits)
    }
}

package struct LimitType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let pod = Self(rawValue: "Pod")
    package static let container = Self(rawValue: "Container")
    package static let persistentVolumeClaim = Self(rawValue: "PersistentVolumeClaim")

    /// Those that the API names.
    package static let known: [Self] = [.pod, .container, .persistentVolumeClaim]
}

package struct LinuxContainerUser: APIStructure {
    package var uid: Int64 = 0
    package var gid: Int64 = 0
    package var supplementalGroups: [Int64] = []

    package init(
        uid: Int64 = 0,
        gid: Int64 = 0,
        supplementalGroups: [Int64] = []
    ) {
        self.uid = uid
        self.gid = gid
        self.supplementalGroups = supplementalGroups
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "uid": self.uid = Int64(from: value, at: path, reporting: &problems)
        case "gid": self.gid = Int64(from: value, at: path, reporting: &problems)
        case "supplementalGroups": self.supplementalGroups = [Int64](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("uid", self.uid)
        object.put("gid", self.gid)
        object.putUnlessEmpty("supplementalGroups", self.supplementalGroups)
    }
}

package struct LoadBalancerIPMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let vip = Self(rawValue: "VIP")
    package static let proxy = Self(rawValue: "Proxy")

    /// Those that the API names.
    package static let known: [Self] = [.vip, .proxy]
}

package struct LoadBalancerIngress: APIStructure {
    package var ip: String = ""
    package var hostname: String = ""
    package var ipMode: LoadBalancerIPMode? = nil
    package var ports: [PortStatus] = []

    package init(
        ip: String = "",
        hostname: String = "",
        ipMode: LoadBalancerIPMode? = nil,
        ports: [PortStatus] = []
    ) {
        self.ip = ip
        self.hostname = hostname
        self.ipMode = ipMode
        self.ports = ports
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ip": self.ip = String(from: value, at: path, reporting: &problems)
        case "hostname": self.hostname = String(from: value, at: path, reporting: &problems)
        case "ipMode": self.ipMode = Optional<LoadBalancerIPMode>(from: value, at: path, reporting: &problems)
        case "ports": self.ports = [PortStatus](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("ip", self.ip)
        object.putUnlessEmpty("hostname", self.hostname)
        object.putUnlessEmpty("ipMode", self.ipMode)
        object.putUnlessEmpty("ports", self.ports)
    }
}

package struct LoadBalancerStatus: APIStructure {
    package var ingress: [LoadBalancerIngress] = []

    package init(
        ingress: [LoadBalancerIngress] = []
    ) {
        self.ingress = ingress
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ingress": self.ingress = [LoadBalancerIngress](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("ingress", self.ingress)
    }
}

package struct LocalObjectReference: APIStructure {
    package var name: String = ""

    package init(
        name: String = ""
    ) {
        self.name = name
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
    }
}

package struct LocalVolumeSource: APIStructure {
    package var path: String = ""
    package var fsType: String? = nil

    package init(
        path: String = "",
        fsType: String? = nil
    ) {
        self.path = path
        self.fsType = fsType
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("path", self.path)
        object.putUnlessEmpty("fsType", self.fsType)
    }
}
