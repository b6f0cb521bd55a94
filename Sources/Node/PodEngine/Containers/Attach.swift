import ContainerShim
import Glibc
import LinuxKernel
import Synchronization

/// A container's own streams, as long as somebody is attached to them.
public final class AttachSession: Sendable {
    public enum Part: Sendable {
        case output([UInt8])
        case error([UInt8])
    }

    private let streams: Mutex<ContainerStreams>
    private let descriptor: Int32
    private let poller: Poller
    let container: String
    let connection: ShimConnection

    init(
        _ streams: consuming sending ContainerStreams, container: String, connection: ShimConnection,
        poller: Poller
    ) {
        descriptor = streams.descriptor
        self.streams = Mutex(streams)
        self.container = container
        self.connection = connection
        self.poller = poller
    }

    /// What the container has written since; nil at its end, or when this client was too slow for it.
    public func receive() async throws -> [Part]? {
        while true {
            try Task.checkCancellation()
            var parts: [Part] = []
            var isOver = false
            try streams.withLock { streams throws(KernelError) in
                try streams.receive { part in
                    switch part {
                    case .output(let bytes): parts.append(.output(Array(bytes)))
                    case .error(let bytes): parts.append(.error(Array(bytes)))
                    case .dropped, .end: isOver = true
                    }
                }
            }
            if !parts.isEmpty { return parts }
            if isOver { return nil }
            try await poller.ready(descriptor, .readable)
        }
    }

    public func send(_ bytes: [UInt8]) async throws {
        try streams.withLock { streams throws(KernelError) in
            var failure: KernelError?
            bytes.withUnsafeBytes { buffer in
                do throws(KernelError) { try streams.send(input: buffer) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        try await flush()
    }

    /// The half close: the container reads its input's end.
    public func endInput() async throws {
        try streams.withLock { streams throws(KernelError) in try streams.endInput() }
        try await flush()
    }

    private func flush() async throws {
        while streams.withLock({ $0.hasUnsentInput }) {
            try await poller.ready(descriptor, .writable)
            try streams.withLock { streams throws(KernelError) in try streams.sendUnsent() }
        }
    }

    public func resize(rows: UInt16, columns: UInt16) async throws {
        _ = try await connection.call(
            .resize(container: container, TerminalSize(rows: rows, columns: columns)))
    }
}

extension PodEngine {
    /// Attaches to the streams of a container that runs.
    public func attach(_ word: String, input: Bool, output: Bool, error: Bool) async throws -> AttachSession {
        let container = try registry.container(word)
        let connection = try connection(of: try registry.sandbox(container.record.sandboxID))
        guard try container.live().phase == .running else {
            throw EngineError(.wrongState, "container \(container.id) is not running")
        }
        do {
            let answer = try await connection.call(
                .attach(
                    container: container.id, AttachOptions(stdin: input, stdout: output, stderr: error)))
            guard let descriptor = answer.descriptor else {
                throw EngineError(.refused, "the shim sent no streams")
            }
            return AttachSession(
                ContainerStreams(owning: FileDescriptor(owning: descriptor)), container: container.id,
                connection: connection, poller: poller)
        } catch let error as ShimError {
            throw explained(error, container, "attach to")
        }
    }

    /// Whether a container has a terminal of its own.
    public func hasTerminal(_ word: String) throws -> Bool { try registry.container(word).record.terminal }
}
