import CLinux
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// A `swiftlet` of a test's own: the built program with folders of its own. When it goes, all its containers
/// are removed and it is looked whether anything of them is left on the machine.
final class Host {
    let root: String
    let folder: String
    private let program: String
    /// The network namespace that plays the host's: containers that have the built-in network, as they do unless
    /// they are told otherwise, do not touch the machine's own.
    let network: String
    private let hasOwnNetwork: Bool

    /// - Parameter ownNetwork: false for what talks to servers of the test on loopback: its containers then have to
    ///   do without the built-in network.
    init(ownNetwork: Bool = true) throws {
        program = try Self.builtProgram("swiftlet")
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        folder = String(cString: made)
        root = folder + "/lib"
        network = folder + "/host-network"
        hasOwnNetwork = ownNetwork
        if ownNetwork { try makeNetwork() }
    }

    private func makeNetwork() throws {
        _ = try FileDescriptor.open(network, O_RDONLY | O_CREAT, mode: 0o600)
        let home = try FileDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        try unshare(NamespaceKind.network.flag, what: "network namespace")
        defer { try! home.enterNamespace(NamespaceKind.network.flag, what: "home") }
        let bind: UInt = 0x1000
        if mount("/proc/thread-self/ns/net", network, nil, bind, nil) != 0 {
            throw KernelError("pin", network)
        }
        var socket = try RouteSocket()
        let loopback: Int32 = 1
        try socket.bringUp(loopback)
    }

    /// Does something in the host's network namespace, such as starting a program.
    func inNetwork<Result>(_ body: () throws -> Result) throws -> Result {
        if !hasOwnNetwork { return try body() }
        let home = try FileDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        let namespace = try FileDescriptor.open(network, O_RDONLY)
        try namespace.enterNamespace(NamespaceKind.network.flag, what: network)
        defer { try! home.enterNamespace(NamespaceKind.network.flag, what: "home") }
        return try body()
    }

    /// Runs a shell's script in the host's network.
    @discardableResult
    func shell(
        _ script: String, with shell: String = "/bin/sh", sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Program.Result {
        let result = try inNetwork {
            try Program(shell, ["-ec", script, program], environment: environment)
        }.finish()
        #expect(result.code == 0, "\(script): \(result.error)", sourceLocation: sourceLocation)
        return result
    }

    /// With the busybox image in its store.
    static func withBusybox(ownNetwork: Bool = true) throws -> Host {
        let host = try Host(ownNetwork: ownNetwork)
        try host.check("load", "-q", "-i", try Fixtures.archive("docker/busybox.tar"))
        return host
    }

    deinit {
        do { try cleanUp() } catch { Issue.record("clean up: \(error)") }
    }

    /// The programs lie beside the test bundle.
    static func builtProgram(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let test = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // SWIFTLET_BIN: programs that were built elsewhere.
        let folder = getenv("SWIFTLET_BIN").map { String(cString: $0) } ?? test.splitAtLastComponent.parent
        let path = folder + "/" + name
        guard access(path, X_OK) == 0 else { throw KernelError("find the program", path) }
        return path
    }

    var environment: [String] {
        [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TZ=UTC",
            "SWIFTLET_ROOT=\(root)", "SWIFTLET_STATE=\(folder)/run",
        ]
    }

    // MARK: Calling

    /// - Parameter more: variables beside those that every program gets.
    func start(
        _ arguments: [String], environment more: [String] = [], terminal: TerminalSize? = nil
    ) throws -> Program {
        try inNetwork { try Program(program, arguments, environment: environment + more, terminal: terminal) }
    }

    @discardableResult
    func callAsFunction(_ arguments: String..., input: String? = nil) throws -> Program.Result {
        try run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String? = nil) throws -> Program.Result {
        let program = try start(arguments)
        if let input { try program.type(input) }
        return try program.finish()
    }

    /// Calls and expects success.
    @discardableResult
    func check(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Program.Result {
        let result = try run(arguments)
        #expect(
            result.code == 0, "swiftlet \(arguments.joined(separator: " ")): \(result.error)",
            sourceLocation: sourceLocation)
        return result
    }

    /// Calls and expects a failure with one line on standard error.
    @discardableResult
    func checkFails(
        _ code: Int32, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(arguments)
        let what = "swiftlet \(arguments.joined(separator: " "))"
        #expect(result.code == code, "\(what): \(result.error)", sourceLocation: sourceLocation)
        let lines = result.error.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.count == 2 && lines[0].hasPrefix("swiftlet: ") && lines[1].isEmpty,
            "\(what): not one line: \(result.error)", sourceLocation: sourceLocation)
        return String(lines.first ?? "")
    }

    /// A member of what `inspect` shows, by its path.
    func inspect(_ name: String, _ path: String...) throws -> String {
        let text = Array(try check("inspect", name).output.utf8)
        return try JSON.read(text) { (json) throws(JSONError) in
            var elements = try json.elements()
            guard var value = elements.next() else { throw json.error("empty") }
            for member in path {
                guard let next = try value.object().members.first(where: { $0.key == member })?.value else {
                    throw value.error("no member \(member)")
                }
                value = next
            }
            switch value.kind {
            case .string: return try value.string()
            case .boolean: return try value.bool() ? "true" : "false"
            case .number: return "\(try value.integer(as: Int64.self))"
            default: throw value.error("not a simple value")
            }
        }
    }

