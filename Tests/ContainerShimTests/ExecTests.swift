import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    @Suite struct Exec {
        private func process(_ arguments: [String], terminal: Bool = false, environment: [String] = [])
            -> [UInt8]
        {
            var process = RuntimeSpec.example().process!
            process.args = arguments
            process.terminal = terminal
            process.capabilities?.ambient = []
            process.env += environment
            return process.json()
        }

        /// Runs a process on pipes.
        private func run(
            _ client: inout ShimClient, _ container: String, _ process: [UInt8], input: String = ""
        ) throws -> (code: Int32, output: String) {
            let (inRead, inWrite) = try FileDescriptor.pipe().ends()
            let (outRead, outWrite) = try FileDescriptor.pipe().ends()
            let writer = FileDescriptor(owning: inWrite)
            let reader = FileDescriptor(owning: outRead)
            defer {
                close(inRead)
            }
            let started: UInt64
            do {
                defer { close(outWrite) }
                started = try client.exec(
                    container, process: process, stdin: inRead, stdout: outWrite, stderr: outWrite
                ).number
            }
            try writer.writeAll(input)
            try writer.close()
            let output = try reader.readToEnd()
            return (
                try client.wait(container, exec: started).exitCode, String(decoding: output, as: UTF8.self)
            )
        }

        @Test func streamsGoStraightToTheProcess() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let got = try run(
                    &client, host.id(),
                    process(["sh", "-c", "cat; echo; echo $$ $X >&2; exit 5"], environment: ["X=y"]),
                    input: "hello")
                #expect(got.code == 5)
                #expect(got.output.hasPrefix("hello\n") && got.output.hasSuffix(" y\n"))
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func descriptionMayBeLongerThanAMessage() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let long = (0..<40).map { "V\($0)=" + String(repeating: "x", count: 10_000) }
                let got = try run(
                    &client, host.id(), process(["sh", "-c", "env | wc -c"], environment: long))
                #expect(got.code == 0 && Int(got.output.dropLast())! > 400_000)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func terminalBelongsToTheClient() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                var exec = try client.exec(
                    host.id(),
                    terminalProcess: process(["sh", "-c", "tty; stty size; read x; exit $x"], terminal: true))
                guard let terminal = exec.terminal.take() else {
                    Issue.record("no terminal")
                    return
                }
                try terminal.setTerminalSize(TerminalSize(rows: 7, columns: 70))
                try terminal.writeAll("6\n")
                #expect(try client.wait(host.id(), exec: exec.number).exitCode == 6)
                var text = ""
                withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                    // EIO: all has been read and nobody is there any more.
                    while let count = try? terminal.read(into: buffer), count > 0 {
                        text += String(decoding: buffer[..<count], as: UTF8.self)
                    }
                }
                #expect(text.contains("/dev/pts/0"))
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func clientThatLeavesHangsItsTerminalUp() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let pid: Int32
                do {
                    var other = try host.connect()
                    let exec = try other.exec(
                        host.id(), terminalProcess: process(["sh", "-c", "sleep 600"], terminal: true))
                    pid = exec.pid
                    #expect(try ProcessIdentity.of(pid) != nil)
                }
                #expect(try eventually { try ProcessIdentity.of(pid) == nil })
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func programsThatCannotRunAreNamed() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                for (program, code) in [("nope", 127), ("/nope", 127), ("/etc/passwd", 126)]
                    as [(String, Int32)]
                {
                    let error = try #require(throws: ShimError.self) {
                        _ = try run(&client, host.id(), process([program]))
                    }
                    #expect(error.exitCode == code)
                    #expect("\(error)".contains(program))
                }
                let garbled = try #require(throws: ShimError.self) {
                    _ = try run(&client, host.id(), Array("{\"args\":1}".utf8))
                }
                #expect("\(garbled)".contains("args: expected an array"))
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func canBeKilledByItsNumber() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let exec = try client.exec(
                    host.id(), process: process(["sleep", "600"]), stdin: 0, stdout: 1, stderr: 2)
                try client.kill(host.id(), signal: SIGKILL, .exec(exec.number))
                #expect(try client.wait(host.id(), exec: exec.number).exitCode == 137)
                #expect(throws: ShimError.self) {
                    try client.kill(host.id(), signal: SIGKILL, .exec(exec.number))
                }
                #expect(try host.status().phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        /// A shim that was stopped comes to what it was asked for when it goes on.
        @Test func isNotBegunForThoseWhoHaveGone() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let shim = host.lastShim
                /// - Returns: the request's number, and the end of a pipe to which the process writes.
                func ask(_ client: inout ShimClient, beginsBy: Int?) throws -> (UInt64, Int32) {
                    let description = try FileDescriptor.memoryFile("process")
                    try description.writeAll(process(["echo", "begun"]))
                    let (reader, writer) = try FileDescriptor.pipe().ends()
                    defer { close(writer) }
                    let number = try client.send(
                        .exec(container: host.id(), ExecRequest(terminal: false, beginsBy: beginsBy)),
                        descriptors: [description.raw, 0, writer, writer])
                    return (number, reader)
                }
                func written(_ reader: Int32) throws -> String {
                    String(decoding: try FileDescriptor(owning: reader).readToEnd(), as: UTF8.self)
                }
                var other = Optional(try host.connect())
                kill(shim, SIGSTOP)
                #expect(try eventually { try text(of: "/proc/\(shim)/stat").contains(") T ") })
                let late = try ask(&client, beginsBy: monotonicMilliseconds() - 1)
                let left = try ask(&other!, beginsBy: nil)
                other = nil
                let wanted = try ask(&client, beginsBy: monotonicMilliseconds() + 60_000)
                kill(shim, SIGCONT)
                var answers: [UInt64: ShimAnswer] = [:]
                while answers.count < 2, let delivery = try client.receive(milliseconds: 30_000) {
                    if case .answer(let number, let answer) = delivery.message { answers[number] = answer }
                }
                guard case .failed(let refusal) = answers[late.0], case .started = answers[wanted.0] else {
                    Issue.record("\(answers)")
                    return
                }
                #expect(refusal.kind == .timedOut && refusal.message.contains("nobody waits"))
                #expect(try written(wanted.1) == "begun\n")
                #expect(try written(late.1) == "")
                #expect(try written(left.1) == "")
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func endsWithItsContainer() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                var other = try host.connect()
                let exec = try other.exec(
                    host.id(), process: process(["sleep", "600"]), stdin: 0, stdout: 1, stderr: 2)
                try client.kill(host.id(), signal: SIGKILL)
                #expect(try other.wait(host.id(), exec: exec.number).exitCode == 137)
            }
        }

        @Test func leavesNoDescriptorsAndNoMemory() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let shim = host.lastShim
                let echo = process(["echo", "hi"])
                _ = try run(&client, host.id(), echo)
                let before = try descriptors(of: shim)
                for _ in 0..<100 {
                    let got = try run(&client, host.id(), echo)
                    try #require(got.code == 0 && got.output == "hi\n")
                }
                #expect(try descriptors(of: shim) == before)
                // Idle shims give back what they needed.
                usleep(600_000)
                let one = try privateDirty(of: shim)
                print("swiftlet-shim: \(one) KB private dirty with one container after a hundred execs")
                #expect(one <= 256)
                let more = 10
                for number in 0..<more {
                    try host.define(["sleep", "600"], name: "m\(number)")
                    _ = try client.create(host.id("m\(number)"), folder: host.container("m\(number)"))
                    _ = try client.start(host.id("m\(number)"))
                }
                usleep(600_000)
                let each = (try privateDirty(of: shim) - one) / more
                print("swiftlet-shim: \(each) KB more for each further container")
                #expect(each <= 32)
                for number in 0..<more {
                    try client.delete(host.id("m\(number)"), force: true, removeFolder: true)
                }
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        private func descriptors(of pid: Int32) throws -> Int {
            guard let stream = opendir("/proc/\(pid)/fd") else {
                throw KernelError("read", "/proc/\(pid)/fd")
            }
            defer { closedir(stream) }
            var count = 0
            while readdir(stream) != nil { count += 1 }
            return count
        }

        /// Kilobytes.
        private func privateDirty(of pid: Int32) throws -> Int {
            // Pages of a program that was linked a moment ago count, too, until they are on the disk.
            try FileDescriptor.open(ShimHost.program, O_RDONLY).sync()
            for line in try text(of: "/proc/\(pid)/smaps_rollup").split(separator: "\n")
            where line.hasPrefix("Private_Dirty:") {
                return Int(line.split(separator: " ")[1]) ?? 0
            }
            throw KernelError("read", "smaps_rollup", .noData)
        }
    }
}
