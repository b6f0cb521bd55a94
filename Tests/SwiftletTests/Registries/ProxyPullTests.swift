import Glibc
import LinuxKernel
import Testing

/// Pulls and pushes through the proxy that the environment names.
struct ProxyPullTests {
    let host: Host
    let registry: LocalRegistry
    let proxy: FaultProxy
    private let hosts: String

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        try registry.push(layout: try Fixtures.archive("oci/layers") + ":test/layers:latest", as: "app:v1")
        proxy = try FaultProxy(to: registry.port)
        // A name that nothing but the proxy leads anywhere.
        hosts = host.folder + "/hosts"
        try LocalRegistry.run("/bin/mkdir", "-p", hosts + "/registry.example")
        try FileDescriptor.open(hosts + "/registry.example/hosts.toml", O_WRONLY | O_CREAT, mode: 0o644)
            .writeAll("server = \"http://registry.example\"\n")
    }

    private func run(_ words: [String], _ environment: [String]) throws -> Program.Result {
        try host.start(words, environment: environment).finish()
    }

    @Test(arguments: ["HTTP_PROXY", "http_proxy"]) func theEnvironmentCounts(variable: String) throws {
        defer { withExtendedLifetime(self) {} }
        let through = ["\(variable)=http://\(proxy.host)"]
        let pulled = try run(["pull", "-q", "--hosts-dir", hosts, "registry.example/app:v1"], through)
        #expect(pulled.code == 0 && pulled.line == "registry.example/app:v1", "\(pulled.error)")
        #expect(proxy.requests.contains("GET http://registry.example/v2/app/manifests/v1"))
        #expect(proxy.requests.allSatisfy { $0.contains(" http://registry.example/v2/") })
        try host.check("tag", "registry.example/app:v1", "registry.example/again:v1")
        let pushed = try run(["push", "-q", "--hosts-dir", hosts, "registry.example/again:v1"], through)
        #expect(pushed.code == 0, "\(pushed.error)")
        #expect(try host.check("image", "tags", "\(registry.host)/again").line == "v1")
        #expect(try host.check("image", "verify").error.isEmpty)
        proxy.close()
    }

    @Test func exceptionsAreReachedDirectly() throws {
        defer { withExtendedLifetime(self) {} }
        let words = ["pull", "-q", "--timeout", "3", "--hosts-dir", hosts, "registry.example/app:v1"]
        let direct = try run(words, ["HTTP_PROXY=http://\(proxy.host)", "NO_PROXY=.example"])
        #expect(direct.code == 1 && direct.error.contains("registry.example"), "\(direct.error)")
        // This machine is never reached through a proxy.
        let own = try run(
            ["pull", "-q", "\(registry.host)/app:v1"], ["HTTP_PROXY=http://\(proxy.host)"])
        #expect(own.code == 0, "\(own.error)")
        #expect(proxy.requests.isEmpty)
        let nobody = try run(words, ["HTTP_PROXY=http://127.0.0.1:1"])
        #expect(nobody.code == 1 && nobody.error.contains("127.0.0.1:1"), "\(nobody.error)")
        #expect(nobody.error.split(separator: "\n").count == 1)
        proxy.close()
    }
}
