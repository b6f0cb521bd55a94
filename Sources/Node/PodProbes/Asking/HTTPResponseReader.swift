/// Reads a response from the bytes of a connection, as far as probes want to know it: the status, where a redirect
/// leads, and the beginning of the body (RFC 9112). Pure: whoever has the connection feeds it.
package struct HTTPResponseReader: Sendable {
    package struct Response: Sendable, Equatable {
        package var status: Int
        package var location: String?
        /// At most `ProbeLimits.message` bytes.
        package var body: [UInt8]

        package init(status: Int, location: String? = nil, body: [UInt8] = []) {
            self.status = status
            self.location = location
            self.body = body
        }
    }

    /// What is no response.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case malformed(String)
        case end
        case endWithin

        package var description: String {
            switch self {
            case .malformed(let what): "malformed HTTP response \(what)"
            case .end: "EOF"
            case .endWithin: "unexpected EOF"
            }
        }
    }

    private enum Body {
        case none
        /// So many bytes are still to come.
        case counted(Int)
        case chunked(ChunkReader)
        /// Until the connection ends.
        case open
    }

    private var head: [UInt8] = []
    private var response: Response?
    private var body = Body.none

    package init() {}

    /// - Returns: the response, as soon as all of it that is wanted is there.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Response? {
        guard response == nil else { return try feedBody(bytes) }
        head += bytes
        // An interim response has another one after it (section 15.2 of RFC 9110).
        while let end = Self.endOfHead(head) {
            let text = Array(head[..<end])
            head.removeFirst(end)
            try read(text)
            if let status = response?.status, (100..<200).contains(status), status != 101 {
                response = nil
                continue
            }
            let rest = head
            head = []
            // A temporary buffer, so that the typed error stays typed.
            var outcome = Result<Response?, Failure>.success(nil)
            rest.withUnsafeBytes { bytes in outcome = Result { () throws(Failure) in try feedBody(bytes) } }
            return try outcome.get()
        }
        try checkUnfinishedHead()
        return nil
    }

    /// The other side has closed.
    package func end() throws(Failure) -> Response {
        guard let response else { throw head.isEmpty ? .end : .endWithin }
        guard case .open = body else { throw .endWithin }
        return response
    }

    // MARK: Head

    /// Behind the empty line that ends it.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var index = 0
        while let feed = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) {
            var next = feed + 1
            if next < bytes.count, bytes[next] == UInt8(ascii: "\r") { next += 1 }
            if next < bytes.count, bytes[next] == UInt8(ascii: "\n") { return next + 1 }
            index = feed + 1
        }
        return nil
    }

    /// What can be no response is told at once: who speaks another protocol may wait for us.
    private func checkUnfinishedHead() throws(Failure) {
        let start = Array("HTTP/1.".utf8)
        guard head.starts(with: start.prefix(head.count)) else { throw .malformed(Self.quoted(head)) }
        guard head.count <= ProbeLimits.headers else {
            throw .malformed("with more than \(ProbeLimits.headers) bytes of headers")
        }
    }

    private mutating func read(_ text: [UInt8]) throws(Failure) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        var response = Response(status: try Self.status(lines[0]))
        var length: Int?
        var isChunked = false
        for line in lines.dropFirst() where !line.isEmpty {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                !line[..<colon].contains(where: { $0 <= 0x20 || $0 >= 0x7f })
            else { throw .malformed(Self.quoted(line)) }
            // Most fields say nothing to a probe; of these no text is made.
            guard let field = Field(name: line[..<colon]) else { continue }
            let bytes = line[(colon + 1)...].trimmingBlanks
            let value = String(decoding: bytes, as: UTF8.self)
            switch field {
            case .contentLength:
                guard let number = Int(value), number >= 0, length == nil || length == number else {
                    throw .malformed("with Content-Length \(Self.quoted(bytes))")
                }
                length = number
            case .transferEncoding: isChunked = value.lowercased().hasSuffix("chunked")
            case .location: response.location = value
            }
        }
        // These never have one (section 6.3).
        if [101, 204, 304].contains(response.status) {
            body = .none
        } else if isChunked {
            body = .chunked(ChunkReader())
        } else {
            body = length.map { .counted($0) } ?? .open
        }
        self.response = response
    }

    /// `HTTP/1.1 200 OK`
    private static func status(_ line: ArraySlice<UInt8>) throws(Failure) -> Int {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        let version = String(decoding: words[0], as: UTF8.self)
        guard ["HTTP/1.1", "HTTP/1.0"].contains(version), words.count > 1, words[1].count == 3,
            let status = Int(String(decoding: words[1], as: UTF8.self)), (100..<1000).contains(status)
        else { throw .malformed(quoted(line)) }
        return status
    }

    /// The beginning of what was received, as it can stand in a message.
    private static func quoted(_ bytes: some Collection<UInt8>) -> String {
        let text = bytes.prefix(64).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: ".") }
        return "\"\(String(decoding: text, as: UTF8.self))\""
    }

    // MARK: Body

    private mutating func feedBody(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Response? {
        switch body {
        case .none: return response
        case .counted(let rest):
            let isFull = keep(bytes.prefix(rest))
            body = .counted(max(0, rest - bytes.count))
            return rest <= bytes.count || isFull ? response : nil
        case .chunked(var reader):
            var isFull = false
            let isOver = try reader.feed(bytes) { if keep($0) { isFull = true } }
            body = .chunked(reader)
            return isOver || isFull ? response : nil
        case .open: return keep(bytes[...]) ? response : nil
        }
    }

    /// - Returns: whether there was more than is wanted.
    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        let free = ProbeLimits.message - (response?.body.count ?? 0)
        response?.body += bytes.prefix(free)
        return bytes.count > free
    }
}

