// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct URIScheme: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let http = Self(rawValue: "HTTP")
    package static let https = Self(rawValue: "HTTPS")

    /// Those that the API names.
    package static let known: [Self] = [.http, .https]
}

package struct UniqueVolumeName: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

package struct UnsatisfiableConstraintAction: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let doNotSchedule = Self(rawValue: "DoNotSchedule")
    package static let scheduleAnyway = Self(rawValue: "ScheduleAnyway")

    /// Those that the API names.
    package static let known: [Self] = [.doNotSchedule, .scheduleAnyway]
}
