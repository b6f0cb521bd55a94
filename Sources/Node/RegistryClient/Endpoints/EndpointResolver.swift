import Glibc
import LinuxKernel

/// Finds the servers that answer for a registry.
package struct EndpointResolver: Sendable {
    /// As `RegistryConfiguration.hostFolders`.
    private let folders: [String]

    package init(folders: [String]) {
        self.folders = folders
    }

    private static let hostsFileLimit = 64 << 10

    /// - Parameter domain: as an image's name has it: `docker.io`, `localhost:5000`.
    /// - Returns: in the order in which they are asked.
    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be used.
    package func endpoints(for domain: String) throws -> [RegistryEndpoint] {
        let own = try Self.standard(domain)
        guard let folder = folder(for: domain) else { return [own] }
        let path = folder + "/hosts.toml"
        // An empty one says nothing, as with containerd.
        guard let text = try Self.readIfThere(path), !text.isEmpty else {
            // Docker's older form: certificates by their file names' endings.
            var endpoint = own
            endpoint.tls = try Self.certificates(in: folder)
            endpoint.tls.skipVerify = own.tls.skipVerify && endpoint.tls.authorities.isEmpty
            endpoint.tls.skipsOnOwnMachineOnly = true
            return [endpoint]
        }
        let file = try HostsFile(text, path: path, folder: folder, own: own)
        return file.hosts + [file.server]
    }

    /// The server that a registry's name means where nobody configured another one.
    package static func standard(_ domain: String) throws -> RegistryEndpoint {
        let host = domain == "docker.io" ? "registry-1.docker.io" : domain
        guard let origin = WebOrigin(.https, authority: host) else {
            throw RegistryError(.invalid, "'\(oneLine(domain))' is not a registry")
        }
        var endpoint = RegistryEndpoint(ofUnknownScheme: origin)
        // As with Docker and containerd: nobody is on the way who could be somebody else. A name below localhost may
        // have been looked up elsewhere.
        endpoint.tls.skipVerify = isOwnMachine(origin)
        endpoint.tls.skipsOnOwnMachineOnly = true
        return endpoint
    }

    static func isOwnMachine(_ origin: WebOrigin) -> Bool {
        origin.isLoopback && !origin.host.hasSuffix(".localhost")
    }

    // MARK: Folders

    /// `HOST_PORT_` stands for `HOST:PORT` where a colon in a file's name is a nuisance.
    private func folder(for domain: String) -> String? {
        var names = [domain, "_default"]
        if let colon = domain.lastIndex(of: ":"), !domain[colon...].contains("]") {
            names.insert("\(domain[..<colon])_\(domain[domain.index(after: colon)...])_", at: 0)
        }
        for folder in folders {
            for name in names {
                var status = stat()
                let path = "\(folder)/\(name)"
                if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return path }
            }
        }
        return nil
    }

    private static func readIfThere(_ path: String) throws -> String? {
        do {
            return try FileDescriptor.readFileIfThere(path, limit: hostsFileLimit).map {
                String(decoding: $0, as: UTF8.self)
            }
        } catch {
            throw RegistryError(.configuration, "\(error)")
        }
    }

    /// `*.crt` are authorities, `NAME.cert` with `NAME.key` client certificates.
    private static func certificates(in folder: String) throws -> TLSSettings {
        var settings = TLSSettings()
        for name in try names(in: folder) {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".crt") { settings.authorities.append(path) }
            if name.hasSuffix(".cert") {
                let key = String(path.dropLast("cert".count)) + "key"
                settings.clientPairs.append(.init(certificate: path, key: key))
            }
        }
        return settings
    }

    private static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            throw RegistryError(.configuration, "\(KernelError("open", folder))")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.sorted()
    }
}
