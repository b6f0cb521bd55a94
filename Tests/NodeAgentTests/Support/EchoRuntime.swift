import NIOCore
import StreamingServer

/// A runtime without containers, behind the real streaming server: the command's words say what happens.
struct EchoRuntime: StreamingHandler {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    func exec(_ request: ExecStreamRequest, _ streams: RemoteStreams) async throws -> Int32 {
        switch request.command.first {
        case "cat":
            if let stdin = streams.stdin {
                for try await bytes in stdin { try await streams.stdout?.write(bytes) }
            }
            return 0
        case "both":
            try await streams.stdout?.write(ByteBuffer(string: "out\n"))
            try await streams.stderr?.write(ByteBuffer(string: "err\n"))
            return 0
        case "exit": return request.command.count > 1 ? Int32(request.command[1]) ?? 0 : 0
        default: throw Failure(description: "no such command")
        }
    }

    func attach(_ request: AttachStreamRequest, _ streams: RemoteStreams) async throws -> Int32? {
        try await exec(ExecStreamRequest(container: request.container, command: ["cat"]), streams)
    }

    func forward(sandbox: String, port: UInt16, _ connection: ForwardedConnection) async throws {
        guard port == 7 else { throw Failure(description: "connection to port \(port) refused") }
        for try await bytes in connection.input { try await connection.write(bytes) }
    }
}
