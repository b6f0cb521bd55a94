import LinuxKernel
import OCISpec

/// What a chain of plugins has made (CNI specification, "Success"), and the document itself, which later calls pass
/// to the plugins again.
public struct CNIResult: Equatable, Sendable {
    public struct Interface: Equatable, Sendable {
        public let name: String
        public let mac: String
        /// Empty for one of the host's.
        public let sandbox: String
    }

    public struct Address: Equatable, Sendable {
        public let address: IPAddress
        public let prefixLength: UInt8
        public let gateway: IPAddress?
        /// Which of the interfaces has it.
        public let interface: Int?
    }

    public let tree: JSONTree
    public let interfaces: [Interface]
    public let addresses: [Address]
    public let nameServers: [String]

    init(_ tree: JSONTree, type: String) throws(CNIError) {
        func invalid(_ reason: String) -> CNIError {
            .failed(type: type, command: "ADD", reason: "its result is not understood: \(reason)")
        }
        guard case .object = tree else { throw invalid("no object") }
        self.tree = tree
        interfaces = (tree["interfaces"]?.list ?? []).map {
            Interface(
                name: $0["name"]?.text ?? "", mac: $0["mac"]?.text ?? "", sandbox: $0["sandbox"]?.text ?? "")
        }
        var addresses: [Address] = []
        for entry in tree["ips"]?.list ?? [] {
            guard let text = entry["address"]?.text else { throw invalid("an address is missing") }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = UInt8(parts[1]),
                length <= address.width
            else { throw invalid("address '\(text)'") }
            var interface: Int?
            if case .number(.integer(let number)) = entry["interface"] ?? .null { interface = Int(number) }
            addresses.append(
                Address(
                    address: address, prefixLength: length,
                    gateway: entry["gateway"]?.text.flatMap { IPAddress($0) }, interface: interface))
        }
        self.addresses = addresses
        nameServers = (tree["dns"]?["nameservers"]?.list ?? []).compactMap(\.text)
    }

    /// Those of interfaces in the container.
    public var containerAddresses: [IPAddress] {
        addresses.filter { address in
            // Older versions of the protocol do not say whose they are.
            guard let index = address.interface, interfaces.indices.contains(index) else { return true }
            return !interfaces[index].sandbox.isEmpty
        }.map(\.address)
    }

    /// Itself, where it is of a version that we speak and gives the container an address. Of what was written down
    /// earlier nobody asks that.
    func checked(type: String) throws(CNIError) -> CNIResult {
        func invalid(_ reason: String) -> CNIError { .failed(type: type, command: "ADD", reason: reason) }
        // One that names no version is taken to be of the request's, as libcni has it.
        if let text = tree["cniVersion"]?.text, !text.isEmpty {
            guard let version = CNIVersion(text), CNIVersion.supported.contains(version) else {
                throw invalid("cniVersion '\(text)' of its result is not one of \(CNIVersion.supported)")
            }
        }
        if containerAddresses.isEmpty {
            let isOld = tree["ips"] == nil && (tree["ip4"] != nil || tree["ip6"] != nil)
            throw invalid(
                "its result has no address for the container"
                    + (isOld ? ": ip4 and ip6 are of version 0.2.0, which is not supported" : ""))
        }
        return self
    }
}
