import LinuxKernel
import NIOCore
import StreamingServer
import Testing

/// What a client has to bring for its upgrade.
@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    private let request = ExecStreamRequest(container: "c", command: ["exit", "0"])

    private func answer(_ head: String, to port: Int) async throws -> String {
        let client = try await RawClient.connect(port: port)
        try await client.send(head)
        let text = String(buffer: try await client.receiveAll())
        return text
    }

    private func spdy(_ path: String, _ method: String = "POST") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
    }

    @Test func tokensAreLongAndDifferent() async throws {
        try await withServer { server, _ in
            let urls = try (0..<100).map { _ in try server.exec(request) }
            let tokens = Set(urls.compactMap { $0.split(separator: "/").last })
            #expect(tokens.count == 100)
            #expect(
                tokens.allSatisfy { token in
                    token.count == 32
                        && token.allSatisfy {
                            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
                        }
                })
        }
    }

    @Test func tokensWorkOnce() async throws {
        try await withServer { server, _ in
            let text = try server.exec(request)
            let url = try StreamingURL(text)
            let (client, _) = try await SPDYClient.connect(text, versions: ["v4.channel.k8s.io"])
            #expect(try await answer(spdy(url.path), to: url.port).hasPrefix("HTTP/1.1 404 "))
            await client.close()
        }
    }

    @Test func tokensHaveAKind() async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            let attach = url.path.split(separator: "/").last.map { "/attach/\($0)" } ?? ""
            #expect(try await answer(spdy(attach), to: url.port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test(arguments: [
        "/", "/exec", "/exec/", "/exec/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "//exec/x", "*", "/metrics",
    ])
    func otherPathsAreNotFound(path: String) async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            #expect(try await answer(spdy(path, "GET"), to: url.port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func tokensExpire() async throws {
        try await withServer({ $0.tokenLifetime = .milliseconds(50) }) { server, _ in
            let url = try StreamingURL(server.exec(request))
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await answer(spdy(url.path), to: url.port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func thereIsAMostOfTokens() async throws {
        try await withServer({ $0.tokenLifetime = .milliseconds(300) }) { server, _ in
            for _ in 0..<1000 { _ = try server.exec(request) }
            let error = #expect(throws: StreamingError.self) { try server.exec(request) }
            #expect(error?.kind == .tooManyRequests)
            // Those whose time is over make room.
            try await Task.sleep(for: .milliseconds(400))
            _ = try server.exec(request)
        }
    }

    @Test func needsAnUpgrade() async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            let plain = "GET \(url.path) HTTP/1.1\r\nHost: t\r\n\r\n"
            #expect(try await answer(plain, to: url.port).hasPrefix("HTTP/1.1 400 "))
            let other = try StreamingURL(server.exec(request)).path
            #expect(try await answer(spdy(other, "PUT"), to: url.port).hasPrefix("HTTP/1.1 405 "))
        }
    }

    @Test func namesItsProtocolsWhenNoneFits() async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            let head =
                "POST \(url.path) HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                + "X-Stream-Protocol-Version: v99.channel.k8s.io\r\n\r\n"
            let text = try await answer(head, to: url.port)
            #expect(text.hasPrefix("HTTP/1.1 403 "))
            #expect(text.contains("X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io\r\n"))
        }
    }

    @Test func refusesBrokenWebSocketHandshakes() async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            let head =
                "GET \(url.path) HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\n\r\n"
            #expect(try await answer(head, to: url.port).hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func bytesRightBehindTheRequestAreNotLost() async throws {
        try await withServer { server, _ in
            let text = try server.portForward(PortForwardStreamRequest(sandbox: "s"))
            let url = try StreamingURL(text)
            let raw = try await RawClient.connect(port: url.port)
            var bytes = ByteBuffer(string: spdy(url.path))
            // A PING, number 5.
            bytes.writeBytes([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 5])
            try await raw.send(bytes)
            #expect(try await raw.receiveHead().hasPrefix("HTTP/1.1 101 "))
            let client = SPDYClient(raw)
            try await client.untilPinged(5)
            await client.close()
        }
    }

    @Test func asksForAtLeastOneStream() async throws {
        try await withServer { server, _ in
            let none = ExecStreamRequest(container: "c", command: ["x"], stdout: false, stderr: false)
            let error = #expect(throws: StreamingError.self) { try server.exec(none) }
            #expect(error?.kind == .invalid)
        }
    }

    @Test func makesURLsFromTheConfiguredBase() async throws {
        try await withServer({ $0.baseURL = "https://node.example:10010" }) { server, _ in
            let url = try server.exec(request)
            #expect(url.hasPrefix("https://node.example:10010/exec/"))
        }
    }

    /// No certificate is for all addresses, and to another machine they are its own.
    @Test func namesAnAddressWhereItListensOnAll() async throws {
        try await withServer({ $0.address = "0.0.0.0" }) { server, _ in
            let text = try server.exec(request)
            let url = try StreamingURL(text)
            let host = try #require(
                text.dropFirst("http://".count).split(separator: ":").first.map(String.init))
            let address = try #require(IPAddress(host), "\(text)")
            #expect(!address.isUnspecified)
            let raw = try await RawClient.connect(port: url.port, host: host)
            try await raw.send(spdy("/nobodys"))
            #expect(try await raw.receiveHead().hasPrefix("HTTP/1.1 404 "))
        }
    }

    /// Also where loopback alone has an address of version 6.
    @Test(.enabled(if: hasIPv6, "this machine has no IPv6 on its loopback"))
    func listensOnAnAddressOfVersion6() async throws {
        try await withServer({ $0.address = "::1" }) { server, _ in
            let text = try server.exec(request)
            #expect(text.hasPrefix("http://[::1]:"))
            let raw = try await RawClient.connect(port: try StreamingURL(text).port, host: "::1")
            try await raw.send(spdy("/nobodys"))
            #expect(try await raw.receiveHead().hasPrefix("HTTP/1.1 404 "))
        }
    }

    /// Wherever else a name leads, as `localhost` does on machines with IPv6.
    @Test func listensOnTheAddressOfVersion4OfAName() async throws {
        #expect(try SocketAddress.listening(on: "localhost", port: 80).ipAddress?.hasPrefix("127.") == true)
        #expect(try SocketAddress.listening(on: "::1", port: 80) == SocketAddress(ipAddress: "::1", port: 80))
        #expect(throws: (any Error).self) { try SocketAddress.listening(on: "nobody.invalid", port: 80) }
        try await withServer({ $0.address = "localhost" }) { server, _ in
            let text = try server.exec(request)
            #expect(text.hasPrefix("http://localhost:"))
            let raw = try await RawClient.connect(port: try StreamingURL(text).port, host: "127.0.0.1")
            try await raw.send(spdy("/nobodys"))
            #expect(try await raw.receiveHead().hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func onlyARunningServerGivesURLs() async throws {
        let server = StreamingServer(
            configuration: StreamingConfiguration(), handler: EchoHandler(), logger: .init(label: "t"))
        let error = #expect(throws: StreamingError.self) { try server.exec(request) }
        #expect(error?.kind == .notRunning)
    }

    @Test func saysWhereItCannotListen() async throws {
        try await withServer { server, _ in
            let url = try StreamingURL(server.exec(request))
            var configuration = StreamingConfiguration()
            configuration.port = url.port
            let second = StreamingServer(
                configuration: configuration, handler: EchoHandler(), logger: .init(label: "t"))
            let error = await #expect(throws: StreamingError.self) { try await second.start() }
            #expect(error?.kind == .configuration && error?.description.contains("port \(url.port)") == true)
        }
    }
}

private let hasIPv6: Bool = {
    let addresses = try? FileDescriptor.readFile("/proc/net/if_inet6", limit: 1 << 20)
    return addresses.map { String(decoding: $0, as: UTF8.self).contains(" lo\n") } ?? false
}()
