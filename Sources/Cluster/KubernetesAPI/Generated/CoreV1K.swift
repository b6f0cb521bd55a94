// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct KeyToPath: APIStructure {
    package var key: String = ""
    package var path: String = ""
    package var mode: Int32? = nil
    package var user: Int64? = nil

    package init(
        key: String = "",
        path: String = "",
        mode: Int32? = nil,
        user: Int64? = nil
    ) {
        self.key = key
        self.path = path
        self.mode = mode
        self.user = user
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "key": self.key = String(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "mode": self.mode = Optional<Int32>(from: value, at: path, reporting: &problems)
        case "user": self.user = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("key", self.key)
        object.put("path", self.path)
        object.putUnlessEmpty("mode", self.mode)
        object.putUnlessEmpty("user", self.user)
    }
}
