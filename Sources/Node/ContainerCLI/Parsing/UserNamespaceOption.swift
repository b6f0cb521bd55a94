import OCISpec

/// Whose ids a container has, in podman's words: `--userns`, `--uidmap` and `--gidmap`.
public enum UserNamespaceOption: Equatable, Sendable {
    /// The host's.
    case host
    /// A range that no other container has, of so many ids.
    case automatic(size: UInt32)
    /// These.
    case mapped(UserMaps)

    /// As many as a container of the kubelet's has.
    public static let usualSize: UInt32 = 65_536

    /// - Parameters:
    ///   - mode: what follows `--userns`.
    ///   - uidMaps: `CONTAINER_ID:HOST_ID[:COUNT]`, each. Where only one of both lists is given it counts for both.
    public init(_ mode: String?, uidMaps: [String], gidMaps: [String]) throws(UsageError) {
        let hasMaps = !uidMaps.isEmpty || !gidMaps.isEmpty
        let (word, parameters) = Self.split(mode ?? (hasMaps ? "private" : "host"))
        if hasMaps, word != "private" {
            throw UsageError("--userns \(word) and --uidmap or --gidmap exclude each other")
        }
        if !parameters.isEmpty, word != "auto" { throw UsageError("--userns \(word) takes no parameters") }
        switch word {
        case "host", "": self = .host
        case "auto": self = .automatic(size: try Self.size(parameters))
        case "private":
            guard hasMaps else {
                throw UsageError(
                    "--userns private needs --uidmap or --gidmap; --userns auto chooses ids by itself")
            }
            let uids = try Self.maps(uidMaps.isEmpty ? gidMaps : uidMaps, "--uidmap")
            let gids = try Self.maps(gidMaps.isEmpty ? uidMaps : gidMaps, "--gidmap")
            let maps = UserMaps(uids: uids, gids: gids)
            try maps.check()
            self = .mapped(maps)
        case "keep-id", "nomap":
            throw UsageError("--userns \(word) is for containers of an ordinary user, and this one is root's")
        default: throw UsageError("unknown user namespace '\(word)': host, auto and private are there")
        }
    }

    private static func split(_ mode: String) -> (String, [Substring]) {
        guard let colon = mode.utf8.firstIndex(of: UInt8(ascii: ":")) else { return (mode, []) }
        return (String(mode[..<colon]), mode[mode.utf8.index(after: colon)...].split(separator: ","))
    }

    private static func size(_ parameters: [Substring]) throws(UsageError) -> UInt32 {
        var size = usualSize
        for parameter in parameters {
            guard parameter.hasPrefix("size="), let number = UInt32(parameter.dropFirst(5)), number > 0 else {
                throw UsageError("--userns auto: unknown parameter '\(parameter)': wanted is size=COUNT")
            }
            size = number
        }
        return size
    }

    private static func maps(_ words: [String], _ option: String) throws(UsageError) -> [RuntimeSpec
        .IDMapping]
    {
        var maps: [RuntimeSpec.IDMapping] = []
        for word in words {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { UInt32($0) }
            guard (2...3).contains(parts.count), numbers.count == parts.count else {
                throw UsageError("\(option) '\(word)': wanted is CONTAINER_ID:HOST_ID[:COUNT]")
            }
            maps.append(
                RuntimeSpec.IDMapping(
                    containerID: numbers[0], hostID: numbers[1], size: numbers.count == 3 ? numbers[2] : 1))
        }
        return maps
    }
}
