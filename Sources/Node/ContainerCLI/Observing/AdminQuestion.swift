import Glibc
import LinuxKernel
import OCISpec

/// What the daemon of the CRI is asked over its admin socket: a line, and the answer is a JSON document.
public enum AdminQuestion: Equatable, Sendable {
    /// Everything that it knows.
    case dump
    /// One sandbox, by id or name.
    case sandbox(String)

    /// In the state folder.
    public static let socketName = "admin.sock"

    public init?(line: [UInt8]) {
        let text = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let word = "sandbox "
        if text == "dump" {
            self = .dump
        } else if text.utf8.starts(with: word.utf8) {
            self = .sandbox(String(text.dropFirst(word.utf8.count)))
        } else {
            return nil
        }
    }

    private var line: String {
        switch self {
        case .dump: "dump\n"
        case .sandbox(let name): "sandbox \(name)\n"
        }
    }

    /// Asks the daemon that has the state folder.
    /// - Returns: the document as it came; nil where there is no daemon.
    /// - Throws: `UsageError` with the daemon's refusal.
    public func ask(in layout: StateLayout) throws -> String? {
        let path = layout.state + "/" + Self.socketName
        let socket: FileDescriptor
        do throws(KernelError) {
            socket = try UnixSocket.connect(stream: path)
        } catch {
            if [.noEntry, .connectionRefused].contains(error.errno) { return nil }
            throw error
        }
        try socket.writeAll(line)
        shutdown(socket.raw, Int32(SHUT_WR))
        let answer = try socket.readToEnd(limit: 256 << 20)
        if answer.isEmpty { throw UsageError("the daemon at \(path) does not answer") }
        if let refusal = Self.refusal(answer) { throw UsageError(refusal) }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func refusal(_ answer: [UInt8]) -> String? {
        let start = "{\"error\":"
        guard answer.starts(with: start.utf8) else { return nil }
        do throws(JSONError) {
            return try JSON.read(answer) { (json) throws(JSONError) -> String in
                try json.object().required("error")
            }
        } catch {
            return "garbled answer of the daemon: \(error)"
        }
    }
}
