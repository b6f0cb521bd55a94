import Glibc

extension FieldErrors {
    // What the C library's resolver takes (resolv.conf(5)).
    private static let maxNameservers = 3
    private static let maxSearches = 32
    private static let maxSearchCharacters = 2048

    mutating func dnsConfig(_ spec: PodSpec, at path: FieldPath) {
        if spec.dnsPolicy.rawValue == "None" {
            guard let config = spec.dnsConfig else {
                required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
                return
            }
            if config.nameservers.isEmpty {
                required(
                    path.field("nameservers"),
                    "must provide at least one DNS nameserver when `dnsPolicy` is None")
                return
            }
        }
        guard let config = spec.dnsConfig else { return }
        if config.nameservers.count > Self.maxNameservers {
            invalid(
                path.field("nameservers"), json: config.nameservers,
                "must not have more than \(Self.maxNameservers) nameservers")
        }
        for (index, server) in config.nameservers.enumerated() {
            address(server, at: path.field("nameservers").index(index))
        }
        if config.searches.count > Self.maxSearches {
            invalid(
                path.field("searches"), json: config.searches,
                "must not have more than \(Self.maxSearches) search paths")
        }
        if config.searches.joined(separator: " ").utf8.count > Self.maxSearchCharacters {
            invalid(
                path.field("searches"), json: config.searches,
                "must not have more than \(Self.maxSearchCharacters) characters (including spaces) in the search "
                    + "list")
        }
        for (index, search) in config.searches.enumerated() where search != "." {
            let name = search.hasSuffix(".") ? String(search.dropLast()) : search
            invalid(path.field("searches").index(index), name, NameFormat.dnsSearch(name))
        }
        for (index, option) in config.options.enumerated() where option.name.isEmpty {
            required(path.field("options").index(index), "must not be empty")
        }
    }

    mutating func hostAliases(_ aliases: [HostAlias], at path: FieldPath) {
        for (index, alias) in aliases.enumerated() {
            address(alias.ip, at: path.index(index).field("ip"))
            for (number, name) in alias.hostnames.enumerated() {
                let place = path.index(index).field("hostnames").index(number)
                invalid(place, name, NameFormat.dnsSubdomain(name))
            }
        }
    }

    mutating func address(_ text: String, at path: FieldPath) {
        var storage = in6_addr()
        let isAddress = [AF_INET, AF_INET6].contains { inet_pton($0, text, &storage) == 1 }
        if !isAddress {
            invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        }
    }
}
