import Logging
import NIOSSL
import NodeAgent

/// An agent's server on free ports of loopback, with the token `secret`.
struct RunningServer: Sendable {
    let agent = FakeAgent()
    let server: AgentServer
    let ports: AgentServer.Ports
    let folder: TemporaryFolder

    init(_ change: (inout AgentServerConfiguration, TemporaryFolder) throws -> Void = { _, _ in })
        async throws
    {
        folder = TemporaryFolder()
        var configuration = AgentServerConfiguration(certificateFolder: folder.file("pki"))
        configuration.address = "127.0.0.1"
        configuration.port = 0
        configuration.healthPort = 0
        configuration.tokenFile = folder.file("token")
        configuration.streamConnectTimeout = .seconds(2)
        try writeFile(folder.file("token"), "secret\n")
        try change(&configuration, folder)
        server = AgentServer(
            configuration: configuration, view: agent,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        ports = try await server.start()
    }

    /// Without a look at the server's certificate.
    static var trusting: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        return tls
    }

    func connect(_ tls: TLSConfiguration = RunningServer.trusting) async throws -> RawClient {
        try await RawClient(port: ports.api, tls: tls)
    }

    /// Asks with the token; the whole answer.
    func get(_ path: String, method: String = "GET", headers: String...) async throws -> String {
        let client = try await connect()
        client.send(
            ([
                "\(method) \(path) HTTP/1.1", "Host: node", "Authorization: Bearer secret",
                "Connection: close",
            ]
                + headers).joined(separator: "\r\n") + "\r\n\r\n")
        return await client.answer()
    }
}

func withAgentServer(
    _ change: (inout AgentServerConfiguration, TemporaryFolder) throws -> Void = { _, _ in },
    _ test: (RunningServer) async throws -> Void
) async throws {
    let running = try await RunningServer(change)
    do {
        try await test(running)
    } catch {
        await running.server.stop()
        throw error
    }
    await running.server.stop()
}
