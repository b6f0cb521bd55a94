import Glibc
import ImageStore
import LinuxKernel
import NIOCore
import OCISpec
import RegistryClient
import Testing

/// A folder of a test's own, removed when the value's life ends.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        path = String(cString: made)
    }

    deinit {
        let (outcome, output) =
            (try? Command(path: "/bin/rm", arguments: ["rm", "-rf", path], environment: []).run())
            ?? (.timedOut, [])
        if outcome != .ended(.exited(0)) {
            Issue.record("remove \(path): \(String(decoding: output, as: UTF8.self))")
        }
    }

    /// Writes a file in it; folders are made.
    /// - Returns: its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let path = "\(self.path)/\(name)"
        var folder = self.path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o755)
        }
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        try file.writeAll(text)
        return path
    }

    func bytes(_ name: String) throws -> [UInt8] { try FileDescriptor.readFile("\(path)/\(name)") }

    func read(_ name: String) throws -> String {
        String(decoding: try FileDescriptor.readFile("\(path)/\(name)"), as: UTF8.self)
    }
}

/// Long enough for a loaded machine; what has to time out in a test has shorter limits of its own.
func testConfiguration(environment: [String: String] = [:]) -> RegistryConfiguration {
    var configuration = RegistryConfiguration(environment: environment)
    configuration.hostFolders = []
    configuration.timeouts.connect = .seconds(30)
    configuration.timeouts.headers = .seconds(30)
    configuration.timeouts.idle = .seconds(30)
    configuration.timeouts.helper = .seconds(30)
    configuration.retry.firstDelay = .milliseconds(5)
    configuration.retry.longestDelay = .milliseconds(20)
    return configuration
}

/// Asks again for longer than the half second that a server is away.
func patientConfiguration() -> RegistryConfiguration {
    var configuration = testConfiguration()
    configuration.retry.firstDelay = .milliseconds(200)
    configuration.retry.longestDelay = .seconds(2)
    return configuration
}

/// Runs `body` with a client, closed afterwards.
func withClient(
    _ configuration: RegistryConfiguration = testConfiguration(), credentials: CredentialStore? = nil,
    _ body: (RegistryClient) async throws -> Void
) async throws {
    let client = RegistryClient(configuration, credentials: credentials)
    do {
        try await body(client)
        await client.close()
    } catch {
        await client.close()
        throw error
    }
}

/// A server and a client for one repository of it.
func withRepository(
    _ configuration: RegistryConfiguration = testConfiguration(), credential: Credential? = nil,
    server handler: @escaping FaultServer.Handler,
    _ body: (Repository, FaultServer) async throws -> Void
) async throws {
    let server = try FaultServer(handler)
    defer { server.stop() }
    try await withClient(configuration) { client in
        let reference = try ImageReference("\(server.host)/team/app")
        try await body(try client.repository(reference, credential: credential), server)
    }
}

/// The error that `body` has to throw.
func registryError(_ body: () async throws -> Void) async throws -> RegistryError {
    do {
        try await body()
    } catch let error as RegistryError {
        #expect(!error.description.contains("\n"))
        return error
    }
    throw Missing()
}

/// No error was thrown where one had to be.
struct Missing: Error {}

extension BlobDownload {
    /// All of it.
    func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in self { bytes += piece.readableBytesView }
        return bytes
    }
}

/// Bytes that do not repeat, the same each time.
func pseudoRandomBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            buffer[index] = UInt8(truncatingIfNeeded: state >> 56)
        }
        initialized = count
    }
}

func layerDescriptor(_ bytes: [UInt8]) -> Descriptor {
    Descriptor(mediaType: .ociLayer, digest: DigestHasher.digest(of: bytes), size: Int64(bytes.count))
}
