/// Why an operation of the Container Network Interface failed, in one line.
public enum CNIError: Error, Equatable, CustomStringConvertible, Sendable {
    /// A configuration is not what it should be.
    case invalidConfiguration(path: String, reason: String)
    /// There is no configuration to use.
    case noConfiguration(folder: String)
    /// No folder has the plugin.
    case noPlugin(type: String, folders: [String])
    /// The plugin said so (CNI specification, "Error"): its code, message and details.
    case plugin(type: String, command: String, code: Int, message: String, details: String)
    /// The plugin failed without saying how, or said what nobody understands.
    case failed(type: String, command: String, reason: String)
    /// The plugin did not end in time and was killed.
    case timedOut(type: String, command: String, milliseconds: Int)
    /// The configuration's version does not have the operation.
    case notSupported(command: String, version: String)
    /// Nothing is known of the pod's network.
    case notAttached(container: String)

    /// A failure that may pass by itself (code 11).
    public var isTransient: Bool {
        switch self {
        case .plugin(_, _, let code, _, _): code == 11
        case .timedOut: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .invalidConfiguration(let path, let reason): "network configuration \(path): \(reason)"
        case .noConfiguration(let folder): "no network configuration in \(folder)"
        case .noPlugin(let type, let folders):
            "network plugin '\(type)' was not found in \(folders.joined(separator: ", "))"
        case .plugin(let type, let command, let code, let message, let details):
            "network plugin \(type), \(command): \(message)\(details.isEmpty ? "" : ": \(details)") (code \(code))"
        case .failed(let type, let command, let reason): "network plugin \(type), \(command): \(reason)"
        case .timedOut(let type, let command, let milliseconds):
            "network plugin \(type), \(command): did not end within \(milliseconds) ms and was killed"
        case .notSupported(let command, let version):
            "\(command) is not in version \(version) of the Container Network Interface"
        case .notAttached(let container): "nothing is known of a network of \(container)"
        }
    }
}
