import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Synchronization
import Testing

/// Runs a test body with a host of its own and looks afterwards whether anything was left behind.
func withShimHost(_ body: (ShimHost) throws -> Void) throws {
    let host = try ShimHost()
    defer { host.removeAll() }
    try body(host)
    host.expectNothingLeft()
}

/// One test's view of the machine: containers' folders, a run folder, the shims that it started, and names that
/// nobody else uses.
final class ShimHost {
    let folder: String
    private let prefix: String
    private var shims: [Int32] = []
    private var processes: [Int32] = []
    private static let counter = Atomic<Int>(0)

    var state: String { "\(folder)/state" }

    init() throws {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        prefix = "shimtest-\(getpid())-\(number)"
        folder = "/tmp/swiftlet-\(prefix)"
        try makeFolder(folder)
        try makeFolder("\(folder)/containers")
        try makeFolder("\(folder)/pods")
    }

    func id(_ name: String = "c") -> String { "\(prefix)-\(name)" }
    func container(_ name: String = "c") -> String { "\(folder)/containers/\(id(name))" }

    // MARK: Defining and starting

    /// The program under test: `SWIFTLET_SHIM`, or the one beside the test bundle.
    static let program: String = {
        if let given = getenv("SWIFTLET_SHIM") { return String(cString: given) }
        var paths = CommandLine.arguments
        if let own = realpath("/proc/self/exe", nil) {
            paths.append(String(cString: own))
            free(own)
        }
        for path in paths {
            var folder = path
            while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
                folder = String(folder[..<slash])
                if access("\(folder)/swiftlet-shim", X_OK) == 0 { return "\(folder)/swiftlet-shim" }
            }
        }
        preconditionFailure("swiftlet-shim is not beside the tests; build it, or set SWIFTLET_SHIM")
    }()

    /// The busybox root file system that all containers stand on, made when it is missing.
    private static let rootfs: String = {
        let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let rootfs = "\(repository)/.fixtures/busybox/rootfs"
        if access("\(rootfs)/bin/busybox", X_OK) != 0 {
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

    /// Writes everything that a container needs: its folder, bundle and supervision.
    func define(
        _ arguments: [String], name: String = "c",
        _ change: (inout RuntimeSpec, inout Supervision) -> Void = { _, _ in }
    ) throws {
        let path = container(name)
        for part in ["", "/rootfs", "/upper", "/work", "/log"] { try makeFolder(path + part) }
        var spec = RuntimeSpec.example()
        spec.root = .init(path: "rootfs", readonly: false)
        spec.process?.terminal = false
        spec.process?.capabilities?.ambient = []
        spec.process?.args = arguments
        // No parent that the test would have to remove.
        spec.linux?.cgroupsPath = "/" + id(name)
        var supervision = Supervision(
            log: LogOptions(path: path + "/log/container.log"), stopTimeout: 5,
            rootfs: RootfsMount(
                lower: [Self.rootfs], upper: path + "/upper", work: path + "/work", target: path + "/rootfs"))
        change(&spec, &supervision)
        spec.process?.terminal = supervision.terminal
        try write(String(decoding: spec.json(.tabs), as: UTF8.self), to: path + "/config.json")
        try supervision.write(in: path)
    }

    func define(
        script: String, name: String = "c",
        _ change: (inout RuntimeSpec, inout Supervision) -> Void = { _, _ in }
    ) throws {
        try define(["sh", "-c", script], name: name, change)
    }

    /// Starts the shim of a container and connects to it.
    func launch(_ name: String = "c", program: String = ShimHost.program) throws -> ShimClient {
        let pid = try ShimLauncher.launch(
            container: id(name), folder: container(name), state: state, program: program)
        shims.append(pid)
        return try connect(name)
    }

    func connect(_ name: String = "c", milliseconds: Int = ShimPatience.answer) throws -> ShimClient {
        try ShimClient(state: state, shim: id(name), milliseconds: milliseconds)
    }

    /// Defines a container, launches its shim and starts it.
    func run(
        _ script: String, name: String = "c",
        _ change: (inout RuntimeSpec, inout Supervision) -> Void = { _, _ in }
    ) throws -> ShimClient {
        try define(script: script, name: name, change)
        var client = try launch(name)
        try start(&client, name)
        return client
    }

    /// - Returns: the process id.
    @discardableResult func start(_ client: inout ShimClient, _ name: String = "c") throws -> Int32 {
        let pid = try client.start(id(name))
        processes.append(pid)
        return pid
    }

    // MARK: Pods

    func pod(_ name: String = "p") -> String { "\(folder)/pods/\(id(name))" }

    /// Where a namespace of the pod is pinned.
    func pin(_ kind: PodNamespace.Kind, _ name: String = "p") -> String {
        "\(pod(name))/ns/\(kind.rawValue)"
    }

    func definePod(
        _ kinds: [PodNamespace.Kind] = [.network, .ipc, .uts], name: String = "p",
        _ change: (inout PodSupervision) throws -> Void = { _ in }
    ) throws {
        try makeFolder(pod(name))
        var pod = PodSupervision(
            id: id(name), namespaces: kinds.map { PodNamespace($0, path: pin($0, name)) })
        try change(&pod)
        try pod.write(in: self.pod(name))
    }

    func launchPod(_ name: String = "p") throws -> ShimClient {
        let pid = try ShimLauncher.launchPod(
            id: id(name), folder: pod(name), state: state, program: Self.program)
        shims.append(pid)
        return try connect(name)
    }

    /// Starts a shim for a pod that need not be defined yet.
    func beginSpare(_ name: String = "p", cgroup: String? = nil) throws -> SpareShim {
        try ShimLauncher.beginSpare(
            id: id(name), folder: pod(name), state: state, cgroup: cgroup, program: Self.program)
    }

    /// Gives it its pod and connects to it.
    /// - Parameter ordered: called when it was told, and nobody waits for it yet.
    func launchPod(
        with spare: SpareShim, _ name: String = "p", ordered: () -> Void = {}
    ) throws -> ShimClient {
        let shim = try #require(spare.begin())
        ordered()
        shims.append(try shim.ready())
        return try connect(name)
    }

    /// Defines a container that joins the pod's namespaces, creates it and starts it.
    /// - Returns: the process id.
    @discardableResult func run(
        _ script: String, name: String, inPod pod: String = "p", _ client: inout ShimClient,
        _ change: (inout RuntimeSpec, inout Supervision) -> Void = { _, _ in }
    ) throws -> Int32 {
        let status = try client.podStatus()
        try define(script: script, name: name) { spec, supervision in
            spec.hostname = nil
            var namespaces: [RuntimeSpec.Namespace] = [.init(.mount)]
            for namespace in status.namespaces {
                let kind = RuntimeSpec.Namespace.Kind(rawValue: namespace.kind.rawValue)!
                namespaces.append(.init(kind, path: namespace.path))
            }
            namespaces.append(.init(.pid, path: status.initProcess.map { "/proc/\($0)/ns/pid" }))
            spec.linux?.namespaces = namespaces
            change(&spec, &supervision)
        }
        processes.append(try client.create(id(name), folder: container(name)))
        return try start(&client, name)
    }

    /// As the engine does it, for lost shims and after a shim's end.
    func cleanPod(_ name: String = "p") throws {
        try PodCleanup.run(folder: pod(name), state: state)
    }

    // MARK: Looking

    func status(_ name: String = "c") throws -> LiveStatus {
        try #require(try LiveStatus.current(in: container(name)))
    }

    /// What the container wrote, from its log.
    func logged(_ stream: LogStream = .stdout, name: String = "c") throws -> String {
        let bytes = try FileDescriptor.readFile(container(name) + "/log/container.log")
        var text: [UInt8] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let record = try #require(LogRecord(line: line))
            if record.stream == stream {
                text += record.text + (record.isPartial ? [] : [UInt8(ascii: "\n")])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    var lastShim: Int32 { shims.last ?? 0 }

    /// Waits for the end of the shim started last.
    func shimEnds(seconds: Double = 15) -> Bool {
        guard let pid = shims.last else { return true }
        let ended = eventually(seconds: seconds) { waitpid(pid, nil, WNOHANG) != 0 }
        if ended { shims.removeLast() }
        return ended
    }

    // MARK: Cleaning up

    /// Expects that the shims have ended and no container, mount, control group or process of this test is left.
    func expectNothingLeft(location: SourceLocation = #_sourceLocation) {
        while !shims.isEmpty {
            guard shimEnds() else {
                Issue.record("shim \(shims.last!) has not ended", sourceLocation: location)
                break
            }
        }
        _ = eventually(seconds: 3) { leftovers().isEmpty }
        for leftover in leftovers() { Issue.record("left behind: \(leftover)", sourceLocation: location) }
    }

    private func leftovers() -> [String] {
        var found = processes.filter { (try? ProcessIdentity.of($0)) ?? nil != nil }.map { "process \($0)" }
        if let mounts = try? text(of: "/proc/self/mountinfo") {
            found += mounts.split(separator: "\n").filter { $0.contains(folder) }.map { "mount \($0)" }
        }
        found += names(in: state + "/oci").filter { !$0.hasPrefix(".") }.map { "runtime state \($0)" }
        found += names(in: state).filter { $0 != "oci" }.map { "run folder \($0)" }
        for hierarchy in Self.hierarchies {
            found += names(in: "/sys/fs/cgroup/\(hierarchy)").filter { $0.hasPrefix(prefix + "-") }
                .map { "group \(hierarchy)/\($0)" }
        }
        return found
    }

    private static let hierarchies = ["", "unified", "memory", "pids", "cpu", "devices", "freezer"]

    /// Whatever failed in the test: the machine is clean afterwards.
    func removeAll() {
        for pid in shims {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        defer {
            // Of spare shims, which nobody has noted.
            for hierarchy in Self.hierarchies {
                for name in names(in: "/sys/fs/cgroup/\(hierarchy)") where name.hasPrefix(prefix + "-") {
                    rmdir("/sys/fs/cgroup/\(hierarchy)/\(name)")
                }
            }
        }
        for name in names(in: folder + "/pods") {
            do {
                try PodCleanup.run(folder: "\(folder)/pods/\(name)", state: state)
            } catch {
                Issue.record("clean up pod \(name): \(error)")
            }
        }
        for name in names(in: folder + "/containers") {
            do {
                try ContainerCleanup.run(
                    container: ContainerID(name), folder: "\(folder)/containers/\(name)", state: state,
                    log: Log())
            } catch {
                Issue.record("clean up \(name): \(error)")
            }
        }
        do {
            try removeTree(folder)
        } catch {
            Issue.record("\(error)")
        }
    }
}

/// Everything that a container wrote to an attached client.
struct Attached {
    var output: [UInt8] = []
    var error: [UInt8] = []
    var isDropped = false

    var text: String { String(decoding: output, as: UTF8.self) }

    /// Reads until the streams end.
    /// - Parameters:
    ///   - input: sent meanwhile; nil for none, and then the input stays open.
    ///   - until: stops as soon as this is true.
    static func read(
        _ streams: inout ContainerStreams, input: [UInt8]? = nil, seconds: Int = 30,
        until: (Attached) -> Bool = { _ in false }
    ) throws -> Attached {
        var result = Attached()
        if let input {
            let failure: KernelError? = input.withUnsafeBytes { bytes in
                do throws(KernelError) {
                    try streams.send(input: bytes)
                    return nil
                } catch {
                    return error
                }
            }
            if let failure { throw failure }
            try streams.endInput()
        }
        let deadline = monotonicMilliseconds() + seconds * 1000
        var isOver = false
        while !isOver, !until(result) {
            let wanted = Int16(streams.hasUnsentInput ? POLLIN | POLLOUT : POLLIN)
            var poll = pollfd(fd: streams.descriptor, events: wanted, revents: 0)
            let left = deadline - monotonicMilliseconds()
            try #require(left > 0, "the streams did not end; so far \(result.output.count) bytes")
            _ = Glibc.poll(&poll, 1, Int32(left))
            if poll.revents & Int16(POLLOUT) != 0 { try streams.sendUnsent() }
            if poll.revents & Int16(POLLIN | POLLHUP) == 0 { continue }
            try streams.receive { part in
                switch part {
                case .output(let bytes): result.output += bytes
                case .error(let bytes): result.error += bytes
                case .dropped:
                    result.isDropped = true
                    isOver = true
                case .end: isOver = true
                }
            }
        }
        return result
    }
}
