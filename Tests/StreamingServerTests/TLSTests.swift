import NIOCore
import NIOSSL
import StreamingServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    /// Runs the body with the files of a certificate for `localhost`, and a client's settings that trust it.
    private static func withCertificate(
        _ body: (StreamingConfiguration.TLSFiles, NIOSSLContext) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let files = StreamingConfiguration.TLSFiles(
                certificate: "\(folder)/server.pem", key: "\(folder)/server.key")
            let openssl = try #require(program("openssl"))
            let made = try await run(
                openssl,
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", files.key, "-out",
                    files.certificate,
                ])
            guard made.outcome == .ended(.exited(0)) else { throw TestFailure("openssl: \(made.output)") }
            var client = TLSConfiguration.makeClientConfiguration()
            client.trustRoots = .file(files.certificate)
            try await body(files, try NIOSSLContext(configuration: client))
        }
    }

    @Test func servesBothProtocols() async throws {
        try await Self.withCertificate { files, tls in
            try await withServer({ $0.tls = files }) { server, _ in
                let request = ExecStreamRequest(container: "c", command: ["produce", "3000000"])
                let text = try server.exec(request)
                #expect(text.hasPrefix("https://127.0.0.1:"))
                let (spdy, _) = try await SPDYClient.connect(text, versions: ["v4.channel.k8s.io"], tls: tls)
                _ = try await spdy.open("error")
                let stdout = try await spdy.open("stdout")
                _ = try await spdy.open("stderr")
                #expect(try await spdy.all(stdout).readableBytes == 3_000_000)
                await spdy.close()

                let echo = ExecStreamRequest(container: "c", command: ["cat"], stdin: true)
                let (socket, _) = try await WebSocketClient.connect(
                    server.exec(echo), protocols: ["v5.channel.k8s.io"], tls: tls)
                try await socket.message(0, "secret")
                try await socket.message(255, ByteBuffer(bytes: [0]))
                try await socket.untilClosed()
                #expect(socket.text(1) == "secret")
                await socket.close()
                #expect(try await eventually { server.connections.count == 0 })
            }
        }
    }

    @Test func doesNotSpeakInTheClear() async throws {
        try await Self.withCertificate { files, _ in
            try await withServer({ $0.tls = files }) { server, _ in
                let url = try server.exec(ExecStreamRequest(container: "c", command: ["exit", "0"]))
                let plain = try await RawClient.connect(port: try StreamingURL(url).port)
                try await plain.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                #expect(!String(buffer: try await plain.receiveAll()).contains("HTTP/1.1"))
            }
        }
    }

    @Test func wantsACertificateOfItsClients() async throws {
        try await Self.withCertificate { files, stranger in
            var files = files
            // Who signed the server's certificate, itself, signs clients', too.
            files.clientAuthorities = files.certificate
            var known = TLSConfiguration.makeClientConfiguration()
            known.trustRoots = .file(files.certificate)
            known.certificateChain = try NIOSSLCertificate.fromPEMFile(files.certificate).map {
                .certificate($0)
            }
            known.privateKey = .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
            let tls = try NIOSSLContext(configuration: known)
            try await withServer({ [files] in $0.tls = files }) { server, _ in
                let request = ExecStreamRequest(container: "c", command: ["produce", "3000"])
                let url = try server.exec(request)
                await #expect(throws: (any Error).self) {
                    _ = try await SPDYClient.connect(url, versions: ["v4.channel.k8s.io"], tls: stranger)
                }
                // The stranger has not used the token up.
                let (spdy, _) = try await SPDYClient.connect(url, versions: ["v4.channel.k8s.io"], tls: tls)
                _ = try await spdy.open("error")
                let stdout = try await spdy.open("stdout")
                _ = try await spdy.open("stderr")
                #expect(try await spdy.all(stdout).readableBytes == 3000)
                await spdy.close()
                #expect(try await eventually { server.connections.count == 0 })
            }
        }
    }

    @Test func saysWhichFilesAreNoCertificate() async throws {
        var configuration = StreamingConfiguration()
        configuration.tls = StreamingConfiguration.TLSFiles(
            certificate: "/nowhere/a.pem", key: "/nowhere/a.key")
        let server = StreamingServer(
            configuration: configuration, handler: EchoHandler(), logger: .init(label: "t"))
        let error = await #expect(throws: StreamingError.self) { try await server.start() }
        #expect(error?.kind == .configuration && error?.description.contains("/nowhere/a.pem") == true)
        try await Self.withCertificate { files, _ in
            configuration.tls = files
            configuration.tls?.clientAuthorities = "/nowhere/ca.pem"
            let server = StreamingServer(
                configuration: configuration, handler: EchoHandler(), logger: .init(label: "t"))
            let error = await #expect(throws: StreamingError.self) { try await server.start() }
            #expect(error?.description.contains("/nowhere/ca.pem") == true)
        }
    }
}
