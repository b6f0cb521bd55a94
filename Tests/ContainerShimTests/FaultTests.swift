import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    /// What must not harm: lost shims, frozen ones, clients that do as they like.
    @Suite struct Faults {
        /// The container goes on without its shim, counts as ended, and can be removed and started again.
        @Test func lostShim() throws {
            try withShimHost { host in
                try host.define(script: "sleep 600")
                var client = try host.launch()
                let pid = try host.start(&client)
                let process = try #require(try ProcessIdentity.of(pid))
                kill(host.lastShim, SIGKILL)
                #expect(host.shimEnds())
                #expect(try process.isAlive)
                let lost = try host.status()
                #expect(lost.phase == .exited && lost.exitCode == 255 && lost.error == "Unknown")
                let error = try #require(throws: ShimError.self) { _ = try client.wait(host.id()) }
                guard case .gone = error else {
                    Issue.record("\(error)")
                    return
                }
                // As `swiftlet rm` and `swiftlet ps` do it, under the lock.
                do {
                    let lock = try ContainerLock.tryTake(folder: host.container())
                    let isLocked = lock != nil
                    #expect(isLocked)
                    let status = try ContainerCleanup.afterLostShim(
                        container: ContainerID(host.id()), folder: host.container(), state: host.state,
                        log: Log())
                    #expect(status.phase == .exited && status.finishedAt != nil)
                }
                #expect(try eventually { try !process.isAlive })
                #expect(try LiveStatus.written(in: host.container())?.exitCode == 255)
            }
        }

        /// A new shim cleans up after the lost one by itself.
        @Test func lostShimThenStartedAgain() throws {
            try withShimHost { host in
                try host.define(script: "echo run; sleep 600")
                var client = try host.launch()
                let first = try #require(try ProcessIdentity.of(try host.start(&client)))
                // What the shim has not read yet is lost with it.
                #expect(try eventually { try host.logged() == "run\n" })
                kill(host.lastShim, SIGKILL)
                #expect(host.shimEnds())
                var second = try host.launch()
                try host.start(&second)
                #expect(try !first.isAlive)
                #expect(try eventually { try host.logged() == "run\nrun\n" })
                try second.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func onlyOneShimForAContainer() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let error = try #require(throws: ShimError.self) {
                    try ShimLauncher.launch(
                        container: host.id(), folder: host.container(), state: host.state,
                        program: ShimHost.program)
                }
                #expect(
                    "\(error)" == "start swiftlet-shim: container \(host.id()) is in use by another process")
                #expect(try client.state(host.id()).phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        /// A client's calls have deadlines.
        @Test func frozenShimHoldsNobodyUp() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                kill(host.lastShim, SIGSTOP)
                let began = monotonicMilliseconds()
                let error = try #require(throws: ShimError.self) {
                    _ = try client.call(.state(container: host.id()), milliseconds: 200)
                }
                #expect("\(error)" == "state: the shim did not answer in time")
                #expect(throws: ShimError.self) { _ = try host.connect(milliseconds: 200) }
                #expect(monotonicMilliseconds() - began < 5000)
                kill(host.lastShim, SIGCONT)
                var fresh = try host.connect()
                try fresh.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func terminatedShimStopsItsContainer() throws {
            try withShimHost { host in
                let client = try host.run("trap 'exit 9' TERM; echo ready; sleep 600 & wait") {
                    $1.restart = .unlessStopped
                }
                #expect(try eventually { try host.logged() == "ready\n" })
                kill(host.lastShim, SIGTERM)
                #expect(host.shimEnds())
                let status = try host.status()
                #expect(status.phase == .exited && status.exitCode == 9)
                // Not by the user: at the next boot it is started again.
                #expect(!status.stoppedByUser)
                _ = consume client
            }
        }

        @Test func shimWithoutClientsEndsByItself() throws {
            try withShimHost { host in
                try host.define(script: "true")
                do { _ = try host.launch() }
                #expect(host.shimEnds(seconds: 20))
            }
        }

        @Test func garbageGetsAnAnswerOrTheDoor() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let folder = try FileDescriptor.open(
                    RunFolders(state: host.state).shim(host.id()), O_RDONLY | O_DIRECTORY)
                func talk(_ message: [UInt8]) throws -> String? {
                    let socket = try UnixSocket.connect(in: folder, name: "shim.sock", milliseconds: 1000)
                    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 70_000, alignment: 8)
                    defer { buffer.deallocate() }
                    _ = try socket.receivePacket(into: buffer)
                    try socket.sendPacket(message)
                    do throws(KernelError) {
                        let (count, _) = try socket.receivePacket(into: buffer)
                        return count == 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
                    } catch {
                        if error.errno.rawValue == ECONNRESET { return nil }
                        throw error
                    }
                }
                #expect(try talk(Array("no json".utf8)) == nil)
                #expect(try talk([UInt8](repeating: 0, count: 1000)) == nil)
                #expect(try talk([UInt8](repeating: UInt8(ascii: "["), count: 66_000)) == nil)
                #expect(try talk(Array("{\"request\":\"start\"}".utf8)) == nil)
                let unknown = try talk(Array("{\"number\":9,\"request\":\"fly\",\"container\":\"c\"}".utf8))
                #expect(unknown?.contains("\"number\":9,\"failed\":{\"kind\":\"badRequest\"") == true)
                #expect(try client.state(host.id()).phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        /// A client that asks and never reads is cut off; others do not notice.
        @Test func clientThatNeverReadsIsCutOff() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                var deaf = try host.connect()
                let error = #expect(throws: ShimError.self) {
                    for _ in 0..<10_000 { _ = try deaf.send(.state(container: host.id())) }
                }
                guard case .gone? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(try client.state(host.id()).phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func clientThatLeavesWhileItWaitsIsForgotten() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                for _ in 0..<20 {
                    var other = try host.connect()
                    _ = try other.send(.wait(container: host.id(), exec: nil))
                    _ = try other.send(.stop(container: "other", signal: nil, timeout: nil))
                }
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test(arguments: [
            [], ["--state", "/x"], ["--state", "relative", "--container", "/c", "--id", "a"],
            ["--state", "/s", "--container", "/c", "--id", "a/b"], ["--fly", "1"], ["--state"],
            ["--state", "/s", "--container", "/c", "--id", "a", "--ready-fd", "x"],
        ])
        func wrongUsageIsOneLine(arguments: [String]) throws {
            let (outcome, output) = try Command(
                path: ShimHost.program, arguments: ["swiftlet-shim"] + arguments, environment: []
            ).run()
            #expect(outcome == .ended(.exited(2)))
            let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
            #expect(
                lines.count == 1 && lines[0].hasPrefix("swiftlet-shim: ") && lines[0].contains("; usage: "))
        }

        @Test func missingFolderIsNamed() throws {
            try withShimHost { host in
                let error = try #require(throws: ShimError.self) {
                    try ShimLauncher.launch(
                        container: "x", folder: host.folder + "/nothing", state: host.state,
                        program: ShimHost.program)
                }
                #expect(
                    "\(error)"
                        == "start swiftlet-shim: open \(host.folder)/nothing/lock: no such file or directory")
            }
        }
    }
}
