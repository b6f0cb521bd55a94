import CRIProtocol
import CRIService
import GRPCCore
import Glibc
import ImageStore
import LinuxKernel
import Logging
import RegistryClient
import Testing

struct ListeningSocketTests {
    @Test func isForRootAloneAndForOneInstance() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/deep/run/cri.sock"
        let first = try ListeningSocket(path)
        #expect(try runProgram("/usr/bin/stat", "-c", "%a %F", path) == "600 socket\n")
        let refusal = #expect(throws: ServerError.self) { try ListeningSocket(path) }
        #expect(
            refusal?.description.contains("another instance (process \(getpid())) listens on \(path)") == true
        )
        try first.remove()
        #expect(access(path, F_OK) != 0)
    }

    @Test func replacesWhatADeadInstanceLeft() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/cri.sock"
        // As a kill leaves it: a socket's file, and a file for the lock that nobody holds.
        do { _ = try ListeningSocket(path) }
        #expect(access(path, F_OK) == 0)
        _ = try ListeningSocket(path)
    }

    @Test func leavesAnotherProgramsSocketAlone() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/cri.sock"
        do { _ = try ListeningSocket(path) }
        let other = try Companion(
            [
                "/usr/bin/python3", "-c",
                "import os,socket,time; p='\(path)'; os.unlink(p); s=socket.socket(socket.AF_UNIX);"
                    + " s.bind(p); s.listen(); open(p+'.up','w'); time.sleep(60)",
            ], environment: ["PATH=/usr/bin:/bin"], log: folder.path + "/log")
        defer {
            kill(other.pid, SIGKILL)
            _ = other.wait(milliseconds: 5000)
        }
        for _ in 0..<500 where access(path + ".up", F_OK) != 0 { usleep(10_000) }
        let refusal = #expect(throws: ServerError.self) { try ListeningSocket(path) }
        #expect(refusal?.description.contains("another program listens on \(path)") == true)
    }

    @Test func removesNothingButSockets() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("cri.sock", "somebody's")
        let refusal = #expect(throws: ServerError.self) { try ListeningSocket(path) }
        #expect(refusal?.description.contains("\(path) is there, and no socket") == true)
        #expect(try folder.read("cri.sock") == "somebody's")
    }

    @Test func takesPathsLongerThanAnAddress() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/" + String(repeating: "long", count: 30) + "/cri.sock"
        let socket = try ListeningSocket(path)
        _ = try UnixSocket.connect(stream: path)
        try socket.remove()
    }
}

struct CallTests {
    /// The mode keeps others out; without it the peer's credentials do.
    @Test func refusesOtherUsers() async throws {
        let host = try ImageHost()
        try await host.serve { _ in
            chmod(host.folder.path, 0o755)
            chmod(host.folder.path + "/run", 0o755)
            chmod(host.socket, 0o666)
            // The server's settings are the first thing that a client hears.
            let script =
                "import socket; s=socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect('\(host.socket)');"
                + " print(len(s.recv(9)))"
            let own = try await runClient("/usr/bin/python3", "-c", script)
            #expect(own == "9\n")
            let others = try await runClient(
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                "/usr/bin/python3", "-c", script)
            #expect(others == "0\n")
        }
        #expect(try host.lines.contains { $0.contains("connection refused") && $0.contains("uid=65534") })
    }

