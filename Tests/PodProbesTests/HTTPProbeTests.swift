import NIOCore
import NIOSSL
import PodProbes
import Testing

extension ProbeTests {
    /// HTTP probes against real sockets that behave well and badly.
    @Suite struct HTTP {
        @Test func theRequestIsTheKubelets() async throws {
            try await withServer {
                $0.send(response("200 OK", "fine"))
            } test: { server in
                let answer = await ask(server.port) { $0.path = "/healthz?full=1" }
                #expect(answer == ProbeAnswer(.success, "fine"))
                #expect(
                    server.requests == [
                        "GET /healthz?full=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"
                            + "User-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                    ])
            }
        }

        @Test func headersOfTheProbeReplaceTheUsualOnes() async throws {
            try await withServer {
                $0.send(response("200 OK"))
            } test: { server in
                _ = await ask(server.port) {
                    $0.headers = [
                        .init("Host", "shop.example"), .init("X-Key", "a"), .init("X-Key", "b"),
                        .init("user-agent", "me/1"), .init("Accept", ""),
                    ]
                }
                #expect(
                    server.requests == [
                        "GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: me/1\r\nX-Key: a\r\nX-Key: b\r\n"
                            + "Connection: close\r\n\r\n"
                    ])
            }
        }

        @Test(
            arguments: [
                ("200 OK", ProbeAnswer.Verdict.success, "text"), ("204 No Content", .success, ""),
                ("304 Not Modified", .warning, "Probe terminated redirects, Response body: "),
                ("302 Found", .warning, "Probe terminated redirects, Response body: text"),
                ("400 Bad Request", .failure, "HTTP probe failed with statuscode: 400"),
                ("404 Not Found", .failure, "HTTP probe failed with statuscode: 404"),
                ("503 Service Unavailable", .failure, "HTTP probe failed with statuscode: 503"),
            ])
        func theStatusDecides(_ status: String, _ verdict: ProbeAnswer.Verdict, _ message: String)
            async throws
        {
            try await withServer {
                $0.send(response(status, ["204", "304"].contains(status.prefix(3)) ? "" : "text"))
            } test: { server in
                #expect(await ask(server.port) == ProbeAnswer(verdict, message))
                // For a hook any response will do.
                #expect(await ask(server.port, purpose: .hook).verdict == .success)
            }
        }

        @Test func redirectsAreFollowedOnTheSameHost() async throws {
            try await withServer { channel, request in
                let location: String? =
                    switch request.split(separator: " ")[1] {
                    case "/": "a/../b?x=1"
                    case "/b?x=1": "//127.0.0.1:\(channel.localAddress?.port ?? 0)/c"
                    case "/c": "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
                    default: nil
                    }
                if let location {
                    channel.send(response("302 Found", headers: ["Location: \(location)"]), thenClose: true)
                } else {
                    channel.send(response("500 Oops"))
                }
            } test: { server in
                let answer = await ask(server.port) { $0.path = "/start" }
                #expect(answer.message == "HTTP probe failed with statuscode: 500")
                let loop = await ask(server.port)
                #expect(loop.verdict == .failure)
                #expect(loop.message.hasSuffix("stopped after 10 redirects"))
                #expect(server.requests.count == 12)
            }
        }

        @Test func aRedirectToAnotherHostIsASuccessWithAWarning() async throws {
            try await withServer {
                $0.send(response("301 Moved", "gone", headers: ["Location: http://localhost/x"]))
            } test: { server in
                let answer = await ask(server.port)
                #expect(
                    answer == ProbeAnswer(.warning, "Probe terminated redirects, Response body: gone"))
            }
        }

