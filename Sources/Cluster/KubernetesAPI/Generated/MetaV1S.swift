// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct ServerAddressByClientCIDR: APIStructure {
    package var clientCIDR: String = ""
    package var serverAddress: String = ""

    package init(
        clientCIDR: String = "",
        serverAddress: String = ""
    ) {
        self.clientCIDR = clientCIDR
        self.serverAddress = serverAddress
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "clientCIDR": self.clientCIDR = String(from: value, at: path, reporting: &problems)
        case "serverAddress": self.serverAddress = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("clientCIDR", self.clientCIDR)
        object.put("serverAddress", self.serverAddress)
    }
}

package struct ShardInfo: APIStructure {
    package var selector: String = ""

    package init(
        selector: String = ""
    ) {
        self.selector = selector
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "selector": self.selector = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("selector", self.selector)
    }
}

package struct Status: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "Status"

    package var metadata: ListMeta = ListMeta()
    package var status: String = ""
    package var message: String = ""
    package var reason: StatusReason = StatusReason()
    @Boxed package var details: StatusDetails? = nil
    package var code: Int32 = 0

    package init(
        metadata: ListMeta = ListMeta(),
        status: String = "",
        message: String = "",
        reason: StatusReason = StatusReason(),
        details: StatusDetails? = nil,
        code: Int32 = 0
    ) {
        self.metadata = metadata
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details
        self.code = code
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ListMeta(from: value, at: path, reporting: &problems)
        case "status": self.status = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "reason": self.reason = StatusReason(from: value, at: path, reporting: &problems)
        case "details": self.details = Optional<StatusDetails>(from: value, at: path, reporting: &problems)
        case "code": self.code = Int32(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.putUnlessEmpty("status", self.status)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("details", self.details)
        object.putUnlessEmpty("code", self.code)
    }
}

package struct StatusCause: APIStructure {
    package var reason: CauseType = CauseType()
    package var message: String = ""
    package var field: String = ""

    package init(
        reason: CauseType = CauseType(),
        message: String = "",
        field: String = ""
    ) {
        self.reason = reason
        self.message = message
        self.field = field
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "reason": self.reason = CauseType(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        case "field": self.field = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
        object.putUnlessEmpty("field", self.field)
    }
}

package struct StatusDetails: APIStructure {
    package var name: String = ""
    package var group: String = ""
    package var kind: String = ""
    package var uid: String = ""
    package var causes: [StatusCause] = []
    package var retryAfterSeconds: Int32 = 0

    package init(
        name: String = "",
        group: String = "",
        kind: String = "",
        uid: String = "",
        causes: [StatusCause] = [],
        retryAfterSeconds: Int32 = 0
    ) {
        self.name = name
        self.group = group
        self.kind = kind
        self.uid = uid
        self.causes = causes
        self.retryAfterSeconds = retryAfterSeconds
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "group": self.group = String(from: value, at: path, reporting: &problems)
        case "kind": self.kind = String(from: value, at: path, reporting: &problems)
        case "uid": self.uid = String(from: value, at: path, reporting: &problems)
        case "causes": self.causes = [StatusCause](from: value, at: path, reporting: &problems)
        case "retryAfterSeconds": self.retryAfterSeconds = Int32(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("name", self.name)
        object.putUnlessEmpty("group", self.group)
        object.putUnlessEmpty("kind", self.kind)
        object.putUnlessEmpty("uid", self.uid)
        object.putUnlessEmpty("causes", self.causes)
        object.putUnlessEmpty("retryAfterSeconds", self.retryAfterSeconds)
    }
}

package struct StatusReason: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let unknown = Self(rawValue: "")
    package static let unauthorized = Self(rawValue: "Unauthorized")
    package static let forbidden = Self(rawValue: "Forbidden")
    package static let notFound = Self(rawValue: "NotFound")
    package static let alreadyExists = Self(rawValue: "AlreadyExists")
    package static let conflict = Self(rawValue: "Conflict")
    package static let gone = Self(rawValue: "Gone")
    package static let invalid = Self(rawValue: "Invalid")
    package static let serverTimeout = Self(rawValue: "ServerTimeout")
    package static let storageReadError = Self(rawValue: "StorageReadError")
    package static let timeout = Self(rawValue: "Timeout")
    package static let tooManyRequests = Self(rawValue: "TooManyRequests")
    package static let badRequest = Self(rawValue: "BadRequest")
    package static let methodNotAllowed = Self(rawValue: "MethodNotAllowed")
    package static let notAcceptable = Self(rawValue: "NotAcceptable")
    package static let requestEntityTooLarge = Self(rawValue: "RequestEntityTooLarge")
    package static let unsupportedMediaType = Self(rawValue: "UnsupportedMediaType")
    package static let internalError = Self(rawValue: "InternalError")
    package static let expired = Self(rawValue: "Expired")
    package static let serviceUnavailable = Self(rawValue: "ServiceUnavailable")

    /// Those that the API names.
    package static let known: [Self] = [.unknown, .unauthorized, .forbidden, .notFound, .alreadyExists, .conflict, .gone, .invalid, .serverTimeout, .storageReadError, .timeout, .tooManyRequests, .badRequest, .methodNotAllowed, .notAcceptable, .requestEntityTooLarge, .unsupportedMediaType, .internalError, .expired, .serviceUnavailable]
}