    @Test func logsFailuresWithWhatTheyAreAbout() async throws {
        let host = try ImageHost()
        try await host.serve { client in
            var request = CRIImageStatusRequest()
            request.image.image = "Not A Name"
            let metadata: Metadata = [
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            ]
            _ = await status { [request] in try await client.imageStatus(request, metadata: metadata) }
            _ = try await client.list()
        }
        let failure = try #require(try host.lines.first { $0.contains("msg=\"call failed\"") })
        for part in [
            "level=warning", "part=rpc", "method=ImageStatus", "image=\"Not A Name\"", "code=invalidArgument",
            "trace=0af7651916cd43dd8448eb211c80319c", "seconds=0.",
        ] {
            #expect(failure.contains(part), "\(part): \(failure)")
        }
        #expect(try host.lines.contains { $0.contains("msg=\"call\"") && $0.contains("method=ListImages") })
        let metrics = host.metrics.text()
        #expect(
            metrics.contains("swiftlet_cri_calls_total{method=\"ImageStatus\",code=\"invalidArgument\"} 1"))
        #expect(metrics.contains("swiftlet_cri_calls_total{method=\"ListImages\",code=\"OK\"} 1"))
        #expect(metrics.contains("swiftlet_cri_call_seconds_count{method=\"ListImages\"} 1"))
    }

    /// grpc-swift ends its process at a negative one. The headers are as a client writes them without compression
    /// (RFC 7541, section 6.2.2).
    @Test func invalidTimeoutsOfClientsAreNone() async throws {
        let host = try ImageHost()
        try await host.serve { client in
            let script = """
                import socket, struct, sys
                def literal(name, value):
                    return b"\\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                def frame(kind, flags, stream, payload):
                    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
                headers = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), ("te", "trailers"),
                           (":path", "/runtime.v1.ImageService/ListImages"), ("content-type", "application/grpc"),
                           ("grpc-timeout", sys.argv[1])]
                headers.sort(key=lambda pair: not pair[0].startswith(":"))
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(20)
                s.connect("\(host.socket)")
                s.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0, b"")
                          + frame(1, 4, 1, b"".join(literal(*pair) for pair in headers)) + frame(0, 1, 1, b"\\0" * 5))
                def read(count):
                    parts = b""
                    while len(parts) < count:
                        part = s.recv(count - len(parts))
                        if not part: sys.exit("the connection ended")
                        parts += part
                    return parts
                while True:
                    head = read(9)
                    read(int.from_bytes(head[:3], "big"))
                    # A message, or an end without one.
                    if head[8] == 1 and (head[3] == 0 or head[4] & 1): break
                print(head[3] == 0)
                """
            for timeout in ["-1S", "9223372036854775807H", "-9223372036854775808n", "x", "14999876u"] {
                let answer = try await runClient("/usr/bin/python3", "-c", script, timeout)
                #expect(answer == "True\n", "\(timeout)")
            }
            _ = try await client.list()
        }
    }

    /// gRPC's own limit would be 4 MiB.
    @Test func takesLargeRequests() async throws {
        let host = try ImageHost()
        try await host.serve { client in
            var request = CRIImageStatusRequest()
            request.image.image = "test/one"
            request.image.annotations = ["large": String(repeating: "x", count: 8 << 20)]
            let isThere = try await client.imageStatus(request).hasImage
            #expect(!isThere)
        }
    }

    @Test func everyErrorHasAStatusOfOneLine() {
        struct Own: RPCStatusConvertible {
            let rpcCode = RPCError.Code.failedPrecondition
            let description = "two\nlines"
        }
        struct Unknown: Error, CustomStringConvertible { let description = "something" }
        let own = RPCError.status(for: Own())
        #expect(own.code == .failedPrecondition && own.message == "two lines")
        let unknown = RPCError.status(for: Unknown())
        #expect(unknown.code == .unknown && unknown.message == "something")
        let full = RPCError.status(for: KernelError("write", "/x", .noSpace))
        #expect(full.code == .resourceExhausted && full.message == "write /x: no space left on device")
        #expect(RPCError.status(for: RPCError(code: .aborted, message: "m")).code == .aborted)
        #expect(RPCError.status(for: CancellationError()).code == .cancelled)
        #expect(RPCError.status(for: RegistryError(.denied, "no")).code == .permissionDenied)
        #expect(
            RPCError.status(for: RegistryError(.rateLimited(retryAfter: 1), "no")).code == .resourceExhausted)
    }

    /// gRPC's C library reads trailers of 8 KiB at least, and percent-encodes what is no printable ASCII.
    @Test func messagesFitIntoTheTrailers() {
        struct Long: Error, CustomStringConvertible { let description: String }
        for (text, unit) in [("x", 1), ("%", 3), ("é", 6), ("語", 9), ("\u{1f600}", 12), ("\n", 1)] {
            let value = String(repeating: text, count: 70_000)
            let long = "run_as_username: '\(value)' is not in /etc/passwd"
            for error in [Long(description: long), RPCError(code: .unknown, message: long)] as [any Error] {
                let message = RPCError.status(for: error).message
                let sent = message.utf8.reduce(0) { length, byte in
                    length + (0x20...0x7e ~= byte && byte != UInt8(ascii: "%") ? 1 : 3)
                }
                #expect(4096 - 2 * unit < sent && sent <= 4096, "\(text): \(sent)")
                #expect(message.hasPrefix("run_as_username: '"))
                #expect(message.hasSuffix("' is not in /etc/passwd"))
                #expect(!message.contains("\n"))
            }
        }
        let exact = String(repeating: "x", count: 4096)
        #expect(RPCError.status(for: Long(description: exact)).message == exact)
        let lines = RPCError(code: .invalidArgument, message: "a\nb\u{0}c\u{2028}d\u{85}e")
        #expect(RPCError.status(for: lines).message == "a b c d e")
        #expect(RPCError.status(for: lines).code == .invalidArgument)
    }

    @Test func tracesAreReadInBothForms() {
        let id = "0af7651916cd43dd8448eb211c80319c"
        #expect(TraceContext.traceID(["traceparent": "00-\(id)-b7ad6b7169203331-00"]) == id)
        var binary: Metadata = [:]
        let bytes: [UInt8] =
            [0, 0] + (0..<16).map { UInt8($0) } + [1] + Array(repeating: 9, count: 8) + [2, 1]
        binary.addBinary(bytes, forKey: "grpc-trace-bin")
        #expect(TraceContext.traceID(binary) == "000102030405060708090a0b0c0d0e0f")
        for wrong in ["", "00-12-34-00", "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-00"] {
            #expect(TraceContext.traceID(["traceparent": .string(wrong)]) == nil)
        }
    }
}

