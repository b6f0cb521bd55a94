import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    @Suite struct Terminal {
        private func read(_ master: borrowing FileDescriptor, until word: String) throws -> String {
            var text = ""
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
            defer { buffer.deallocate() }
            let end = monotonicMilliseconds() + 5000
            while !text.contains(word), monotonicMilliseconds() < end {
                var waiting = pollfd(fd: master.raw, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 100) > 0 else { continue }
                let count = Glibc.read(master.raw, buffer.baseAddress, buffer.count)
                if count <= 0 { break }
                text += String(decoding: buffer[..<count], as: UTF8.self)
            }
            return text
        }

        @Test func itsMasterComesOverTheSocket() throws {
            try withHost { host in
                let listener = try DescriptorListener("\(host.folder)/tty.sock")
                let bundle = try host.bundle(
                    "tty; stty size; test -t 0 && test -t 2 && echo all; stat -c %F /dev/console; read x; echo got $x"
                ) {
                    $0.process?.terminal = true
                    $0.process?.consoleSize = .init(height: 30, width: 90)
                }
                try host.ok("create", "--bundle", bundle, "--console-socket", listener.path, host.id())
                let master = try listener.receive()
                #expect(try master.terminalSize() == TerminalSize(rows: 30, columns: 90))
                try host.ok("start", host.id())
                let first = try read(master, until: "special file")
                #expect(first.contains("/dev/pts/0\r\n"), "\(first)")
                #expect(first.contains("30 90\r\n") && first.contains("all\r\n"), "\(first)")
                #expect(first.contains("character special file"), "\(first)")
                try master.writeAll("hello\n")
                #expect(try read(master, until: "got hello").contains("got hello"))
                #expect(try eventually { try host.stateOf(host.id()).status == .stopped })
                try host.ok("delete", host.id())
            }
        }

        @Test func interruptsFromTheKeyboardArrive() throws {
            try withHost { host in
                let listener = try DescriptorListener("\(host.folder)/tty.sock")
                let bundle = try host.bundle(
                    "trap 'echo interrupted; exit 0' INT; echo ready; while :; do sleep 0.05; done"
                ) {
                    $0.process?.terminal = true
                }
                try host.ok("run", "-d", "--bundle", bundle, "--console-socket", listener.path, host.id())
                let master = try listener.receive()
                _ = try read(master, until: "ready")
                try master.writeAll("\u{3}")
                #expect(try read(master, until: "interrupted").contains("interrupted"))
                try host.delete()
            }
        }

        @Test func execGetsOneToo() throws {
            try withHost { host in
                let listener = try DescriptorListener("\(host.folder)/tty.sock")
                try host.background()
                try host.ok(
                    "exec", "-d", "-t", "--console-socket", listener.path, host.id(), "sh", "-c",
                    "tty; sleep 60")
                let master = try listener.receive()
                #expect(try read(master, until: "pts").contains("/dev/pts/0"))
                try host.delete()
            }
        }

        @Test func inTheForegroundItIsCarriedOver() throws {
            try withHost { host in
                let input = "\(host.folder)/input"
                try Files.write(input, "typed\n")
                let bundle = try host.bundle("read x; tty; echo got $x; exit 6") {
                    $0.process?.terminal = true
                }
                let output = try host.oci("run", "--bundle", bundle, host.id(), input: input)
                #expect(output.code == 6)
                #expect(
                    output.out.contains("/dev/pts/0\r\n") && output.out.contains("got typed\r\n"), "\(output)"
                )
            }
        }

        /// More than the terminal and both programs hold: what is typed waits for what comes back.
        @Test func moreGoesBothWaysThanTheTerminalHolds() throws {
            try withHost { host in
                try host.background()
                let input = "\(host.folder)/input"
                try Files.write(input, String(repeating: "y\n", count: 150_000))
                let output = try host.oci(
                    "exec", "-t", host.id(), "sh", "-c", "stty raw -echo; head -c 300000 | cat", input: input)
                #expect(output.code == 0)
                // What came before raw mode was echoed.
                #expect(output.out.utf8.count >= 300_000, "\(output.out.utf8.count)")
                try host.delete()
            }
        }

        @Test func aReaderThatStopsDoesNotKeepSignalsBack() throws {
            try withHost { host in
                try host.background()
                let pipe = try FileDescriptor.pipe()
                let running = try host.start(
                    program: [
                        "/bin/sh", "-c", "exec \"$@\" >&3 3>&-", "sh", Host.runtime, "--root", host.state,
                        "exec", "-t", host.id(), "yes",
                    ], passed: [pipe.write.raw])
                #expect(
                    eventually {
                        var room = pollfd(fd: pipe.write.raw, events: Int16(POLLOUT), revents: 0)
                        return poll(&room, 1, 0) == 0
                    })
                try running.kill(SIGTERM)
                #expect(try running.wait().code == 128 + SIGTERM)
                try host.delete()
            }
        }

        @Test func itIsRefusedWithoutASocketAndTheSocketWithoutIt() throws {
            try withHost { host in
                let without = try host.oci(
                    "create", "--bundle", try host.bundle { $0.process?.terminal = true }, host.id())
                #expect(without.code == 1 && without.err.contains("console socket"))
                let listener = try DescriptorListener("\(host.folder)/tty.sock")
                let needless = try host.oci(
                    "create", "--console-socket", listener.path, "--bundle", try host.bundle(), host.id())
                #expect(needless.code == 1 && needless.err.contains("terminal is false"))
                let missing = try host.oci(
                    "create", "--console-socket", "\(host.folder)/none.sock", "--bundle",
                    try host.bundle { $0.process?.terminal = true }, host.id())
                #expect(missing.code == 1 && missing.err.contains("none.sock"))
            }
        }
    }
}
