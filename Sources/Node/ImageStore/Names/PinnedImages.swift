import GRDB

/// The node's list of images that must stay: names, or beginnings of complete names with a star at the end.
package struct PinnedImages: Sendable {
    private var names: Set<ImageReference> = []
    private var beginnings: [String] = []

    /// Of what was checked (`problem`).
    package init(_ texts: [String]) {
        for text in texts {
            if text.hasSuffix("*") {
                beginnings.append(String(text.dropLast()))
            } else if let name = try? ImageReference(text) {
                names.insert(name.withDefaultTag)
            }
        }
    }

    package func contain(_ image: ImageRecord) -> Bool {
        (image.names + image.digestNames).contains { contain($0) }
            || image.digests.contains(where: names.contains)
    }

    /// - Parameter name: complete.
    func contain(_ name: ImageReference) -> Bool {
        names.contains(name) || beginnings.contains { name.description.hasPrefix($0) }
    }

    /// - Parameter name: with a digest, `busybox@sha256:…`: beginnings are for the name in front of it.
    func contain(digest name: ImageReference) -> Bool { names.contains(name) }

    /// What is wrong with such a list.
    package static func problem(_ texts: [String]) -> String? {
        for text in texts where !text.hasSuffix("*") {
            do { _ = try ImageReference(text) } catch { return "\(error)" }
        }
        return nil
    }
}

extension ImageRecord {
    /// Whether one of its names is pinned by the list that the store was told, or by this one.
    func keeps(_ name: ImageReference, _ list: PinnedImages) -> Bool {
        kept.contains(name) || list.contain(name)
            || digests.contains { $0.repository == name.repository && list.contain(digest: $0) }
    }
}

extension ImageStore {
    /// Keeps the list of the node's configuration, instead of the one before, for all who remove images, whether the
    /// daemon that has it runs or not.
    public func setPinnedImages(_ texts: [String]) throws {
        let wanted = Set(texts).sorted()
        if try catalog.read({ try Catalog.pinnedTexts($0) }) == wanted { return }
        try catalog.write { database in
            try database.execute(sql: Schema.pinnedImages)
            try database.execute(sql: "DELETE FROM pinned_image")
            for text in wanted {
                try database.execute(sql: "INSERT INTO pinned_image (text) VALUES (?)", arguments: [text])
            }
        }
    }
}

extension Catalog {
    /// Sorted.
    static func pinnedTexts(_ database: Database) throws -> [String] {
        let found = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'pinned_image'"
        guard try Bool.fetchOne(database, sql: found) == true else { return [] }
        return try String.fetchAll(database, sql: "SELECT text FROM pinned_image").sorted()
    }
}
