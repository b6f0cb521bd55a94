import Glibc
import LinuxKernel
import Logging
import NodeAgent
import Testing

@Suite struct MeasuringTests {
    @Test func memoryOfTheMachine() throws {
        let before = try MachineReading.memory()
        #expect(
            before.capacity == Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))))
        #expect(before.workingSet > 0)
        #expect(before.workingSet <= before.usage)
        #expect(before.available == before.capacity - before.workingSet)
    }

    @Test func processesOfTheMachine() throws {
        let processes = try #require(try MachineReading.processes())
        #expect(processes.available > 0)
        // This one has several threads alone.
        #expect(processes.capacity - processes.available > 1)
    }

    @Test func processorTimeGoesOn() throws {
        let before = try MachineReading.processorTime()
        let end = ContinuousClock.now + .milliseconds(50)
        while ContinuousClock.now < end {}
        let after = try MachineReading.processorTime()
        // Ticks are ten milliseconds.
        #expect(after - before >= 20_000_000)
    }

    @Test func logsOfContainers() throws {
        let folder = TemporaryFolder()
        _ = try check("mkdir", "a") { mkdir(folder.file("a"), 0o755) }
        for name in ["0.log", "1.log"] {
            let file = try FileDescriptor.open(folder.file("a/\(name)"), O_WRONLY | O_CREAT, mode: 0o644)
            try file.writeAll(String(repeating: "x", count: 100_000))
        }
        let usage = try LogFolder.usage(folder.path)
        #expect(Set(usage.keys) == ["a"])
        #expect(usage["a"]?.inodes == 2)
        #expect((200_000...220_000).contains(usage["a"]?.bytes ?? 0))
        #expect(try LogFolder.usage(folder.file("none")).isEmpty)
    }
}
