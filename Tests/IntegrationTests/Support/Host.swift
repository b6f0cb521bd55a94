import Glibc
import LinuxKernel
import OCISpec
import Synchronization
import Testing

/// Runs a test body with a host of its own and looks afterwards whether anything was left behind.
func withHost(_ body: (Host) throws -> Void) throws {
    let host = try Host()
    var finished = false
    // Whatever failed in the body: the machine is clean afterwards.
    defer { host.removeAll(quietly: !finished) }
    try body(host)
    host.expectNothingLeft()
    finished = true
}

/// One test's view of the machine: a state folder for the runtime, bundles, and names that nobody else uses.
final class Host {
    let folder: String
    /// Begins the ids of all containers of this test, and so the names of their control groups.
    let prefix: String
    private var commands = 0
    private static let counter = Atomic<Int>(0)

    /// The runtime's `--root`.
    var state: String { "\(folder)/state" }
    private var marker: String { "SWIFTLET_TEST_MARK=\(prefix)" }

    init() throws {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        prefix = "itest-\(getpid())-\(number)"
        folder = "/tmp/swiftlet-\(prefix)"
        try Files.makeFolder(folder)
    }

    func id(_ name: String = "c") -> String { "\(prefix)-\(name)" }

    // MARK: Bundles

    /// The busybox root file system that all bundles share, made when it is missing.
    static let rootfs: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        let repository = "/" + parts.joined(separator: "/")
        let rootfs = "\(repository)/.fixtures/busybox/rootfs"
        if !Files.exists("\(rootfs)/bin/busybox") {
            let make = Command(
                path: "\(repository)/rootfs-fixtures/make", arguments: ["make", "busybox"],
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
            do {
                let (outcome, output) = try make.run()
                precondition(outcome == .ended(.exited(0)), String(decoding: output, as: UTF8.self))
            } catch {
                preconditionFailure("\(error)")
            }
        }
        return rootfs
    }()

    static var dockerProfile: String { "\(rootfs)/../../seccomp-default.json" }

    /// What `spec` writes, without terminal, with the shared root file system, running a shell script.
    func spec(_ script: String) -> RuntimeSpec {
        var spec = RuntimeSpec.example()
        spec.root = .init(path: Self.rootfs, readonly: true)
        spec.process?.terminal = false
        // Ambient ones need to be inheritable too; left in, each run warns of them.
        spec.process?.capabilities?.ambient = []
        spec.process?.args = ["sh", "-c", script]
        spec.process?.env.append(marker)
        return spec
    }

    /// Writes a bundle.
    /// - Parameter writable: gives it a copy of the root file system, at `rootfs` in the bundle.
    func bundle(
        _ script: String = "sleep 60", name: String = "bundle", writable: Bool = false,
        _ change: (inout RuntimeSpec) -> Void = { _ in }
    ) throws -> String {
        let path = "\(folder)/\(name)"
        try Files.makeFolder(path)
        var spec = spec(script)
        if writable {
            try copyRootfs(to: path)
            spec.root = .init(path: "rootfs", readonly: false)
        }
        change(&spec)
        try Files.write("\(path)/config.json", String(decoding: spec.json(.tabs), as: UTF8.self))
        return path
    }

    private func copyRootfs(to bundle: String) throws {
        guard !Files.exists("\(bundle)/rootfs") else { return }
        try shell("cp -a \(Self.rootfs) \(bundle)/rootfs")
    }

    /// Runs a script of the host's shell, which must succeed.
    @discardableResult func shell(_ script: String) throws -> String {
        let program = try RunningProgram(
            ["/bin/sh", "-c", script], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            output: nextOutput())
        let output = try program.wait()
        #expect(output.code == 0, "\(script): \(output.err)")
        return output.out
    }

    // MARK: The runtime

