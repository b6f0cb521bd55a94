import GRDB

/// Names without a registry that a search has found elsewhere than in the default one: they go on to mean what was
/// found, for whoever runs, tags or removes the image by the name it was pulled by (as short-name aliases of
/// containers-registries.conf(5)).
extension ImageStore {
    /// - Parameters:
    ///   - text: the name as it was given; one with a registry needs no memory.
    ///   - found: where it was found.
    public func rememberShortName(_ text: String, means found: ImageReference) throws {
        if ImageReference.hasDomain(text) { return }
        let name = try ImageReference(text).place
        let place = found.place == name ? nil : found.place
        if try catalog.read({ try Self.place($0, of: name) }) == place { return }
        try catalog.write { database in
            // Beside the schema, whose number says that older programs cannot work with it: they can.
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS short_name (
                        name TEXT PRIMARY KEY NOT NULL, place TEXT NOT NULL) STRICT, WITHOUT ROWID
                    """)
            if let place {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO short_name VALUES (?, ?)", arguments: [name, place])
            } else {
                try database.execute(sql: "DELETE FROM short_name WHERE name = ?", arguments: [name])
            }
        }
    }

    /// What a name that a user gave is called in full, where a search has found it and the image is still there;
    /// everything else stays as it is.
    public func fullName(of text: String) throws -> String { try catalog.read { try Self.meaning($0, text) } }

    /// What a name or a repository that a user gave may be in a list: itself, and where a search has found it.
    /// - Throws: `ImageError` (`.invalid`).
    public func meanings(of text: String) throws -> [ImageReference] {
        let reference = try ImageReference(text)
        guard !ImageReference.hasDomain(text),
            let place = try catalog.read({ try Self.place($0, of: reference.place) })
        else { return [reference] }
        return [reference, try Self.moved(reference, to: place)]
    }

    private static func moved(_ reference: ImageReference, to place: String) throws -> ImageReference {
        try ImageReference(place + reference.description.dropFirst(reference.place.count))
    }

    static func meaning(_ database: Database, _ text: String) throws -> String {
        // Ids are no names.
        guard !ImageReference.hasDomain(text), let reference = try? ImageReference(text),
            let place = try place(database, of: reference.place)
        else { return text }
        let full = try moved(reference, to: place)
        let isThere =
            if let digest = full.digest {
                try Catalog.image(database, repository: full, digest: digest) != nil
            } else {
                try Catalog.image(database, name: full.withDefaultTag) != nil
            }
        return isThere ? full.description : text
    }

    private static func place(_ database: Database, of name: String) throws -> String? {
        guard try database.tableExists("short_name") else { return nil }
        return try String.fetchOne(
            database, sql: "SELECT place FROM short_name WHERE name = ?", arguments: [name])
    }
}

extension ImageReference {
    /// Registry and repository: `docker.io/library/busybox`.
    var place: String { "\(domain)/\(path)" }
}
