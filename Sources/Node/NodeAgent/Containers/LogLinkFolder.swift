import LinuxKernel
import Logging
import PodVolumes
import Synchronization

/// The folder with links to all containers' logs. Whoever collects logs looks there, and no pod does: what is wrong with it
/// is told once, and keeps nothing from running.
package final class LogLinkFolder: Sendable {
    private let path: String
    private let log: Logger
    /// What went wrong since the last link was made.
    private let told = Mutex<Errno?>(nil)

    package init(path: String, log: Logger) {
        self.path = path
        self.log = log
    }

    /// - Returns: whether there is a link now.
    package func make(_ link: String, to file: String) -> Bool {
        let isMade = attempt { () throws(KernelError) in
            try Folders.make(path, mode: 0o755)
            try LogLinks.make(link, to: file)
        }
        if isMade { told.withLock { $0 = nil } }
        return isMade
    }

    package func remove(_ link: String) {
        _ = attempt { () throws(KernelError) in try AgentFiles.remove(link) }
    }

    /// Makes the folder where it is missing, and removes the links in it whose logs are gone.
    /// - Parameter logs: the folder that these were in.
    package func clean(of logs: String) {
        _ = attempt { () throws(KernelError) in
            try Folders.make(path, mode: 0o755)
            try LogLinks.removeDead(in: path, to: logs)
        }
    }

    private func attempt(_ body: () throws(KernelError) -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            let isNew = told.withLock { told in
                defer { told = error.errno }
                return told != error.errno
            }
            if isNew { log.warning("containers' logs have no links in \(path): \(error)") }
            return false
        }
    }
}
