import Glibc
import LinuxKernel
import Testing

/// The tools that others use with registries, with everything they keep in a folder of their own, and a registry that
/// they talk to.
final class PeerTools {
    let folder: String
    private let registry: LocalRegistry

    var registryHost: String { registry.host }
    /// What the registry's certificate is by, where it has one.
    var authority: String { registry.authority }

    /// - Parameter password: of the user `me`; with one the registry speaks TLS by a certificate of its own
    ///   authority, without one plain HTTP.
    init(password: String? = nil) throws {
        var template = Array("/tmp/swiftlet-peers-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        registry = try LocalRegistry(user: password.map { ("me", $0) }, hasCertificate: password != nil)
    }

    deinit {
        _ = try? Program("/bin/rm", ["-rf", folder], environment: []).finish()
    }

    // MARK: Calling

    /// Runs a program; podman and buildah with a storage of their own.
    /// - Returns: the last line of what it prints.
    @discardableResult
    func callAsFunction(_ arguments: String...) throws -> String {
        var arguments = arguments
        let storage = ["--root", "\(folder)/root", "--runroot", "\(folder)/run", "--storage-driver", "vfs"]
        switch arguments[0] {
        case "buildah": arguments.insert(contentsOf: storage, at: 1)
        case "podman":
            let own = ["--cgroup-manager", "cgroupfs", "--network-config-dir", "\(folder)/net"]
            arguments.insert(contentsOf: storage + own, at: 1)
        default: break
        }
        let output = try Self.call(arguments, folder)
        return output.split(separator: "\n").last.map { String($0) } ?? ""
    }

    /// A manifest as skopeo reads it.
    /// - Parameter image: in skopeo's words.
    func manifest(_ image: String, _ options: String = "--tls-verify=false") throws -> String {
        try Self.call(["skopeo", "inspect", "--raw", options, image], folder)
    }

    private static func environment(_ folder: String) -> [String] {
        [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(folder)", "TMPDIR=\(folder)",
            "XDG_RUNTIME_DIR=\(folder)", "OTEL_TRACES_EXPORTER=none",
        ]
    }

    private static func call(_ arguments: [String], _ folder: String) throws -> String {
        let result = try Program(
            "/usr/bin/" + arguments[0], Array(arguments.dropFirst()), environment: environment(folder)
        ).finish(seconds: 120)
        if result.code != 0 {
            throw KernelError(arguments.joined(separator: " "), String(result.error.suffix(500)), .ioError)
        }
        return result.line
    }

    static func write(_ path: String, _ text: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.writeAll(text)
    }
}
