// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct IOStats: APIStructure {
    package var time: Time? = nil
    @Boxed package var psi: PSIStats? = nil

    package init(
        time: Time? = nil,
        psi: PSIStats? = nil
    ) {
        self.time = time
        self.psi = psi
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "psi": self.psi = Optional<PSIStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("psi", self.psi)
    }
}

package struct InterfaceStats: APIStructure {
    package var name: String = ""
    package var rxBytes: UInt64? = nil
    package var rxErrors: UInt64? = nil
    package var txBytes: UInt64? = nil
    package var txErrors: UInt64? = nil

    package init(
        name: String = "",
        rxBytes: UInt64? = nil,
        rxErrors: UInt64? = nil,
        txBytes: UInt64? = nil,
        txErrors: UInt64? = nil
    ) {
        self.name = name
        self.rxBytes = rxBytes
        self.rxErrors = rxErrors
        self.txBytes = txBytes
        self.txErrors = txErrors
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "rxBytes": self.rxBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "rxErrors": self.rxErrors = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "txBytes": self.txBytes = Optional<UInt64>(from: value, at: path, reporting: &problems)
        case "txErrors": self.txErrors = Optional<UInt64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.putUnlessEmpty("rxBytes", self.rxBytes)
        object.putUnlessEmpty("rxErrors", self.rxErrors)
        object.putUnlessEmpty("txBytes", self.txBytes)
        object.putUnlessEmpty("txErrors", self.txErrors)
    }
}
