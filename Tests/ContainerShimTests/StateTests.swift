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

    @Test func damagedStatusIsNamed() throws {
        let folder = TemporaryFolder()
        try write(#"{"status":"flying","bootId":"x"}"#, to: folder.path + "/status.json")
        let error = #expect(throws: StateFileError.self) { try LiveStatus.written(in: folder.path) }
        #expect("\(error!)" == "read \(folder.path)/status.json: status: unknown status \"flying\"")
    }

    @Test func supervisionComesBack() throws {
        let folder = TemporaryFolder()
        let supervision = Supervision(
            terminal: true, input: .once, restart: .onFailure(limit: 4),
            log: LogOptions(path: "/x/log", maxSize: 5, maxFiles: 6), stopSignal: SIGQUIT, stopTimeout: -1,
            remove: true,
            rootfs: RootfsMount(
                lower: ["/b", "/a"], upper: "/u", work: "/w", target: "/t", volatile: true),
            runtime: RuntimeHandler(program: "/r", root: "/s", systemdCgroup: true, arguments: ["--x"]),
            systemdCgroup: true)
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

    // MARK: Removing

    @Test func removesDeepTreesWithOddNames() throws {
        let folder = TemporaryFolder()
        let tree = folder.path + "/tree"
        try makeFolder(tree)
        // Deeper than a path can be long, and than descriptors would last.
        var place = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
        for _ in 0..<5000 {
            try #require(mkdirat(place.raw, "d", 0o700) == 0)
            try #require(symlinkat("/etc", place.raw, "link") == 0)
            place = try place.openAt("d", O_RDONLY | O_DIRECTORY)
        }
        let bytes: [CChar] = [-1, 10, 92, 0]
        try #require(close(openat_(place.raw, bytes)) == 0)
        try removeTree(tree)
        #expect(access(tree, F_OK) != 0)
        #expect(access("/etc/passwd", F_OK) == 0)
        try removeTree(tree)
    }

    /// Somebody who still runs moves what is being removed to the top of the tree: going up from there would end in the
    /// folder beside the tree.
    @Test func neverGoesAboveATreeThatIsBeingMoved() async throws {
        for _ in 0..<20 {
            let folder = TemporaryFolder()
            let tree = folder.path + "/tree"
            for path in [tree, tree + "/a", tree + "/a/b", folder.path + "/a", folder.path + "/keep"] {
                try makeFolder(path)
            }
            // Long enough for the mover to come in between.
            for number in 0..<2000 { try write("", to: "\(tree)/a/b/\(number)") }
            try write("precious", to: folder.path + "/keep/file")
            let mover = Task.detached { rename(tree + "/a/b", tree + "/moved") }
            do {
                try removeTree(tree)
            } catch {
                #expect([.busy, .noEntry].contains(error.errno), "\(error)")
            }
            _ = await mover.value
            #expect(try text(of: folder.path + "/keep/file") == "precious")
            #expect(access(folder.path + "/a", F_OK) == 0)
        }
    }

    private func openat_(_ folder: Int32, _ name: [CChar]) -> Int32 {
        (try? FileDescriptor(owning: dup(folder)).openAt(name, O_CREAT | O_WRONLY, mode: 0o600).release())
            ?? -1
    }

    @Test(.enabled(if: geteuid() == 0)) func neverRemovesWhatIsMounted() throws {
        let folder = TemporaryFolder()
        let (tree, other) = (folder.path + "/tree", folder.path + "/other")
        for path in [tree, other, tree + "/mounted"] { try makeFolder(path) }
        try write("precious", to: other + "/file")
        // A bind mount of the same file system: the device number does not tell.
        try #require(mount(other, tree + "/mounted", nil, UInt(MS_BIND), nil) == 0)
        defer { umount2(tree + "/mounted", Int32(MNT_DETACH)) }
        let error = #expect(throws: KernelError.self) { try removeTree(tree) }
        #expect(error?.errno == .crossDevice)
        #expect(try text(of: other + "/file") == "precious")
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
