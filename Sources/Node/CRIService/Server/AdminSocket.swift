import ContainerCLI
import Glibc
import ImageStore
import LinuxKernel
import Logging
import OCISpec
import PodEngine

/// Answers what `swiftlet cri dump` and `swiftlet --namespace k8s inspect` ask: on a socket of root's beside that of the
/// CRI, one line for one document. Nothing can be changed by it.
final class AdminSocket: Sendable {
    private let listener: FileDescriptor
    private let folder: FileDescriptor
    private let engine: PodEngine
    private let log: Logger

    /// Seconds that a client may take; the next one waits so long.
    private static let patience = 5

    /// Listens, on a thread of its own that lives as long as the program.
    /// - Parameter state: the state folder, where the socket is made.
    init(in state: String, engine: PodEngine, log: Logger) throws {
        self.engine = engine
        self.log = log
        folder = try FileDescriptor.open(state, O_RDONLY | O_DIRECTORY)
        listener = try UnixSocket.listen(in: folder, name: AdminQuestion.socketName, type: .stream)
        try DetachedThread.start { [self] in
            while true { turn() }
        }
    }

    /// Nobody is answered any more.
    func remove() { unlinkat(folder.raw, AdminQuestion.socketName, 0) }

    private func turn() {
        do {
            var poll = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
            _ = try check("poll", "admin socket") { Glibc.poll(&poll, 1, -1) }
            guard let client = try UnixSocket.accept(listener) else { return }
            try serve(client)
        } catch {
            log.warning("admin socket", metadata: ["error": "\(error)"])
            // Out of descriptors, say: that does not pass at once.
            usleep(100_000)
        }
    }

    private func serve(_ client: borrowing FileDescriptor) throws {
        let user = try UnixSocket.peerUser(of: client)
        guard user == 0 || user == geteuid() else { return }
        try client.setNonBlocking(false)
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(client.raw, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        guard let question = try AdminQuestion(line: client.readToEnd(limit: 4096)) else { return }
        var json = JSONWriter(.spaces(4))
        do {
            switch question {
            case .dump: engine.dump(to: &json)
            case .sandbox(let word): try engine.dump(sandbox: word, to: &json)
            }
        } catch {
            json = JSONWriter()
            json.object { $0.member("error", "\(error)") }
        }
        let bytes = json.bytes
        var done = 0
        while done < bytes.count {
            // A client that has gone is no error of ours.
            let count = bytes.withUnsafeBytes {
                send(client.raw, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }
}
