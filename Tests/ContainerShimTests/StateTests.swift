import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel
import Testing

@Suite struct StateTests {
    private func runningStatus(shim: ProcessIdentity, boot: String) throws -> LiveStatus {
        var status = LiveStatus(bootID: boot)
        status.phase = .running
        status.process = ProcessIdentity(pid: 1, start: 0)
        status.startedAt = .now
        status.shim = shim
        return status
    }

    @Test func runningIsBelievedWhileItsShimLives() throws {
        let folder = TemporaryFolder()
        let status = try runningStatus(shim: ProcessIdentity.current(), boot: BootID.current())
        try status.write(in: folder.path)
        #expect(try LiveStatus.current(in: folder.path) == status)
        #expect(try status.isSupervised)
    }

    @Test func lostShimMeansExitedUnknown() throws {
        let me = try ProcessIdentity.current()
        let boot = try BootID.current()
        // The number lives, but it is another process: the kernel has given it out again.
        let recycled = ProcessIdentity(pid: me.pid, start: me.start + 1)
        for (shim, boot) in [
            (recycled, boot), (me, "earlier"), (ProcessIdentity(pid: 0x3fffff, start: 1), boot),
        ] {
            let folder = TemporaryFolder()
            let status = try runningStatus(shim: shim, boot: boot)
            try status.write(in: folder.path)
            let now = try #require(try LiveStatus.current(in: folder.path))
            #expect(now.phase == .exited && now.exitCode == 255 && now.error == "Unknown")
            #expect(now.process == nil && now.shim == nil)
            #expect(try !status.isSupervised)
        }
    }

    @Test func theEndIsNotedOnceAndOnlyUnderALockThatIsThere() throws {
        let folder = TemporaryFolder()
        let status = try runningStatus(shim: ProcessIdentity(pid: 0x3fffff, start: 1), boot: BootID.current())
        try status.write(in: folder.path)
        // As where the folder is just being removed.
        let error = #expect(throws: KernelError.self) { try LiveStatus.noteEnd(in: folder.path) }
        #expect(error?.errno == .noEntry)
        #expect(access(folder.path + "/" + ContainerLock.fileName, F_OK) != 0)
        do {
            let lock = try ContainerLock.tryTake(folder: folder.path)
            let isTaken = lock != nil
            #expect(isTaken)
            #expect(try LiveStatus.noteEnd(in: folder.path) == nil)
        }
        let end = try #require(try LiveStatus.noteEnd(in: folder.path)?.finishedAt)
        #expect(try LiveStatus.noteEnd(in: folder.path)?.finishedAt == end)
        let written = try #require(try LiveStatus.written(in: folder.path))
        #expect(written.phase == .running && written.shim == status.shim && written.finishedAt == end)
    }

    @Test func betweenTwoRunsTheLastEndIsKnown() throws {
        let folder = TemporaryFolder()
        var status = try runningStatus(shim: ProcessIdentity(pid: 0x3fffff, start: 1), boot: BootID.current())
        status.phase = .restarting
        status.exitCode = 3
        try status.write(in: folder.path)
        let now = try #require(try LiveStatus.current(in: folder.path))
        #expect(now.phase == .exited && now.exitCode == 3 && now.error == nil)
    }

    @Test func endedAndUnstartedStayWhatTheyAre() throws {
        let folder = TemporaryFolder()
        #expect(try LiveStatus.current(in: folder.path) == nil)
        var status = LiveStatus(bootID: "earlier")
        try status.write(in: folder.path)
        #expect(try LiveStatus.current(in: folder.path)?.phase == .created)
        status.phase = .exited
        status.exitCode = 3
        try status.write(in: folder.path)
        #expect(try LiveStatus.current(in: folder.path)?.exitCode == 3)
    }

    @Test(arguments: ["", "garbage", "{\"status\": 7}"])
    func aDamagedStatusCountsAsAnEnd(text: String) throws {
        let folder = TemporaryFolder()
        try FileDescriptor.open(folder.path + "/status.json", O_WRONLY | O_CREAT, mode: 0o600).writeAll(text)
        let status = try #require(try LiveStatus.current(in: folder.path))
        #expect(status.isDamaged && status.phase == .exited)
        #expect(status.exitCode == 255 && status.error == "Unknown")
        #expect(try !status.isSupervised)
    }

