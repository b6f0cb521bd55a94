import ContainerShim
import LinuxKernel
import OCISpec
import Testing

@Suite struct ProtocolTests {
    static let requests: [ShimRequest] = [
        .create(container: "a", folder: "/var/lib/x/a"),
        .start(container: "a"),
        .attach(container: "a", AttachOptions(stdin: true, stdout: true, stderr: false, lossless: true)),
        .attach(container: "a", AttachOptions(stdin: false)),
        .exec(container: "a", ExecRequest(terminal: true)),
        .exec(container: "a", ExecRequest(terminal: false)),
        .exec(container: "a", ExecRequest(terminal: false, beginsBy: 1_000_000_000_000)),
        .resize(container: "a", TerminalSize(rows: 24, columns: 65535)),
        .kill(container: "a", signal: 9, .first),
        .kill(container: "a", signal: 15, .all),
        .kill(container: "a", signal: 1, .exec(18_446_744_073_709_551_615)),
        .stop(container: "a", signal: nil, timeout: nil),
        .stop(container: "a", signal: 3, timeout: -1),
        .wait(container: "a", exec: nil),
        .wait(container: "a", exec: 7),
        .state(container: "quote\" slash\\ ü"),
        .pause(container: "a"),
        .resume(container: "a"),
        .delete(container: "a", force: true, removeFolder: true),
        .delete(container: "a", force: false, removeFolder: false),
        .setRestartPolicy(container: "a", .onFailure(limit: 3)),
        .reopenLog(container: "a"),
        .update(
            container: "a",
            {
                var resources = RuntimeSpec.Resources()
                resources.pids = .init(limit: 5)
                return resources
            }()),
        .checkpoint(container: "a", CheckpointRequest(imagePath: "/i")),
        .checkpoint(
            container: "a",
            CheckpointRequest(
                imagePath: "/i", workPath: "/w", leavesRunning: false, tcpEstablished: true, fileLocks: true,
                timeout: 3)),
        .subscribe,
        .podStatus,
        .shutdown,
    ]

    @Test(arguments: requests)
    func requestComesBack(request: ShimRequest) throws {
        let numbered = NumberedRequest(number: 42, request: request)
        #expect(try NumberedRequest(json: numbered.json()) == numbered)
    }

    static let messages: [ShimMessage] = {
        var status = LiveStatus(bootID: "b")
        status.phase = .paused
        status.process = ProcessIdentity(pid: 12, start: 34)
        status.exitCode = 0
        status.oomKilled = true
        status.startedAt = Timestamp(seconds: 1, nanoseconds: 2)
        status.finishedAt = Timestamp(seconds: 3, nanoseconds: 999_999_999)
        status.error = "why"
        status.logError = "disk"
        status.logBytesLost = 4711
        status.restartCount = 5
        status.stoppedByUser = true
        status.shim = ProcessIdentity(pid: 1, start: 0)
        let time = Timestamp(seconds: 1_795_000_000)
        return [
            .answer(number: 1, .done),
            .answer(number: 2, .started(pid: 77, exec: nil)),
            .answer(number: 3, .started(pid: 77, exec: 9)),
            .answer(number: 4, .attached),
            .answer(number: 5, .exited(ExitReport(exitCode: 137, oomKilled: true, finishedAt: time))),
            .answer(
                number: 6,
                .exited(
                    ExitReport(exitCode: 0, oomKilled: false, startedAt: time, finishedAt: time))),
            .answer(
                number: 6,
                .exited(ExitReport(exitCode: 127, oomKilled: false, finishedAt: time, error: "not found"))),
            .answer(number: 7, .status(status)),
            .answer(number: 8, .status(LiveStatus(bootID: "b"))),
            .answer(number: 9, .failed(ShimFailure(.commandNotFound, "exec \"x\": no such file"))),
            .answer(number: 10, .pod(PodStatus(shim: 5))),
            .answer(
                number: 11,
                .pod(
                    PodStatus(
                        shim: 5, initProcess: 6,
                        namespaces: [
                            .init(.user, path: "/u"), .init(.network, path: "/n", isMade: false),
                        ]))),
            .event(ShimEvent(.created, container: "a", time: time, pid: 3)),
            .event(ShimEvent(.initExited, container: "p", time: time, exitCode: 143)),
            .event(ShimEvent(.started, container: "a", time: time, pid: 3)),
            .event(ShimEvent(.exited, container: "a", time: time, exitCode: 0)),
            .event(ShimEvent(.exited, container: "a", time: time, exitCode: 137, oomKilled: true)),
        ]
    }()