        @Test func nobodyListens() async throws {
            let port = try await freePort()
            let answer = await ask(port)
            #expect(
                answer
                    == ProbeAnswer(
                        .failure,
                        "Get \"http://127.0.0.1:\(port)/\": dial tcp 127.0.0.1:\(port): connect: connection refused"
                    ))
        }

        @Test func whoeverHangsIsLeftInTime() async throws {
            let behaviours: [@Sendable (any Channel) -> Void] = [
                { _ in },
                { $0.send("HTTP/1.1 200 OK\r\nContent-Le") },
                { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") },
                { drip("HTTP/1.1 200 OK\r\nX: ", on: $0) },
                { drip("HTTP/1.1 200 OK\r\n\r\n", on: $0) },
            ]
            for behave in behaviours {
                try await withServer { channel, _ in
                    behave(channel)
                } test: { server in
                    let start = ContinuousClock.now
                    let answer = await ask(server.port, timeout: .milliseconds(300))
                    let time = ContinuousClock.now - start
                    #expect(answer.verdict == .failure)
                    #expect(answer.message.contains("context deadline exceeded"))
                    #expect(time >= .milliseconds(290) && time < .milliseconds(1500))
                    #expect(await eventually { server.connections == 0 })
                }
            }
        }

        @Test func brokenAnswersAreFailures() async throws {
            let behaviours: [(String, @Sendable (any Channel) -> Void)] = [
                ("EOF", { $0.close(promise: nil) }),
                ("unexpected EOF", { $0.send("HTTP/1.1 200 OK\r\nContent-Le", thenClose: true) }),
                (
                    "unexpected EOF",
                    { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", thenClose: true) }
                ),
                ("malformed HTTP response", { $0.send("SSH-2.0-OpenSSH_9.2\r\n") }),
                ("connection reset by peer", { reset($0) }),
                (
                    "malformed HTTP response",
                    { $0.send("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 2 << 20)) }
                ),
            ]
            for (words, behave) in behaviours {
                try await withServer { channel, _ in
                    behave(channel)
                } test: { server in
                    let answer = await ask(server.port)
                    #expect(answer.verdict == .failure)
                    #expect(answer.message.contains(words), "\(answer.message)")
                    #expect(await eventually { server.connections == 0 })
                }
            }
        }

        @Test func ofAGiantAnswerOnlyTheBeginningIsRead() async throws {
            try await withServer { channel, _ in
                channel.send("HTTP/1.1 200 OK\r\n\r\n")
                flood(channel)
            } test: { server in
                let answer = await ask(server.port, timeout: .seconds(5))
                #expect(answer.verdict == .success)
                #expect(answer.message.utf8.count == 10 << 10)
                #expect(await eventually { server.connections == 0 })
            }
        }

        @Test func certificatesAreNotVerified() async throws {
            let tls = try TestCertificate.serverContext()
            try await withServer(tls: tls) {
                $0.send(response("200 OK", "safe"))
            } test: { server in
                #expect(await ask(server.port) { $0.scheme = .https } == ProbeAnswer(.success, "safe"))
            }
        }

        @Test func aServerWithoutTLSFailsATLSProbe() async throws {
            // It answers the handshake as plain HTTP servers do.
            let server = try await ScriptedServer(rejects: {
                $0.send(response("400 Bad Request"), thenClose: true)
            })
            let answer = await ask(server.port) { $0.scheme = .https }
            #expect(answer.verdict == .failure)
            // In Go's words, and with nothing of the libraries behind it.
            #expect(
                answer.message.hasSuffix(": http: server gave HTTP response to HTTPS client"),
                "\(answer.message)")
            try await server.stop()
        }

        @Test func aServerThatRefusesTheHandshakeIsQuotedInWords() async throws {
            // A fatal alert (TLS 1.2): handshake_failure.
            let server = try await ScriptedServer(rejects: {
                $0.send("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{28}", thenClose: true)
            })
            let answer = await ask(server.port) { $0.scheme = .https }
            #expect(answer.verdict == .failure)
            let words = answer.message.split(separator: ": ").dropFirst().joined(separator: ": ")
            #expect(words.hasPrefix("tls: sslv3 alert handshake failure"), "\(answer.message)")
            #expect(!words.contains("/") && !words.contains("_"), "\(answer.message)")
            try await server.stop()
        }

        @Test func aHookGoesOnWithoutTLSWhereTheServerHasNone() async throws {
            // The handshake is no request for it, and it says so as plain HTTP servers do.
            let server = try await ScriptedServer(
                answers: { channel, _ in channel.send(response("200 OK", "plain")) },
                rejects: { $0.send(response("400 Bad Request"), thenClose: true) })
            let answer = await ask(server.port, purpose: .hook) { $0.scheme = .https }
            #expect(answer == ProbeAnswer(.success, "plain"))
            // A probe says what is wrong.
            #expect(await ask(server.port) { $0.scheme = .https }.verdict == .failure)
            try await server.stop()
        }

        @Test func aSilentTLSServerIsLeftInTime() async throws {
            try await withServer { _ in
            } test: { server in
                let answer = await ask(server.port, timeout: .milliseconds(200)) { $0.scheme = .https }
                #expect(answer.verdict == .failure)
                #expect(answer.message.contains("context deadline exceeded"))
            }
        }

        @Test func namesAndIPv6AreHosts() async throws {
            let server = try await ScriptedServer(
                host: "::1", answers: { $0.send(response("200 OK"), thenClose: $1.isEmpty) })
            #expect(await ask(server.port) { $0.host = "::1" }.verdict == .success)
            #expect(server.requests.first?.contains("Host: [::1]:\(server.port)\r\n") == true)
            try await server.stop()
            let unknown = await ask(80) { $0.host = "nowhere.invalid" }
            #expect(unknown.verdict == .failure)
            #expect(unknown.message.contains("nowhere.invalid"), "\(unknown.message)")
        }

        /// Closing first would leave a socket in TIME-WAIT for a minute; a thousand probes a second are many.
        @Test func noSocketStaysInTimeWait() async throws {
            try await withServer {
                $0.send(response("200 OK", "fine"))
            } test: { server in
                for _ in 0..<50 { #expect(await ask(server.port).verdict == .success) }
                #expect(await eventually { server.connections == 0 })
                let waiting = try timeWaits(port: server.port)
                #expect(waiting <= 2)
            }
        }

        @Test func aCancelledHookLeavesNothing() async throws {
            try await withServer { _ in
            } test: { server in
                let before = openSockets()
                let hook = Task {
                    await Prober().once(
                        .httpGet(HTTPGet(host: "127.0.0.1", port: server.port)), container: "c", timeout: nil)
                }
                #expect(await eventually { server.connections == 1 })
                hook.cancel()
                #expect(await hook.value.verdict == .error)
                #expect(await eventually { server.connections == 0 })
                #expect(await eventually { openSockets() <= before })
            }
        }
    }
}

func ask(
    _ port: Int, timeout: Duration = .seconds(2), purpose: ProbePurpose = .probe,
    _ change: (inout HTTPGet) -> Void = { _ in }
) async -> ProbeAnswer {
    var get = HTTPGet(host: "127.0.0.1", port: port)
    change(&get)
    return await Prober().once(.httpGet(get), container: "c", timeout: timeout, purpose: purpose)
}

func withServer(
    tls: NIOSSLContext? = nil, _ answers: @escaping @Sendable (any Channel) -> Void,
    test: (ScriptedServer) async throws -> Void
) async throws {
    try await withServer(tls: tls, { channel, _ in answers(channel) }, test: test)
}

func withServer(
    tls: NIOSSLContext? = nil, _ answers: @escaping ScriptedServer.Script,
    test: (ScriptedServer) async throws -> Void
) async throws {
    let server = try await ScriptedServer(tls: tls, answers: answers)
    do {
        try await test(server)
    } catch {
        try await server.stop()
        throw error
    }
    try await server.stop()
}
