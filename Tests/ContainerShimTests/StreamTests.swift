import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    @Suite struct Streams {
        @Test func inputEndsAndOutputComesWhole() throws {
            try withShimHost { host in
                try host.define(script: "cat; echo done >&2") { _, supervision in supervision.input = .once }
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: true, lossless: true))
                try host.start(&client)
                let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
                let got = try Attached.read(&streams, input: input)
                #expect(got.output == input)
                #expect(String(decoding: got.error, as: UTF8.self) == "done\n")
                #expect(!got.isDropped)
                #expect(try client.wait(host.id()).exitCode == 0)
            }
        }

        @Test func inputGivenBeforeTheStartArrives() throws {
            try withShimHost { host in
                try host.define(script: "cat") { _, supervision in supervision.input = .once }
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: true, lossless: true))
                let early = Array("early\n".utf8)
                try early.withUnsafeBytes { try streams.send(input: $0) }
                try streams.endInput()
                usleep(50_000)
                try host.start(&client)
                #expect(try Attached.read(&streams).text == "early\n")
            }
        }

        @Test func inputOfAContainerWithoutInputIsItsEnd() throws {
            try withShimHost { host in
                var client = try host.run("cat; echo ended")
                #expect(try client.wait(host.id()).exitCode == 0)
                #expect(try host.logged() == "ended\n")
            }
        }

        @Test func laterClientsFindTheInputOpen() throws {
            try withShimHost { host in
                var client = try host.run("while read line; do echo got $line; done") { _, supervision in
                    supervision.input = .keep
                }
                for word in ["one", "two"] {
                    var streams = try client.attach(host.id(), AttachOptions(stdin: true))
                    let line = Array("\(word)\n".utf8)
                    try line.withUnsafeBytes { try streams.send(input: $0) }
                    let got = try Attached.read(&streams) { $0.output.count >= 8 }
                    #expect(got.text == "got \(word)\n")
                }
                try client.delete(host.id(), force: true, removeFolder: false)
            }
        }

        /// As in a pipeline: nothing is lost however slow the reader is.
        @Test func losslessClientHoldsTheContainerUp() throws {
            try withShimHost { host in
                try host.define(script: "dd if=/dev/zero bs=1M count=16 2>/dev/null; echo end >&2")
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: false, lossless: true))
                try host.start(&client)
                sleep(2)
                #expect(try host.status().phase == .running)
                let got = try Attached.read(&streams)
                #expect(got.output.count == 16 << 20 && !got.isDropped)
                #expect(String(decoding: got.error, as: UTF8.self) == "end\n")
                #expect(try client.wait(host.id()).exitCode == 0)
            }
        }

        @Test func losslessClientThatDiesHoldsNobodyUp() throws {
            try withShimHost { host in
                try host.define(script: "dd if=/dev/zero bs=1M count=16 2>/dev/null; echo end")
                var client = try host.launch()
                do {
                    let streams = try client.attach(host.id(), AttachOptions(stdin: false, lossless: true))
                    try host.start(&client)
                    usleep(300_000)
                    #expect(try host.status().phase == .running)
                    _ = consume streams
                }
                #expect(try client.wait(host.id(), milliseconds: 20_000).exitCode == 0)
            }
        }

        @Test func slowClientIsDroppedAndTheContainerGoesOn() throws {
            try withShimHost { host in
                try host.define(script: "dd if=/dev/zero bs=1M count=16 2>/dev/null; echo end >&2") {
                    $1.log?.maxSize = 1 << 20
                    $1.log?.maxFiles = 2
                }
                var client = try host.launch()
                var slow = try client.attach(host.id(), AttachOptions(stdin: false))
                var quick = try host.connect()
                var other = try quick.attach(host.id(), AttachOptions(stdin: false))
                try host.start(&client)
                let got = try Attached.read(&other)
                #expect(got.output.count == 16 << 20 && !got.isDropped)
                #expect(try client.wait(host.id(), milliseconds: 20_000).exitCode == 0)
                let late = try Attached.read(&slow)
                #expect(late.isDropped && late.output.count < 16 << 20)
            }
        }

        @Test func clientTakesOnlyTheStreamsItAskedFor() throws {
            try withShimHost { host in
                try host.define(script: "echo out; echo err >&2")
                var client = try host.launch()
                var errors = try client.attach(
                    host.id(), AttachOptions(stdin: false, stdout: false, lossless: true))
                try host.start(&client)
                let got = try Attached.read(&errors)
                #expect(got.output.isEmpty && String(decoding: got.error, as: UTF8.self) == "err\n")
            }
        }

        @Test func terminalIsResizedAndLogged() throws {
            try withShimHost { host in
                try host.define(["sh"]) { spec, supervision in
                    supervision.terminal = true
                    supervision.input = .keep
                    spec.process?.consoleSize = .init(height: 20, width: 60)
                }
                var client = try host.launch()
                var streams = try client.attach(host.id(), AttachOptions(stdin: true, lossless: true))
                try host.start(&client)
                func type(_ line: String, until: String) throws {
                    let bytes = Array((line + "\n").utf8)
                    try bytes.withUnsafeBytes { try streams.send(input: $0) }
                    let got = try Attached.read(&streams) { $0.text.contains(until) }
                    #expect(got.text.contains(until))
                }
                try type("PS1=; tty; stty size", until: "20 60")
                try client.resize(host.id(), TerminalSize(rows: 33, columns: 111))
                try type("stty size", until: "33 111")
                let bytes = Array("exit 5\n".utf8)
                try bytes.withUnsafeBytes { try streams.send(input: $0) }
                #expect(try client.wait(host.id()).exitCode == 5)
                #expect(try host.logged().contains("/dev/pts/0"))
            }
        }

        /// All who had the terminal open close it, and later open it again.
        @Test func terminalSurvivesItsHangUp() throws {
            try withShimHost { host in
                try host.define(
                    script: "echo before; exec <&- >&- 2>&-; sleep 0.3; exec >/dev/console; echo after"
                ) { _, supervision in supervision.terminal = true }
                var client = try host.launch()
                try host.start(&client)
                #expect(try client.wait(host.id()).exitCode == 0)
                #expect(try host.logged() == "before\r\nafter\r\n")
            }
        }

        @Test func resizingNeedsATerminal() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                #expect(throws: ShimError.self) {
                    try client.resize(host.id(), TerminalSize(rows: 1, columns: 1))
                }
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func logThatCannotBeOpenedIsAnErrorOfTheStart() throws {
            try withShimHost { host in
                try host.define(script: "true") { _, supervision in supervision.log?.path = "/nowhere/log" }
                var client = try host.launch()
                let error = try #require(throws: ShimError.self) { _ = try client.start(host.id()) }
                #expect("\(error)" == "open /nowhere/log: no such file or directory")
            }
        }
    }
}
