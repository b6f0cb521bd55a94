// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct ModifyVolumeStatus: APIStructure {
    package var targetVolumeAttributesClassName: String = ""
    package var status: PersistentVolumeClaimModifyVolumeStatus = PersistentVolumeClaimModifyVolumeStatus()

    package init(
        targetVolumeAttributesClassName: String = "",
        status: PersistentVolumeClaimModifyVolumeStatus = PersistentVolumeClaimModifyVolumeStatus()
    ) {
        self.targetVolumeAttributesClassName = targetVolumeAttributesClassName
        self.status = status
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "targetVolumeAttributesClassName": self.targetVolumeAttributesClassName = String(from: value, at: path, reporting: &problems)
        case "status": self.status = PersistentVolumeClaimModifyVolumeStatus(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("targetVolumeAttributesClassName", self.targetVolumeAttributesClassName)
        object.put("status", self.status)
    }
}

package struct MountPropagationMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let none = Self(rawValue: "None")
    package static let hostToContainer = Self(rawValue: "HostToContainer")
    package static let bidirectional = Self(rawValue: "Bidirectional")

    /// Those that the API names.
    package static let known: [Self] = [.none, .hostToContainer, .bidirectional]
}
