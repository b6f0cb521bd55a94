import Glibc
import LinuxKernel
import PodNetwork

/// What the built-in network needs of the host, and what of the host's stands in its way.
struct NetworkChecks {
    let network: BuiltinNetwork

    var findings: [Finding] { [program, forwarding, firewall, range, nameServers].compactMap(\.self) }

    private var program: Finding {
        if let path = BuiltinNetwork.rulesProgram { return Finding("nftables", .ok, path) }
        return Finding(
            "nftables", .limited, "nft was not found",
            advice: "install nftables, or run containers with --network none or host")
    }

    private var forwarding: Finding {
        let isOn = (try? FileDescriptor.readFile("/proc/sys/net/ipv4/ip_forward"))?.first == UInt8(ascii: "1")
        return Finding(
            "forwarding", .ok,
            isOn
                ? "packets are passed on"
                : "off; the first container with the built-in network switches it on")
    }

    /// Packets between containers and the world go through every forward chain: what one of them drops is lost,
    /// whatever ours says.
    private var firewall: Finding {
        do throws(KernelError) {
            let chains = try BuiltinNetwork.foreignForwardDrops()
            if chains.isEmpty {
                return Finding("firewall", .ok, "no chain of nftables drops what is forwarded")
            }
            let names = chains.map { "\($0.family) \($0.table) \($0.name)" }.joined(separator: ", ")
            return Finding(
                "firewall", .limited, "policy drop for forwarded packets: \(names)",
                advice: chains.map(Self.remedy).joined(separator: "; "))
        } catch {
            return Finding(
                "firewall", .limited, "\(error)",
                advice: "the built-in network needs nftables in the kernel and CAP_NET_ADMIN")
        }
    }

    /// Docker keeps a chain for such rules, which it does not touch.
    private static func remedy(_ chain: NftablesSocket.BaseChain) -> String {
        if chain.table == "filter", chain.name == "FORWARD" {
            let program = chain.family == "ip6" ? "ip6tables" : "iptables"
            return
                "let containers through: \(program) -I FORWARD -i sw+ -j ACCEPT; \(program) -I FORWARD -o sw+ -j ACCEPT"
        }
        let place = "\(chain.family) \(chain.table) \(chain.name)"
        return
            "let containers through: nft insert rule \(place) iifname 'sw*' accept; nft insert rule \(place) oifname 'sw*' accept"
    }

    private var range: Finding? {
        do {
            guard let settings = try network.existingSettings() else { return nil }
            let ranges = [settings.range4, settings.range6].compactMap(\.self)
            let text = ranges.map(\.description).joined(separator: " ")
            let strangers = try network.foreignRoutes(into: ranges)
            if strangers.isEmpty { return Finding("addresses", .ok, text) }
            return Finding(
                "addresses", .limited,
                "\(text), and the host has other routes there: \(strangers.map { $0.range.description }.joined(separator: " "))",
                advice: "choose another range in \(network.settingsFile), as {\"ipv4\": \"10.99.0.0/16\"}")
        } catch {
            return Finding("addresses", .limited, "\(error)")
        }
    }

    private var nameServers: Finding? {
        guard let text = try? ResolverFile.ofHost(reachableFromContainers: true) else { return nil }
        if text.servers.isEmpty {
            return Finding(
                "name servers", .limited,
                "the host's only ones are on its loopback, which containers do not reach",
                advice: "give containers one with --dns")
        }
        return Finding("name servers", .ok, text.servers.joined(separator: " "))
    }
}
