import Logging
import NIOCore
import NIOPosix
import StreamingServer

/// As much of an API server as `kubectl exec`, `attach` and `port-forward` ask for. There is one pod, `x`; what is
/// said about its streams it takes to a streaming server, as API server and kubelet do together.
final class FakeAPIServer: Sendable {
    private let streaming: StreamingServer
    private let listener: any Channel
    private let connections: Task<Void, Never>

    var url: String { "http://127.0.0.1:\(listener.localAddress?.port ?? 0)" }

    private init(_ streaming: StreamingServer, _ listener: any Channel, _ connections: Task<Void, Never>) {
        self.streaming = streaming
        self.listener = listener
        self.connections = connections
    }

    static func start(_ streaming: StreamingServer) async throws -> FakeAPIServer {
        typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
        let (accepted, accept) = AsyncStream.makeStream(of: Connection.self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    accept.yield(try Connection(wrappingChannelSynchronously: channel))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let connections = Task {
            await withDiscardingTaskGroup { group in
                for await connection in accepted {
                    group.addTask {
                        // A client that hangs up in the middle is no failure of the tests.
                        try? await serve(connection, streaming)
                    }
                }
            }
        }
        return FakeAPIServer(streaming, listener, connections)
    }

    func stop() async {
        listener.close(promise: nil)
        connections.cancel()
        await connections.value
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ streaming: StreamingServer
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            var head = ""
            while !head.hasSuffix("\r\n\r\n"), let bytes = try await iterator.next() {
                head += String(buffer: bytes)
            }
            let target = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            guard let url = try streamingURL(target, streaming) else {
                let (status, body) = answer(target)
                try await outbound.write(
                    ByteBuffer(
                        string:
                            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nConnection: close\r\n"
                            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"))
                return try await connection.channel.writeAndFlush(ByteBuffer()).get()
            }
            // The kubelet's place: the request goes to the URL that the CRI gave, then bytes go both ways.
            let location = try StreamingURL(url)
            let client = try await RawClient.connect(port: location.port)
            var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
            let words = lines[0].split(separator: " ")
            lines[0] = "\(words[0]) \(location.path) \(words[2])"
            try await client.send(lines.joined(separator: "\r\n"))
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while let bytes = try? await client.receive() {
                        try? await connection.channel.writeAndFlush(bytes).get()
                    }
                    connection.channel.close(promise: nil)
                }
                while let bytes = try? await iterator.next() { try? await client.send(bytes) }
                await client.close()
            }
        }
    }

    /// What the kubelet asks the CRI for.
    private static func streamingURL(_ target: String, _ streaming: StreamingServer) throws -> String? {
        let parts = target.split(separator: "?", maxSplits: 1)
        let parameters = (parts.count > 1 ? parts[1].split(separator: "&") : []).map { parameter in
            let pair = parameter.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: pair[0], value: pair.count > 1 ? pair[1] : "")
        }
        func isSet(_ name: String) -> Bool { parameters.contains { $0.name == name && $0.value == "true" } }
        let pod = "/api/v1/namespaces/default/pods/x"
        switch parts.first.map(String.init) {
        case pod + "/exec":
            return try streaming.exec(
                ExecStreamRequest(
                    container: "c", command: parameters.filter { $0.name == "command" }.map(\.value),
                    terminal: isSet("tty"), stdin: isSet("stdin"), stdout: isSet("stdout"),
                    stderr: isSet("stderr")))
        case pod + "/attach":
            return try streaming.attach(
                AttachStreamRequest(
                    container: "cat", terminal: isSet("tty"), stdin: isSet("stdin"), stdout: isSet("stdout"),
                    stderr: isSet("stderr")))
        case pod + "/portforward":
            return try streaming.portForward(PortForwardStreamRequest(sandbox: "x"))
        default:
            return nil
        }
    }

    private static func answer(_ target: String) -> (status: String, body: String) {
        let path = target.prefix { $0 != "?" }
        switch path {
        case "/api":
            return ("200 OK", #"{"kind":"APIVersions","versions":["v1"]}"#)
        case "/apis":
            return ("200 OK", #"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#)
        case "/api/v1":
            return (
                "200 OK",
                #"{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","#
                    + #""namespaced":true,"kind":"Pod","verbs":["get","list"],"shortNames":["po"]}]}"#
            )
        case "/api/v1/namespaces/default/pods/x":
            return (
                "200 OK",
                #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"default"},"#
                    + #""spec":{"containers":[{"name":"c","image":"i","stdin":true,"tty":false,"ports":"#
                    + #"[{"containerPort":7}]}]},"status":{"phase":"Running"}}"#
            )
        default:
            return (
                "404 Not Found",
                #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}"#
            )
        }
    }
}
