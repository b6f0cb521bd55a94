import Foundation
import Glibc
import LinuxKernel
import Logging
import PodEngine
import PodNetwork
import Testing

/// The engine by itself, without pods: those are made in `Tests/CRIClient`, through the CRI.
struct PodEngineTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/swiftlet-engine-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func engine() throws -> PodEngine {
        let layout = EngineLayout(root: folder + "/lib", state: folder + "/run")
        let networks = PodNetworks(
            .cni, builtin: BuiltinNetwork(state: folder + "/network", settingsFile: folder + "/network.json"),
            configurationFolder: folder + "/net.d", pluginFolders: ["/usr/lib/cni"], cache: folder + "/cache")
        return try PodEngine(layout: layout, networks: networks, logger: Logger(label: "test"))
    }

    private func remove() throws { try FileManager.default.removeItem(atPath: folder) }

    @Test func twoEnginesDoNotShareRecords() async throws {
        let first = try engine()
        let error = #expect(throws: EngineError.self) { _ = try engine() }
        #expect(error?.message.contains("another swiftlet daemon") == true)
        await first.close()
        try remove()
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
        try remove()
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
        try remove()
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
        try remove()
    }
}
