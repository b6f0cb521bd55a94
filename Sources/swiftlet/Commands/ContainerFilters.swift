import ContainerCLI
import ContainerShim
import ImageStore
import LinuxKernel
import PodNetwork

/// The `--filter` options of `ps` and `container prune`: as with docker, of several for one thing one has to match, of
/// labels all.
struct ContainerFilters {
    private enum Filter {
        case name(NamePattern)
        case id(String)
        /// Nil for one of docker's that nothing here has.
        case status(LiveStatus.Phase?)
        case exited(Int32)
        case label(name: String, value: String?, isWanted: Bool)
        /// Ports of the host's that lead into it.
        case publish(Ports)
        /// Ports of its own that they lead to.
        case expose(Ports)
        /// No container has a check of its health.
        case health(isNone: Bool)
        case ancestor(Ancestor)
        case volume(String)
        case network(ContainerRequest.Network)
        case before(ContainerShim.Timestamp)
        case since(ContainerShim.Timestamp)
    }

    /// `PORT[-PORT][/PROTOCOL]`.
    private struct Ports {
        let range: ClosedRange<UInt16>
        let proto: PortProtocol

        init(parsing text: String) throws(UsageError) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let ends = (parts.first ?? "").split(
                separator: "-", maxSplits: 1, omittingEmptySubsequences: false
            ).map { UInt16($0) }
            guard let proto = PortProtocol(rawValue: parts.count > 1 ? String(parts[1]) : "tcp"),
                let low = ends.first ?? nil, let high = ends.last ?? nil, low <= high
            else { throw UsageError("invalid port '\(text)': wanted is PORT[-PORT][/PROTOCOL]") }
            range = low...high
            self.proto = proto
        }
    }

    /// An image by whatever it is called.
    private struct Ancestor {
        let text: String
        let reference: ImageReference?
        /// Of the image that is called so now.
        let id: String?

        init(_ text: String, in images: () throws -> ImageStore) {
            self.text = text
            reference = Self.reference(text)
            // One that is no more can still have containers.
            id = (try? images().resolve(text)).map { "\($0.id)" }
        }

        private static func reference(_ text: String) -> ImageReference? {
            (try? ImageReference(text))?.withDefaultTag
        }

        func has(_ container: ContainerDefinition) -> Bool {
            if container.image == text || container.imageID == id { return true }
            if let reference, Self.reference(container.image) == reference { return true }
            let algorithm = "sha256:"
            let id = text.hasPrefix(algorithm) ? text : algorithm + text
            return id != algorithm && container.imageID.hasPrefix(id)
        }
    }

    /// By their keys.
    private var groups: [(key: String, filters: [Filter])] = []

    /// - Parameter keys: those that the command has; nil for all.
    init(
        _ texts: [String], only keys: [String]? = nil, in store: ContainerStore,
        images: () throws -> ImageStore
    ) throws {
        for text in texts {
            let pair = try KeyValue(parsing: text, what: "filter")
            if let keys, !keys.contains(pair.key) {
                throw UsageError(
                    "unknown filter '\(pair.key)': wanted is one of \(keys.joined(separator: ", "))")
            }
            let filter = try Self.filter(pair.key, pair.value, store, images)
            if !["label", "label!"].contains(pair.key),
                let index = groups.firstIndex(where: { $0.key == pair.key })
            {
                groups[index].filters.append(filter)
            } else {
                groups.append((pair.key, [filter]))
            }
        }
    }

    private static func filter(
        _ key: String, _ value: String, _ store: ContainerStore, _ images: () throws -> ImageStore
    ) throws -> Filter {
        switch key {
        case "name": return .name(try NamePattern(parsing: value))
        case "id": return .id(value)
        case "status":
            let phase = LiveStatus.Phase(rawValue: value)
            if phase == nil, !["dead", "removing"].contains(value) {
                throw UsageError("unknown status '\(value)'")
            }
            return .status(phase)
        case "exited":
            guard let code = Int32(value) else { throw UsageError("invalid exit code '\(value)'") }
            return .exited(code)
        case "label", "label!":
            let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return .label(
                name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : nil, isWanted: key == "label"
            )
        case "publish": return .publish(try Ports(parsing: value))
        case "expose": return .expose(try Ports(parsing: value))
        case "health":
            guard ["none", "starting", "healthy", "unhealthy"].contains(value) else {
                throw UsageError("unknown health '\(value)'")
            }
            return .health(isNone: value == "none")
        case "ancestor": return .ancestor(Ancestor(value, in: images))
        case "volume": return .volume(value)
        case "network":
            guard let network = ContainerRequest.Network(option: value) else {
                throw UsageError("unknown network '\(value)': builtin, host, none and container:ID are there")
            }
            return .network(network)
        case "before": return .before(try store.find(value).created)
        case "until": return .before(try Timestamp(parsing: value))
        case "since": return .since(try store.find(value).created)
        default: throw UsageError("unknown filter '\(key)'")
        }
    }

    var isEmpty: Bool { groups.isEmpty }

    /// Containers that do not run are then looked at, too.
    var areAboutStatus: Bool { groups.contains { $0.key == "status" || $0.key == "exited" } }

    /// - Parameter ports: of the container's, asked for where a filter is about them.
    func match(
        _ container: ContainerDefinition, _ status: LiveStatus, ports: () throws -> [PortMapping]
    ) throws -> Bool {
        try groups.allSatisfy { group in
            try group.filters.contains { try Self.matches($0, container, status, ports) }
        }
    }

    private static func matches(
        _ filter: Filter, _ container: ContainerDefinition, _ status: LiveStatus,
        _ ports: () throws -> [PortMapping]
    ) throws -> Bool {
        switch filter {
        case .name(let pattern): return pattern.matches(container.name)
        case .id(let text): return container.id.hasPrefix(text)
        case .status(let phase): return status.phase == phase
        case .exited(let code): return status.phase == .exited && status.exitCode == code
        case .label(let name, let value, let isWanted):
            let found = container.labels[name]
            return (found != nil && (value == nil || found == value)) == isWanted
        case .publish(let wanted):
            return try ports().contains { $0.proto == wanted.proto && $0.hostPorts.overlaps(wanted.range) }
        case .expose(let wanted):
            return try ports().contains { $0.proto == wanted.proto && wanted.range.contains($0.podPort) }
        case .health(let isNone): return isNone
        case .ancestor(let image): return image.has(container)
        case .volume(let place):
            return container.mounts.contains { $0.name == place || $0.destination == place }
        case .network(let network): return container.network == network
        case .before(let moment): return container.created < moment
        case .since(let moment): return container.created > moment
        }
    }
}
