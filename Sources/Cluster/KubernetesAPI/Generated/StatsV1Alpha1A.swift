// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct AcceleratorStats: APIStructure {
    package var make: String = ""
    package var model: String = ""
    package var id: String = ""
    package var memoryTotal: UInt64 = 0
    package var memoryUsed: UInt64 = 0
    package var dutyCycle: UInt64 = 0

    package init(
        make: String = "",
        model: String = "",
        id: String = "",
        memoryTotal: UInt64 = 0,
        memoryUsed: UInt64 = 0,
        dutyCycle: UInt64 = 0
    ) {
        self.make = make
        self.model = model
        self.id = id
        self.memoryTotal = memoryTotal
        self.memoryUsed = memoryUsed
        self.dutyCycle = dutyCycle
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "make": self.make = String(from: value, at: path, reporting: &problems)
        case "model": self.model = String(from: value, at: path, reporting: &problems)
        case "id": self.id = String(from: value, at: path, reporting: &problems)
        case "memoryTotal": self.memoryTotal = UInt64(from: value, at: path, reporting: &problems)
        case "memoryUsed": self.memoryUsed = UInt64(from: value, at: path, reporting: &problems)
        case "dutyCycle": self.dutyCycle = UInt64(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("make", self.make)
        object.put("model", self.model)
        object.put("id", self.id)
        object.put("memoryTotal", self.memoryTotal)
        object.put("memoryUsed", self.memoryUsed)
        object.put("dutyCycle", self.dutyCycle)
    }
}
