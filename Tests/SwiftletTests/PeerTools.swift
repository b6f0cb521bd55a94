import CLinux
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Debian's docker-registry on loopback, and the other tools that talk to it, with everything they keep in a folder
/// of their own.
final class PeerTools {
    let folder: String
    let port: Int
    private let registry: Program

    var registryHost: String { "127.0.0.1:\(port)" }

    /// - Parameter password: of the user `me`; with one the registry speaks TLS by a certificate of its own
    ///   authority, without one plain HTTP.
    init(password: String? = nil) throws {
        var template = Array("/tmp/swiftlet-peers-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        port = try Self.freePort()
        var text = """
            version: 0.1
            log: {level: warn, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(folder)/data}}
            http:
              addr: 127.0.0.1:\(port)
              secret: nothing

            """
        if let password {
            try Self.makeCertificate(folder)
            let htpasswd = try Self.call(["htpasswd", "-Bbn", "-C", "4", "me", password], folder)
            try Self.write("\(folder)/htpasswd", htpasswd + "\n")
            text += "  tls: {certificate: \(folder)/server.pem, key: \(folder)/server.key}\n"
            text += "auth: {htpasswd: {realm: test, path: \(folder)/htpasswd}}\n"
        }
        try Self.write("\(folder)/config.yml", text)
        registry = try Program(
            "/bin/sh", ["-c", "exec docker-registry serve \(folder)/config.yml >\(folder)/log 2>&1"],
            environment: Self.environment(folder))
        try waitUntilItListens()
    }

    deinit {
        kill(registry.pid, SIGKILL)
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

    // MARK: The registry

    static func write(_ path: String, _ text: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.writeAll(text)
    }

    private static func makeCertificate(_ folder: String) throws {
        _ = try call(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", "\(folder)/server.key", "-out", "\(folder)/server.pem", "-days", "2",
                "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
            ], folder)
    }

    private static func socketAddress(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func freePort() throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = socketAddress(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_bind(listener, $0, size) == 0
                    && getsockname(listener, __SOCKADDR_ARG(__sockaddr__: $0), &size) == 0
            }
        }
        if !isBound { throw KernelError("bind", "127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func waitUntilItListens() throws {
        let deadline = monotonicMilliseconds() + 30_000
        while true {
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(connection) }
            var address = Self.socketAddress(port)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result == 0 { return }
            if monotonicMilliseconds() > deadline {
                let log = (try? FileDescriptor.readFile("\(folder)/log")) ?? []
                throw KernelError("start docker-registry", String(decoding: log, as: UTF8.self), .timedOut)
            }
            usleep(20_000)
        }
    }
}
