import Foundation
import NIOSSL
import NodeAgent
import Testing

/// Who is let in, and by which certificate the server is known.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AuthenticationTests {
    private func ask(
        _ server: RunningServer, _ header: String? = nil, tls: TLSConfiguration = RunningServer.trusting
    )
        async throws -> String
    {
        let client = try await server.connect(tls)
        client.send(
            (["GET /pods HTTP/1.1", "Host: x", "Connection: close"] + (header.map { [$0] } ?? []))
                .joined(separator: "\r\n") + "\r\n\r\n")
        return await client.answer()
    }

    @Test func theTokenLetsIn() async throws {
        try await withAgentServer { server in
            #expect(try await ask(server, "Authorization: Bearer secret").hasPrefix("HTTP/1.1 200 "))
            #expect(try await ask(server, "authorization: bearer  secret").hasPrefix("HTTP/1.1 200 "))
            for header in [
                nil, "Authorization: Bearer secre", "Authorization: Bearer secrets", "Authorization: Bearer",
                "Authorization: Basic secret", "Authorization: secret", "Authorization: Bearer \u{20}",
            ] {
                let answer = try await ask(server, header)
                #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"), "\(header ?? "no header")")
            }
            // Another one from now on, and none.
            try writeFile(server.folder.file("token"), "other\nthird")
            #expect(try await ask(server, "Authorization: Bearer secret").hasPrefix("HTTP/1.1 401 "))
            #expect(try await ask(server, "Authorization: Bearer third").hasPrefix("HTTP/1.1 200 "))
            try writeFile(server.folder.file("token"), "")
            #expect(try await ask(server, "Authorization: Bearer third").hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test func whoIsAnonymousIsLetInWhereThatIsAllowed() async throws {
        try await withAgentServer({ configuration, _ in configuration.allowsAnonymous = true }) { server in
            let answer = try await ask(server)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func certificatesOfTheConfiguredAuthorityLetIn() async throws {
        let authority = try TestAuthority("the cluster's")
        let stranger = try TestAuthority("a stranger's")
        try await withAgentServer({ configuration, folder in
            configuration.clientCAFile = folder.file("ca.crt")
            try writeFile(folder.file("ca.crt"), authority.pem)
        }) { server in
            let good = try authority.client("kube-apiserver")
            #expect(try await ask(server, tls: good).hasPrefix("HTTP/1.1 200 "))
            // Without a certificate the token still counts.
            #expect(try await ask(server).hasPrefix("HTTP/1.1 401 "))
            #expect(try await ask(server, "Authorization: Bearer secret").hasPrefix("HTTP/1.1 200 "))
            let bad = try stranger.client("kube-apiserver")
            #expect(try await !ask(server, tls: bad).contains("200"))
            let old = try authority.client("kube-apiserver", validUntil: Date() - 60)
            #expect(try await !ask(server, tls: old).contains("200"))
        }
    }

    @Test func theOwnCertificateIsMadeOnceAndNamesTheNode() async throws {
        let folder = TemporaryFolder()
        func start() async throws -> AgentServer {
            var configuration = AgentServerConfiguration(certificateFolder: folder.file("a/pki"))
            configuration.address = "127.0.0.1"
            configuration.port = 0
            configuration.healthPort = nil
            configuration.nodeNames = ["node-1", "10.0.0.7", "fd00::7"]
            let server = AgentServer(
                configuration: configuration, view: FakeAgent(), logger: .init(label: "test"))
            let ports = try await server.start()
            // Who trusts it can verify it.
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMFile(folder.file("a/pki/kubelet.crt")))
            tls.certificateVerification = .noHostnameVerification
            let client = try await RawClient(port: ports.api, tls: tls)
            client.send("GET /pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(await client.answer().hasPrefix("HTTP/1.1 401 "))
            return server
        }
        func read(_ name: String) throws -> String {
            try String(contentsOfFile: folder.file("a/pki/\(name)"), encoding: .utf8)
        }
        try await start().stop()
        let (certificate, key) = (try read("kubelet.crt"), try read("kubelet.key"))
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("a/pki/kubelet.key"))[
            .posixPermissions]
        #expect(mode as? Int == 0o600)
        let names = try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem)
            ._subjectAlternativeNames()
            .map { Array($0.contents) }
        #expect(names.contains(Array("node-1".utf8)))
        #expect(names.contains([10, 0, 0, 7]))
        #expect(names.contains([0xfd, 0] + Array(repeating: 0, count: 13) + [7]))

        try await start().stop()
        #expect(try read("kubelet.crt") == certificate)
        // What does not belong together, or is broken, is made anew.
        for (name, text) in [("kubelet.key", try otherKey()), ("kubelet.crt", "broken"), ("kubelet.key", "")]
        {
            try writeFile(folder.file("a/pki/\(name)"), text)
            try await start().stop()
            #expect(try read("kubelet.crt") != certificate)
            #expect(try read("kubelet.key") != key)
        }
    }

    @Test func anOwnCertificateThatEndsSoonServesWhereNoOtherCanBeWritten() async throws {
        let folder = TemporaryFolder()
        let soon = try TestAuthority("node-1")
        #expect(mkdir(folder.file("pki"), 0o700) == 0)
        try writeFile(folder.file("pki/kubelet.crt"), soon.pem)
        try writeFile(folder.file("pki/kubelet.key"), soon.keyPEM)
        func start() async throws -> String {
            var configuration = AgentServerConfiguration(certificateFolder: folder.file("pki"))
            configuration.address = "127.0.0.1"
            configuration.port = 0
            configuration.healthPort = nil
            let server = AgentServer(
                configuration: configuration, view: FakeAgent(), logger: .init(label: "test"))
            try await server.start()
            await server.stop()
            return try String(contentsOfFile: folder.file("pki/kubelet.crt"), encoding: .utf8)
        }
        // As little can a file be written there as on a full disk.
        for name in ["kubelet.crt", "kubelet.key"] {
            #expect(mkdir(folder.file("pki/\(name).new"), 0o700) == 0)
            #expect(try await start() == soon.pem)
            #expect(rmdir(folder.file("pki/\(name).new")) == 0)
        }
        #expect(try await start() != soon.pem)
    }

    @Test func filesThatCannotBeUsedAreNamed() async throws {
        let folder = TemporaryFolder()
        try writeFile(folder.file("crt"), "no certificate")
        var configuration = AgentServerConfiguration(certificateFolder: folder.file("pki"))
        configuration.port = 0
        configuration.healthPort = 0
        configuration.tls = .init(certificate: folder.file("crt"), key: folder.file("key"))
        let server = AgentServer(
            configuration: configuration, view: FakeAgent(), logger: .init(label: "test"))
        do {
            try await server.start()
            Issue.record("it started")
        } catch {
            let text = "\(error)"
            #expect(text.contains(folder.file("crt")) && !text.contains("\n"), "\(text)")
        }
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        try await withAgentServer { server in
            var configuration = AgentServerConfiguration(certificateFolder: server.folder.file("pki"))
            configuration.address = "127.0.0.1"
            configuration.port = 0
            configuration.healthPort = server.ports.health
            let second = AgentServer(
                configuration: configuration, view: FakeAgent(), logger: .init(label: "test"))
            do {
                try await second.start()
                Issue.record("it started")
            } catch {
                let port = server.ports.health ?? 0
                #expect("\(error)" == "listen on 127.0.0.1, port \(port): address already in use")
            }
        }
    }
}
