import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

/// Local volumes on block devices with `volumeMode: Filesystem`, on loop devices.
@Suite(
    .enabled(
        if: LoopDevice.missing.isEmpty,
        "this machine has no \(LoopDevice.missing.joined(separator: ", ")): local volumes on disks are not tested"
    ))
struct LocalDeviceTests {
    private let node: TestNode
    private let bench: ToolBench
    private let disk: LoopDevice

    init() throws {
        node = try TestNode()
        bench = ToolBench(node)
        disk = try LoopDevice(node)
        set()
    }

    /// A claim `data` that is bound to the volume `disk`, which is the loop device.
    private func set(
        path: String? = nil, type: String? = nil, options: [String] = [],
        _ modes: [PersistentVolumeAccessMode] = [.readWriteOnce]
    ) {
        var volume = PersistentVolume()
        volume.metadata.name = "disk"
        volume.spec.accessModes = [.readWriteOnce, .readWriteOncePod]
        volume.spec.local = LocalVolumeSource(path: path ?? disk.path, fsType: type)
        volume.spec.mountOptions = options
        var claim = PersistentVolumeClaim()
        claim.metadata.name = "data"
        claim.spec.accessModes = modes
        claim.spec.volumeName = "disk"
        node.objects.set(file: "volumes", objects: [volume, claim])
    }

    private func pod(_ name: String, readOnly: Bool = false, group: Int64? = nil) -> Pod {
        devicePod(name, readOnly: readOnly, group: group)
    }

    private var place: String { devicePlace(node) }
    private func path(_ pod: Pod) -> String { node.volume(pod, "local-volume", "disk") }
    private func mounts() throws -> [String] { try mountPoints(below: node.root) }

    /// The one thing that went wrong.
    private func failed(_ manager: VolumeManager, _ pod: Pod) async throws -> VolumeError {
        do {
            _ = try await manager.mount(pod)
        } catch let error as PodVolumesError where error.failures.count == 1 {
            return error.failures[0]
        }
        throw VolumeFailure("pod \(pod.metadata.name) has its volume")
    }

    private func reason(_ pod: Pod? = nil, tools: DeviceTools? = nil) async throws -> String {
        let error = try await failed(node.manager(tools: tools ?? bench.tools), pod ?? self.pod("a"))
        let type = error.reason.firstRange(of: "(fstype: ").map {
            error.reason[$0.lowerBound...].prefix { $0 != "," }
        }
        let start = "local: failed to mount device \(disk.path) at \(place) \(type ?? ""), error "
        #expect(error.step == .mountDevice && error.reason.hasPrefix(start), "\(error)")
        #expect(!error.reason.contains("\n"))
        #expect(try mounts().isEmpty && !exists(place))
        return String(error.reason.dropFirst(start.count))
    }

    @Test func aDiskIsFormattedOnceAndMountedOnceForAllPods() async throws {
        let manager = try node.manager(tools: bench.tools)
        let (a, b) = (pod("a"), pod("b"))
        let mounted = try await manager.mount(a)
        #expect(mounted.volumes["v"]?.source == .path(path(a)))
        _ = try await manager.mount(b)
        #expect(try mounts().sorted() == [place, path(a), path(b)].sorted())
        #expect(try FileDescriptor.open(place, O_PATH).fileSystemType() == 0xef53)
        try write(path(a) + "/file", "data")
        #expect(try read(path(b) + "/file") == "data")
        // Of an ext4's superblock: none of it is kept for root.
        #expect(try disk.start()[(1024 + 8)..<(1024 + 12)].allSatisfy { $0 == 0 })
        #expect(
            bench.told == [
                "disk \(disk.path) has no file system: mkfs.ext4 -F -m0 \(disk.path)",
                "disk \(disk.path) is formatted: ext4",
            ])
        try await manager.unmount(uid: "uid-a")
        #expect(try mounts().sorted() == [place, path(b)].sorted())
        try await manager.unmount(uid: "uid-b")
        #expect(try mounts().isEmpty && !exists(place))

