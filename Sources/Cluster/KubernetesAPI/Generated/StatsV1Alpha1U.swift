// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct UserDefinedMetric: APIStructure {
    package var name: String = ""
    package var type: UserDefinedMetricType = UserDefinedMetricType()
    package var units: String = ""
    package var labels: [String: String] = [:]
    package var time: Time? = nil
    package var value: Double = 0

    package init(
        name: String = "",
        type: UserDefinedMetricType = UserDefinedMetricType(),
        units: String = "",
        labels: [String: String] = [:],
        time: Time? = nil,
        value: Double = 0
    ) {
        self.name = name
        self.type = type
        self.units = units
        self.labels = labels
        self.time = time
        self.value = value
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "type": self.type = UserDefinedMetricType(from: value, at: path, reporting: &problems)
        case "units": self.units = String(from: value, at: path, reporting: &problems)
        case "labels": self.labels = [String: String](from: value, at: path, reporting: &problems)
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "value": self.value = Double(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("type", self.type)
        object.put("units", self.units)
        object.putUnlessEmpty("labels", self.labels)
        object.put("time", self.time)
        object.put("value", self.value)
    }
}

package struct UserDefinedMetricType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let gauge = Self(rawValue: "gauge")
    package static let cumulative = Self(rawValue: "cumulative")
    package static let delta = Self(rawValue: "delta")

    /// Those that the API names.
    package static let known: [Self] = [.gauge, .cumulative, .delta]
}
