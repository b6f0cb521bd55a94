import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import OCISpec

/// `--filter` of `images` and of `image prune`: docker's keys. An image has to pass all that are given; of several
/// references one is enough.
struct ImageFilter {
    /// Nil where no filter says it.
    private(set) var onlyDangling: Bool?
    private var builtBefore: ContainerShim.Timestamp?
    private var labels: [(key: String, value: String?, isWanted: Bool)] = []
    private var references: [String] = []
    /// Images between whose dates those that pass were built.
    private var limits: [(image: String, isOlder: Bool)] = []

    enum Key: String, CaseIterable {
        case dangling, label, until, reference, before, since
        case notLabel = "label!"

        fileprivate var form: String {
            switch self {
            case .dangling: "dangling=true|false"
            case .label, .notLabel: "\(rawValue)=KEY[=VALUE]"
            case .until: "until=TIME"
            case .reference: "reference=PATTERN"
            case .before, .since: "\(rawValue)=IMAGE"
            }
        }
    }

    /// - Parameters:
    ///   - words: `KEY=VALUE`.
    ///   - keys: those that the command has.
    init(_ words: [String], _ keys: [Key]) throws(UsageError) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let text = parts.count > 1 ? String(parts[1]) : ""
            switch (Key(rawValue: String(parts[0])).flatMap { keys.contains($0) ? $0 : nil }, text) {
            case (.dangling, "true"), (.dangling, "1"): onlyDangling = true
            case (.dangling, "false"), (.dangling, "0"): onlyDangling = false
            case (.until, let text): builtBefore = try Timestamp(parsing: text)
            case (.label, let text) where !text.isEmpty: labels.append(Self.label(text, isWanted: true))
            case (.notLabel, let text) where !text.isEmpty: labels.append(Self.label(text, isWanted: false))
            case (.reference, let text) where !text.isEmpty: references.append(text)
            case (.before, let text) where !text.isEmpty: limits.append((text, true))
            case (.since, let text) where !text.isEmpty: limits.append((text, false))
            default:
                let forms = keys.map(\.form).joined(separator: ", ")
                throw UsageError("invalid filter '\(word)': wanted is one of \(forms)")
            }
        }
    }

    private static func label(_ text: String, isWanted: Bool) -> (String, String?, Bool) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        return (parts[0], parts.count > 1 ? parts[1] : nil, isWanted)
    }

    /// As docker: filters are about when an image was built. Without that, when it came.
    private static func built(_ image: ImageRecord) -> ContainerShim.Timestamp {
        image.created.flatMap { ContainerShim.Timestamp($0) }
            ?? ContainerShim.Timestamp(seconds: image.imported)
    }

    /// Whether an image passes by its age and its labels.
    func takes(_ image: ImageRecord, in store: ImageStore) throws -> Bool {
        let built = Self.built(image)
        if let builtBefore, built >= builtBefore { return false }
        for limit in limits {
            let other = Self.built(try store.resolve(limit.image))
            if limit.isOlder ? built >= other : built <= other { return false }
        }
        if labels.isEmpty { return true }
        let found: SortedMap<String>
        do {
            found = try store.configuration(image).config.labels
        } catch let error as ImageError where error.kind == .notFound {
            // Removed by somebody since the images were listed.
            return false
        }
        return labels.allSatisfy { label in
            let isThere = found[label.key].map { label.value == nil || $0 == label.value } ?? false
            return isThere == label.isWanted
        }
    }

    /// Whether a name passes: a pattern is for the name as users write it, with its tag or without.
    func takes(_ name: ImageReference) -> Bool {
        let forms = [name.familiar, name.repository]
        let isMeant = { (pattern: String) in
            forms.contains { (form: String) in fnmatch(pattern, form, FNM_PATHNAME) == 0 }
        }
        return references.isEmpty || references.contains(where: isMeant)
    }

    /// Whether only images with certain names are wanted.
    var isAboutNames: Bool { !references.isEmpty }
}
