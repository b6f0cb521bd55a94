import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import Testing

extension ShimTests {
    /// What changes while a container runs: its log's file, its limits.
    @Suite struct Changes {
        private static let counting = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.01; done"

        /// As a kubelet rotates: it renames, and asks for a new file.
        @Test func reopenedLogLosesNothing() throws {
            try withShimHost { host in
                var client = try host.run(Self.counting) { $1.log?.maxSize = 0 }
                let path = host.container() + "/log/container.log"
                #expect(try eventually { try host.logged().count > 4 })
                #expect(rename(path, path + ".old") == 0)
                try client.reopenLog(host.id())
                #expect(try eventually { try host.logged().count > 4 })
                try client.kill(host.id(), signal: SIGKILL)
                let report = try client.wait(host.id())
                #expect(try #require(report.startedAt) < report.finishedAt)
                var numbers: [Int] = []
                for path in [path + ".old", path] {
                    for line in try FileDescriptor.readFile(path).split(separator: UInt8(ascii: "\n")) {
                        let record = try #require(LogRecord(line: line))
                        numbers.append(try #require(Int(String(decoding: record.text, as: UTF8.self))))
                    }
                }
                #expect(numbers == Array(0..<numbers.count))
                let error = try #require(throws: ShimError.self) { try client.reopenLog(host.id()) }
                #expect("\(error)" == "cannot reopen the log of container \(host.id()): it has ended")
            }
        }

        /// The old file goes on being written where no new one can be had.
        @Test func logThatCannotBeReopenedGoesOn() throws {
            try withShimHost { host in
                var client = try host.run(Self.counting)
                let path = host.container() + "/log/container.log"
                #expect(try eventually { try host.logged().count > 4 })
                #expect(rename(path, path + ".old") == 0)
                try makeFolder(path)
                let error = try #require(throws: ShimError.self) { try client.reopenLog(host.id()) }
                #expect("\(error)".hasSuffix("open \(path): is a directory"))
                let before = try text(of: path + ".old").count
                #expect(try eventually { try text(of: path + ".old").count > before })
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func fullDiskIsCounted() throws {
            try withShimHost { host in
                let place = host.folder + "/small"
                try makeFolder(place)
                try #require(mount("tmpfs", place, "tmpfs", 0, "size=8k") == 0)
                defer { umount2(place, Int32(MNT_DETACH)) }
                do {
                    var client = try host.run("head -c 50000 /dev/zero | tr '\\0' x; sleep 600") {
                        $1.log = LogOptions(path: place + "/log", maxSize: 0)
                    }
                    #expect(try eventually { try client.state(host.id()).logBytesLost > 30_000 })
                    #expect(try client.state(host.id()).logError?.contains("no space left") == true)
                    try client.delete(host.id(), force: true, removeFolder: false)
                    #expect(try host.status().logBytesLost > 30_000)
                }
                #expect(umount2(place, 0) == 0)
            }
        }

        @Test func limitsCanBeChanged() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                var resources = RuntimeSpec.Resources()
                resources.pids = .init(limit: 77)
                try client.update(host.id(), resources)
                let places = ["", "pids/"].map { "/sys/fs/cgroup/\($0)\(host.id())/pids.max" }
                let place = try #require(places.first { access($0, F_OK) == 0 })
                #expect(try text(of: place) == "77\n")
                resources.cpu = .init()
                resources.cpu?.period = 1
                let error = try #require(throws: ShimError.self) { try client.update(host.id(), resources) }
                #expect(!"\(error)".contains("\n") && "\(error)".contains("cpu"), "\(error)")
                try client.delete(host.id(), force: true, removeFolder: true)
                #expect(throws: ShimError.self) { try client.update(host.id(), resources) }
            }
        }

        /// With criu the container is written and goes on; without it, it is said what is missing.
        @Test func checkpointGoesThroughTheRuntime() throws {
            try withShimHost { host in
                var client = try host.run("sleep 600")
                let images = host.folder + "/images"
                do throws(ShimError) {
                    try client.checkpoint(host.id(), CheckpointRequest(imagePath: images))
                    #expect(access(images + "/inventory.img", F_OK) == 0)
                } catch {
                    #expect("\(error)".contains("criu") && !"\(error)".contains("\n"))
                }
                #expect(try client.state(host.id()).phase == .running)
                try client.delete(host.id(), force: true, removeFolder: true)
            }
        }

        @Test func eventsTellTheWholeLife() throws {
            try withShimHost { host in
                try host.define(script: "sleep 600")
                var client = try host.launch()
                var watcher = try host.connect()
                try watcher.subscribe()
                let pid = try client.create(host.id(), folder: host.container())
                try host.start(&client)
                try client.delete(host.id(), force: true, removeFolder: true)
                var events: [ShimEvent] = []
                while let delivery = try watcher.receive(milliseconds: 200) {
                    if case .event(let event) = delivery.message { events.append(event) }
                    if events.last?.kind == .deleted { break }
                }
                #expect(events.map(\.kind) == [.created, .started, .exited, .deleted])
                #expect(events.prefix(2).allSatisfy { $0.pid == pid })
                #expect(events[2].exitCode == 137 && !events[2].oomKilled)
            }
        }
    }
}
