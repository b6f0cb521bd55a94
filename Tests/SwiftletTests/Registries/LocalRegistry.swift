import CLinux
import Glibc
import LinuxKernel
import Testing

/// Debian's docker-registry on loopback, with a folder of its own.
final class LocalRegistry {
    let port: UInt16
    let folder: String
    private let program: Program

    var host: String { "127.0.0.1:\(port)" }

    /// A PEM file.
    var authority: String { folder + "/server.pem" }

    /// - Parameters:
    ///   - user: the only one who may do anything, with this password.
    ///   - hasCertificate: speaks TLS, by a certificate of its own.
    init(user: (name: String, password: String)? = nil, hasCertificate: Bool = false) throws {
        var template = Array("/tmp/swiftlet-registry-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        port = try Loopback.freePort()
        var text = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(folder)/data}}
            http:
              addr: 127.0.0.1:\(port)
              secret: nothing

            """
        if hasCertificate {
            try Self.run(
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", folder + "/server.key", "-out", folder + "/server.pem", "-days", "2",
                "-subj",
                "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1")
            text += "  tls: {certificate: \(folder)/server.pem, key: \(folder)/server.key}\n"
        }
        if let user {
            let line = try Self.run("/usr/bin/htpasswd", "-Bbn", "-C", "4", user.name, user.password)
            try FileDescriptor.open(folder + "/users", O_WRONLY | O_CREAT, mode: 0o600).writeAll(line)
            text += "auth: {htpasswd: {realm: test, path: \(folder)/users}}\n"
        }
        try FileDescriptor.open(folder + "/config.yml", O_WRONLY | O_CREAT, mode: 0o600).writeAll(text)
        // What it says is more than a pipe takes that nobody reads.
        program = try Program(
            "/bin/sh", ["-c", "exec docker-registry serve \(folder)/config.yml >\(folder)/log 2>&1"],
            environment: ["PATH=/usr/bin:/bin", "OTEL_TRACES_EXPORTER=none"])
        let deadline = monotonicMilliseconds() + 30_000
        while !Loopback.answers(port) {
            if monotonicMilliseconds() > deadline {
                throw KernelError("start docker-registry", host, .timedOut)
            }
            usleep(20_000)
        }
    }

    deinit {
        kill(program.pid, SIGKILL)
        _ = try? Self.run("/bin/rm", "-rf", folder)
    }

    /// Copies an image layout into it: as it is, with all platforms.
    func push(layout: String, as name: String) throws {
        try Self.run(
            "/usr/bin/skopeo", "copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false",
            "oci:\(layout)",
            "docker://\(host)/\(name)")
    }

    /// - Returns: what a program printed; fails with it when the program does.
    @discardableResult
    static func run(_ words: String...) throws -> String {
        let result = try Program(
            words[0], Array(words.dropFirst()),
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        ).finish(seconds: 300)
        if result.code != 0 {
            throw KernelError(words.joined(separator: " "), String(result.error.suffix(500)), .ioError)
        }
        return result.output
    }
}

/// Sockets of this machine's own.
enum Loopback {
    static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    static func listen(backlog: Int32 = 64) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = try bind(0)
        var address = address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.listen(descriptor, backlog) == 0
                    && getsockname(descriptor, .init(__sockaddr__: $0), &length) == 0
            }
        }
        if !listens { throw KernelError("listen", "127.0.0.1") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// - Parameter port: 0: any that is free.
    static func bind(_ port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Connections of an earlier listener may still have the port.
        var isShared: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = address(port)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 { throw KernelError("bind", "127.0.0.1:\(port)") }
        return descriptor
    }

    static func freePort() throws -> UInt16 {
        let (descriptor, port) = try listen()
        close(descriptor)
        return port
    }

    /// - Returns: a connected socket, or -1.
    static func connect(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = address(port)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    /// A connection that nobody waits for.
    static func beginToConnect(_ port: UInt16) -> Int32 {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = address(port)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return descriptor
    }

    static func answers(_ port: UInt16) -> Bool {
        let descriptor = connect(port)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }
}
