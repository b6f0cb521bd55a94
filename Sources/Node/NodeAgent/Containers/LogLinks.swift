import Glibc
import LinuxKernel

/// Links to containers' logs, which all who collect logs look for: `POD_NAMESPACE_CONTAINER-ID.log`.
package enum LogLinks {
    private static let ending = ".log"
    /// NAME_MAX.
    private static let longestName = 255

    /// A name that is too long is cut off before its ending, as the kubelet does.
    package static func name(pod: String, namespace: String, container: String, id: String) -> String {
        String("\(pod)_\(namespace)_\(container)-\(id)".prefix(longestName - ending.utf8.count)) + ending
    }

    /// Makes a link, unless it is there.
    package static func make(_ link: String, to log: String) throws(KernelError) {
        if symlink(log, link) != 0, Errno.current != .exists { throw KernelError("link", link) }
    }

    /// Removes the links in a folder whose logs are gone.
    /// - Parameter logs: the folder that these were in; links elsewhere are somebody else's.
    package static func removeDead(in folder: String, to logs: String) throws(KernelError) {
        for name in try AgentFiles.names(in: folder) where name.hasSuffix(ending) {
            let link = folder + "/" + name
            guard let log = target(of: link), log.hasPrefix(logs + "/"), access(log, F_OK) != 0 else {
                continue
            }
            try AgentFiles.remove(link)
        }
    }

    private static func target(of link: String) -> String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &path, path.count)
        guard count > 0 else { return nil }
        return String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