    func id(of name: String) throws -> String { try inspect(name, "Id") }

    /// The number on the host of a container's first process.
    func pid(of name: String) throws -> Int32 {
        try #require(Int32(try inspect(name, "State", "Pid")))
    }

    /// Waits until the container is in a state.
    func wait(for name: String, toBe state: String, seconds: Int = 30) throws {
        let deadline = monotonicMilliseconds() + seconds * 1000
        while try inspect(name, "State", "Status") != state {
            try #require(monotonicMilliseconds() < deadline, "\(name) does not become \(state)")
            usleep(20_000)
        }
    }

    // MARK: What is left

    private func cleanUp() throws {
        let containers = (try? folderNames(root + "/default/containers")) ?? []
        for id in containers where access(root + "/default/containers/\(id)/container.json", F_OK) == 0 {
            _ = try run(["rm", "-f", "-v", id])
        }
        // A shim ends a moment after it has answered.
        let deadline = monotonicMilliseconds() + 5000
        var leaks = try findLeaks(containers)
        while !leaks.isEmpty, monotonicMilliseconds() < deadline {
            usleep(50_000)
            leaks = try findLeaks(containers)
        }
        for leak in leaks { Issue.record("left over: \(leak)") }
        if hasOwnNetwork { umount2(network, Int32(MNT_DETACH)) }
        _ = try Program("/bin/rm", ["-rf", folder], environment: environment).finish()
    }

    private func findLeaks(_ containers: [String]) throws -> [String] {
        var leaks = try folderNames(root + "/default/containers").map { "container \($0)" }
        let mounts = String(decoding: try FileDescriptor.readFile("/proc/self/mountinfo"), as: UTF8.self)
        leaks += mounts.split(separator: "\n").filter { $0.contains(folder) && !$0.contains(network) }
            .map { "mount \($0)" }
        for name in ["pods", "addresses"] {
            leaks += try folderNames(folder + "/run/network/" + name).map { "network \(name) \($0)" }
        }
        let devices = try inNetwork { try FileDescriptor.readFile("/proc/thread-self/net/dev") }
        leaks += String(decoding: devices, as: UTF8.self).split(separator: "\n")
            .filter { $0.contains(" sw") || $0.hasPrefix("sw") }.map { "device \($0)" }
        leaks += try processes().compactMap { pid in
            // It may end while we look.
            guard let command = try? FileDescriptor.readFile("/proc/\(pid)/cmdline") else { return nil }
            return "process \(pid) " + String(decoding: command.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
        }
        for id in containers { leaks += try cgroups(named: id).map { "control group \($0)" } }
        return leaks
    }

    /// Whose arguments name this host's folder: the shims and their clones.
    func processes() throws -> [Int32] {
        try folderNames("/proc").compactMap { Int32($0) }.filter { pid in
            guard let command = try? FileDescriptor.readFile("/proc/\(pid)/cmdline") else { return false }
            return command.contains(Array(folder.utf8))
        }
    }

    /// The folders of a container's control groups, under all hierarchies.
    func cgroups(named id: String) throws -> [String] {
        let top = "/sys/fs/cgroup"
        let hierarchies = [top] + (try folderNames(top)).map { top + "/" + $0 }
        return hierarchies.map { "\($0)/swiftlet/default/\(id)" }.filter { access($0, F_OK) == 0 }
    }

    /// What a control file of a container says, under whichever hierarchy has it.
    func cgroupFile(_ name: String, of container: String) throws -> String? {
        for group in try cgroups(named: try id(of: container)) {
            if let bytes = try? FileDescriptor.readFile(group + "/" + name) {
                return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
            }
        }
        return nil
    }
}

func folderNames(_ path: String) throws -> [String] {
    guard let stream = opendir(path) else {
        if Errno.current == .noEntry { return [] }
        throw KernelError("read folder", path)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Holds the lock of a container's folder for a moment, as whoever asks for its state does.
/// - Returns: for `pclose`, when the lock is held.
func lookAtContainer(in folder: String) throws -> UnsafeMutablePointer<FILE> {
    let look = try #require(popen("flock '\(folder)/lock' sh -c 'echo; exec sleep 0.1'", "re"))
    #expect(fgetc(look) == 10)
    return look
}

/// What `rootfs-fixtures/make` makes, once for all tests.
enum Fixtures {
    private static let made: Result<String, KernelError> = {
        let root = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })
        do {
            let result = try Program(
                root + "/rootfs-fixtures/make", ["images"],
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            ).finish(seconds: 300)
            if result.code == 0 { return .success(root + "/.fixtures") }
            return .failure(KernelError("make fixtures", String(result.error.suffix(500)), .ioError))
        } catch {
            return .failure(error as? KernelError ?? KernelError("make fixtures", "\(error)", .ioError))
        }
    }()

    /// A file that was made, by its path below the fixtures' folder.
    static func archive(_ name: String) throws -> String {
        let path = try made.get() + "/" + name
        guard access(path, R_OK) == 0 else { throw KernelError("find fixture", path) }
        return path
    }
}
