import Glibc
import KubernetesAPI
import LinuxKernel
import Synchronization

/// Which users of the host belong to which pod's user namespace. A file in each pod's folder says it, so that it
/// outlives the agent.
package final class UserRangeBook: Sendable {
    /// Users of one pod (`userNamespaces.idsPerPod`).
    private let size: UInt32
    /// Below are the host's own users.
    private var first: UInt32 { size }

    private let root: String
    /// How many pods can have one.
    private let count: UInt32
    private let taken = Mutex<[String: UserRange]>([:])

    /// - Parameter root: the agent's folder.
    /// - Parameter size: a multiple of 65,536.
    package init(root: String, size: Int64 = 65536, count: UInt32 = 1024) {
        self.root = root
        self.size = UInt32(clamping: size)
        // The last users are left out: -1 is nobody at all.
        self.count = min(count, UInt32.max / self.size - 1)
    }

    struct Exhausted: Error, CustomStringConvertible {
        let description = "no range of users is left for another user namespace"
    }

    /// - Returns: nil for a pod that has the host's users.
    func range(for pod: Pod) throws -> UserRange? {
        guard pod.spec.hostUsers == false else { return nil }
        let uid = pod.metadata.uid
        return try taken.withLock { taken in
            if taken.isEmpty { taken = try read() }
            if let range = taken[uid] { return range }
            // Pods of before may have ranges of another size.
            let used = taken.values.map { $0.first..<($0.first + $0.count) }
            let free = (0..<count).lazy.map { self.first + $0 * self.size }.first { first in
                !used.contains { $0.overlaps(first..<(first + self.size)) }
            }
            guard let free else { throw Exhausted() }
            let range = UserRange(first: free, count: size)
            try AgentFiles.replace("\(root)/pods/\(uid)/userns", "\(range.first) \(range.count)\n")
            taken[uid] = range
            return range
        }
    }

    /// Its folder is gone, and with it the file.
    func forget(_ uid: String) { taken.withLock { $0[uid] = nil } }

    private func read() throws -> [String: UserRange] {
        var result: [String: UserRange] = [:]
        for uid in try AgentFiles.names(in: "\(root)/pods") {
            guard let text = try AgentFiles.text(of: "\(root)/pods/\(uid)/userns") else { continue }
            let numbers = text.split { $0 == " " || $0 == "\n" }.compactMap { UInt32($0) }
            if numbers.count == 2 { result[uid] = UserRange(first: numbers[0], count: numbers[1]) }
        }
        return result
    }
}
