import ImageStore

/// Which images a name may mean that has no registry in it.
package enum ShortNames {
    /// - Parameter search: as `RegistryConfiguration.searchRegistries`.
    /// - Returns: in the order in which they are looked for; one, when the name has a registry.
    /// - Throws: `ImageError` (`.invalid`).
    package static func candidates(_ text: String, search: [String]) throws -> [ImageReference] {
        if ImageReference.hasDomain(text) { return [try ImageReference(text)] }
        let candidates = try search.map { place in
            // The registry that means itself: a name with a user in it is not below `library`.
            if place == "docker.io" || place == "docker.io/library" { return try ImageReference(text) }
            let reference = try ImageReference("\(place)/\(text)")
            guard ImageReference.hasDomain("\(place)/\(text)") else {
                throw RegistryError(.configuration, "'\(oneLine(place))' is not a registry to search in")
            }
            return reference
        }
        if candidates.isEmpty {
            throw RegistryError(.invalid, "'\(oneLine(text))' names no registry, and none is searched in")
        }
        return candidates
    }
}
