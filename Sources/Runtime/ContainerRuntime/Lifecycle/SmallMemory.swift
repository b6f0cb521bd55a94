import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// Containers with hardly any memory. What ends a process of theirs when memory runs out ends every process that
/// shares its memory with it: the runtime, too, while the first process is in its code.
enum SmallMemory {
    /// Bytes. Below this not even the smallest program starts.
    static let least: Int64 = 256 << 10
    /// Bytes. Below this the making of a container is watched.
    static let comfortable: Int64 = 4 << 20

    /// - Returns: nil without a limit.
    static func limit(_ resources: RuntimeSpec.Resources?) -> Int64? {
        guard let resources else { return nil }
        var limit = resources.memory?.limit.flatMap { $0 > 0 ? $0 : nil }
        if let text = resources.unified["memory.max"], let number = Int64(text), number >= 0 {
            limit = min(limit ?? number, number)
        }
        return limit
    }

    static func refuse(_ limit: Int64?) throws {
        guard let limit, limit < least else { return }
        throw RuntimeError(
            "linux.resources.memory.limit: \(limit) bytes are too little to start a container, the least is \(least)"
        )
    }
}

/// A process that waits while the runtime makes a container with hardly any memory, and removes what is there of it
/// when the runtime was killed.
final class MakingWatch {
    private let process: ProcessHandle
    private let socket: FileDescriptor

    /// - Parameter cleanUp: runs in the process, when the runtime is gone.
    init(cleanUp: @escaping () -> Void) throws {
        let gate = try socketPair()
        let theirs = gate.write.raw
        process = try spawnChild(CloneOptions(), gate: theirs, peer: gate.read.raw) {
            var byte: UInt8 = 0
            var count: Int
            repeat { count = recv(theirs, &byte, 1, 0) } while count < 0 && Errno.current == .interrupted
            if count <= 0 { cleanUp() }
            return 0
        }
        let ends = gate.ends()
        close(ends.1)
        socket = FileDescriptor(owning: ends.0)
        _ = say("G")
    }

    private func say(_ word: String) -> Bool { send(socket.raw, word, 1, Int32(MSG_NOSIGNAL)) == 1 }

    /// The runtime is past the danger.
    func end() {
        // Without a word the process would take the container away.
        if !say("D") { _ = try? process.send(signal: SIGKILL) }
        _ = try? process.wait()
    }
}
