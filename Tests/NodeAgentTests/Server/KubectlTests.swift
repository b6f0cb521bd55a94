import Glibc
import LinuxKernel
import Logging
import NIOPosix
import NodeAgent
import StreamingServer
import Testing

private let repository = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()

/// The real client, through the agent's server to the real streaming server. `make fixtures` installs it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct KubectlTests {
    enum Transport: String, CaseIterable {
        case webSocket = "true"
        case spdy = "false"
    }

    /// What a script says in which `k` is kubectl, with its exit status at the end.
    private func output(
        of script: String, by transport: Transport = .webSocket, input: String = "",
        prepare: (RunningServer) throws -> Void = { _ in }
    ) async throws -> String {
        let kubectl = repository + "/.fixtures/kubectl/kubectl"
        try #require(access(kubectl, X_OK) == 0, "\(kubectl) is missing: make fixtures")
        var streaming = StreamingConfiguration()
        streaming.address = "127.0.0.1"
        streaming.port = 0
        let runtime = StreamingServer(
            configuration: streaming, handler: EchoRuntime(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await runtime.start()
        var output = ""
        try await withAgentServer { server in
            try prepare(server)
            server.agent.serve(streamsBy: runtime)
            let gateway = try await KubectlGateway(agent: server.ports.api)
            let prologue =
                "cd \(server.folder.path); k() { \(kubectl) --server=\(gateway.url) \"$@\" 2>errors; }\n"
            let environment = [
                "HOME=\(server.folder.path)", "PATH=/usr/bin:/bin",
                "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=\(transport.rawValue)",
                "KUBECTL_PORT_FORWARD_WEBSOCKETS=\(transport.rawValue)",
            ]
            output = try await NIOThreadPool.singleton.runIfActive {
                // NIO ignores it once; a command that began before would put the old action back.
                _ = signal(SIGPIPE, SIG_IGN)
                let result = try Command(
                    path: "/bin/bash",
                    arguments: ["bash", "-c", prologue + script + "\necho \"status $?\""],
                    environment: environment, input: Array(input.utf8), timeout: 60_000
                ).run()
                return String(decoding: result.output, as: UTF8.self)
            }
            try await gateway.stop()
        }
        await runtime.stop()
        return output
    }

    @Test(arguments: Transport.allCases) func executes(by transport: Transport) async throws {
        let cat = try await output(of: "k exec -i web -- cat", by: transport, input: "hello\n")
        #expect(cat == "hello\nstatus 0\n")
        let both = try await output(of: "k exec web -- both; cat errors", by: transport)
        #expect(both == "out\nerr\nstatus 0\n")
        #expect(try await output(of: "k exec web -- exit 3", by: transport) == "status 3\n")
    }

    @Test(arguments: Transport.allCases) func attachesAndMovesMuch(by transport: Transport) async throws {
        let attached = try await output(of: "k attach -i web", by: transport, input: "attached\n")
        #expect(attached == "attached\nstatus 0\n")
        let script = """
            head -c 20000000 /dev/urandom > sent
            k exec -i web -- cat < sent > received
            cmp sent received
            """
        #expect(try await output(of: script, by: transport) == "status 0\n")
    }

    @Test(arguments: Transport.allCases) func forwardsPorts(by transport: Transport) async throws {
        let script = """
            : > log
            k port-forward pod/web :7 >> log &
            for try in $(seq 100); do
                port=$(sed -n 's/Forwarding from 127.0.0.1:\\([0-9]*\\) .*/\\1/p' log)
                [ -z "$port" ] || break
                sleep 0.1
            done
            for connection in 1 2 3; do
                exec {fd}<>/dev/tcp/127.0.0.1/$port
                echo "connection $connection" >&$fd
                read -r line <&$fd
                echo "$line"
                exec {fd}>&-
            done
            # The function runs in a shell of its own, which waits for its child.
            kill $(ps -o pid= --ppid $!) $!
            wait
            true
            """
        let text = try await output(of: script, by: transport)
        #expect(text == "connection 1\nconnection 2\nconnection 3\nstatus 0\n")
    }

    @Test func logs() async throws {
        let prepare = { (server: RunningServer) in
            let path = server.folder.file("0.log")
            try writeFile(
                path,
                """
                2026-01-02T10:00:00Z stdout F one
                2026-01-02T10:00:01Z stderr F two

                """)
            server.agent.serve(logAt: path)
            server.agent.endContainer()
        }
        #expect(try await output(of: "k logs web", prepare: prepare) == "one\ntwo\nstatus 0\n")
        #expect(try await output(of: "k logs web --tail=1 -f", prepare: prepare) == "two\nstatus 0\n")
        let timed = try await output(of: "k logs web --timestamps --limit-bytes=24", prepare: prepare)
        #expect(timed == "2026-01-02T10:00:00Z onestatus 0\n")
    }
}
