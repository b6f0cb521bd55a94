import NodeAgent
import Synchronization
import Testing

@Suite struct NodeAddressTests {
    @Test func areLookedForAgain() {
        let network = Mutex<[String]>([])
        let addresses = NodeAddresses { network.withLock { $0 } }
        #expect(addresses.all == ["127.0.0.1"])
        #expect(!addresses.refresh())
        network.withLock { $0 = ["10.0.0.1"] }
        #expect(addresses.refresh() && addresses.all == ["10.0.0.1"])
        #expect(!addresses.refresh())
        // An interface that is down for a moment makes the node no other one.
        network.withLock { $0 = [] }
        #expect(!addresses.refresh() && addresses.all == ["10.0.0.1"])
    }

    @Test(arguments: [
        ("10.0.0.1", NodeAddressChoice.said(["10.0.0.1"])), ("fd00::0:1", .said(["fd00::1"])),
        ("fd00::1,10.0.0.1", .said(["fd00::1", "10.0.0.1"])), ("0.0.0.0", .found(prefersIPv6: false)),
        ("::", .found(prefersIPv6: true)),
    ])
    func isSaid(text: String, choice: NodeAddressChoice) throws {
        #expect(try NodeAddressChoice(text) == choice)
    }

    @Test(arguments: [
        ("", "\"\" is not an address"), ("node", "\"node\" is not an address"),
        ("10.0.0.1,10.0.0.2", "must be one address, or one of each family"),
        ("10.0.0.1,fd00::1,fd00::2", "must be one address, or one of each family"),
        ("127.0.0.1", "is a loopback address"), ("169.254.1.1", "is a link-local address"),
        ("fe80::1", "is a link-local address"), ("224.0.0.1", "is a multicast address"),
        ("10.0.0.1,::", "is no address of a host"),
    ])
    func cannotBe(text: String, words: String) {
        let error = #expect(throws: NodeAddressChoice.Invalid.self) { try NodeAddressChoice(text) }
        #expect(error?.description.hasPrefix("--node-ip: ") == true)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
