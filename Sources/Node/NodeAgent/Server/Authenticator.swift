import LinuxKernel
import NIOHTTP1

/// Who is let in: whoever has a certificate, or the token, or everybody.
struct Authenticator: Sendable {
    private let tokenFile: String?
    private let allowsAnonymous: Bool

    init(_ configuration: AgentServerConfiguration) {
        tokenFile = configuration.tokenFile
        allowsAnonymous = configuration.allowsAnonymous
    }

    func admits(_ head: HTTPRequestHead, hasCertificate: Bool) throws -> Bool {
        if hasCertificate || allowsAnonymous { return true }
        guard let tokenFile, let token = Self.token(in: head.headers) else { return false }
        // Read each time, so that a token that is changed or taken back counts at once.
        let text = try FileDescriptor.readFile(tokenFile, limit: 64 << 10)
        let tokens = text.split(whereSeparator: { $0 == 10 || $0 == 13 || $0 == 32 })
        var isKnown = false
        for known in tokens where Self.isEqual(Array(known), token) { isKnown = true }
        return isKnown
    }

    private static func token(in headers: HTTPHeaders) -> [UInt8]? {
        guard let value = headers.first(name: "Authorization") else { return nil }
        let scheme = value.prefix { $0 != " " }
        let token = value.dropFirst(scheme.count).drop { $0 == " " }
        return scheme.lowercased() == "bearer" && !token.isEmpty ? Array(token.utf8) : nil
    }

    /// In a time that does not depend on where they differ.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }
}
