import Glibc
import LinuxKernel
import Testing

/// The CRI as a client in another language sees it: Python's grpcio, with stubs of our proto file. What is tested
/// stands in `Tests/CRIClient`; what is missing here, `PythonTests` says.
@Suite(.serialized) struct CRIClientTests {
    @Test(arguments: [
        "test_faults", "test_fields", "test_kills", "test_life", "test_messages", "test_network",
        "test_recovery", "test_security", "test_streams",
    ])
    func module(name: String) throws {
        let host = try Host()
        let tree = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let client = try Self.client()
        let folder = host.folder + "/node"
        _ = mkdir(folder, 0o755)
        let soak = getenv("SWIFTLET_SOAK") == nil ? [] : ["SWIFTLET_SOAK=1"]
        let result = try host.inNetwork {
            try Program(
                client + "/venv/bin/python",
                ["-m", "unittest", "-v", name],
                environment: [
                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH=\(tree)/Tests/CRIClient:\(client)",
                    "PYTHONDONTWRITEBYTECODE=1", "NODE_FOLDER=\(folder)",
                    "SWIFTLET=\(try Host.builtProgram("swiftlet"))",
                    "BUSYBOX=\(try Fixtures.archive("docker/busybox.tar"))",
                ] + soak)
        }.finish(seconds: soak.isEmpty ? 300 : 3600)
        #expect(result.code == 0, "\(result.error.suffix(8000))")
    }

    /// The folder with a Python that has grpcio.
    static func client() throws -> String {
        let tree = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let client = tree + "/.fixtures/cri-client"
        try #require(
            access(client + "/made-from", R_OK) == 0, "the CRI client is missing: run scripts/cri-client")
        return client
    }
}
