// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct TCPSocketAction: APIStructure {
    package var port: IntOrString = IntOrString()
    package var host: String = ""

    package init(
        port: IntOrString = IntOrString(),
        host: String = ""
    ) {
        self.port = port
        self.host = host
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "port": self.port = IntOrString(from: value, at: path, reporting: &problems)
        case "host": self.host = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("port", self.port)
        object.putUnlessEmpty("host", self.host)
    }
}

package struct Taint: APIStructure {
    package var key: String = ""
    package var value: String = ""
    package var effect: TaintEffect = TaintEffect()
    package var timeAdded: Time? = nil

    package init(
        key: String = "",
        value: String = "",
        effect: TaintEffect = TaintEffect(),
        timeAdded: Time? = nil
    ) {
        self.key = key
        self.value = value
        self.effect = effect
        self.timeAdded = timeAdded
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "value": self.value = String(from: value, at: path, reporting: &problems)
        case "effect": self.effect = TaintEffect(from: value, at: path, reporting: &problems)
        case "timeAdded": self.timeAdded = Optional<Time>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("key", self.key)
        object.putUnlessEmpty("value", self.value)
        object.put("effect", self.effect)
        object.putUnlessEmpty("timeAdded", self.timeAdded)
    }
}

package struct TaintEffect: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let noSchedule = Self(rawValue: "NoSchedule")
    package static let preferNoSchedule = Self(rawValue: "PreferNoSchedule")
    package static let noExecute = Self(rawValue: "NoExecute")

    /// Those that the API names.
    package static let known: [Self] = [.noSchedule, .preferNoSchedule, .noExecute]
}

package struct TerminationMessagePolicy: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let file = Self(rawValue: "File")
    package static let fallbackToLogsOnError = Self(rawValue: "FallbackToLogsOnError")

    /// Those that the API names.
    package static let known: [Self] = [.file, .fallbackToLogsOnError]
}

package struct Toleration: APIStructure {
    package var key: String = ""
    package var `operator`: TolerationOperator = TolerationOperator()
    package var value: String = ""
    package var effect: TaintEffect = TaintEffect()
    package var tolerationSeconds: Int64? = nil

    package init(
        key: String = "",
        `operator`: TolerationOperator = TolerationOperator(),
        value: String = "",
        effect: TaintEffect = TaintEffect(),
        tolerationSeconds: Int64? = nil
    ) {
        self.key = key
        self.`operator` = `operator`
        self.value = value
        self.effect = effect
        self.tolerationSeconds = tolerationSeconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "operator": self.`operator` = TolerationOperator(from: value, at: path, reporting: &problems)
        case "value": self.value = String(from: value, at: path, reporting: &problems)
        case "effect": self.effect = TaintEffect(from: value, at: path, reporting: &problems)
        case "tolerationSeconds": self.tolerationSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("key", self.key)
        object.putUnlessEmpty("operator", self.`operator`)
        object.putUnlessEmpty("value", self.value)
        object.putUnlessEmpty("effect", self.effect)
        object.putUnlessEmpty("tolerationSeconds", self.tolerationSeconds)
    }
}

package struct TolerationOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let exists = Self(rawValue: "Exists")
    package static let equal = Self(rawValue: "Equal")
    package static let lt = Self(rawValue: "Lt")
    package static let gt = Self(rawValue: "Gt")

    /// Those that the API names.
    package static let known: [Self] = [.exists, .equal, .lt, .gt]
}

package struct TopologySelectorLabelRequirement: APIStructure {
    package var key: String = ""
    package var values: [String] = []

    package init(
        key: String = "",
        values: [String] = []
    ) {
        self.key = key
        self.values = values
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "values": self.values = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("key", self.key)
        object.put("values", self.values)
    }
}

