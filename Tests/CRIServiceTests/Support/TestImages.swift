import CLinux
import CRIService
import Glibc
import ImageStore
import LinuxKernel
import OCISpec

/// Small images of the tests' own.
enum TestImages {
    /// Writes an OCI layout with one uncompressed layer of one file.
    /// - Parameters:
    ///   - content: of the file; images with the same one are the same.
    ///   - user: `USER`.
    /// - Returns: the layout's folder.
    static func layout(
        in folder: ScratchFolder, name: String = "test/one:latest", content: String = "x", user: String? = nil
    ) throws -> String {
        let place = "layout-\(UInt32.random(in: 0 ... .max))"
        func blob(_ bytes: [UInt8], _ type: MediaType) throws -> Descriptor {
            let digest = DigestHasher.digest(of: bytes)
            try folder.write("\(place)/blobs/sha256/\(digest.hex)", bytes)
            return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        }
        let layer = try blob(tar("file", content), .ociLayer)
        var config = ImageConfig(platform: PlatformMatch.host(), diffIDs: [layer.digest])
        config.config.user = user
        let manifest = ImageManifest(config: try blob(config.json(), .ociConfig), layers: [layer])
        var found = try blob(manifest.json(), .ociManifest)
        found.annotations["org.opencontainers.image.ref.name"] = name
        try folder.write("\(place)/index.json", ImageIndex(manifests: [found]).json())
        try folder.write("\(place)/oci-layout", ImageLayout().json())
        return "\(folder.path)/\(place)"
    }

    /// An archive of one file (ustar).
    private static func tar(_ name: String, _ content: String) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        let size = String(content.utf8.count, radix: 8)
        put(name, 0)
        put("0000644", 100)
        put("0000000", 108)
        put("0000000", 116)
        put(String(repeating: "0", count: 11 - size.utf8.count) + size, 124)
        put("14524447400", 136)
        put("        ", 148)
        put("0", 156)
        put("ustar\u{0}00", 257)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.utf8.count) + sum + "\0 ", 148)
        let padding = (512 - content.utf8.count % 512) % 512
        return block + Array(content.utf8) + [UInt8](repeating: 0, count: padding + 1024)
    }
}

/// Debian's docker-registry on loopback.
final class TestRegistry: Sendable {
    let host: String
    private let program: Companion
    private let folder: ScratchFolder

    /// - Parameter user: the only one who may do anything, with this password.
    init(user: (name: String, password: String)? = nil) throws {
        folder = try ScratchFolder()
        let port = try freePort()
        host = "127.0.0.1:\(port)"
        var text = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(folder.path)/data}}
            http: {addr: '127.0.0.1:\(port)', secret: nothing}

            """
        if let user {
            let line = try runProgram("/usr/bin/htpasswd", "-Bbn", "-C", "4", user.name, user.password)
            text += "auth: {htpasswd: {realm: test, path: \(try folder.write("users", line))}}\n"
        }
        let file = try folder.write("config.yml", text)
        program = try Companion(
            ["/usr/bin/docker-registry", "serve", file],
            environment: ["PATH=/usr/bin:/bin", "OTEL_TRACES_EXPORTER=none"], log: folder.path + "/log")
        let deadline = monotonicMilliseconds() + 30_000
        while !answers(port) {
            if monotonicMilliseconds() > deadline {
                throw KernelError("start docker-registry", host, .timedOut)
            }
            usleep(20_000)
        }
    }

    deinit {
        kill(program.pid, SIGKILL)
        _ = program.wait(milliseconds: 5000)
    }

    func push(_ layout: String, as name: String, user: (name: String, password: String)? = nil) throws {
        let access = user.map { ["--dest-creds", "\($0.name):\($0.password)"] } ?? ["--dest-no-creds"]
        let words = ["/usr/bin/skopeo", "copy", "-q", "--dest-tls-verify=false"] + access
        let command = Command(
            path: words[0], arguments: words + ["oci:\(layout)", "docker://\(host)/\(name)"],
            environment: ["PATH=/usr/bin:/bin", "HOME=\(folder.path)"], timeout: 120_000)
        let (outcome, output) = try command.run()
        if outcome != .ended(.exited(0)) {
            throw ProgramFailed(program: "skopeo", output: String(decoding: output, as: UTF8.self))
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
}

private func withAddress<Result>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
) -> Result {
    withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
    }
}

/// A port of loopback that nobody listens at.
func freePort() throws -> UInt16 {
    let socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard withAddress(&address, { clinux_bind(socket.raw, $0, length) }) == 0,
        withAddress(&address, { getsockname(socket.raw, .init(__sockaddr__: $0), &length) }) == 0
    else { throw KernelError("bind", "127.0.0.1") }
    return UInt16(bigEndian: address.sin_port)
}

private func answers(_ port: UInt16) -> Bool {
    let socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = loopback(port)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withAddress(&address) { clinux_connect(socket.raw, $0, length) } == 0
}

/// A server on loopback that takes connections and never says anything.
final class SilentServer: Sendable {
    let host: String
    private let listener: FileDescriptor

    init() throws {
        let socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withAddress(&address, { clinux_bind(socket.raw, $0, length) }) == 0, listen(socket.raw, 8) == 0,
            withAddress(&address, { getsockname(socket.raw, .init(__sockaddr__: $0), &length) }) == 0
        else { throw KernelError("listen", "127.0.0.1") }
        host = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        listener = socket
    }

    /// Returns when somebody has connected, who then waits for an answer.
    func waitForClient() throws {
        var patience = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
        if poll(&patience, 1, 20_000) != 1 { throw KernelError("wait for a client at", host, .timedOut) }
    }
}
