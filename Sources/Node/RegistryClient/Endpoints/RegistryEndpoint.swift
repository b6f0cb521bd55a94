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
        package static let all: Capabilities = [.pull, .resolve, .push]
    }

    /// Scheme https where `mayBePlain`.
    package var origin: WebOrigin
    /// Nobody said whether this server of our own machine speaks TLS: it is tried, then plain HTTP.
    package var mayBePlain = false
    /// What all requests' paths begin with: `/v2`, without a slash at the end.
    package var root = "/v2"
    package var capabilities = Capabilities.all
    package var tls = TLSSettings()
    /// Sent with every request to this origin.
    package var headers: [Header] = []
    /// Somebody else than the registry: it gets its own credentials, and is told which registry is meant.
    package var isMirror = false
    /// Another server is there to be asked when this one fails: nobody waits for it to get well.
    package var hasNext = false

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }
}
