import ContainerRuntime
import ContainerShim
import Foundation
import Glibc
import LinuxKernel
import Logging
import PodEngine
import PodNetwork
import Synchronization
import Testing

/// The engine by itself, without pods: those are made in `Tests/CRIClient`, through the CRI.
final class PodEngineTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/swiftlet-engine-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func engine(
        _ settings: PodEngine.Settings = PodEngine.Settings(), logger: Logger = Logger(label: "test")
    ) throws -> PodEngine {
        let layout = EngineLayout(root: folder + "/lib", state: folder + "/run")
        let networks = PodNetworks(
            .cni, builtin: BuiltinNetwork(state: folder + "/network", settingsFile: folder + "/network.json"),
            configurationFolder: folder + "/net.d", pluginFolders: ["/usr/lib/cni"],
            cache: folder + "/cache", rangesFile: folder + "/pod-ranges.json", logger: logger)
        return try PodEngine(layout: layout, networks: networks, settings: settings, logger: logger)
    }

    /// The lock goes with an engine, which what it does for plugins after its start may outlive by a moment.
    private func engineAfterAnother() async throws -> PodEngine {
        for _ in 0..<100 {
            do { return try engine() } catch { try await Task.sleep(for: .milliseconds(20)) }
        }
        return try engine()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    @Test func twoEnginesDoNotShareRecords() async throws {
        let first = try engine()
        let error = #expect(throws: EngineError.self) { _ = try engine() }
        #expect(error?.message.contains("another swiftlet daemon") == true)
        await first.close()
    }

    @Test func whatIsNotThere() async throws {
        let engine = try engine()
        try await engine.recover()
        #expect(throws: EngineError(.notFound, "no such sandbox: 'absent'")) { try engine.sandbox("absent") }
        #expect(throws: EngineError(.notFound, "no such container: ''")) { try engine.container("") }
        try await engine.stopSandbox("absent")
        try await engine.removeSandbox("absent")
        try await engine.stopContainer("absent", timeout: 0)
        try await engine.removeContainer("absent")
        await #expect(throws: EngineError.self) { try await engine.startContainer("absent") }
        #expect(engine.sandboxes().isEmpty)
        #expect(try engine.containers().isEmpty)
        await engine.close()
    }

    @Test func aPodWithoutANetworkConfigurationLeavesNothing() async throws {
        let engine = try engine()
        #expect(!engine.networks.readiness().isReady)
        var spec = SandboxSpec(name: "pod", namespace: "default", uid: "1", attempt: 0)
        spec.hostname = "pod"
        await #expect(throws: (any Error).self) { _ = try await engine.runSandbox(spec) }
        #expect(engine.sandboxes().isEmpty)
        // The name is free again.
        await #expect(throws: (any Error).self) { _ = try await engine.runSandbox(spec) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/run/k8s/sandboxes") == [])
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(folder))
        await engine.close()
    }

    /// Nor tells of any.
    @Test func anEngineThatEndsBeginsNoShimForPodsToCome() async throws {
        let lines = Lines()
        let engine = try engine(logger: Logger(label: "test") { _ in LineCollector(lines: lines) })
        var spec = SandboxSpec(name: "pod", namespace: "default", uid: "1", attempt: 0)
        spec.hostname = "pod"
        await #expect(throws: (any Error).self) { _ = try await engine.runSandbox(spec) }
        await engine.close()
        // Longer than the rest before the next shim.
        try await Task.sleep(for: .milliseconds(300))
        #expect(lines.all.withLock { $0.filter { $0.contains("in advance") } } == [])
    }

    @Test func handlersAndTheirRuntimes() {
        var settings = PodEngine.Settings()
        settings.runtimes["runc"] = RuntimeHandler(program: "/usr/sbin/runc", root: "/run/runc")
        #expect(settings.runtimeName(of: "") == "swiftlet")
        settings.defaultRuntime = "runc"
        #expect(settings.runtimeName(of: "") == "runc")
        #expect(settings.runtimeName(of: "swiftlet") == "swiftlet")
        // As shims were told it, with and without systemd's groups.
        #expect(settings.name(of: nil) == "swiftlet")
        #expect(
            settings.name(
                of: RuntimeHandler(program: "/usr/sbin/runc", root: "/run/runc", systemdCgroup: true))
                == "runc")
        #expect(settings.name(of: RuntimeHandler(program: "/usr/sbin/runc", root: "/run/other")) == nil)
        #expect(
            ["", "runc", "swiftlet", "crun", "/"].filter { settings.knows(handler: $0) } == [
                "", "runc", "swiftlet",
            ])
    }

    @Test(arguments: [
        (["127.0.0.0/24"], "loopback"), (["10.1.0.0/24", "224.1.0.0/16"], "multicast"),
        (["fe80:1::/64"], "link-local"),
        (["0.0.0.0/0"], "of this network"),
        (["10.1.0.0/24", "fd00::/64", "10.2.0.0/24"], "one address of each family"),
    ])
    func rangesThatPodsCannotHave(ranges: [String], word: String) {
        let error = #expect(throws: EngineError.self) {
            try PodNetworks.check(ranges.compactMap { IPPrefix($0) })
        }
        #expect(error?.kind == .invalid && error?.message.contains(word) == true, "\(ranges)")
    }

    @Test func rangesThatPodsCanHave() throws {
        try PodNetworks.check([])
        try PodNetworks.check(["10.1.0.0/24", "fd00:1::/64"].compactMap { IPPrefix($0) })
    }

    @Test(arguments: [
        ("net.ipv4.conf.eth0.rp_filter", true), ("net/ipv6/conf/net1.5/accept_ra", true),
        ("net.ipv6.neigh.eth0.gc_stale_time", true), ("net.ipv4.conf.eth0/7.rp_filter", true),
        ("net.ipv4.conf.all.rp_filter", false), ("net.ipv4.conf.default.rp_filter", false),
        ("net.ipv6.conf.lo.disable_ipv6", false), ("net.ipv4.tcp_syn_retries", false),
        ("kernel.msgmax", false), ("", false),
    ])
    func parametersOfDevices(name: String, isOfDevice: Bool) {
        #expect(SandboxSpec.isOfDevice(name) == isOfDevice)
    }

    /// A file system that does not answer holds up the pod that mounts from it, and nobody else.
    @Test func threadsThatHangHoldUpNobodyElse() async throws {
        let threads = GuardedThreads(most: 2, mostOfPod: 4, moment: 20)
        let release = DispatchSemaphore(value: 0)
        let (late, tell) = AsyncStream.makeStream(of: Bool.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    do {
                        try await threads.run(for: "hung", milliseconds: 3000) {
                            release.wait()
                        } late: {
                            if case .success = $0 { tell.yield(true) } else { tell.yield(false) }
                        }
                        return false
                    } catch is GuardedThreads.Overdue { return true }
                }
            }
            try await Task.sleep(for: .milliseconds(150))
            let begun = ContinuousClock.now
            for number in 0..<20 {
                #expect(
                    try await threads.run(for: "well \(number % 2)", milliseconds: 5000) { number } == number)
            }
            #expect(ContinuousClock.now - begun < .milliseconds(1500))
            for try await isOverdue in group { #expect(isOverdue) }
        }
        // Four had a thread each, and end now; the others had not begun.
        for _ in 0..<6 { release.signal() }
        var ended: [Bool] = []
        for await hasRun in late {
            ended.append(hasRun)
            if ended.count == 6 { break }
        }
        #expect(ended.filter { $0 }.count == 4)
        // And the pod has its threads again.
        #expect(try await threads.run(for: "hung", milliseconds: 5000) { true })
        await #expect(throws: CancellationError.self) {
            try await threads.run(for: "hung", milliseconds: 5000) { throw CancellationError() }
        }
    }

    /// Nobody's files and folders are cleared at a start, damaged or not, and none of them stops it.
    @Test func straysDoNotStopAStart() async throws {
        let first = try engine()
        await first.close()
        _ = consume first
        let containers = folder + "/lib/k8s/containers/"
        let sandboxes = folder + "/run/k8s/sandboxes/"
        let (empty, file) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        try FileManager.default.createDirectory(atPath: containers + empty, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: sandboxes + "pod", withIntermediateDirectories: true)
        for path in [
            containers + empty + "/container.json", containers + empty + "/supervision.json",
            containers + file,
            sandboxes + "file", sandboxes + "pod/pod.json",
        ] {
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
        }
        let engine = try engine()
        try await engine.recover()
        for path in [containers, sandboxes] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [], "\(path)")
        }
        await engine.close()
    }

    /// Whichever driver has made its group, and whichever is the one of now.
    @Test(arguments: [CgroupDriver.files, .systemd])
    func aStrayLeavesNoGroup(driver: CgroupDriver) async throws {
        let name = "stray-\(getpid())-\(driver)"
        let tree = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "" : "/unified"
        let group = "/sys/fs/cgroup\(tree)/swiftlet/pods/\(name)"
        for path in [group, folder + "/run/k8s/sandboxes/" + name] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        var settings = PodEngine.Settings()
        settings.cgroupDriver = driver
        let engine = try engine(settings)
        try await engine.recover()
        #expect(access(group, F_OK) != 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/run/k8s/sandboxes") == [])
        await engine.close()
    }

    @Test func whatProcessesHaveOpen() throws {
        let me = getpid()
        let before = ProcessCounts(of: [me], first: me)
        let held = (0..<8).map { _ in socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
        let after = ProcessCounts(of: [me], first: me)
        for descriptor in held { close(descriptor) }
        #expect(before.processes == 1 && after.processes == 1)
        // Other tests of this process open and close, too.
        #expect(after.descriptors >= 8 && (after.sockets ?? 0) >= 8 && after.sockets! <= after.descriptors)
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(after.openFilesLimit == UInt64(limit.rlim_cur))
        // Who has ended counts nothing.
        #expect(ProcessCounts(of: [0x3f_ffff], first: 0x3f_ffff).processes == 0)
        let sum = after + after
        #expect(sum.processes == 2 && sum.sockets == after.sockets! * 2)
    }

    /// The form of a pod's group says who makes those of its containers.
    @Test(arguments: [
        ("/kubepods/podx", "/kubepods/podx/c"), ("kubepods-podx.slice", "kubepods-podx.slice:cri-swiftlet:c"),
        ("-.slice", "-.slice:cri-swiftlet:c"),
    ])
    func groups(parent: String, path: String) {
        #expect(PodCgroup(parent: parent).cgroupsPath(of: "c") == path)
        #expect((PodCgroup(parent: parent).driver == .systemd) == parent.hasSuffix(".slice"))
    }

    /// The node goes on without them, and nothing is thrown away.
    @Test(arguments: ["no database at all", "SQLite format 3\0"]) func aDatabaseThatIsNone(text: String)
        async throws
    {
        let path = folder + "/lib/k8s/pods.sqlite"
        let first = try engine()
        await first.close()
        _ = consume first
        for log in ["-wal", "-shm"] { unlink(path + log) }
        let content = Data(String(repeating: text, count: 1000).utf8)
        try content.write(to: URL(fileURLWithPath: path))
        for _ in 0..<2 {
            let engine = try await engineAfterAnother()
            try await engine.recover()
            #expect(engine.sandboxes().isEmpty)
            await engine.close()
            _ = consume engine
            #expect(FileManager.default.contents(atPath: path + ".damaged") == content)
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func recordsOfANewerProgramAreRefused() async throws {
        let first = try engine()
        await first.close()
        // The lock goes with the object.
        _ = consume first
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            "import sqlite3; sqlite3.connect('\(folder)/lib/k8s/pods.sqlite').execute('PRAGMA user_version = 99')",
        ]
        try process.run()
        process.waitUntilExit()
        let error = #expect(throws: EngineError.self) { _ = try engine() }
        #expect(error?.message.contains("newer swiftlet") == true)
    }
}

/// What an engine logs.
private final class Lines: Sendable {
    let all = Mutex<[String]>([])
}

private struct LineCollector: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    init(lines: Lines) { self.lines = lines }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) { lines.all.withLock { $0.append("\(event.message)") } }
}
