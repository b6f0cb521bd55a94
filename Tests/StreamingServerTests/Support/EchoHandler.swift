import NIOCore
import StreamingServer
import Synchronization

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// An engine without containers: the command's words say what happens.
final class EchoHandler: StreamingHandler {
    struct Calls {
        var begun = 0
        var ended = 0
        var cancelled = 0
    }

    private let counted = Mutex(Calls())

    var calls: Calls { counted.withLock { $0 } }

    private func counting<Result>(_ call: () async throws -> Result) async rethrows -> Result {
        counted.withLock { $0.begun += 1 }
        defer {
            counted.withLock { calls in
                calls.ended += 1
                if Task.isCancelled { calls.cancelled += 1 }
            }
        }
        return try await call()
    }

    func exec(_ request: ExecStreamRequest, _ streams: RemoteStreams) async throws -> Int32 {
        try await counting { try await perform(request.command, streams) }
    }

    func attach(_ request: AttachStreamRequest, _ streams: RemoteStreams) async throws -> Int32? {
        try await counting { try await perform([request.container], streams) }
    }

    private func perform(_ command: [String], _ streams: RemoteStreams) async throws -> Int32 {
        let argument = command.count > 1 ? command[1] : ""
        switch command.first {
        case "cat":
            if let stdin = streams.stdin {
                for try await bytes in stdin { try await streams.stdout?.write(bytes) }
            }
        case "count":
            // How many bytes came, and their checksum.
            var sum = Checksum()
            if let stdin = streams.stdin {
                for try await bytes in stdin { sum.add(bytes) }
            }
            try await streams.stdout?.write(ByteBuffer(string: "\(sum)\n"))
        case "produce":
            try await Checksum.produce(Int(argument) ?? 0) { try await streams.stdout?.write($0) }
        case "both":
            try await streams.stdout?.write(ByteBuffer(string: "out\n"))
            try await streams.stderr?.write(ByteBuffer(string: "err\n"))
        case "sizes":
            for await size in streams.resizes {
                try await streams.stdout?.write(ByteBuffer(string: "\(size.width)x\(size.height)\n"))
                if size.width == 1 { break }
            }
        case "exit":
            return Int32(argument) ?? 0
        case "fail":
            throw TestFailure(argument)
        case "hang":
            try await Task.sleep(for: .seconds(600))
        case "ignore":
            // Takes nothing of its stdin, and ends by itself.
            try await streams.stdout?.write(ByteBuffer(string: "ignored\n"))
        default:
            throw TestFailure("no such command: \(command)")
        }
        return 0
    }

    /// Port 7 echoes, 9 takes until the end and then says how much, 13 talks first, 1 refuses.
    func forward(sandbox: String, port: UInt16, _ connection: ForwardedConnection) async throws {
        try await counting {
            switch port {
            case 7:
                for try await bytes in connection.input { try await connection.write(bytes) }
            case 9:
                var sum = Checksum()
                for try await bytes in connection.input { sum.add(bytes) }
                try await connection.write(ByteBuffer(string: "\(sum)"))
            case 13:
                try await connection.write(ByteBuffer(string: "hello from \(sandbox)\n"))
            case 15:
                try await Task.sleep(for: .seconds(600))
            default:
                throw TestFailure("connection to port \(port) refused")
            }
        }
    }
}
