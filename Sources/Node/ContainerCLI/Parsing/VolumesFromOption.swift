/// `--volumes-from CONTAINER[:OPTIONS]`.
public struct VolumesFromOption: Equatable, Sendable {
    /// As typed.
    public let text: String
    /// A name or an id.
    public let container: String
    /// What the other container may write to cannot be written here; what it cannot write to never can.
    public let readOnly: Bool

    public init(parsing text: String) throws(UsageError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        container = String(parts[0])
        self.text = text
        var readOnly = false
        if container.isEmpty {
            throw UsageError("invalid --volumes-from '\(text)': the container is missing")
        }
        for option in parts.dropFirst().flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }
        ) {
            switch option {
            case "ro": readOnly = true
            case "rw": readOnly = false
            // SELinux labels: as with -v.
            case "z", "Z": break
            default:
                throw UsageError(
                    "invalid --volumes-from '\(text)': unknown option '\(option)': ro and rw are there")
            }
        }
        self.readOnly = readOnly
    }
}
