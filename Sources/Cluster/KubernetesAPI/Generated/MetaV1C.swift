// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct CauseType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let fieldValueNotFound = Self(rawValue: "FieldValueNotFound")
    package static let fieldValueRequired = Self(rawValue: "FieldValueRequired")
    package static let fieldValueDuplicate = Self(rawValue: "FieldValueDuplicate")
    package static let fieldValueInvalid = Self(rawValue: "FieldValueInvalid")
    package static let fieldValueNotSupported = Self(rawValue: "FieldValueNotSupported")
    package static let fieldValueForbidden = Self(rawValue: "FieldValueForbidden")
    package static let fieldValueTooLong = Self(rawValue: "FieldValueTooLong")
    package static let fieldValueTooMany = Self(rawValue: "FieldValueTooMany")
    package static let internalError = Self(rawValue: "InternalError")
    package static let fieldValueTypeInvalid = Self(rawValue: "FieldValueTypeInvalid")
    package static let unexpectedServerResponse = Self(rawValue: "UnexpectedServerResponse")
    package static let fieldManagerConflict = Self(rawValue: "FieldManagerConflict")
    package static let resourceVersionTooLarge = Self(rawValue: "ResourceVersionTooLarge")

    /// Those that the API names.
    package static let known: [Self] = [.fieldValueNotFound, .fieldValueRequired, .fieldValueDuplicate, .fieldValueInvalid, .fieldValueNotSupported, .fieldValueForbidden, .fieldValueTooLong, .fieldValueTooMany, .internalError, .fieldValueTypeInvalid, .unexpectedServerResponse, .fieldManagerConflict, .resourceVersionTooLarge]
}

package struct Condition: APIStructure {
    package var type: String = ""
    package var status: ConditionStatus = ConditionStatus()
    package var observedGeneration: Int64 = 0
    package var lastTransitionTime: Time? = nil
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: String = "",
        status: ConditionStatus = ConditionStatus(),
        observedGeneration: Int64 = 0,
        lastTransitionTime: Time? = nil,
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = String(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "observedGeneration": self.observedGeneration = Int64(from: value, at: path, reporting: &problems)
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
        object.putUnlessEmpty("observedGeneration", self.observedGeneration)
        object.put("lastTransitionTime", self.lastTransitionTime)
        object.put("reason", self.reason)
        object.put("message", self.message)
    }
}

package struct CreateOptions: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "CreateOptions"

    package var dryRun: [String] = []
    package var fieldManager: String = ""
    package var fieldValidation: String = ""

    package init(
        dryRun: [String] = [],
        fieldManager: String = "",
        fieldValidation: String = ""
    ) {
        self.dryRun = dryRun
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "dryRun": self.dryRun = [String](from: value, at: path, reporting: &problems)
        case "fieldManager": self.fieldManager = String(from: value, at: path, reporting: &problems)
        case "fieldValidation": self.fieldValidation = String(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("dryRun", self.dryRun)
        object.putUnlessEmpty("fieldManager", self.fieldManager)
        object.putUnlessEmpty("fieldValidation", self.fieldValidation)
    }
}
