import Logging
import NIOCore
import StreamingServer

/// A server on a free port, with the engine without containers, for as long as the body runs.
func withServer(
    _ configure: (inout StreamingConfiguration) -> Void = { _ in },
    _ body: (StreamingServer, EchoHandler) async throws -> Void
) async throws {
    var configuration = StreamingConfiguration()
    configure(&configuration)
    let handler = EchoHandler()
    let server = StreamingServer(
        configuration: configuration, handler: handler,
        logger: Logger(label: "streaming", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await server.start()
    do {
        try await body(server, handler)
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

/// Looks again and again until it is so; false when it never is.
func eventually(within limit: Duration = .seconds(10), _ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// A client of a command over SPDY with the streams that it asked for.
struct SPDYCommandClient: Sendable {
    let spdy: SPDYClient
    let error: UInt32
    var stdin: UInt32 = 0
    var stdout: UInt32 = 0
    var stderr: UInt32 = 0
    var resize: UInt32 = 0

    static func connect(_ url: String, for request: ExecStreamRequest, version: String = "v4.channel.k8s.io")
        async throws -> SPDYCommandClient
    {
        let (spdy, chosen) = try await SPDYClient.connect(url, versions: [version])
        guard chosen == version else { throw TestFailure("chosen was \(chosen ?? "nothing")") }
        var client = SPDYCommandClient(spdy: spdy, error: try await spdy.open("error"))
        if request.stdin { client.stdin = try await spdy.open("stdin") }
        if request.stdout { client.stdout = try await spdy.open("stdout") }
        if request.stderr, !request.terminal { client.stderr = try await spdy.open("stderr") }
        if request.terminal { client.resize = try await spdy.open("resize") }
        return client
    }
}
