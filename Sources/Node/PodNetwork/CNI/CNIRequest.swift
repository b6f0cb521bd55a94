import OCISpec

// What a plugin is asked: its configuration in the network, and what the runtime adds to it (section 2, "Deriving request
// configuration from plugin configuration").

extension NetworkList {
    static func type(of plugin: JSONTree) -> String { plugin["type"]?.text ?? "" }

    func request(to plugin: JSONTree) -> JSONTree {
        var request = plugin
        request["capabilities"] = nil
        request["name"] = .string(name)
        request["cniVersion"] = .string("\(version)")
        return request
    }
}

extension CNICache.Entry {
    /// - Parameter previous: what the plugin before has answered, or the last one of the chain at ADD.
    func request(to plugin: JSONTree, previous: JSONTree?) -> JSONTree {
        var request = network.request(to: plugin)
        request["runtimeConfig"] = CNICapabilities.runtimeConfig(capabilities, for: plugin)
        request["prevResult"] = previous
        return request
    }

    /// The same interface, in another configuration.
    func asked(by network: NetworkList) -> Self {
        var entry = self
        entry.network = network
        // Plugins read it by the version that they are asked in; its members are the same in all that we speak.
        if network.version != self.network.version {
            entry.result?["cniVersion"] = .string("\(network.version)")
        }
        return entry
    }
}
