/// What `inspect` leaves out where nobody has set it, and what a template may ask for all the same: it is empty, as it
/// is with docker. Any other name that is not there is a mistake.
public enum UnsetMembers {
    public static let image: [TemplateValue.Member] = [
        .init("Variant", .string("")), .init("OsVersion", .string("")),
        .init("RootFS", .object([.init("Layers", .unset(.list))])),
        .init(
            "Config",
            .object(
                config + [
                    .init("User", .string("")), .init("WorkingDir", .string("")),
                    .init("StopSignal", .string("")), .init("Env", .unset(.list)),
                    .init("Cmd", .unset(.list)), .init("Labels", .unset(.map)),
                ])),
    ]

    public static let container: [TemplateValue.Member] = [
        .init("State", .object([.init("Health", .unset(.object))])),
        .init("Config", .object(config)),
    ]

    public static let volume: [TemplateValue.Member] = [
        .init("Status", .unset(.map)), .init("UsageData", .unset(.object)),
    ]

    private static let config: [TemplateValue.Member] = [
        .init("Entrypoint", .unset(.list)), .init("ExposedPorts", .unset(.map)),
        .init("Volumes", .unset(.map)), .init("OnBuild", .unset(.list)), .init("Shell", .unset(.list)),
        .init("Healthcheck", .unset(.object)),
    ]
}

extension TemplateValue {
    /// An object that has members which are missing, or null, from elsewhere.
    public func filled(from others: [Member]) -> TemplateValue {
        guard case .object(var members) = self else { return self }
        for other in others {
            switch (members.lastIndex { $0.name == other.name }, other.value) {
            case (nil, _): members.append(other)
            case (let place?, _) where members[place].value == .null: members[place] = other
            case (let place?, .object(let inner)):
                members[place] = Member(other.name, members[place].value.filled(from: inner))
            default: break
            }
        }
        return .object(members)
    }
}
