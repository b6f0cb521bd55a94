import Glibc
import LinuxKernel
import Testing

/// Debian's docker-registry on loopback, with a folder of its own for what it keeps.
final class DebianRegistry {
    enum Security {
        case plain
        /// TLS by a certificate of the folder's own authority.
        case tls
        /// Also wants one from its clients.
        case mutualTLS
    }

    let port: Int
    let folder: TemporaryFolder
    private let pid: pid_t

    var host: String { "127.0.0.1:\(port)" }
    var authority: String { "\(folder.path)/ca.pem" }

    /// - Parameter users: names and passwords; none: everybody may do everything.
    init(_ security: Security = .plain, users: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        let (listener, port) = try FaultServer.listen()
        close(listener)
        self.port = port
        if security != .plain { try Self.makeCertificates(in: folder) }
        var text = """
            version: 0.1
            log: {level: warn, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(folder.path)/data}, delete: {enabled: true}}
            http:
              addr: 127.0.0.1:\(port)
              secret: nothing

            """
        if security != .plain {
            text += "  tls:\n    certificate: \(folder.path)/server.pem\n    key: \(folder.path)/server.key\n"
        }
        if security == .mutualTLS { text += "    clientcas: [\(folder.path)/ca.pem]\n" }
        if !users.isEmpty {
            var passwords = ""
            for (user, password) in users {
                passwords += try Self.run(["/usr/bin/htpasswd", "-Bbn", "-C", "4", user, password])
            }
            try folder.write("htpasswd", passwords)
            text += "auth: {htpasswd: {realm: test, path: \(folder.path)/htpasswd}}\n"
        }
        let path = try folder.write("config.yml", text)
        pid = try Self.start(["/usr/bin/docker-registry", "serve", path], log: "\(folder.path)/log")
        try waitUntilItListens()
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    // MARK: Programs

    private static func start(_ arguments: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pid: pid_t = 0
        let error = withCStrings(arguments) { argv in
            withCStrings(["PATH=/usr/bin:/bin", "OTEL_TRACES_EXPORTER=none"]) {
                posix_spawn(&pid, arguments[0], &actions, nil, argv, $0)
            }
        }
        if error != 0 { throw KernelError("start", arguments[0], Errno(rawValue: error)) }
        return pid
    }

    private func waitUntilItListens() throws {
        let deadline = monotonicMilliseconds() + 30_000
        while true {
            let connection = FaultServer.connect(port: port)
            let isConnected = connection >= 0
            close(connection)
            if isConnected { return }
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid || monotonicMilliseconds() > deadline {
                throw KernelError("start docker-registry: \((try? folder.read("log")) ?? "")", folder.path)
            }
            usleep(20_000)
        }
    }

    /// - Returns: what a program printed; fails with it when the program does.
    @discardableResult
    static func run(_ arguments: [String], _ environment: [String] = []) throws -> String {
        let command = Command(
            path: arguments[0], arguments: arguments, environment: ["PATH=/usr/bin:/bin"] + environment,
            timeout: 120_000)
        let (outcome, output) = try command.run()
        let text = String(decoding: output, as: UTF8.self)
        if outcome != .ended(.exited(0)) { throw ProgramFailed(program: arguments[0], output: text) }
        return text
    }

    struct ProgramFailed: Error {
        let program: String
        let output: String
    }

    // MARK: Certificates

    /// An authority, and certificates of it for this machine and for a client.
    static func makeCertificates(in folder: TemporaryFolder) throws {
        let path = folder.path
        let openssl = "/usr/bin/openssl"
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try folder.write("server.cnf", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.example\n")
        try folder.write("client.cnf", "extendedKeyUsage=clientAuth\n")
        try run(
            [openssl, "req", "-x509"] + key + [
                "-keyout", "\(path)/ca.key", "-out", "\(path)/ca.pem", "-days", "2", "-subj",
                "/CN=test authority",
            ])
        for name in ["server", "client"] {
            try run(
                [openssl, "req"] + key + [
                    "-keyout", "\(path)/\(name).key", "-out", "\(path)/\(name).csr", "-subj", "/CN=\(name)",
                ])
            try run([
                openssl, "x509", "-req", "-in", "\(path)/\(name).csr", "-CA", "\(path)/ca.pem", "-CAkey",
                "\(path)/ca.key", "-CAcreateserial", "-days", "2", "-extfile", "\(path)/\(name).cnf", "-out",
                "\(path)/\(name).pem",
            ])
        }
    }
}