    @Test(arguments: messages)
    func messageComesBack(message: ShimMessage) throws {
        #expect(try ShimMessage(json: message.json()) == message)
    }

    @Test func failureTellsTheExitCodeOfCommandLines() {
        #expect(ShimFailure(.commandNotFound, "").exitCode == 127)
        #expect(ShimFailure(.commandNotExecutable, "").exitCode == 126)
        #expect(ShimFailure(.refused, "").exitCode == 125)
    }

    @Test(arguments: [
        (#"{"number":1,"request":"fly","container":"a"}"#, "unknown request"),
        (#"{"number":1,"request":"start"}"#, "container: missing"),
        (#"{"request":"start","container":"a"}"#, "number: missing"),
        (#"{"number":1,"request":"kill","container":"a","signal":"TERM"}"#, "signal: expected an integer"),
        (
            #"{"number":1,"request":"setRestartPolicy","container":"a","policy":"often"}"#,
            "unknown restart policy"
        ),
        ("[]", "expected an object"),
    ])
    func badRequestIsRefused(text: String, reason: String) {
        let error = #expect(throws: JSONError.self) { try NumberedRequest(json: Array(text.utf8)) }
        #expect("\(error!)".contains(reason))
    }

    @Test func versionsThatOverlapAgree() {
        #expect(ShimGreeting(version: 1, oldestVersion: 1, pid: 1).commonVersion == 1)
        #expect(ShimGreeting(version: 9, oldestVersion: 1, pid: 1).commonVersion == ShimProtocol.version)
        #expect(ShimGreeting(version: 9, oldestVersion: 8, pid: 1).commonVersion == nil)
        #expect(ShimGreeting(version: 0, oldestVersion: 0, pid: 1).commonVersion == nil)
    }

    // MARK: Frames

    /// Frames cut into pieces of every size come out whole.
    @Test(arguments: 1...13)
    func framesSurviveAnyCut(size: Int) {
        var stream: [UInt8] = []
        func add(_ kind: StreamFrame.Kind, _ data: [UInt8]) {
            withUnsafeTemporaryAllocation(byteCount: StreamFrame.headLength, alignment: 1) { head in
                StreamFrame(kind: kind, length: data.count).write(to: head)
                stream += Array(head)
            }
            stream += data
        }
        let long = [UInt8](repeating: 7, count: 300)
        add(.output, Array("hello".utf8))
        add(.error, long)
        add(.input, [])
        add(.output, Array("x".utf8))
        var found: [[UInt8]] = [[], [], []]
        var endsOfInput = 0
        var reader = StreamFrameReader()
        var position = 0
        while position < stream.count {
            let piece = Array(stream[position..<min(stream.count, position + size)])
            let used = piece.withUnsafeBytes { bytes in
                reader.read(bytes) { kind, data in
                    // Takes at most four bytes at a time, as a container that reads slowly does.
                    let taken = min(4, data.count)
                    found[Int(kind!.rawValue)] += data[..<taken]
                    if kind == .input { endsOfInput += 1 }
                    return taken
                }
            }
            position += used
        }
        #expect(found[1] == Array("hellox".utf8))
        #expect(found[2] == long)
        #expect(endsOfInput == 1)
    }
}