        _ = try await manager.mount(a)
        #expect(try read(path(a) + "/file") == "data")
        #expect(bench.told.count == 2)
        try await manager.unmount(uid: "uid-a")
    }

    /// A link to a device counts as the device.
    @Test func theNextAgentFindsWhatIsMounted() async throws {
        try #require(symlink(disk.path, node.host + "/link") == 0)
        set(path: node.host + "/link")
        let (a, b) = (pod("a"), pod("b"))
        _ = try await node.manager().mount(a)
        try write(path(a) + "/file", "data")
        let next = try node.manager(tools: bench.tools)
        _ = try await next.mount(a)
        _ = try await next.mount(b)
        #expect(try mounts().count == 3)
        #expect(bench.told.isEmpty)
        try await next.releaseDevices()
        #expect(try mounts().count == 3)
        for uid in try next.orphans(known: []) { try await next.unmount(uid: uid) }
        #expect(try mounts().isEmpty && !exists(place))

        // One that was killed between a pod and its device.
        _ = try await next.mount(a)
        try #require(umount2(path(a), 0) == 0)
        try await node.manager().releaseDevices()
        #expect(try mounts().isEmpty && !exists(place))
        _ = try await next.mount(a)
        #expect(try read(path(a) + "/file") == "data")
    }

    @Test func readOnlyIsReadOnly() async throws {
        let manager = try node.manager()
        #expect(
            try await reason(pod("a", readOnly: true))
                == "cannot mount unformatted disk \(disk.path) as we are manipulating it in read-only mode")
        #expect(try disk.start().allSatisfy { $0 == 0 })
        try disk.format()
        let (reader, writer) = (pod("a", readOnly: true), pod("b"))
        let volume = try await manager.mount(reader).volumes["v"]
        #expect(volume?.isReadOnly == true)
        for folder in [path(reader), place] {
            #expect(throws: KernelError.self) { try write(folder + "/file", "") }
        }
        // The device is one for all, and each pod has what it was given.
        _ = try await manager.mount(writer)
        try write(path(writer) + "/file", "data")
        #expect(throws: KernelError.self) { try write(path(reader) + "/file", "") }
        #expect(try read(path(reader) + "/file") == "data")
        for uid in ["uid-a", "uid-b"] { try await manager.unmount(uid: uid) }
        try await disk.isIdle()
        set(options: ["ro"])
        #expect(try await manager.mount(writer).volumes["v"]?.isReadOnly == true)
        #expect(throws: KernelError.self) { try write(place + "/other", "") }
    }

    @Test func anotherFileSystemIsReportedAndStays() async throws {
        try disk.format()
        set(type: "btrfs")
        // Of an ext4's superblock: what it is known by.
        let name = 1024 + 0x68..<1024 + 0x78
        let before = try disk.start()[name]
        let text = try await reason()
        #expect(text.hasPrefix("mount btrfs") || text == "the kernel has no file system btrfs", "\(text)")
        #expect(text.hasSuffix(" (the disk is formatted as ext4)") || !text.hasPrefix("mount"), "\(text)")
        set(type: "none-such")
        #expect(try await reason() == "the kernel has no file system none-such")
        set(type: "../sh")
        #expect(
            try await failed(node.manager(), pod("a")).reason
                == "fsType \"../sh\" is no name of a file system")
        #expect(try disk.start()[name] == before)
        // What a driver takes for its own it mounts.
        set(type: "")
        _ = try await node.manager().mount(pod("a"))
    }

    @Test func otherDataIsNeitherFormattedNorChecked() async throws {
        try bench.put("fsck", code: 0)
        var table = [UInt8](repeating: 0, count: 512)
        table.replaceSubrange(446..<462, with: [0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 232, 3, 0, 0])
        table.replaceSubrange(510..<512, with: [0x55, 0xaa])
        let luks = Array("LUKS".utf8) + [0xba, 0xbe, 0, 1]
        let empty = [UInt8](repeating: 0, count: 1024)
        for (bytes, offset, words) in [
            (table, 0, "unknown data, probably partitions (dos)"), (physicalVolume(), 512, "LVM2_member"),
            (luks, 0, "crypto_LUKS"),
        ] {
            try disk.write(empty, at: 0)
            try disk.write(bytes, at: offset)
            let before = try disk.start()
            #expect(try await reason() == "disk \(disk.path) has no file system, but \(words)")
            #expect(try disk.start() == before)
        }
        #expect(try bench.calls().isEmpty && bench.told.isEmpty)
    }

    /// As pvcreate(8) writes it, with the check sum that blkid(8) looks at.
    private func physicalVolume() -> [UInt8] {
        var rest: [UInt8] = [32, 0, 0, 0] + Array("LVM2 001".utf8) + Array(repeating: 65, count: 32)
        rest += Array(repeating: 0, count: 512 - 20 - rest.count)
        var sum: UInt32 = 0xf597_a6cf
        for byte in rest {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        return Array("LABELONE".utf8) + [1, 0, 0, 0, 0, 0, 0, 0]
            + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } + rest
    }

    @Test func aDiskIsCheckedBeforeItIsMounted() async throws {
        try disk.format()
        let refusal = "'fsck' found errors on device \(disk.path) but could not correct them: exit status "
        for (code, told, error) in [
            (0, nil, nil), (1, "disk \(disk.path) had errors, which fsck has corrected", nil),
            (4, nil, refusal + "4; one; two three"),
            (8, "fsck \(disk.path): exit status 8; one; two three", nil),
            (12, nil, refusal + "12; one; two three"),
        ] as [(Int, String?, String?)] {
            let bench = ToolBench(node)
            try await disk.isIdle()
            try bench.put("fsck", code: code, saying: "one\\n two  three\\n\\n")
            let manager = try node.manager(tools: bench.tools)
            if let error {
                let reason = try await reason(tools: bench.tools)
                #expect(reason == error)
            } else {
                _ = try await manager.mount(pod("a"))
                // Mounted as it is, for a second pod it is not checked again.
                _ = try await manager.mount(pod("b"))
                for uid in ["uid-a", "uid-b"] { try await manager.unmount(uid: uid) }
            }
            #expect(bench.told == [told].compactMap(\.self))
            #expect(try bench.calls() == ["fsck -a \(disk.path)"])
            unlink(bench.folder + "/calls")
        }
        // Nobody who only reads writes onto the disk before.
        let reader = try node.manager(tools: bench.tools)
        try bench.put("fsck", code: 4)
        _ = try await reader.mount(pod("a", readOnly: true))
        #expect(try bench.calls().isEmpty)
    }

    @Test func programsThatAreMissingAreNamed() async throws {
        let places = "is not on this node (looked for in \(bench.folder))"
        let tools = bench.tools(in: [bench.folder])
        #expect(try await reason(tools: tools) == "blkid \(places)")
        symlink(LoopDevice.tool("blkid") ?? "", bench.folder + "/blkid")
        set(type: "xfs")
        #expect(try await reason(tools: tools) == "mkfs.xfs \(places)")
        #expect(try disk.start().allSatisfy { $0 == 0 })
        try bench.put("mkfs.xfs", code: 1, saying: "cannot\\n")
        #expect(
            try await reason(tools: tools)
                == "format of disk \(disk.path) failed: mkfs.xfs: exit status 1; cannot")
        #expect(try bench.calls() == ["mkfs.xfs -f \(disk.path)"])
        // Without fsck it is mounted, as the kubelet does.
        try disk.format()
        set()
        let manager = try node.manager(tools: tools)
        _ = try await manager.mount(pod("a"))
        #expect(bench.told.last == "fsck is not on this node: disk \(disk.path) is mounted without a check")
    }

    @Test func whatBlkidDoesNotKnowIsNotFormatted() async throws {
        try bench.put("mkfs.ext4", code: 0)
        let start = "failed to get disk format of disk \(disk.path): blkid"
        try bench.put("blkid", code: 8, saying: "two at once\\n")
        #expect(try await reason() == start + ": exit status 8; two at once")
        try bench.put("blkid", code: 0, saying: "TYPE=ext4\\nnonsense\\n")
        #expect(try await reason() == start + " returns invalid output: nonsense")
        // It says the same of a device without a byte as of an empty one.
        let none = try LoopDevice(node, "none", megabytes: 0)
        set(path: none.path)
        unlink(bench.folder + "/blkid")
        #expect(
            try await failed(node.manager(tools: bench.tools), pod("a")).reason
                .hasSuffix("error disk \(none.path) has no room at all"))
        #expect(try !bench.calls().contains { $0.hasPrefix("mkfs") })
    }

    /// A mapping without a header of its own, say.
    @Test func anEmptyDiskThatIsUsedIsNotFormatted() async throws {
        do {
            let user = try FileDescriptor.open(disk.path, O_RDONLY | O_EXCL)
            let text = try await reason()
            #expect(text == "disk \(disk.path) has no file system, but something uses it")
            #expect(user.raw >= 0)
        }
        _ = try await node.manager().mount(pod("a"))
    }

    @Test func optionsAreThoseOfTheVolume() async throws {
        set(options: ["noatime,nosuid", "x-of-mine", "defaults", "commit=7", "_netdev"])
        let manager = try node.manager()
        _ = try await manager.mount(pod("a"))
        for path in [place, path(pod("a"))] {
            let options = try #require(try mountOptions(of: path))
            #expect(
                options.mount.isSuperset(of: ["noatime", "nosuid", "rw"]) && !options.mount.contains("nodev"))
            #expect(options.fileSystem.contains("commit=7"))
        }
        try await manager.unmount(uid: "uid-a")
        set(options: ["nonsense=1"])
        #expect(try await reason().contains("nonsense"))
    }

    @Test func theGroupIsPutOntoAllFilesForTheFirstPod() async throws {
        let manager = try node.manager()
        _ = try await manager.mount(pod("a", group: 4711))
        #expect(try status(path(pod("a"))).st_gid == 4711 && mode(path(pod("a"))) & 0o2070 == 0o2070)
        _ = try await manager.mount(pod("b", group: 4712))
        #expect(try status(path(pod("b"))).st_gid == 4711)
        for uid in ["uid-a", "uid-b"] { try await manager.unmount(uid: uid) }
        _ = try await manager.mount(pod("b", group: 4712))
        #expect(try status(path(pod("b"))).st_gid == 4712)
    }

    @Test func aVolumeThatHasAnotherDeviceNowWaitsForItsPods() async throws {
        let other = try LoopDevice(node, "disk-1")
        let manager = try node.manager()
        _ = try await manager.mount(pod("a"))
        try write(path(pod("a")) + "/file", "data")
        set(path: other.path)
        #expect(
            try await failed(manager, pod("b")).reason
                .hasSuffix("error pods have another device than this one mounted"))
        // What only an agent before has left is no reason to wait.
        try #require(umount2(path(pod("a")), 0) == 0)
        _ = try await manager.mount(pod("b"))
        #expect(try names(path(pod("b"))) == ["lost+found"])
    }

    @Test func oneOfOnePodIsRefusedToOthers() async throws {
        set([.readWriteOncePod])
        let manager = try node.manager()
        _ = try await manager.mount(pod("a"))
        #expect(
            try await failed(manager, pod("b")).reason
                == "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
        try await manager.unmount(uid: "uid-a")
        _ = try await manager.mount(pod("b"))
    }

    @Test func manyPodsComeAndGoAtOnce() async throws {
        let manager = try node.manager(tools: bench.tools)
        for _ in 0..<5 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { [self] in
                        let pod = pod("p\(number)")
                        _ = try await manager.mount(pod)
                        try write(path(pod) + "/\(number)", "data")
                        try await manager.unmount(uid: pod.metadata.uid)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try mounts().isEmpty && !exists(place))
        }
        #expect(bench.told.filter { $0.contains("mkfs") }.count == 1)
        _ = try await manager.mount(pod("p0"))
        #expect(try names(path(pod("p0"))) == (0..<8).map(String.init) + ["lost+found"])
    }

    /// The agent is killed at a moment that nobody chose, also while a program makes the file system.
    @Test(.timeLimit(.minutes(5))) func whateverItIsKilledAt() async throws {
        for round in 0..<10 {
            setenv("SWIFTLET_DEVICE_ROOT", node.root, 1)
            setenv("SWIFTLET_DEVICE", disk.path, 1)
            setenv("SWIFTLET_DEVICE_AFTER", "\(round * 8000)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
                let objects = FolderObjects()
                objects.set(file: "volumes", objects: deviceObjects(variable("SWIFTLET_DEVICE")))
                let manager = try VolumeManager(root: variable("SWIFTLET_DEVICE_ROOT"), sources: objects)
                let delay = UInt32(variable("SWIFTLET_DEVICE_AFTER")) ?? 0
                Task.detached {
                    usleep(delay)
                    kill(getpid(), SIGKILL)
                }
                while true {
                    for name in ["a", "b"] { _ = try? await manager.mount(devicePod(name)) }
                    for name in ["a", "b"] { try await manager.unmount(uid: "uid-" + name) }
                }
            }
            let manager = try node.manager()
            if round % 2 == 0 {
                // What makes the file system is not killed, and may still be at it.
                let end = ContinuousClock.now + .seconds(60)
                while (try? await manager.mount(pod("a"))) == nil, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(20))
                }
                if round > 0 { #expect(try read(path(pod("a")) + "/file") == "data") }
                try write(path(pod("a")) + "/file", "data")
            }
            for uid in try manager.orphans(known: []) { try await manager.unmount(uid: uid) }
            try await manager.releaseDevices()
            #expect(try mounts().isEmpty && !exists(place))
        }
    }
}

private func devicePlace(_ node: TestNode) -> String {
    node.root + "/plugins/kubernetes.io/local-volume/mounts/disk"
}

private func deviceObjects(_ path: String) -> [any KubernetesObject] {
    var volume = PersistentVolume()
    volume.metadata.name = "disk"
    volume.spec.accessModes = [.readWriteOnce]
    volume.spec.local = LocalVolumeSource(path: path)
    var claim = PersistentVolumeClaim()
    claim.metadata.name = "data"
    claim.spec.accessModes = [.readWriteOnce]
    claim.spec.volumeName = "disk"
    return [volume, claim]
}

private func devicePod(_ name: String, readOnly: Bool = false, group: Int64? = nil) -> Pod {
    let source = PersistentVolumeClaimVolumeSource(claimName: "data", readOnly: readOnly)
    return makePod(name, [Volume(name: "v", persistentVolumeClaim: source)]) {
        if let group { $0.spec.securityContext = PodSecurityContext(fsGroup: group) }
    }
}
