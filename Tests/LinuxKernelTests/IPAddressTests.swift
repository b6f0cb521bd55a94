import LinuxKernel
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: ["10.88.0.1", "fd00:88::7", "::", "0.0.0.0", "255.255.255.255"])
    func areReadAndWritten(_ text: String) {
        #expect(IPAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "10.88.0", "10.88.0.256", "1.2.3.4.5", "fd00:::1", "host", "10.88.0.1/16", "fe80::1%eth0",
    ])
    func areRefused(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test(arguments: ["10.88.0.0/16", "fd00::/8", "0.0.0.0/0", "10.0.0.1/32"])
    func prefixesAreReadAndWritten(_ text: String) { #expect(IPPrefix(text)?.description == text) }

    @Test(arguments: [
        "10.88.0.1/16", "10.88.0.0", "10.88.0.0/33", "10.88.0.0/", "10.88.0.0/+8", "/8", "1.2.3.4/5/6",
    ])
    func prefixesAreRefused(_ text: String) { #expect(IPPrefix(text) == nil) }

    @Test func membersOfAPrefix() throws {
        let range = try #require(IPPrefix("10.88.0.0/15"))
        #expect(range.count == 131072)
        #expect(range[0].description == "10.88.0.0" && range[131071].description == "10.89.255.255")
        let address = try #require(IPAddress("10.89.1.2"))
        #expect(range.index(of: address) == 65794 && range[65794] == address)
        #expect(range.index(of: try #require(IPAddress("10.90.0.0"))) == nil)
        #expect(!range.contains(try #require(IPAddress("::1"))))
        let long = try #require(IPPrefix("fd00::/64"))
        #expect(long.count == .max && long[258].description == "fd00::102")
    }

    @Test func overlaps() throws {
        let range = try #require(IPPrefix("10.88.0.0/16"))
        for text in ["10.88.4.0/24", "10.0.0.0/8", "0.0.0.0/0", "10.88.0.0/16"] {
            #expect(range.overlaps(try #require(IPPrefix(text))))
        }
        for text in ["10.89.0.0/16", "fd00::/8", "10.87.0.0/17"] {
            #expect(!range.overlaps(try #require(IPPrefix(text))))
        }
    }
}