    /// Whatever is damaged of a container that nobody runs, it can be cleaned up.
    @Test(arguments: ["supervision.json", "status.json", "config.json"])
    func aDamagedContainerIsCleanedUp(file: String) throws {
        let folder = TemporaryFolder()
        try Supervision().write(in: folder.path)
        try FileDescriptor.open(folder.path + "/" + file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(
            "")
        let status = try ContainerCleanup.afterLostShim(
            container: ContainerID("damaged"), folder: folder.path, state: folder.path + "/run", log: Log())
        #expect(status.shim == nil && status.process == nil)
        let written = try LiveStatus.written(in: folder.path)
        #expect(written?.phase == (file == "status.json" ? .exited : .created))
    }

    @Test func damagedStatusIsNamed() throws {
        let folder = TemporaryFolder()
        try write(#"{"status":"flying","bootId":"x"}"#, to: folder.path + "/status.json")
        let error = #expect(throws: StateFileError.self) { try LiveStatus.written(in: folder.path) }
        #expect("\(error!)" == "read \(folder.path)/status.json: status: unknown status \"flying\"")
    }

    @Test func supervisionComesBack() throws {
        let folder = TemporaryFolder()
        var supervision = Supervision(
            terminal: true, input: .once, restart: .onFailure(limit: 4),
            log: LogOptions(path: "/x/log", maxSize: 5, maxFiles: 6), stopSignal: SIGQUIT, stopTimeout: -1,
            remove: true,
            rootfs: RootfsMount(
                lower: ["/b", "/a"], upper: "/u", work: "/w", target: "/t", volatile: true),
            runtime: RuntimeHandler(program: "/r", root: "/s", systemdCgroup: true, arguments: ["--x"]),
            systemdCgroup: true)
        supervision.joinedNetwork = JoinedNetwork(of: "/others/folder", in: "/own")
        supervision.rootfs?.label = "system_u:object_r:container_file_t:s0:c1,c2"
        try supervision.write(in: folder.path)
        #expect(try Supervision.read(in: folder.path) == supervision)
        try Supervision().write(in: folder.path)
        #expect(try Supervision.read(in: folder.path) == Supervision())
    }

    @Test func oneHolderAtATime() throws {
        let folder = TemporaryFolder()
        do {
            let first = try ContainerLock.tryTake(folder: folder.path)
            let isTaken = first != nil
            #expect(isTaken)
            let second = try ContainerLock.tryTake(folder: folder.path)
            let isTakenTwice = second != nil
            #expect(!isTakenTwice)
        }
        #expect(try ContainerLock.tryTake(folder: folder.path) != nil)
    }

    /// As a process has it that another thread is just starting.
    @Test func aReleasedLockIsFreeWhoeverHasItOpen() throws {
        let folder = TemporaryFolder()
        guard let lock = try ContainerLock.tryTake(folder: folder.path) else {
            Issue.record("the lock of a new folder is taken")
            return
        }
        let copy = dup(lock.descriptor)
        defer { close(copy) }
        lock.release()
        #expect(try ContainerLock.tryTake(folder: folder.path) != nil)
    }

    @Test func aLogBeginsWithItsFirstLine() throws {
        let folder = TemporaryFolder()
        let place = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
        let log = Log(folder: place.raw, name: "some.log", limit: 200)
        let path = folder.path + "/some.log"
        #expect(access(path, F_OK) != 0)
        log.warning("first")
        log.warning("second")
        #expect(try text(of: path).split(separator: "\n").count == 2)
        // Begun anew when it has grown beyond the limit.
        for number in 0..<20 { log.warning("line \(number)") }
        #expect(try text(of: path).utf8.count < 400)
        #expect(try text(of: path).contains("line 19"))
    }

    /// How a container ended is known, whatever the disk.
    @Test(.enabled(if: geteuid() == 0)) func statusIsWrittenOnAFullDisk() throws {
        let folder = TemporaryFolder()
        let place = folder.path + "/disk"
        try makeFolder(place)
        try #require(mount("tmpfs", place, "tmpfs", 0, "size=16k") == 0)
        defer { umount2(place, Int32(MNT_DETACH)) }
        var status = try runningStatus(shim: ProcessIdentity.current(), boot: BootID.current())
        status.error = String(repeating: "long ", count: 100)
        try status.write(in: place)
        let filler = open(place + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(filler) }
        let page = [UInt8](repeating: 1, count: 4096)
        while Glibc.write(filler, page, page.count) > 0 {}
        status.phase = .exited
        status.exitCode = 7
        status.error = nil
        try status.write(in: place)
        #expect(try LiveStatus.current(in: place) == status)
        // What would need another block is refused, and leaves what is there.
        var long = status
        long.error = String(repeating: "long ", count: 2000)
        #expect(throws: KernelError.self) { try long.write(in: place) }
        #expect(try LiveStatus.current(in: place) == status)
    }

    // MARK: Overlays

    @Test(.enabled(if: geteuid() == 0), arguments: ["plain", "with,comma:colon\\back"])
    func overlayIsMountedOnceAndUnmounted(name: String) throws {
        let folder = TemporaryFolder()
        let base = folder.path + "/" + name
        try makeFolder(base)
        for part in ["lower", "upper", "work", "root"] { try makeFolder(base + "/" + part) }
        try write("below", to: base + "/lower/file")
        for volatile in [false, true] {
            let overlay = RootfsMount(
                lower: [base + "/lower"], upper: base + "/upper", work: base + "/work",
                target: base + "/root",
                volatile: volatile)
            for _ in 0..<2 {
                try overlay.mount()
                try overlay.mount()
                #expect(try overlay.isMounted)
                #expect(try text(of: base + "/root/file") == "below")
                try write("x", to: base + "/root/new")
                try overlay.unmount()
                #expect(try !overlay.isMounted)
                try overlay.unmount()
            }
            #expect(try text(of: base + "/upper/new") == "x")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func overlayTakesAsManyLayersAsImagesHave() throws {
        let folder = TemporaryFolder()
        let long = String(repeating: "x", count: 64)
        var lower: [String] = []
        for number in 0..<127 {
            let layer = folder.path + "/\(long)\(number)"
            try makeFolder(layer)
            try write("\(number)", to: layer + "/file\(number)")
            try write("\(number)", to: layer + "/same")
            lower.append(layer)
        }
        for part in ["upper", "work", "root"] { try makeFolder(folder.path + "/" + part) }
        let overlay = RootfsMount(
            lower: lower, upper: folder.path + "/upper", work: folder.path + "/work",
            target: folder.path + "/root")
        try overlay.mount()
        defer { umount2(overlay.target, Int32(MNT_DETACH)) }
        #expect(try text(of: overlay.target + "/file126") == "126")
        #expect(try text(of: overlay.target + "/same") == "0")
        try overlay.unmount()
    }
}
