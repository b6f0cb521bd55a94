import LinuxKernel
import NIOCore
import StreamingServer
import Testing

private let repository = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
private let kubectl = program("kubectl", orAt: repository + "/.fixtures/kubectl/kubectl")

/// The real client, against an API server that knows one pod. `make setup` installs it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct KubectlTests {
    enum Transport: String, CaseIterable {
        case webSocket = "true"
        case spdy = "false"
    }

    /// What a script says in which `k` is kubectl, with its exit status at the end.
    private func output(of script: String, by transport: Transport, input: String = "") async throws -> String
    {
        let kubectl = try #require(kubectl)
        var output = ""
        try await withTemporaryFolder { folder in
            try await withServer { server, _ in
                let api = try await FakeAPIServer.start(server)
                let environment = [
                    "HOME=\(folder)", "PATH=/usr/bin:/bin",
                    "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=\(transport.rawValue)",
                    "KUBECTL_PORT_FORWARD_WEBSOCKETS=\(transport.rawValue)",
                ]
                let prologue = "cd \(folder); k() { \(kubectl) --server=\(api.url) \"$@\" 2>errors; }\n"
                do {
                    output = try await run(
                        "/bin/bash", ["-c", prologue + script + "\necho \"status $?\""],
                        environment: environment,
                        input: input
                    ).output
                } catch {
                    await api.stop()
                    throw error
                }
                await api.stop()
            }
        }
        return output
    }

    @Test(arguments: Transport.allCases) func executes(by transport: Transport) async throws {
        #expect(
            try await output(of: "k exec -i x -- cat", by: transport, input: "hello\n") == "hello\nstatus 0\n"
        )
        #expect(try await output(of: "k exec x -- exit 3", by: transport) == "status 3\n")
        #expect(try await output(of: "k exec x -- both; cat errors", by: transport) == "out\nerr\nstatus 0\n")
        let failed = try await output(of: "k exec x -- fail boom || cat errors", by: transport)
        #expect(failed.contains("error executing command in container: boom"))
    }

    @Test(arguments: Transport.allCases) func attaches(by transport: Transport) async throws {
        let text = try await output(of: "k attach -i x", by: transport, input: "attached\n")
        #expect(text == "attached\nstatus 0\n")
    }

    @Test(arguments: Transport.allCases) func movesMuch(by transport: Transport) async throws {
        let script = """
            head -c 20000000 /dev/urandom > sent
            k exec -i x -- cat < sent > received
            cmp sent received
            """
        #expect(try await output(of: script, by: transport) == "status 0\n")
    }

    @Test(arguments: Transport.allCases) func forwardsPorts(by transport: Transport) async throws {
        let script = """
            k port-forward pod/x :7 > log 2> /dev/null &
            for try in $(seq 100); do
                port=$(sed -n 's/Forwarding from 127.0.0.1:\\([0-9]*\\) .*/\\1/p' log)
                [ -z "$port" ] || break
                sleep 0.1
            done
            for connection in $(seq 20); do
                exec {fd}<>/dev/tcp/127.0.0.1/$port
                echo "connection $connection" >&$fd
                descriptors="$descriptors $fd"
            done
            for fd in $descriptors; do read line <&$fd; echo "$line"; done
            kill $(pgrep -P $!)
            wait $!
            true
            """
        let expected = (1...20).map { "connection \($0)\n" }.joined() + "status 0\n"
        #expect(try await output(of: script, by: transport) == expected)
    }
}
