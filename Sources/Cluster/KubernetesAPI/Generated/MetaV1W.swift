// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct WatchEvent: APIStructure {
    package var type: String = ""
    package var object: APIValue = .null

    package init(
        type: String = "",
        object: APIValue = .null
    ) {
        self.type = type
        self.object = object
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = String(from: value, at: path, reporting: &problems)
        case "object": self.object = APIValue(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("object", self.object)
    }
}
