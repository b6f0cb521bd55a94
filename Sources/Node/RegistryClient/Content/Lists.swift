import ImageStore
import NIOHTTP1
import OCISpec

extension Repository {
    /// All tags, in the registry's order (distribution-spec, "Listing Tags"). What is none, by which nothing could be
    /// asked for, is passed over.
    /// - Parameter pageSize: tags asked for at once; the registry may give fewer.
    public func tags(pageSize: Int = 1000) async throws -> [String] {
        try await atFirst(.resolve, "tags of \(name)") { endpoint in
            var first = request(.GET, "tags/list")
            first.query = [("n", String(pageSize))]
            var tags: [String] = []
            try await pages(first, endpoint) { bytes, _ in
                do throws(JSONError) {
                    let page = try JSON.read(bytes) { (value) throws(JSONError) in
                        try value.object().list("tags", of: String.self)
                    }
                    tags += page.filter(ImageReference.isTag)
                } catch {
                    throw RegistryError(.corrupt, "not a list of tags: \(error)")
                }
                return true
            }
            return tags
        }
    }

    /// Manifests that are about another one: signatures, attestations (distribution-spec, "Listing Referrers").
    /// Of registries that have no such list the tag that stands in for it is read ("Referrers Tag Schema").
    /// - Parameter artifactType: only those of this type.
    public func referrers(of digest: Digest, artifactType: MediaType? = nil) async throws -> [Descriptor] {
        // Registries need not filter.
        try await referrers(of: digest, artifactType, atMost: .max) {
            artifactType == nil || $0.artifactType == artifactType
        }
    }

    /// The first so many of those that are wanted: what comes behind them is not asked for.
    func referrers(
        of digest: Digest, _ artifactType: MediaType? = nil, atMost limit: Int,
        where isWanted: (Descriptor) -> Bool
    ) async throws -> [Descriptor] {
        try await atFirst(.referrers, "referrers of \(digest) in \(name)") { endpoint in
            do {
                return try await listed(digest, artifactType, endpoint, atMost: limit, where: isWanted)
            } catch let error as RegistryError where [.notFound, .unsupported].contains(error.kind) {
                let all = try await referrersIndex(Self.referrersTag(digest), endpoint)?.manifests ?? []
                return Array(all.lazy.filter(isWanted).prefix(limit))
            }
        }
    }

    private func listed(
        _ digest: Digest, _ type: MediaType?, _ endpoint: RegistryEndpoint, atMost limit: Int,
        where isWanted: (Descriptor) -> Bool
    ) async throws -> [Descriptor] {
        var first = request(.GET, "referrers/\(digest)", headers: ["Accept": MediaType.ociIndex.name])
        if let type { first.query = [("artifactType", type.name)] }
        var all: [Descriptor] = []
        try await pages(first, endpoint) { bytes, answer in
            // A proxy in front of a registry without the list may answer anything with 200.
            guard
                ManifestSniffer.name(of: answer.headers.first(name: "Content-Type"))
                    == MediaType.ociIndex.name
            else { throw RegistryError(.notFound, "it has no list of referrers") }
            do throws(JSONError) {
                let wanted = try ImageIndex(json: bytes).manifests.filter(isWanted)
                all += wanted.prefix(limit - all.count)
            } catch {
                throw RegistryError(.corrupt, "not a list of referrers: \(error)")
            }
            return all.count < limit
        }
        return all
    }

    /// Reads a list page by page, as its Link headers lead (RFC 8288).
    /// - Parameter body: takes a page; returns whether the next one is wanted.
    private func pages(
        _ first: RegistryRequest, _ endpoint: RegistryEndpoint,
        _ body: ([UInt8], RegistryAnswer) throws -> Bool
    ) async throws {
        var next = first
        var seen: Set<WebAddress> = []
        var size = 0
        while true {
            let (answer, bytes) = try await runWhole(next, at: endpoint, limit: limits.listBytes)
            let link = Self.nextLink(answer.headers["Link"])
            size += bytes.count + (link?.utf8.count ?? 0)
            if size > limits.wholeListBytes {
                throw RegistryError(.limit, "its list is longer than \(limits.wholeListBytes) bytes")
            }
            guard try body(bytes, answer), let link else { return }
            guard let address = answer.address.resolve(link), address.origin == answer.address.origin else {
                throw RegistryError(
                    .corrupt, "its list goes on at '\(oneLine(link))', which is not the registry")
            }
            if !seen.insert(address).inserted || seen.count > limits.listPages {
                throw RegistryError(.limit, "its list does not end")
            }
            next.target = .address(address)
            next.query = []
        }
    }

    /// The address of the link with `rel="next"`.
    package static func nextLink(_ headers: [String]) -> String? {
        for header in headers {
            var rest = header[...]
            while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
                let address = rest[rest.index(after: open)..<close]
                rest = rest[rest.index(after: close)...]
                let parameters = rest.prefix { $0 != "<" }
                let isNext = parameters.split(whereSeparator: { ";,".contains($0) }).contains { parameter in
                    let text = parameter.trimmingSpaces.lowercased()
                    return text == "rel=\"next\"" || text == "rel=next"
                }
                if isNext { return String(address) }
            }
        }
        return nil
    }
}
