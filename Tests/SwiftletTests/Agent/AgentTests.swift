import Glibc
import LinuxKernel
import Testing

/// The node agent as somebody at the node sees it: manifests in a folder, its HTTP API, the command line. What is
/// tested stands in `Tests/AgentClient`.
@Suite(.serialized) struct AgentTests {
    @Test(arguments: [
        "test_pods.Life", "test_pods.Manifests", "test_pods.Restarts", "test_pods.API",
        "test_faults.Sources", "test_faults.Probes", "test_faults.Memory", "test_faults.FullDisk",
        "test_faults.FrozenRuntime", "test_kills.InProcess", "test_kills.Separate",
        "test_containerd.OnContainerd",
    ])
    func pods(suite: String) throws {
        let host = try Host()
        let tree = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let folder = host.folder + "/node"
        _ = mkdir(folder, 0o755)
        let soak = getenv("SWIFTLET_SOAK") == nil ? [] : ["SWIFTLET_SOAK=1"]
        let result = try host.inNetwork {
            try Program(
                "/usr/bin/python3", ["-m", "unittest", "-v", suite],
                environment: [
                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH=\(tree)/Tests/AgentClient",
                    "PYTHONDONTWRITEBYTECODE=1", "NODE_FOLDER=\(folder)",
                    "SWIFTLET=\(try Host.builtProgram("swiftlet"))",
                    "BUSYBOX=\(try Fixtures.archive("docker/busybox.tar"))",
                ] + soak)
        }.finish(seconds: soak.isEmpty ? 300 : 1800)
        #expect(result.code == 0, "\(result.error.suffix(8000))")
    }
}