struct LogTests {
    private func lines(
        form: LogOutput.Form = .text, isJournal: Bool = false, _ body: (LogOutput) -> Void
    ) throws -> [String] {
        let folder = try ScratchFolder()
        let file = try FileDescriptor.open(folder.path + "/log", O_WRONLY | O_CREAT, mode: 0o600)
        body(LogOutput(level: .info, form: form, descriptor: file.raw, isJournal: isJournal))
        return try folder.read("log").split(separator: "\n").map(String.init)
    }

    @Test func oneLineForAnEvent() throws {
        let text = try lines(isJournal: true) { output in
            var log = output.logger("part")
            log[metadataKey: "pod"] = "abc"
            log.info("a \"message\"\nof two lines", metadata: ["path": "/a b", "empty": "", "plain": "x"])
            log.debug("unseen")
            output.change(level: .debug, form: .text)
            log.debug("seen")
        }
        #expect(
            text == [
                "<6>level=info part=part msg=\"a \\\"message\\\"\\nof two lines\" empty=\"\" path=\"/a b\""
                    + " plain=x pod=abc",
                "<7>level=debug part=part msg=\"seen\" pod=abc",
            ])
    }

    @Test func objectsWithTheTime() throws {
        let text = try lines(form: .json) { $0.logger("p").error("m", metadata: ["k": "v"]) }
        #expect(text.count == 1)
        #expect(text[0].hasPrefix("{\"time\":\"20"))
        #expect(text[0].hasSuffix("\"level\":\"error\",\"part\":\"p\",\"msg\":\"m\",\"k\":\"v\"}"))
    }
}
