import Glibc
import LinuxKernel
import Testing

/// Pushes that are disturbed.
struct PushFaultTests {
    let host: Host
    let registry: LocalRegistry
    let proxy: FaultProxy
    let name: String

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        let source = try LocalRegistry()
        try source.push(layout: try BigImage.layout() + ":v1", as: "big:v1")
        try host.check("pull", "-q", "\(source.host)/big:v1")
        proxy = try FaultProxy(to: registry.port)
        name = "\(proxy.host)/team/big:v1"
        try host.check("tag", "\(source.host)/big:v1", name)
    }

    private static let total = BigImage.layers * BigImage.layerBytes

    private func isVisible() throws -> Bool {
        try Program(
            "/usr/bin/skopeo", ["inspect", "--tls-verify=false", "docker://\(registry.host)/team/big:v1"],
            environment: ["PATH=/usr/bin:/bin", "HOME=/root"]
        ).finish().code == 0
    }

    /// Another machine gets the image, byte by byte.
    private func expectPullable() throws {
        let other = try Host(ownNetwork: false)
        try other.check("pull", "-q", "\(registry.host)/team/big:v1")
        #expect(try other.check("image", "verify").error.isEmpty)
        #expect(
            try other.check("images", "-q", "--no-trunc").line
                == host.check("images", "-q", "--no-trunc").lines[0])
    }

    @Test func aPushThatWasKilledLeavesNothingToSee() throws {
        defer { withExtendedLifetime(self) {} }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3 {
            proxy.change(.init(uploadSpeed: 12_000_000))
            let push = try host.start(["push", "-q", name])
            let moment = Int.random(in: 1..<Self.total, using: &random)
            let deadline = monotonicMilliseconds() + 30_000
            while proxy.sent < moment, monotonicMilliseconds() < deadline { usleep(5000) }
            kill(push.pid, SIGKILL)
            let code = try push.finish().code
            #expect(code == 128 + SIGKILL || code == 0)
            #expect(try isVisible() == (code == 0), "half of an image is visible after \(moment) bytes")
            #expect(try host.check("image", "verify").error.isEmpty)
        }
        proxy.change(.init())
        try host.check("push", "-q", name)
        try expectPullable()
        proxy.close()
    }

    @Test func theEndOfAConnectionInTheMiddle() throws {
        defer { withExtendedLifetime(self) {} }
        // What comes back is little: an upload's answers alone.
        proxy.change(.init(faults: [(700, .reset), (2500, .reset)]))
        try host.check("push", "-q", name)
        try expectPullable()
        proxy.close()
    }

    /// A registry that sends its clients elsewhere, as those do that keep blobs in a cloud's storage.
    @Test func throughARegistryThatRedirects() throws {
        defer { withExtendedLifetime(self) {} }
        let front = try Redirector(to: registry.host)
        defer { front.close() }
        let elsewhere = "127.0.0.1:\(front.port)/team/big:v1"
        try host.check("tag", name, elsewhere)
        try host.check("push", "-q", elsewhere)
        #expect(front.redirected > BigImage.layers)
        try expectPullable()
        let other = try Host(ownNetwork: false)
        try other.check("pull", "-q", elsewhere)
        #expect(try other.check("image", "verify").error.isEmpty)
        proxy.close()
    }
}
