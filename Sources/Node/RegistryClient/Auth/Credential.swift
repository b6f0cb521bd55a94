/// What proves to a registry who we are.
public enum Credential: Hashable, Sendable {
    case basic(username: String, password: String)
    /// A refresh token, for which the registry's token service gives access tokens (OAuth 2.0).
    case identityToken(String)
    /// An access token, sent as it is.
    case registryToken(String)

    /// The members of CRI's `AuthConfig`, and of the entries in Docker's and podman's files, where all but one
    /// kind are empty. The most specific one counts.
    /// - Parameter auth: base64 of `username:password`.
    /// - Returns: nil when all are empty.
    /// - Throws: `RegistryError` (`.configuration`) for an `auth` that is not what it should be.
    public init?(
        username: String = "", password: String = "", auth: String = "", identityToken: String = "",
        registryToken: String = ""
    ) throws {
        if !registryToken.isEmpty {
            self = .registryToken(registryToken)
        } else if !identityToken.isEmpty {
            self = .identityToken(identityToken)
        } else if !username.isEmpty {
            self = .basic(username: username, password: password)
        } else if !auth.isEmpty {
            guard let text = Base64.decode(auth).map({ String(decoding: $0, as: UTF8.self) }),
                let colon = text.firstIndex(of: ":"), colon > text.startIndex
            else {
                throw RegistryError(.configuration, "auth is not the base64 of USER:PASSWORD")
            }
            // Docker once padded with NUL.
            let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
            self = .basic(username: String(text[..<colon]), password: String(password))
        } else {
            return nil
        }
    }

    /// What CRI's `AuthConfig` says for a registry, with containerd's meaning: for another server than the
    /// registry it says nothing, and of several kinds the user's name counts first.
    /// - Parameters:
    ///   - registry: as in an image's name.
    ///   - serverAddress: a host, or an address as Docker's file has it; empty: for whatever registry.
    /// - Returns: nil when there is nothing for this registry: it is asked anonymously.
    /// - Throws: `RegistryError` (`.configuration`) for a member that is malformed.
    public init?(
        registry: String, serverAddress: String, username: String = "", password: String = "",
        auth: String = "", identityToken: String = "", registryToken: String = ""
    ) throws {
        if !serverAddress.isEmpty {
            let server = CredentialKey(serverAddress).text.prefix { $0 != "/" }
            guard !server.isEmpty, WebOrigin(.https, authority: server) != nil else {
                throw RegistryError(
                    .configuration, "server_address '\(oneLine(serverAddress))' is not a registry's address")
            }
            if server != CredentialKey.canonical(registry) { return nil }
        }
        if !username.isEmpty {
            self = .basic(username: username, password: password)
            return
        }
        try self.init(auth: auth, identityToken: identityToken, registryToken: registryToken)
    }

    /// `USER:PASSWORD` in base64, what basic authentication sends (RFC 7617).
    package static func basicToken(_ username: String, _ password: String) -> String {
        Base64.encode("\(username):\(password)".utf8)
    }
}
