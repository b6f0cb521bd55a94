import Glibc
import LinuxKernel
import Synchronization

/// Answers every request with 307 Temporary Redirect to the same path of another server (RFC 9110, section 15.4.8).
final class Redirector: Sendable {
    private let server: LoopbackServer
    private let target: String
    private let count = Mutex(0)

    var port: UInt16 { server.port }
    /// Requests that were sent elsewhere.
    var redirected: Int { count.withLock { $0 } }

    init(to target: String) throws {
        server = try LoopbackServer()
        self.target = target
        try server.start { [self] in serve($0) }
    }

    func close() { server.close() }

    private func serve(_ client: Int32) {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            // A TLS greeting is not understood.
            if head.count > 8192 || head.first == 0x16 || read(client, &byte, 1) != 1 { return }
            head.append(byte)
        }
        let words = String(decoding: head, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return }
        count.withLock { $0 += 1 }
        let answer = """
            HTTP/1.1 307 Temporary Redirect\r\nLocation: http://\(target)\(words[1])\r\nContent-Length: 0\r\n\
            Connection: close\r\n\r\n
            """
        _ = send(client, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
        // What of the request is still on its way would reset the connection, and take the answer with it.
        shutdown(client, Int32(SHUT_WR))
        var rest = [UInt8](repeating: 0, count: 64 << 10)
        while read(client, &rest, rest.count) > 0 {}
    }
}
