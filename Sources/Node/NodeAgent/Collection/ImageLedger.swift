/// Which images nobody uses, and since when, as far as this agent has seen.
package struct ImageLedger: Sendable {
    package struct Image: Sendable, Equatable {
        package var id: String
        /// Bytes.
        package var size: Int64
        /// The runtime's own, or somebody wants to keep it.
        package var isPinned: Bool

        package init(id: String, size: Int64, isPinned: Bool = false) {
            self.id = id
            self.size = size
            self.isPinned = isPinned
        }
    }

    private struct Entry {
        var image: Image
        let firstSeen: ContinuousClock.Instant
        /// Nil: never, since this agent began.
        var lastUsed: ContinuousClock.Instant?
        var isUsed = false

        var isFree: Bool { !isUsed && !image.isPinned }

        /// Never used ones first, then by their last use, then by their age.
        func goes(before other: Entry) -> Bool {
            if lastUsed == other.lastUsed {
                return (firstSeen, image.id) < (other.firstSeen, other.image.id)
            }
            guard let mine = lastUsed else { return true }
            return other.lastUsed.map { mine < $0 } ?? false
        }
    }
    private var entries: [String: Entry] = [:]

    package init() {}

    /// - Parameter used: the ids of images that a container is made of.
    package mutating func note(_ images: [Image], used: Set<String>, now: ContinuousClock.Instant) {
        var noted: [String: Entry] = [:]
        for image in images {
            var entry = entries[image.id] ?? Entry(image: image, firstSeen: now)
            entry.image = image
            entry.isUsed = used.contains(image.id)
            if entry.isUsed { entry.lastUsed = now }
            noted[image.id] = entry
        }
        entries = noted
    }

    /// Those that may go for want of space, the one first that was not used for longest: one pulled for a container
    /// that is yet to be made must not go, so none goes that is younger than `minimumAge`.
    package func candidates(minimumAge: Duration, now: ContinuousClock.Instant) -> [Image] {
        entries.values.filter { $0.isFree && now - $0.firstSeen >= minimumAge }
            .sorted { $0.goes(before: $1) }.map(\.image)
    }

    /// Those that nobody has used for longer than `age`.
    package func outdated(_ age: Duration, now: ContinuousClock.Instant) -> [Image] {
        entries.values.filter { $0.isFree && now - ($0.lastUsed ?? $0.firstSeen) > age }.map(\.image)
            .sorted { $0.id < $1.id }
    }
}
