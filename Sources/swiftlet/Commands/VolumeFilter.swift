import ContainerCLI

/// `--filter` of `volume ls` and `volume prune`: docker's keys. A volume has to pass all that are given; of several names
/// or drivers one is enough.
struct VolumeFilter {
    private var names: [NamePattern] = []
    private var drivers: [String] = []
    private var labels: [(key: String, value: String?, isWanted: Bool)] = []
    /// Nil where no filter says it.
    private(set) var onlyDangling: Bool?
    /// Not only those that nobody has named.
    private(set) var all = false

    enum Key: String {
        case name, dangling, driver, label, all
        case notLabel = "label!"

        fileprivate var form: String {
            switch self {
            case .name: "name=EXPRESSION"
            case .dangling: "dangling=true|false"
            case .driver: "driver=local"
            case .label, .notLabel: "\(rawValue)=KEY[=VALUE]"
            case .all: "all=true|false"
            }
        }
    }

    /// - Parameters:
    ///   - words: `KEY=VALUE`.
    ///   - keys: those that the command has.
    init(_ words: [String], _ keys: [Key]) throws(UsageError) {
        for word in words {
            let key = word.prefix { $0 != "=" }
            let text = String(word[key.endIndex...].dropFirst())
            switch (Key(rawValue: String(key)).flatMap { keys.contains($0) ? $0 : nil }, text) {
            case (.name, let text): names.append(try NamePattern(parsing: text))
            case (.driver, let text): drivers.append(text)
            case (.dangling, "true"), (.dangling, "1"): onlyDangling = true
            case (.dangling, "false"), (.dangling, "0"): onlyDangling = false
            case (.all, "true"), (.all, "1"): all = true
            case (.all, "false"), (.all, "0"): all = false
            case (let key?, let text) where [.label, .notLabel].contains(key) && !text.isEmpty:
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                labels.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : nil, key == .label))
            default:
                let forms = keys.map(\.form).joined(separator: ", ")
                throw UsageError("invalid filter '\(word)': wanted is one of \(forms)")
            }
        }
    }

    /// Whether a volume passes, by what it is. Whether a container has it is for others to say.
    func takes(_ volume: VolumeStore.Volume) -> Bool {
        if !drivers.isEmpty, !drivers.contains("local") { return false }
        if !names.isEmpty, !names.contains(where: { $0.matches(volume.name) }) { return false }
        return labels.allSatisfy { label in
            let isThere = volume.labels[label.key].map { label.value == nil || $0 == label.value } ?? false
            return isThere == label.isWanted
        }
    }
}