/// A body in chunks (RFC 9112, section 7.1): each with its size in hexadecimal before it, the last one empty.
private struct ChunkReader: Sendable {
    private enum Place { case size, data(Int), dataEnd, trailer }

    private var place = Place.size
    private var line: [UInt8] = []

    /// - Returns: whether that was the end.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, _ data: (Slice<UnsafeRawBufferPointer>) -> Void
    ) throws(HTTPResponseReader.Failure) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            if case .data(let count) = place {
                let part = rest.prefix(count)
                data(part)
                rest = rest.dropFirst(part.count)
                place = part.count == count ? .dataEnd : .data(count - part.count)
                continue
            }
            let byte = rest.removeFirst()
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                if line.count > 4096 { throw .malformed("with a chunk's line of more than 4096 bytes") }
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            defer { line = [] }
            switch place {
            case .size:
                // What follows a semicolon are extensions that nobody knows.
                let digits = line.prefix { $0 != UInt8(ascii: ";") }.trimmingBlanks
                guard let size = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    throw .malformed("with a chunk without its size")
                }
                place = size == 0 ? .trailer : .data(Int(size))
            case .dataEnd:
                guard line.isEmpty else { throw .malformed("with a chunk longer than its size") }
                place = .size
            case .trailer: if line.isEmpty { return true }
            case .data: break
            }
        }
        return false
    }
}

/// The fields of a head that a probe asks for.
private enum Field {
    case contentLength, transferEncoding, location

    private static let names: [(Field, [UInt8])] = [
        (.contentLength, Array("content-length".utf8)), (.transferEncoding, Array("transfer-encoding".utf8)),
        (.location, Array("location".utf8)),
    ]

    /// Names of fields are the same in either case (RFC 9110, section 5.1).
    init?(name: ArraySlice<UInt8>) {
        let found = Self.names.first { _, known in
            known.count == name.count && zip(known, name).allSatisfy { $0 == ($1 | ($0 & 0x20)) }
        }
        guard let found else { return nil }
        self = found.0
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingBlanks: ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard let last = lastIndex(where: { !isBlank($0) }) else { return self[endIndex...] }
        return self[...last].drop(while: isBlank)
    }
}
