import NIOCore

/// Takes a client's bytes apart and hands them to the streams. Belongs to the task that reads the connection;
/// while a stream is full that task waits, and with it the client.
struct SPDYReader: InputReader {
    private let connection: SPDYConnection
    private let session: any SPDYSession
    private let inflater: HeaderInflater
    private let deflater: HeaderDeflater
    private var decoder = SPDYFrameDecoder()
    private var received = ReceivedBytes()

    init(_ connection: SPDYConnection, session: any SPDYSession) throws(StreamingError) {
        self.connection = connection
        self.session = session
        inflater = try HeaderInflater()
        deflater = try HeaderDeflater()
    }

    mutating func receive(_ bytes: ByteBuffer) async throws -> InputState {
        decoder.append(bytes)
        while let event = try decoder.next() {
            try await take(event)
        }
        return .open
    }

    private mutating func take(_ event: SPDYEvent) async throws {
        switch event {
        case .synStream(let id, let block, let isLast):
            try await open(id, headers: try inflater.headers(in: block), isLast: isLast)
        case .headers(let id, let block, let isLast):
            _ = try inflater.headers(in: block)
            if isLast { connection.stream(id)?.incoming.close() }
        case .data(let id, let piece, let isLast):
            try await deliver(piece, to: id, isLast: isLast)
        case .reset(let id):
            guard let stream = connection.stream(id) else { return }
            stream.fail(.streamClosed)
            connection.remove(stream)
        case .initialWindow(let size):
            try connection.windows.setInitial(size)
        case .windowUpdate(let id, let delta):
            connection.windows.open(id, by: delta)
        case .ping(let id):
            // Even ones would be answers to ours.
            if id % 2 == 1 { try await connection.send(SPDY.ping(id)) }
        case .goAway:
            session.closedByClient()
        }
    }

    private mutating func open(_ id: UInt32, headers: [String: String], isLast: Bool) async throws {
        guard try connection.admit(id) else { return }
        guard session.accepts(id: id, headers: headers) else {
            return try await connection.send(SPDY.reset(id, .refusedStream))
        }
        let stream = SPDYStream(
            id: id, headers: headers,
            inboundBytes: SessionLimits.inboundBytes(streams: connection.streamCount), connection: connection)
        connection.add(stream)
        if isLast { stream.incoming.close() }
        // Before anything is sent on it: clients drop data of a stream without a reply.
        try await connection.send(SPDY.synReply(id, block: deflater.block([])))
        try session.opened(stream)
    }

    private mutating func deliver(_ piece: ByteBuffer, to id: UInt32, isLast: Bool) async throws {
        guard connection.knows(id) else {
            throw StreamingError(.protocolViolation, "SPDY: data for stream \(id), which was never opened")
        }
        let stream = connection.stream(id)
        await stream?.incoming.send(piece)
        if isLast { stream?.incoming.close() }
        // Clients that know nothing of windows are not told of them.
        let binding = connection.windows.isBinding
        if let sum = received.add(piece.readableBytes, announcing: binding) {
            try await connection.send(SPDY.windowUpdate(0, by: sum))
        }
        if !isLast, let sum = stream?.count(received: piece.readableBytes, announcing: binding) {
            try await connection.send(SPDY.windowUpdate(id, by: sum))
        }
    }
}

/// Bytes that were taken from the client since its window was opened last.
struct ReceivedBytes {
    private var sum = 0

    /// Counts, and says by how much to open the window now: not for every few bytes.
    mutating func add(_ count: Int, announcing: Bool) -> Int? {
        sum += count
        guard announcing, sum >= SPDY.initialWindow / 2 else { return nil }
        defer { sum = 0 }
        return sum
    }
}
