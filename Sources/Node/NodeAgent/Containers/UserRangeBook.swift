import Glibc
import KubernetesAPI
import LinuxKernel
import Synchronization

/// Which users of the host belong to which pod's user namespace. A file in each pod's folder says it, so that it
/// outlives the agent.
package final class UserRangeBook: Sendable {
    private static let size: UInt32 = 65536
    /// Below are the host's own users.
    private static let first: UInt32 = 65536

    private let root: String
    /// How many pods can have one.
    private let count: UInt32
    private let taken = Mutex<[String: UserRange]>([:])

    /// - Parameter root: the agent's folder.
    package init(root: String, count: UInt32 = 1024) {
        self.root = root
        self.count = count
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
            let used = Set(taken.values.map(\.first))
            let free = (0..<count).lazy.map { Self.first + $0 * Self.size }.first { !used.contains($0) }
            guard let free else { throw Exhausted() }
            let range = UserRange(first: free, count: Self.size)
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
