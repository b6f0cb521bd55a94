import NIOCore
import NIOHTTP1

/// A server that answers for a registry: the registry itself, or a mirror of it.
package struct RegistryEndpoint: Sendable {
    /// What the server is there for, the words of `hosts.toml`.
    package struct Capabilities: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Content by digest.
        package static let pull = Capabilities(rawValue: 1)
        /// Which digest a tag has: a mirror may be behind.
        package static let resolve = Capabilities(rawValue: 2)
        package static let push = Capabilities(rawValue: 4)
        /// Lists of what is said about an image: signatures.
        package static let referrers = Capabilities(rawValue: 8)
        package static let all: Capabilities = [.pull, .resolve, .push, .referrers]
    }

    /// Scheme https where `mayBePlain`.
    package var origin: WebOrigin
    /// Nobody said whether this server of our own machine speaks TLS, or somebody both: it is tried, then plain HTTP.
    package var mayBePlain = false
    /// What all requests' paths begin with: `/v2`, without a slash at the end.
    package var root = "/v2"
    package var capabilities = Capabilities.all
    package var tls = TLSSettings()
    /// How long it may take to connect; nil: as long as with any other server.
    package var connectTimeout: TimeAmount?
    /// Sent with every request to this origin, also with those for tokens.
    package var headers: [Header] = []
    /// Somebody else than the registry: it gets its own credentials, and is told which registry is meant.
    package var isMirror = false
    /// Another server is there to be asked when this one fails: nobody waits for it to get well.
    package var hasNext = false

    package init(origin: WebOrigin) {
        self.origin = origin
    }

    /// A server of which nobody said how it is spoken to: by TLS, and one of our own machine as it answers.
    /// - Parameter origin: with the scheme https.
    init(ofUnknownScheme origin: WebOrigin) {
        self.origin = origin
        if origin.isLoopback && origin.port == 80 {
            self.origin = WebOrigin(scheme: .http, host: origin.host, port: 80)
        } else {
            mayBePlain = origin.isLoopback && origin.port != 443
        }
    }

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }
}

extension HTTPHeaders {
    /// Takes over what is configured, instead of what is there; a header of several values is there once for each.
    mutating func take(_ configured: [RegistryEndpoint.Header]) {
        for header in configured { remove(name: header.name) }
        for header in configured { add(name: header.name, value: header.value) }
    }
}
