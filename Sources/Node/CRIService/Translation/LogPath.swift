import CRIProtocol
import ContainerCLI
import LinuxKernel
import OCISpec

/// Where a container's log is.
enum LogPath {
    /// `config.log_directory` of a sandbox; nil when it is empty.
    static func directory(_ config: CRIPodSandboxConfig) throws(TranslationError) -> String? {
        let directory = config.logDirectory
        if directory.isEmpty { return nil }
        guard directory.hasPrefix("/"), !directory.leadsUp, directory.isOneLine else {
            throw .invalid(
                "sandbox_config.log_directory",
                "\(JSONError.quoted(directory)) is not an absolute path without '..'")
        }
        return normalizedPath(directory)
    }

    /// - Returns: nil when either part is empty: no log is kept.
    static func resolve(
        _ path: String, sandbox: CRIPodSandboxConfig
    ) throws(TranslationError) -> String? {
        let field = "config.log_path"
        guard let directory = try directory(sandbox), !path.isEmpty else { return nil }
        // The log is written by root: it must not become another file of the node's.
        guard !path.hasPrefix("/"), !path.leadsUp, path.isOneLine else {
            throw .invalid(field, "\(JSONError.quoted(path)) leads out of the sandbox's log directory")
        }
        let full = normalizedPath(directory + "/" + path)
        guard full != directory else { throw .invalid(field, "\(JSONError.quoted(path)) names no file") }
        return full
    }
}
