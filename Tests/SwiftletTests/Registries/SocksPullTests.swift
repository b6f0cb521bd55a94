import Glibc
import LinuxKernel
import Testing

/// Pulls and pushes through a SOCKS proxy that the environment names, to a host that nothing else leads to.
struct SocksPullTests {
    let host: Host

    init() throws { host = try Host(ownNetwork: false) }

    /// - Parameter server: the text of `hosts.toml`.
    private func hosts(_ server: String) throws -> String {
        let folder = host.folder + "/hosts"
        try LocalRegistry.run("/bin/mkdir", "-p", folder + "/registry.example")
        try FileDescriptor.open(folder + "/registry.example/hosts.toml", O_WRONLY | O_CREAT, mode: 0o644)
            .writeAll(server)
        return folder
    }

    private func registry(hasCertificate: Bool) throws -> LocalRegistry {
        let registry = try LocalRegistry(hasCertificate: hasCertificate)
        try registry.push(layout: try Fixtures.archive("oci/layers") + ":test/layers:latest", as: "app:v1")
        return registry
    }

    @Test(arguments: [
        ("HTTP_PROXY=socks5", false), ("HTTP_PROXY=socks5h", false), ("https_proxy=socks5", true),
    ])
    func theProxyLeadsThere(variable: String, hasCertificate: Bool) throws {
        let registry = try registry(hasCertificate: hasCertificate)
        defer { withExtendedLifetime(registry) {} }
        let proxy = try SocksProxy(to: registry.port)
        defer { proxy.close() }
        let server = hasCertificate ? "https://registry.example" : "http://registry.example"
        // The certificate is for an address.
        let folder = try hosts("server = \"\(server)\"\nskip_verify = true\n")
        let through = ["\(variable)://127.0.0.1:\(proxy.port)"]
        func run(_ words: String...) throws -> Program.Result {
            try host.start(words + ["--hosts-dir", folder], environment: through).finish()
        }
        let pulled = try run("pull", "-q", "registry.example/app:v1")
        #expect(pulled.code == 0 && pulled.line == "registry.example/app:v1", "\(pulled.error)")
        try host.check("tag", "registry.example/app:v1", "registry.example/again:v2")
        let pushed = try run("push", "-q", "registry.example/again:v2")
        #expect(pushed.code == 0, "\(pushed.error)")
        #expect(try run("image", "tags", "registry.example/again").line == "v2")
        let name = hasCertificate ? "registry.example:443" : "registry.example:80"
        #expect(!proxy.asked.isEmpty && proxy.asked.allSatisfy { $0 == name }, "\(proxy.asked)")
        #expect(try host.check("image", "verify").error.isEmpty)
    }

    @Test(arguments: [
        (SocksProxy.Manner.refuses, "the proxy refuses to connect"),
        (.wantsPassword, "the proxy wants a password"),
    ])
    func aProxyThatDoesNotLeadThere(manner: SocksProxy.Manner, why: String) throws {
        let proxy = try SocksProxy(to: 1, manner)
        defer { proxy.close() }
        let folder = try hosts("server = \"http://registry.example\"\n")
        let result = try host.start(
            ["pull", "-q", "--hosts-dir", folder, "registry.example/app:v1"],
            environment: ["HTTP_PROXY=socks5://127.0.0.1:\(proxy.port)"]
        ).finish()
        #expect(result.code == 1 && result.error.contains(why), "\(result.error)")
        #expect(result.error.split(separator: "\n").count == 1)
    }
}
