import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

struct EmptyDirTests {
    @Test func aFolderOnDiskLivesAsLongAsItsPod() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([emptyDir("data")])
        let mounts = try await manager.mount(pod)
        let path = node.volume(pod, "empty-dir", "data")
        #expect(try mode(path) == 0o777)
        #expect(
            try mounts.mounts(for: pod.spec.containers[0])
                == [ContainerMount(volume: "data", containerPath: "/data", source: .path(path))])
        #expect(try mode(node.folder(pod)) == 0o750)

        // What containers have made of it is theirs, also after the agent started again.
        try write(path + "/file", "content")
        chmod(path, 0o700)
        _ = try await node.manager().mount(pod)
        #expect(try read(path + "/file") == "content")
        #expect(try mode(path) == 0o700)

        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
        try await manager.unmount(uid: pod.metadata.uid)
    }

    @Test func memoryIsBoundedByTheVolumeAndByThePod() async throws {
        let node = try TestNode()
        let manager = try node.manager(NodeFacts(allocatable: [.memory: Quantity(64 << 20)]))
        let pod = makePod(
            [
                emptyDir("small", medium: .memory, limit: 1 << 20),
                emptyDir("large", medium: .memory, limit: 1 << 30),
            ])
        _ = try await manager.mount(pod)
        let small = node.volume(pod, "empty-dir", "small")
        #expect(try isTmpfs(small))
        #expect(try mode(small) == 0o777)
        func size(_ name: String) async throws -> Int64? {
            try await manager.usage(uid: pod.metadata.uid)[name]?.capacityBytes
        }
        #expect(try await size("small") == 1 << 20)
        #expect(try await size("large") == 64 << 20)

        var limited = makePod("limited", [emptyDir("large", medium: .memory)])
        limited.spec.containers[0].resources.limits = [.memory: Quantity(8 << 20)]
        _ = try await manager.mount(limited)
        #expect(try await manager.usage(uid: "uid-limited")["large"]?.capacityBytes == 8 << 20)

        #expect(throws: KernelError.self) {
            try write(small + "/file", String(repeating: "x", count: 2 << 20))
        }
        _ = try await manager.mount(pod)
        #expect(try (1...1 << 20).contains(status(small + "/file").st_size))
        #expect(try mountPoints(below: node.folder(pod)).count == 2)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(try mountPoints(below: node.folder(pod)).isEmpty)
        #expect(!exists(node.folder(pod)))
    }

    @Test func whatThisNodeHasNotIsRefusedAndTheRestIsMade() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([
            emptyDir("huge", medium: "HugePages-1Gi"), emptyDir("odd", medium: "Tape"),
            Volume(name: "nfs", nfs: NFSVolumeSource(server: "s", path: "/")),
            Volume(name: "git", gitRepo: GitRepoVolumeSource(repository: "r")), emptyDir("data"),
        ])
        let error = await #expect(throws: PodVolumesError.self) { _ = try await manager.mount(pod) }
        #expect(
            error?.failures.map(\.reason) == [
                "medium HugePages-1Gi: the pod asks for no huge pages of that size",
                "unknown storage medium \"Tape\"", "volume type nfs is not supported on this node",
                "volume type gitRepo is not supported on this node",
            ])
        #expect(
            error?.description.contains("MountVolume.SetUp failed for volume \"git\" : volume type") == true)
        #expect(exists(node.volume(pod, "empty-dir", "data")))
        #expect(!exists(node.volume(pod, "empty-dir", "huge")))
    }

    @Test func hugePagesAreOfTheSizeThatThePodAsksFor() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([emptyDir("any", medium: .hugePages), emptyDir("named", medium: "HugePages-2Mi")]) {
            $0.spec.containers[0].resources.limits = [ResourceName(rawValue: "hugepages-2Mi"): "4Mi"]
        }
        _ = try await manager.mount(pod)
        for name in ["any", "named"] {
            let path = node.volume(pod, "empty-dir", name)
            var system = statfs()
            #expect(statfs(path, &system) == 0)
            // HUGETLBFS_MAGIC
            #expect(system.f_type == 0x9584_58f6 && system.f_bsize == 2 << 20)
            #expect(try mode(path) == 0o777)
        }
        // Nothing of them is counted as a file's blocks.
        #expect(try await manager.usage(uid: pod.metadata.uid).isEmpty)
        _ = try await node.manager().mount(pod)
        #expect(try mountPoints(below: node.folder(pod)).count == 2)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
    }

    @Test(arguments: [
        ("HugePages", [], "medium HugePages: the pod asks for no huge pages"),
        (
            "HugePages", ["hugepages-2Mi", "hugepages-1Gi"],
            "medium HugePages: the pod asks for pages of several sizes: name one, as in HugePages-2Mi"
        ),
        (
            "HugePages-2Mi", ["hugepages-1Gi"],
            "medium HugePages-2Mi: the pod asks for no huge pages of that size"
        ),
        ("HugePages-much", ["hugepages-2Mi"], "medium HugePages-much: \"much\" is no size of a page"),
    ])
    func hugePagesThatArePromisedToNobody(medium: String, names: [String], reason: String) async throws {
        let node = try TestNode()
        let pod = makePod([emptyDir("v", medium: StorageMedium(rawValue: medium))]) {
            for name in names {
                $0.spec.containers[0].resources.limits[ResourceName(rawValue: name)] = "1Gi"
            }
        }
        let error = await #expect(throws: PodVolumesError.self) { _ = try await node.manager().mount(pod) }
        #expect(error?.failures.map(\.reason) == [reason])
    }

    @Test func volumesThatNobodyMountsAreNotMade() async throws {
        let node = try TestNode()
        let pod = makePod([emptyDir("used"), emptyDir("unused"), Volume(name: "nfs", nfs: NFSVolumeSource())])
        {
            $0.spec.containers[0].volumeMounts.removeLast(2)
        }
        let mounts = try await node.manager().mount(pod)
        #expect(Set(mounts.volumes.keys) == ["used"])
        #expect(!exists(node.volume(pod, "empty-dir", "unused")))
    }

    @Test func theGroupOwnsWhatIsMadeInIt() async throws {
        let node = try TestNode()
        let pod = makePod([emptyDir("disk"), emptyDir("memory", medium: .memory)]) {
            $0.spec.securityContext = PodSecurityContext(fsGroup: 4711)
        }
        _ = try await node.manager().mount(pod)
        for name in ["disk", "memory"] {
            let path = node.volume(pod, "empty-dir", name)
            #expect(try status(path).st_gid == 4711)
            #expect(try mode(path) == 0o2777)
            try write(path + "/file", "")
            #expect(try status(path + "/file").st_gid == 4711)
        }
    }

    @Test func whatItTakesIsMeasuredInBlocks() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([emptyDir("data", limit: 1 << 20), emptyDir("other")])
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "empty-dir", "data")
        #expect(try await manager.usage(uid: pod.metadata.uid)["data"]?.isOverLimit == false)
        mkdir(path + "/a", 0o755)
        let file = try FileDescriptor.open(path + "/a/file", O_CREAT | O_WRONLY, mode: 0o644)
        try file.writeAll([UInt8](repeating: 1, count: 900 << 10))
        link(path + "/a/file", path + "/again")
        let sparse = try FileDescriptor.open(path + "/sparse", O_CREAT | O_WRONLY, mode: 0o644)
        ftruncate(sparse.raw, 1 << 30)
        // What is behind a link or a mount is not of the volume.
        symlink("/usr", path + "/usr")
        mkdir(path + "/mounted", 0o755)
        try bindMount("/usr", on: path + "/mounted")
        try file.sync()
        let usage = try await manager.usage(uid: pod.metadata.uid)
        let data = try #require(usage["data"])
        #expect((900 << 10..<1 << 20).contains(Int(data.bytes)), "\(data)")
        #expect(data.inodes == 6, "\(data)")
        #expect(data.limitBytes == 1 << 20 && !data.isOverLimit && !data.isInMemory)
        #expect(usage["other"]?.limitBytes == nil)

        try file.writeAll([UInt8](repeating: 1, count: 200 << 10))
        try file.sync()
        #expect(try await manager.usage(uid: pod.metadata.uid)["data"]?.isOverLimit == true)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(exists("/usr/bin"))
        #expect(try await manager.usage(uid: pod.metadata.uid).isEmpty)
    }
}
