// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct WeightedPodAffinityTerm: APIStructure {
    package var weight: Int32 = 0
    package var podAffinityTerm: PodAffinityTerm = PodAffinityTerm()

    package init(
        weight: Int32 = 0,
        podAffinityTerm: PodAffinityTerm = PodAffinityTerm()
    ) {
        self.weight = weight
        self.podAffinityTerm = podAffinityTerm
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "weight": self.weight = Int32(from: value, at: path, reporting: &problems)
        case "podAffinityTerm": self.podAffinityTerm = PodAffinityTerm(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("weight", self.weight)
        object.put("podAffinityTerm", self.podAffinityTerm)
    }
}

package struct WindowsSecurityContextOptions: APIStructure {
    package var gmsaCredentialSpecName: String? = nil
    package var gmsaCredentialSpec: String? = nil
    package var runAsUserName: String? = nil
    package var hostProcess: Bool? = nil

    package init(
        gmsaCredentialSpecName: String? = nil,
        gmsaCredentialSpec: String? = nil,
        runAsUserName: String? = nil,
        hostProcess: Bool? = nil
    ) {
        self.gmsaCredentialSpecName = gmsaCredentialSpecName
        self.gmsaCredentialSpec = gmsaCredentialSpec
        self.runAsUserName = runAsUserName
        self.hostProcess = hostProcess
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "gmsaCredentialSpecName": self.gmsaCredentialSpecName = Optional<String>(from: value, at: path, reporting: &problems)
        case "gmsaCredentialSpec": self.gmsaCredentialSpec = Optional<String>(from: value, at: path, reporting: &problems)
        case "runAsUserName": self.runAsUserName = Optional<String>(from: value, at: path, reporting: &problems)
        case "hostProcess": self.hostProcess = Optional<Bool>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("gmsaCredentialSpecName", self.gmsaCredentialSpecName)
        object.putUnlessEmpty("gmsaCredentialSpec", self.gmsaCredentialSpec)
        object.putUnlessEmpty("runAsUserName", self.runAsUserName)
        object.putUnlessEmpty("hostProcess", self.hostProcess)
    }
}
