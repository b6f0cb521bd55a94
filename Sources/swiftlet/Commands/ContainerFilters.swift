import ContainerCLI
import ContainerShim
import LinuxKernel

/// The `--filter` options of `ps`: as with docker, of several for one thing one has to match, of labels all.
struct ContainerFilters {
    private enum Filter {
        case name(NamePattern)
        case id(String)
        /// Nil for one of docker's that nothing here has.
        case status(LiveStatus.Phase?)
        case exited(Int32)
        case label(name: String, value: String?)
        case ancestor(String)
        case volume(String)
        case network(ContainerRequest.Network)
        case before(Timestamp)
        case since(Timestamp)
    }

    /// By their keys.
    private var groups: [(key: String, filters: [Filter])] = []

    init(_ texts: [String], in store: ContainerStore) throws {
        for text in texts {
            let pair = try KeyValue(parsing: text, what: "filter")
            let filter = try Self.filter(pair.key, pair.value, store)
            if pair.key != "label", let index = groups.firstIndex(where: { $0.key == pair.key }) {
                groups[index].filters.append(filter)
            } else {
                groups.append((pair.key, [filter]))
            }
        }
    }

    private static func filter(_ key: String, _ value: String, _ store: ContainerStore) throws -> Filter {
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
        case "label":
            let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return .label(name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : nil)
        case "ancestor": return .ancestor(value)
        case "volume": return .volume(value)
        case "network":
            guard let network = ContainerRequest.Network(option: value) else {
                throw UsageError("unknown network '\(value)': builtin, host and none are there")
            }
            return .network(network)
        case "before": return .before(try store.find(value).created)
        case "since": return .since(try store.find(value).created)
        default: throw UsageError("unknown filter '\(key)'")
        }
    }

    /// Containers that do not run are then looked at, too.
    var areAboutStatus: Bool { groups.contains { $0.key == "status" || $0.key == "exited" } }

    func match(_ container: ContainerDefinition, _ status: LiveStatus) -> Bool {
        groups.allSatisfy { group in
            group.filters.contains { Self.matches($0, container, status) }
        }
    }

    private static func matches(
        _ filter: Filter, _ container: ContainerDefinition, _ status: LiveStatus
    ) -> Bool {
        switch filter {
        case .name(let pattern): return pattern.matches(container.name)
        case .id(let text): return container.id.hasPrefix(text)
        case .status(let phase): return status.phase == phase
        case .exited(let code): return status.phase == .exited && status.exitCode == code
        case .label(let name, let value):
            guard let found = container.labels[name] else { return false }
            return value.map { found == $0 } ?? true
        case .ancestor(let image):
            return container.image == image || container.image == image + ":latest"
                || container.imageID == image || container.imageID.hasPrefix("sha256:" + image)
        case .volume(let place):
            return container.mounts.contains { $0.name == place || $0.destination == place }
        case .network(let network): return container.network == network
        case .before(let moment): return container.created < moment
        case .since(let moment): return container.created > moment
        }
    }
}
