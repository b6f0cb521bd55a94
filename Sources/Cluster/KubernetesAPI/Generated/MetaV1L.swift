// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct LabelSelector: APIStructure {
    package var matchLabels: [String: String] = [:]
    package var matchExpressions: [LabelSelectorRequirement] = []

    package init(
        matchLabels: [String: String] = [:],
        matchExpressions: [LabelSelectorRequirement] = []
    ) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "matchLabels": self.matchLabels = [String: String](from: value, at: path, reporting: &problems)
        case "matchExpressions": self.matchExpressions = [LabelSelectorRequirement](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("matchLabels", self.matchLabels)
        object.putUnlessEmpty("matchExpressions", self.matchExpressions)
    }
}

package struct LabelSelectorOperator: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let `in` = Self(rawValue: "In")
    package static let notIn = Self(rawValue: "NotIn")
    package static let exists = Self(rawValue: "Exists")
    package static let doesNotExist = Self(rawValue: "DoesNotExist")

    /// Those that the API names.
    package static let known: [Self] = [.in, .notIn, .exists, .doesNotExist]
}

package struct LabelSelectorRequirement: APIStructure {
    package var key: String = ""
    package var `operator`: LabelSelectorOperator = LabelSelectorOperator()
    package var values: [String] = []

    package init(
        key: String = "",
        `operator`: LabelSelectorOperator = LabelSelectorOperator(),
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
        case "operator": self.`operator` = LabelSelectorOperator(from: value, at: path, reporting: &problems)
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

package struct List: KubernetesList {
    package static let apiVersion = "v1"
    package static let kind = "List"

    package var metadata: ListMeta = ListMeta()
    package var items: [APIValue] = []

    package init(
        metadata: ListMeta = ListMeta(),
        items: [APIValue] = []
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
        case "items": self.items = [APIValue](from: value, at: path, reporting: &problems)
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

package struct ListMeta: APIStructure {
    package var selfLink: String = ""
    package var resourceVersion: String = ""
    package var `continue`: String = ""
    package var remainingItemCount: Int64? = nil
    @Boxed package var shardInfo: ShardInfo? = nil

    package init(
        selfLink: String = "",
        resourceVersion: String = "",
        `continue`: String = "",
        remainingItemCount: Int64? = nil,
        shardInfo: ShardInfo? = nil
    ) {
        self.selfLink = selfLink
        self.resourceVersion = resourceVersion
        self.`continue` = `continue`
        self.remainingItemCount = remainingItemCount
        self.shardInfo = shardInfo
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "selfLink": self.selfLink = String(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "continue": self.`continue` = String(from: value, at: path, reporting: &problems)
        case "remainingItemCount": self.remainingItemCount = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "shardInfo": self.shardInfo = Optional<ShardInfo>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("selfLink", self.selfLink)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
        object.putUnlessEmpty("continue", self.`continue`)
        object.putUnlessEmpty("remainingItemCount", self.remainingItemCount)
        object.putUnlessEmpty("shardInfo", self.shardInfo)
    }
}

package struct ListOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "ListOptions"

    package var labelSelector: String = ""
    package var fieldSelector: String = ""
    package var watch: Bool = false
    package var allowWatchBookmarks: Bool = false
    package var resourceVersion: String = ""
    package var resourceVersionMatch: ResourceVersionMatch = ResourceVersionMatch()
    package var timeoutSeconds: Int64? = nil
    package var limit: Int64 = 0
    package var `continue`: String = ""
    package var sendInitialEvents: Bool? = nil
    package var shardSelector: String = ""

    package init(
        labelSelector: String = "",
        fieldSelector: String = "",
        watch: Bool = false,
        allowWatchBookmarks: Bool = false,
        resourceVersion: String = "",
        resourceVersionMatch: ResourceVersionMatch = ResourceVersionMatch(),
        timeoutSeconds: Int64? = nil,
        limit: Int64 = 0,
        `continue`: String = "",
        sendInitialEvents: Bool? = nil,
        shardSelector: String = ""
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.watch = watch
        self.allowWatchBookmarks = allowWatchBookmarks
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
        self.timeoutSeconds = timeoutSeconds
        self.limit = limit
        self.`continue` = `continue`
        self.sendInitialEvents = sendInitialEvents
        self.shardSelector = shardSelector
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "labelSelector": self.labelSelector = String(from: value, at: path, reporting: &problems)
        case "fieldSelector": self.fieldSelector = String(from: value, at: path, reporting: &problems)
        case "watch": self.watch = Bool(from: value, at: path, reporting: &problems)
        case "allowWatchBookmarks": self.allowWatchBookmarks = Bool(from: value, at: path, reporting: &problems)
        case "resourceVersion": self.resourceVersion = String(from: value, at: path, reporting: &problems)
        case "resourceVersionMatch": self.resourceVersionMatch = ResourceVersionMatch(from: value, at: path, reporting: &problems)
        case "timeoutSeconds": self.timeoutSeconds = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "limit": self.limit = Int64(from: value, at: path, reporting: &problems)
        case "continue": self.`continue` = String(from: value, at: path, reporting: &problems)
        case "sendInitialEvents": self.sendInitialEvents = Optional<Bool>(from: value, at: path, reporting: &problems)
        case "shardSelector": self.shardSelector = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("labelSelector", self.labelSelector)
        object.putUnlessEmpty("fieldSelector", self.fieldSelector)
        object.putUnlessEmpty("watch", self.watch)
        object.putUnlessEmpty("allowWatchBookmarks", self.allowWatchBookmarks)
        object.putUnlessEmpty("resourceVersion", self.resourceVersion)
        object.putUnlessEmpty("resourceVersionMatch", self.resourceVersionMatch)
        object.putUnlessEmpty("timeoutSeconds", self.timeoutSeconds)
        object.putUnlessEmpty("limit", self.limit)
        object.putUnlessEmpty("continue", self.`continue`)
        object.putUnlessEmpty("sendInitialEvents", self.sendInitialEvents)
        object.putUnlessEmpty("shardSelector", self.shardSelector)
    }
}
