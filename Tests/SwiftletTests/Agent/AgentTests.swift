import Glibc
import LinuxKernel
import Testing

/// The node agent as somebody at the node sees it: manifests in a folder, its HTTP API, the command line. What is
/// tested stands in `Tests/AgentClient`; what is missing here, `PythonTests` says.
@Suite(.serialized) struct AgentTests {
    @Test(arguments: ["Life", "Manifests", "Restarts", "API"])
    func pods(suite: String) throws { try run("test_pods.\(suite)") }

    @Test(arguments: [
        "Limits", "LimitsOff", "Memory", "Allocatable", "Disk", "FullAtStart", "SoftDisk", "DiskWithoutLinks",
        "Inodes", "Processes", "Images",
    ])
    func eviction(suite: String) throws { try run("test_eviction.\(suite)") }

    @Test(arguments: ["Groups", "HugePages", "Refusals", "Resize", "Processors", "NothingKept", "MemoryQoS"])
    func resources(suite: String) throws { try run("test_resources.\(suite)") }

    @Test func configuration() throws { try run("test_configuration.File") }

    @Test(arguments: [
        "node.Status", "node.Addresses", "node.OnlyIPv6", "node.Labels", "node.Boots", "shutdown.Signal",
        "shutdown.Machine",
        "credentials.Programs", "services.Services", "pulls.Limits", "pulls.Waits",
        "disks.Disks",
    ])
    func node(suite: String) throws { try run("test_\(suite)") }

    @Test(arguments: ["Sources", "Probes", "Memory", "FullDisk", "FrozenRuntime"])
    func faults(suite: String) throws { try run("test_faults.\(suite)") }

    @Test(arguments: ["Files", "Meanwhile", "Address"])
    func manifests(suite: String) throws { try run("test_manifests.\(suite)") }

    @Test(arguments: ["Files", "Configurations", "Sharing", "ImageService"])
    func changes(suite: String) throws { try run("test_changes.\(suite)") }

    @Test(arguments: ["Containers", "Volumes"])
    func corners(suite: String) throws { try run("test_corners.\(suite)") }

    @Test(arguments: [
        "sharing.Namespaces", "sharing.Mounts", "security.Seccomp", "security.Umask", "apparmor.AppArmor",
    ])
    func containers(suite: String) throws { try run("test_\(suite)") }

    @Test(arguments: ["Certificates", "Clients", "Leaving", "Commands"])
    func api(suite: String) throws { try run("test_api.\(suite)") }

    @Test func upAndDown() throws { try run("test_up.Up") }

    @Test func checkpoints() throws { try run("test_checkpoint.Checkpoints") }

    @Test(arguments: ["refusals.Stops", "refusals.Resizes", "events.Streams", "events.Lacking"])
    func refusals(suite: String) throws {
        _ = try CRIClientTests.client()
        try run("test_\(suite)")
    }

    @Test(arguments: ["Links", "NoLinks", "Rotation"])
    func logs(suite: String) throws { try run("test_logs.\(suite)") }

    @Test(arguments: ["Calls", "Ending", "HangUp"])
    func calls(suite: String) throws { try run("test_calls.\(suite)") }

    @Test(arguments: ["InProcess", "Separate"])
    func kills(suite: String) throws { try run("test_kills.\(suite)") }

    @Test func onContainerd() throws { try run("test_containerd.OnContainerd") }

    private func run(_ suite: String) throws {
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
