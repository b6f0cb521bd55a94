import LinuxKernel
import Testing

/// Documents, health, and who is refused.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DocumentTests {
    @Test(
        arguments: [
            ("/pods", "application/json", #"{"kind":"PodList"}"#),
            ("/pods/", "application/json", #"{"kind":"PodList"}"#),
            ("/runningpods/", "application/json", #"{"kind":"PodList","running":true}"#),
            ("/stats/summary", "application/json", #"{"node":{},"only":false}"#),
            ("/stats/summary?only_cpu_and_memory=true", "application/json", #"{"node":{},"only":true}"#),
            ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "page agent\n"),
            ("/metrics/resource", "text/plain; version=0.0.4; charset=utf-8", "page resource\n"),
            ("/metrics/cadvisor", "text/plain; version=0.0.4; charset=utf-8", "page cadvisor\n"),
            ("/metrics/probes", "text/plain; version=0.0.4; charset=utf-8", "page probes\n"),
            ("/healthz", "text/plain; charset=utf-8", "ok"),
            ("/healthz/ping", "text/plain; charset=utf-8", "ok"),
            ("/healthz/log", "text/plain; charset=utf-8", "ok"),
            ("/healthz/syncloop", "text/plain; charset=utf-8", "ok"),
        ])
    func documents(_ path: String, _ type: String, _ body: String) async throws {
        try await withAgentServer { server in
            let answer = try await server.get(path)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer)")
            #expect(answer.contains("Content-Type: \(type)\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n\(body)"), "\(answer)")
            let head = try await server.get(path, method: "HEAD")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func refusals() async throws {
        try await withAgentServer { server in
            for (path, method, status, words) in [
                ("/nothing", "GET", 404, "404: Page Not Found"), ("/", "GET", 404, "404: Page Not Found"),
                ("/pods", "POST", 405, "Method Not Allowed"), ("/pods", "DELETE", 405, "Method Not Allowed"),
                ("/checkpoint/default/web/nginx", "GET", 405, "Method Not Allowed"),
                ("/configz", "GET", 500, "no configuration here"), ("/%zz", "GET", 400, "cannot be decoded"),
                ("/pods?a=%", "GET", 400, "cannot be decoded"),
            ] {
                let answer = try await server.get(path, method: method)
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
                #expect(answer.contains(words), "\(answer)")
            }
        }
    }

    @Test func healthIsServedWithoutTLSAndNothingElse() async throws {
        try await withAgentServer { server in
            let port = try #require(server.ports.health)
            func get(_ path: String) async throws -> String {
                let client = try await RawClient(port: port, tls: nil)
                client.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return await client.answer()
            }
            #expect(try await get("/healthz").hasSuffix("\r\n\r\nok"))
            for path in ["/pods", "/metrics", "/exec/default/web/nginx?output=1", "/healthz/ping"] {
                #expect(try await get(path).hasPrefix("HTTP/1.1 404 "))
            }
            server.agent.fail("runtime: does not answer")
            let sick = try await get("/healthz")
            #expect(sick.hasPrefix("HTTP/1.1 500 "))
            #expect(sick.contains("[-]runtime: does not answer\n"))
            #expect(try await server.get("/healthz").hasPrefix("HTTP/1.1 500 "))
        }
    }

    @Test func oneConnectionServesManyRequests() async throws {
        try await withAgentServer { server in
            let client = try await server.connect()
            let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n"
            // Three at once, and one after them.
            client.send(request + request + request)
            #expect(await eventually { client.received.components(of: "page agent\n") == 3 })
            client.send(request)
            #expect(await eventually { client.received.components(of: "page agent\n") == 4 })
            #expect(!client.isClosed)
            client.close()
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func badClientsAreRefused() async throws {
        try await withAgentServer({ configuration, _ in configuration.idleTimeout = .milliseconds(300) }) {
            server in
            let rubbish = try await server.connect()
            rubbish.send("\u{1}\u{2}rubbish\r\n\r\n")
            #expect(await rubbish.answer().hasPrefix("HTTP/1.1 400 "))
            let giant = try await server.connect()
            giant.send("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n")
            #expect(await giant.answer().hasPrefix("HTTP/1.1 400 "))
            let slow = try await server.connect()
            slow.send("GET / HT")
            #expect(await slow.answer() == "")
            // Plain HTTP on the TLS port.
            let plain = try await RawClient(port: server.ports.api, tls: nil)
            plain.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await !plain.answer().contains("200 OK"))
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func whoWaitsLongestMakesRoom() async throws {
        try await withAgentServer({ configuration, _ in configuration.maximumConnections = 2 }) { server in
            let (one, two) = (try await server.connect(), try await server.connect())
            #expect(await eventually { server.server.connections == 2 })
            // Two connections that say nothing keep nobody out.
            #expect(try await server.get("/healthz").contains("200 OK"))
            #expect(await eventually { one.isClosed })
            #expect(!two.isClosed)
            two.close()
        }
    }

    /// As servers in Go have it: `0.0.0.0` is what a configuration says that says nothing.
    @Test(
        .enabled(if: hasIPv6, "this machine has no IPv6 on its loopback"),
        arguments: ["0.0.0.0", "::"])
    func allAddressesAreThoseOfBothFamilies(address: String) async throws {
        try await withAgentServer({ configuration, _ in
            configuration.address = address
            configuration.healthAddress = address
            configuration.maximumConnections = 4
        }) { server in
            for host in ["127.0.0.1", "::1"] {
                let client = try await RawClient(host: host, port: server.ports.health ?? 0, tls: nil)
                client.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                #expect(await client.answer().contains("200 OK"), "\(host)")
            }
            #expect(await eventually { server.server.connections == 0 })
            // Addresses of version 4 stay what they are to a socket of both: others are one peer, not all.
            let first = try await RawClient(port: server.ports.api, tls: nil, from: "127.0.0.1")
            #expect(await eventually { server.server.connections == 1 })
            var others: [RawClient] = []
            for _ in 0..<4 {
                others.append(try await RawClient(port: server.ports.api, tls: nil, from: "127.0.0.2"))
            }
            #expect(await eventually { others.contains(where: \.isClosed) })
            #expect(!first.isClosed)
            for client in others + [first] { client.close() }
        }
    }

    /// Also where loopback alone has an address of version 6.
    @Test(.enabled(if: hasIPv6, "this machine has no IPv6 on its loopback"))
    func anAddressOfVersion6IsListenedOn() async throws {
        try await withAgentServer({ configuration, _ in
            configuration.address = "::1"
            configuration.healthAddress = "::1"
        }) { server in
            let requests = [
                (server.ports.api, RunningServer.trusting, "Authorization: Bearer secret\r\n"),
                (try #require(server.ports.health), nil, ""),
            ]
            for (port, tls, header) in requests {
                let client = try await RawClient(host: "::1", port: port, tls: tls)
                client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\(header)Connection: close\r\n\r\n")
                #expect(await client.answer().contains("200 OK"))
            }
        }
    }

    @Test func whoHasMostConnectionsMakesRoom() async throws {
        try await withAgentServer({ configuration, _ in configuration.maximumConnections = 4 }) { server in
            func connect(_ number: Int) async throws -> RawClient {
                let client = try await RawClient(
                    port: server.ports.api, tls: RunningServer.trusting, from: "127.0.0.\(number)")
                return client
            }
            let first = try await connect(1)
            #expect(await eventually { server.server.connections == 1 })
            var others: [RawClient] = []
            for count in 2...4 {
                others.append(try await connect(2))
                #expect(await eventually { server.server.connections == count })
            }
            for _ in 0..<3 { others.append(try await connect(2)) }
            #expect(await eventually { others.filter(\.isClosed).count == 3 })
            #expect(!first.isClosed)
            for client in others + [first] { client.close() }
        }
    }

    @Test func aHandshakeHasItsTime() async throws {
        // On a busy machine a handshake takes some time itself.
        try await withAgentServer({ configuration, _ in configuration.handshakeTimeout = .seconds(4) }) {
            server in
            let greeted = try await server.connect()
            let silent = try await RawClient(port: server.ports.api, tls: nil)
            // The beginning of what a client of TLS says first.
            let slow = try await RawClient(port: server.ports.api, tls: nil)
            slow.send("\u{16}\u{3}\u{1}")
            #expect(await eventually(within: .seconds(30)) { silent.isClosed && slow.isClosed })
            #expect(await eventually { server.server.connections == 1 })
            // Whoever is greeted may think about what to ask for.
            #expect(!greeted.isClosed)
            greeted.send(
                "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nConnection: close\r\n\r\n"
            )
            #expect(await greeted.answer().contains("200 OK"))
        }
    }

    @Test func aPartOfARequestBehindAnotherOneHoldsNoPlace() async throws {
        try await withAgentServer({ configuration, _ in configuration.idleTimeout = .milliseconds(300) }) {
            server in
            let client = try await server.connect()
            // The second one's body never comes.
            client.send(
                "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                    + "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            #expect(await client.answer().hasPrefix("HTTP/1.1 "))
            #expect(await eventually { server.server.connections == 0 })
        }
    }

    @Test func whoIsAnsweredBehindAnotherRequestKeepsItsPlace() async throws {
        try await followerKeepsItsPlace(
            behind: "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n")
    }

    @Test func whoIsAnsweredKeepsItsPlace() async throws { try await followerKeepsItsPlace() }

    /// Whoever follows a log waits for its next line, as long as there is none.
    private func followerKeepsItsPlace(behind request: String = "") async throws {
        try await withAgentServer({ configuration, _ in configuration.maximumConnections = 1 }) { server in
            let path = server.folder.file("0.log")
            try writeFile(path, "")
            server.agent.serve(logAt: path)
            let follower = try await server.connect()
            follower.send(
                request + "GET /containerLogs/default/web/nginx?follow=true HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer secret\r\n\r\n")
            #expect(await eventually { server.agent.waiters == 1 })
            let other = try await server.connect()
            #expect(await eventually { other.isClosed })
            #expect(!follower.isClosed)
            follower.close()
        }
    }

    @Test func checkpoints() async throws {
        try await withAgentServer { server in
            let answer = try await server.get("/checkpoint/default/web/nginx?timeout=7", method: "POST")
            #expect(answer.hasSuffix(#"{"items":["/var/lib/a \"b\".tar"]}"#), "\(answer)")
            #expect(server.agent.asked == ["checkpoint \(Duration.seconds(7))"])
            let bad = try await server.get("/checkpoint/default/web/nginx?timeout=x", method: "POST")
            #expect(bad.hasPrefix("HTTP/1.1 400 "))
            #expect(
                try await server.get("/checkpoint/default/x/nginx", method: "POST").hasPrefix("HTTP/1.1 404 ")
            )
        }
    }
}

private let hasIPv6: Bool = {
    let addresses = try? FileDescriptor.readFile("/proc/net/if_inet6", limit: 1 << 20)
    return addresses.map { String(decoding: $0, as: UTF8.self).contains(" lo\n") } ?? false
}()

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
