import OCISpec

/// The name of an image: `docker.io/library/busybox:latest`, in the grammar of Docker's and the distribution
/// specification's tools. Short names mean the same as for Docker: `busybox` is
/// `docker.io/library/busybox:latest`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// Registry with its port: `docker.io`, `localhost:5000`.
    public let domain: String
    /// Repository inside the registry: `library/busybox`.
    public let path: String
    public let tag: String?
    public let digest: Digest?

    static let defaultDomain = "docker.io"
    static let officialFolder = "library/"
    static let defaultTag = "latest"

    private init(domain: String, path: String, tag: String?, digest: Digest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// - Throws: `ImageError` (`.invalid`) that says what is wrong with the text.
    public init(_ text: String) throws {
        func invalid(_ why: String) -> ImageError {
            .invalid("'\(shown(Array(text.utf8)))' is not an image name: \(why)")
        }
        var rest = text[...]
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            do {
                digest = try Digest(String(rest[rest.index(after: at)...]))
            } catch {
                throw invalid("\(error)")
            }
            rest = rest[..<at]
        }
        var tag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        if let tag, !Self.isTag(tag) {
            throw invalid("the tag has to be letters, digits, _ . - and at most 128")
        }
        if rest.isEmpty { throw invalid("it has no name") }
        let isBareHash = rest.utf8.count == 64 && rest.utf8.allSatisfy(Self.isHexDigit)
        if isBareHash { throw invalid("64 hexadecimal digits are an id") }
        var (domain, path) = Self.split(rest)
        if domain == "index.docker.io" { domain = Self.defaultDomain }
        if domain == Self.defaultDomain && !path.contains("/") { path = Self.officialFolder + path }
        if !Self.isDomain(domain) { throw invalid("'\(domain)' is not a registry") }
        if !Self.isPath(path) {
            throw invalid("names are lower-case letters and digits, separated by . _ - and /")
        }
        if domain.utf8.count + 1 + path.utf8.count > 255 { throw invalid("it is longer than 255 characters") }
        self.init(domain: domain, path: path, tag: tag, digest: digest)
    }

    // MARK: Forms

    /// Complete: `docker.io/library/busybox:latest`.
    public var description: String {
        "\(domain)/\(path)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// Repository as users write it, without tag: `busybox`, `localhost:5000/team/app`.
    public var repository: String {
        guard domain == Self.defaultDomain else { return "\(domain)/\(path)" }
        if path.hasPrefix(Self.officialFolder) {
            let name = path.dropFirst(Self.officialFolder.count)
            if !name.contains("/") { return String(name) }
        }
        return path
    }

    /// As users write it: `busybox:latest`.
    public var familiar: String {
        repository + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// With the tag `latest` where neither a tag nor a digest is given.
    public var withDefaultTag: ImageReference {
        if tag != nil || digest != nil { return self }
        return ImageReference(domain: domain, path: path, tag: Self.defaultTag, digest: nil)
    }

    /// The same repository and tag without a digest, with the tag `latest` where there is none.
    public var tagged: ImageReference {
        ImageReference(domain: domain, path: path, tag: tag ?? Self.defaultTag, digest: nil)
    }

    /// The same repository with another digest and no tag.
    public func with(digest: Digest) -> ImageReference {
        ImageReference(domain: domain, path: path, tag: nil, digest: digest)
    }

    // MARK: Grammar

    /// Whether a name says which registry it is in: `localhost:5000/app`, and not `team/app`.
    public static func hasDomain(_ text: String) -> Bool {
        guard let slash = text.firstIndex(of: "/") else { return false }
        return isHost(text[..<slash])
    }

    /// The first component is a registry when it could not be the name of a repository or looks like a host.
    private static func split(_ name: Substring) -> (domain: String, path: String) {
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            if isHost(first) { return (String(first), String(name[name.index(after: slash)...])) }
        }
        return (defaultDomain, String(name))
    }

    private static func isHost(_ first: Substring) -> Bool {
        first.contains(".") || first.contains(":") || first == "localhost"
            || first.utf8.contains { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
    }

    package static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        let underscore = UInt8(ascii: "_")
        return (isLetterOrDigit(first) || first == underscore)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || ".-_".utf8.contains($0) }
    }

    private static func isDomain(_ text: String) -> Bool {
        var host = text[...]
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            let port = host[host.index(after: colon)...]
            if port.isEmpty || !port.utf8.allSatisfy(isDigit) { return false }
            host = host[..<colon]
        }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            return !address.isEmpty && address.utf8.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isLetterOrDigit(first) && isLetterOrDigit(last)
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPath(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    /// Runs of lower-case letters and digits, between them one `.`, one or two `_`, or any number of `-`.
    private static func isPathComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        guard isLowerOrDigit(first) && isLowerOrDigit(last) else { return false }
        let separators = text.utf8.split(whereSeparator: isLowerOrDigit)
        return separators.allSatisfy { separator in
            separator.elementsEqual(".".utf8) || separator.elementsEqual("_".utf8)
                || separator.elementsEqual("__".utf8) || separator.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
}
