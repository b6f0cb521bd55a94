import Glibc
import LinuxKernel
import OCISpec
import PodNetwork

/// The files of /etc that a container gets from its host's network rather than from its image: `hosts`,
/// `hostname` and `resolv.conf`. They lie in the container's folder and are bound over the image's,
/// read-only with a read-only root.
public struct HostFiles {
    let request: ContainerRequest
    let hostname: String

    let owner: (uid: UInt32, gid: UInt32)

    /// - Parameter owner: the container's root, as the host sees it.
    public init(request: ContainerRequest, hostname: String, owner: (uid: UInt32, gid: UInt32) = (0, 0)) {
        self.request = request
        self.hostname = hostname
        self.owner = owner
    }

    static let names = ["hosts", "hostname", "resolv.conf"]

    /// Writes the files.
    /// - Returns: their mounts, but for places where the user mounts something.
    public func write(in folder: String) throws -> [RuntimeSpec.Mount] {
        let taken = Set(request.mounts.map(\.target))
        let access = request.readOnlyRoot ? "ro" : "rw"
        var mounts: [RuntimeSpec.Mount] = []
        for name in Self.names where !taken.contains("/etc/" + name) {
            let path = folder + "/" + name
            let text =
                switch name {
                case "hosts": try hosts
                case "hostname": hostname + "\n"
                default: try resolver
                }
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
            // Whatever the umask is.
            _ = try check("chmod", path) { fchmod(file.raw, 0o644) }
            try file.writeAll(text)
            if owner.uid != 0 { _ = try check("chown", path) { fchown(file.raw, owner.uid, owner.gid) } }
            mounts.append(
                RuntimeSpec.Mount(
                    destination: "/etc/" + name, type: "bind", source: path,
                    options: ["rbind", "rprivate", access]))
        }
        return mounts
    }

    /// The hosts(5) file of a network of its own, without its own name.
    public static let ownHosts = """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback
        fe00::\tip6-localnet
        ff00::\tip6-mcastprefix
        ff02::1\tip6-allnodes
        ff02::2\tip6-allrouters

        """

    /// What it is called in its own hosts(5) file: the full name first, then the shorter ones.
    public var ownNames: [String] {
        let domain = request.domainName ?? ""
        let full = domain.isEmpty ? hostname : "\(hostname).\(domain)"
        let short = String(hostname.prefix { $0 != "." })
        var names = [full]
        for name in [hostname, short] where !name.isEmpty && !names.contains(name) { names.append(name) }
        return names
    }

    private var hosts: String {
        get throws {
            var text: String
            if request.network == .host {
                text = try Self.hostFile("/etc/hosts")
                if !text.isEmpty, text.utf8.last != 10 { text += "\n" }
            } else {
                text = Self.ownHosts
                // With an address of its own, the network writes that down when it is known.
                if request.network == .none { text += "127.0.1.1\t\(ownNames.joined(separator: " "))\n" }
            }
            for entry in request.hosts { text += "\(try address(of: entry))\t\(entry.name)\n" }
            return text
        }
    }

    /// `host-gateway` stands for the host, by the address that containers reach it at.
    private func address(of entry: HostEntry) throws -> String {
        guard entry.address == "host-gateway" else { return entry.address }
        switch request.network {
        case .builtin: return BuiltinNetwork.hostGateway.description
        case .host: return "127.0.0.1"
        case .none, .container:
            throw UsageError("--add-host \(entry.name):host-gateway needs a network of its own")
        }
    }

    private var resolver: String {
        get throws {
            if request.network != .builtin, request.nameServers.isEmpty, request.searchDomains.isEmpty,
                request.resolverOptions.isEmpty
            {
                return try Self.hostFile("/etc/resolv.conf")
            }
            var file = try ResolverFile.ofHost(reachableFromContainers: request.network == .builtin)
            file.replace(
                servers: request.nameServers, searchDomains: request.searchDomains,
                options: request.resolverOptions)
            return file.text
        }
    }

    /// A file of the host's. A host without it has nothing to say.
    public static func hostFile(_ path: String) throws -> String {
        String(decoding: try FileDescriptor.readFileIfThere(path, limit: 1 << 20) ?? [], as: UTF8.self)
    }
}