package struct TopologySelectorTerm: APIStructure {
    package var matchLabelExpressions: [TopologySelectorLabelRequirement] = []

    package init(
        matchLabelExpressions: [TopologySelectorLabelRequirement] = []
    ) {
        self.matchLabelExpressions = matchLabelExpressions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "matchLabelExpressions": self.matchLabelExpressions = [TopologySelectorLabelRequirement](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("matchLabelExpressions", self.matchLabelExpressions)
    }
}

package struct TopologySpreadConstraint: APIStructure {
    package var maxSkew: Int32 = 0
    package var topologyKey: String = ""
    package var whenUnsatisfiable: UnsatisfiableConstraintAction = UnsatisfiableConstraintAction()
    @Boxed package var labelSelector: LabelSelector? = nil
    package var minDomains: Int32? = nil
    package var nodeAffinityPolicy: NodeInclusionPolicy? = nil
    package var nodeTaintsPolicy: NodeInclusionPolicy? = nil
    package var matchLabelKeys: [String] = []

    package init(
        maxSkew: Int32 = 0,
        topologyKey: String = "",
        whenUnsatisfiable: UnsatisfiableConstraintAction = UnsatisfiableConstraintAction(),
        labelSelector: LabelSelector? = nil,
        minDomains: Int32? = nil,
        nodeAffinityPolicy: NodeInclusionPolicy? = nil,
        nodeTaintsPolicy: NodeInclusionPolicy? = nil,
        matchLabelKeys: [String] = []
    ) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        self.whenUnsatisfiable = whenUnsatisfiable
        self.labelSelector = labelSelector
        self.minDomains = minDomains
        self.nodeAffinityPolicy = nodeAffinityPolicy
        self.nodeTaintsPolicy = nodeTaintsPolicy
        self.matchLabelKeys = matchLabelKeys
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "maxSkew": self.maxSkew = Int32(from: value, at: path, reporting: &problems)
        case "topologyKey": self.topologyKey = String(from: value, at: path, reporting: &problems)
        case "whenUnsatisfiable": self.whenUnsatisfiable = UnsatisfiableConstraintAction(from: value, at: path, reporting: &problems)
        case "labelSelector": self.labelSelector = Optional<LabelSelector>(from: value, at: path, reporting: &problems)
        case "minDomains": self.minDomains = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "nodeAffinityPolicy": self.nodeAffinityPolicy = Optional<NodeInclusionPolicy>(from: value, at: path, reporting: &problems)
        case "nodeTaintsPolicy": self.nodeTaintsPolicy = Optional<NodeInclusionPolicy>(from: value, at: path, reporting: &problems)
        case "matchLabelKeys": self.matchLabelKeys = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("maxSkew", self.maxSkew)
        object.put("topologyKey", self.topologyKey)
        object.put("whenUnsatisfiable", self.whenUnsatisfiable)
        object.putUnlessEmpty("labelSelector", self.labelSelector)
        object.putUnlessEmpty("minDomains", self.minDomains)
        object.putUnlessEmpty("nodeAffinityPolicy", self.nodeAffinityPolicy)
        object.putUnlessEmpty("nodeTaintsPolicy", self.nodeTaintsPolicy)
        object.putUnlessEmpty("matchLabelKeys", self.matchLabelKeys)
    }
}

package struct TypedLocalObjectReference: APIStructure {
    package var apiGroup: String? = nil
    package var kind: String = ""
    package var name: String = ""

    package init(
        apiGroup: String? = nil,
        kind: String = "",
        name: String = ""
    ) {
        self.apiGroup = apiGroup
        self.kind = kind
        self.name = name
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "apiGroup": self.apiGroup = Optional<String>(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("apiGroup", self.apiGroup)
        object.put("kind", self.kind)
        object.put("name", self.name)
    }
}

package struct TypedObjectReference: APIStructure {
    package var apiGroup: String? = nil
    package var kind: String = ""
    package var name: String = ""
    package var namespace: String? = nil

    package init(
        apiGroup: String? = nil,
        kind: String = "",
        name: String = "",
        namespace: String? = nil
    ) {
        self.apiGroup = apiGroup
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "apiGroup": self.apiGroup = Optional<String>(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "namespace": self.namespace = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("apiGroup", self.apiGroup)
        object.put("kind", self.kind)
        object.put("name", self.name)
        object.putUnlessEmpty("namespace", self.namespace)
    }
}