    /// The program under test: `SWIFTLET_OCI`, or the one beside the test bundle.
    static let runtime: String = {
        if let given = getenv("SWIFTLET_OCI") { return String(cString: given) }
        let candidates = CommandLine.arguments + [(try? Files.link("/proc/self/exe")) ?? ""]
        for path in candidates {
            var folder = path
            while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
                folder = String(folder[..<slash])
                if access("\(folder)/swiftlet-oci", X_OK) == 0 { return "\(folder)/swiftlet-oci" }
            }
        }
        preconditionFailure("swiftlet-oci is not beside the tests; build it, or set SWIFTLET_OCI")
    }()

    /// Starts a command of the runtime.
    func start(
        _ arguments: [String], input: String? = nil, passed: [Int32] = [], environment: [String] = [],
        directory: String? = nil
    ) throws -> RunningProgram {
        try start(
            program: [Self.runtime, "--root", state] + arguments, input: input, passed: passed,
            environment: environment, directory: directory)
    }

    /// Starts a program that bears this test's mark.
    func start(
        program words: [String], input: String? = nil, passed: [Int32] = [], environment: [String] = [],
        directory: String? = nil
    ) throws -> RunningProgram {
        try RunningProgram(
            words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", marker] + environment,
            output: nextOutput(), input: input, passed: passed, directory: directory)
    }

    /// Runs a command of the runtime to its end.
    @discardableResult func oci(
        _ arguments: String..., input: String? = nil, passed: [Int32] = [], environment: [String] = [],
        directory: String? = nil
    ) throws -> Output {
        try start(
            arguments, input: input, passed: passed, environment: environment, directory: directory
        ).wait()
    }

    /// As `oci`, and the command must succeed.
    @discardableResult func ok(
        _ arguments: String..., location: SourceLocation = #_sourceLocation
    ) throws -> Output {
        let output = try start(arguments).wait()
        #expect(output.code == 0, "\(arguments): \(output.err)", sourceLocation: location)
        return output
    }

    /// Runs a script in a new container to its end.
    func run(
        _ script: String, name: String = "c", writable: Bool = false,
        _ change: (inout RuntimeSpec) -> Void = { _ in }
    ) throws -> Output {
        let bundle = try bundle(script, name: "b-\(name)", writable: writable, change)
        return try oci("run", "--bundle", bundle, id(name))
    }

    /// Starts a container that runs in the background, and returns its process id.
    @discardableResult func background(
        _ script: String = "sleep 60", name: String = "c", writable: Bool = false,
        location: SourceLocation = #_sourceLocation, _ change: (inout RuntimeSpec) -> Void = { _ in }
    ) throws -> Int32 {
        let bundle = try bundle(script, name: "b-\(name)", writable: writable, change)
        try ok("run", "--detach", "--bundle", bundle, id(name), location: location)
        return try stateOf(id(name)).pid ?? 0
    }

    func stateOf(_ id: String) throws -> ContainerState {
        let output = try oci("state", id)
        guard output.code == 0 else { throw TestFailure(output.err) }
        return try ContainerState(json: Array(output.out.utf8))
    }

    func delete(_ name: String = "c") throws {
        try ok("delete", "--force", id(name))
    }

    private func nextOutput() -> String {
        commands += 1
        return "\(folder)/command-\(commands)"
    }

    // MARK: What is left

    /// Expects that no container, mount, control group or process of this test is left.
    func expectNothingLeft(location: SourceLocation = #_sourceLocation) {
        for leftover in leftoversAfterAMoment() {
            Issue.record("left behind: \(leftover)", sourceLocation: location)
        }
    }

    /// What is left when killed processes have had the time to end.
    func leftoversAfterAMoment() -> [String] {
        _ = eventually(seconds: 2) { leftovers().isEmpty }
        return leftovers()
    }

    private func leftovers() -> [String] {
        var found: [String] = []
        for name in Files.names(in: state) where !name.hasPrefix(".") { found.append("state \(name)") }
        if let mounts = try? Files.read("/proc/self/mounts") {
            found += mounts.split(separator: "\n").filter { $0.contains(folder) }.map { "mount \($0)" }
        }
        found += cgroups(below: "/sys/fs/cgroup").map { "cgroup \($0)" }
        found += processes().map { "process \($0)" }
        return found
    }

    private func cgroups(below folder: String) -> [String] {
        var found: [String] = []
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let path = "\(folder)/\(name)"
            if name.hasPrefix("\(prefix)-") { found.append(path) }
            found += cgroups(below: path)
        }
        return found
    }

    /// Every process that bears this test's mark in its environment.
    func processes() -> [Int32] {
        var found: [Int32] = []
        for name in Files.names(in: "/proc") {
            guard let pid = Int32(name), pid != getpid(),
                let environment = try? FileDescriptor.readFile("/proc/\(pid)/environ")
            else { continue }
            if environment.split(separator: 0).contains(where: { $0.elementsEqual(marker.utf8) }) {
                found.append(pid)
            }
        }
        return found
    }

    fileprivate func removeAll(quietly: Bool) {
        for name in Files.names(in: state) where !name.hasPrefix(".") {
            _ = try? oci("delete", "--force", name)
        }
        for pid in processes() { kill(pid, SIGKILL) }
        let remove = Command(
            path: "/bin/rm", arguments: ["rm", "-rf", "--one-file-system", folder], environment: [])
        do {
            let (outcome, output) = try remove.run()
            if outcome != .ended(.exited(0)), !quietly {
                Issue.record("\(String(decoding: output, as: UTF8.self))")
            }
        } catch {
            if !quietly { Issue.record("\(error)") }
        }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
