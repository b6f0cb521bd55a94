import ContainerCLI
import LinuxKernel
import Testing

/// How ports are shown that lead into a container.
struct PortOptionTests {
    private let addresses = [IPAddress("10.88.0.2"), IPAddress("fd00::2")].compactMap { $0 }

    private func lines(_ ports: [String], of wanted: String? = nil) throws -> [String] {
        try PortOption.lines(
            ports.flatMap(PortOption.parse), addresses: addresses, of: wanted, container: "web")
    }

    @Test func linesInTheOrderOfPorts() throws {
        #expect(
            try lines(["8443:443", "127.0.0.1:5353:53/udp", "8080:80"]) == [
                "53/udp -> 127.0.0.1:5353", "80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080",
                "443/tcp -> 0.0.0.0:8443", "443/tcp -> [::]:8443",
            ])
        #expect(try lines([]) == [])
    }

    @Test func onePort() throws {
        let ports = ["8080:80", "127.0.0.1:5353:53/udp"]
        #expect(try lines(ports, of: "80") == ["0.0.0.0:8080", "[::]:8080"])
        #expect(try lines(ports, of: "53/UDP") == ["127.0.0.1:5353"])
        for wrong in ["53", "81/tcp", "x", "80/http", ""] {
            #expect(throws: UsageError.self) { try lines(ports, of: wrong) }
        }
    }
}
