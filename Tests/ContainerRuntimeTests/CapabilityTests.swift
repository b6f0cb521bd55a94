import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct CapabilityTests {
    private let everything: UInt64 = 1 << 41 - 1

    private func set(_ names: String...) -> UInt64 {
        names.reduce(0) { $0 | (Capability(name: "CAP_" + $1)?.mask ?? 0) }
    }

    // MARK: Names

    @Test(arguments: ["", "CAP_", "CHOWN", "cap_chown", "CAP_chown", "CAP_CHOWN ", "CAP_NONESUCH", "CAP_41"])
    func otherNamesAreUnknown(_ name: String) {
        #expect(Capability(name: name) == nil)
    }

    @Test func lastOfTheKernel() throws {
        let text = String(
            decoding: try FileDescriptor.readFile("/proc/sys/kernel/cap_last_cap"), as: UTF8.self)
        let last = try Capability.last()
        #expect("\(last.rawValue)\n" == text)
        #expect(try Capability.all() == UInt64.max >> (63 - UInt64(last.rawValue)))
    }

    // MARK: Sets

    @Test func setsOfAConfiguration() {
        var wanted = RuntimeSpec.Capabilities()
        wanted.bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"]
        wanted.permitted = ["CAP_CHOWN", "CAP_KILL"]
        wanted.effective = ["CAP_CHOWN"]
        wanted.inheritable = ["CAP_KILL", "CAP_NET_RAW"]
        wanted.ambient = ["CAP_KILL"]
        let sets = CapabilitySets(wanted, available: everything) { Issue.record("unexpected: \($0)") }
        #expect(sets.bounding == 1 << 0 | 1 << 5 | 1 << 13)
        #expect(sets.permitted == 1 << 0 | 1 << 5)
        #expect(sets.effective == 1 << 0)
        #expect(sets.inheritable == 1 << 5 | 1 << 13)
        #expect(sets.ambient == 1 << 5)
        #expect(sets.kernelData == [1, 0x21, 0x2020, 0, 0, 0])
        #expect(CapabilitySets.kernelHeader == [0x2008_0522, 0])
    }

    @Test func whatCannotBeIsLeftOutWithAWarning() {
        var wanted = RuntimeSpec.Capabilities()
        wanted.bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_BPF", "CAP_NONESUCH", "what"]
        wanted.permitted = ["CAP_CHOWN", "CAP_BPF", "CAP_NONESUCH"]
        wanted.effective = ["CAP_CHOWN", "CAP_KILL"]
        wanted.inheritable = ["CAP_CHOWN", "CAP_SETUID"]
        wanted.ambient = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"]
        var warnings: [String] = []
        let sets = CapabilitySets(wanted, available: everything & ~set("BPF")) { warnings.append($0) }
        #expect(
            warnings == [
                "unknown capabilities ignored: CAP_NONESUCH, what",
                "capabilities that are not held ignored: CAP_BPF",
                "effective capabilities that are not permitted ignored: CAP_KILL",
                "inheritable capabilities that are not in the bounding set ignored: CAP_SETUID",
            ])
        #expect(sets.bounding == set("CHOWN", "KILL"))
        #expect(sets.permitted == set("CHOWN"))
        #expect(sets.effective == set("CHOWN"))
        #expect(sets.inheritable == set("CHOWN"))
        #expect(sets.ambient == set("CHOWN"))
    }

    @Test func boundingDropsAreTheRest() throws {
        var sets = CapabilitySets()
        #expect(try sets.boundingToDrop() == Capability.all())
        sets.bounding = set("CHOWN")
        #expect(try Capability.members(of: sets.boundingToDrop()).first?.name == "CAP_DAC_OVERRIDE")
    }

    @Test func upperHalfIsInTheSecondStructure() {
        var sets = CapabilitySets()
        sets.permitted = set("PERFMON", "CHOWN")
        #expect(sets.kernelData == [0, 1, 0, 0, 1 << 6, 0])
    }

    // MARK: The kernel's view

    @Test func ownSetsAreThoseInProc() throws {
        let sets = try CapabilitySets.here()
        let thread = clinux_syscall(Int(SYS_gettid), 0, 0, 0, 0, 0, 0)
        #expect(sets == (try Self.sets(ofStatus: "/proc/self/task/\(thread)/status")))
        #expect(try CapabilitySets.permittedHere() == sets.permitted)
    }

    /// Everything that a container's process does with its sets, in a clone.
    @Test func theKernelTakesTheSets() throws {
        let held = try CapabilitySets.permittedHere()
        var wanted = RuntimeSpec.Capabilities()
        wanted.bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_SETPCAP", "CAP_CHECKPOINT_RESTORE"]
        wanted.permitted = ["CAP_CHOWN", "CAP_KILL", "CAP_CHECKPOINT_RESTORE"]
        wanted.effective = ["CAP_KILL", "CAP_CHECKPOINT_RESTORE"]
        wanted.inheritable = ["CAP_KILL", "CAP_SETPCAP"]
        wanted.ambient = ["CAP_KILL"]
        let sets = CapabilitySets(wanted, available: held) { Issue.record("unexpected: \($0)") }
        let drops = Capability.members(of: try sets.boundingToDrop()).map { UInt($0.rawValue) }
        let raises = Capability.members(of: sets.ambient).map { UInt($0.rawValue) }
        let header = CapabilitySets.kernelHeader
        let data = sets.kernelData
        let pipe = try FileDescriptor.pipe()
        let (reading, writing) = pipe.ends()
        defer { close(reading) }

        // Nothing is allocated between clone and exit: this process has other threads.
        let pid = drops.withUnsafeBufferPointer { drops in
            raises.withUnsafeBufferPointer { raises in
                header.withUnsafeBufferPointer { header in
                    data.withUnsafeBufferPointer { data in
                        let pid = clinux_clone3(0, SIGCHLD, -1, nil)
                        if pid != 0 { return pid }
                        var failed: UInt8 = 0
                        for drop in drops where clinux_prctl(PR_CAPBSET_DROP, drop, 0, 0, 0) != 0 {
                            failed = 1
                        }
                        if clinux_syscall(
                            Int(SYS_capset), Int(bitPattern: header.baseAddress),
                            Int(bitPattern: data.baseAddress),
                            0, 0, 0, 0) != 0
                        {
                            failed = 2
                        }
                        for raise in raises
                        where clinux_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_RAISE), raise, 0, 0) != 0 {
                            failed = 3
                        }
                        write(writing, &failed, 1)
                        while true { pause() }
                    }
                }
            }
        }
        #expect(pid > 0)
        defer {
            kill(pid, SIGKILL)
            _ = reap(pid)
        }
        close(writing)
        var failed: UInt8 = 0xff
        #expect(read(reading, &failed, 1) == 1)
        #expect(failed == 0)
        #expect(try Self.sets(ofStatus: "/proc/\(pid)/status") == sets)
    }

    private static func sets(ofStatus path: String) throws -> CapabilitySets {
        var sets = CapabilitySets()
        for line in String(decoding: try FileDescriptor.readFile(path), as: UTF8.self).split(separator: "\n")
        {
            let value = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
            if line.hasPrefix("CapInh:") { sets.inheritable = value }
            if line.hasPrefix("CapPrm:") { sets.permitted = value }
            if line.hasPrefix("CapEff:") { sets.effective = value }
            if line.hasPrefix("CapBnd:") { sets.bounding = value }
            if line.hasPrefix("CapAmb:") { sets.ambient = value }
        }
        return sets
    }
}
