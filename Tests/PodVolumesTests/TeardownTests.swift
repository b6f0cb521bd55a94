import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

struct TeardownTests {
    /// CVE-2017-1002102: what a link in a volume leads to is not removed.
    @Test func linksInVolumesAreRemovedAndNotFollowed() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let outside = node.makeHostFolder("outside")
        try write(outside + "/kept", "host")
        let pod = makePod([emptyDir("data")])
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "empty-dir", "data")
        symlink(outside, path + "/link")
        symlink(outside + "/kept", path + "/file")
        link(outside + "/kept", path + "/hard")
        mkdir(path + "/deep", 0)
        mkfifo(path + "/deep/fifo", 0o600)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(try read(outside + "/kept") == "host")
        #expect(!exists(node.folder(pod)))

        // The volume itself, exchanged for a link by somebody with the rights for it.
        _ = try await manager.mount(pod)
        rmdir(path)
        symlink(outside, path)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(try read(outside + "/kept") == "host")
        #expect(!exists(node.folder(pod)))
    }

    @Test func nothingIsRemovedThroughAMount() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let outside = node.makeHostFolder("outside")
        mkdir(outside + "/inner", 0o755)
        try write(outside + "/kept", "host")
        let pod = makePod([emptyDir("data"), emptyDir("memory", medium: .memory)])
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "empty-dir", "data")
        // As a privileged container with Bidirectional propagation leaves it: mounts in mounts, of odd names.
        for name in ["plain", "with space\\and\nline", "again"] {
            mkdir(path + "/" + name, 0o755)
            try bindMount(outside, on: path + "/" + name)
        }
        try bindMount(outside, on: path + "/again")
        try bindMount(outside, on: path + "/plain/inner")
        try write(path + "/file", "")
        try bindMount(outside + "/kept", on: path + "/file")
        let memory = node.volume(pod, "empty-dir", "memory")
        mkdir(memory + "/m", 0o755)
        try bindMount(outside, on: memory + "/m")
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
        #expect(try read(outside + "/kept") == "host")
        #expect(try names(outside) == ["inner", "kept"])
        #expect(try mountPoints(below: node.root).isEmpty)
    }

    /// A bind mount is a peer of what it was made of: unmounting in it must not unmount on the host.
    @Test func mountsOfTheHostStayMounted() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let shared = node.makeHostFolder("shared")
        if clinux_mount("tmpfs", shared, "tmpfs", 0, "") != 0 { throw KernelError("mount", shared) }
        try setPropagation(shared, .shared, recursive: false)
        mkdir(shared + "/folder", 0o755)
        mkdir(shared + "/folder/disk", 0o755)
        let pod = makePod([Volume(name: "v", hostPath: HostPathVolumeSource(path: shared))]) {
            $0.spec.containers[0].volumeMounts = [
                VolumeMount(
                    name: "v", mountPath: "/x", subPath: "folder", mountPropagation: .bidirectional)
            ]
        }
        let mounts = try await manager.mount(pod).mounts(for: pod.spec.containers[0])
        guard case .path(let seen)? = mounts.first?.source else { throw VolumeFailure("no path") }
        // Mounted on the host later: it shows up in the peer.
        if clinux_mount("tmpfs", shared + "/folder/disk", "tmpfs", 0, "") != 0 {
            throw KernelError("mount", "")
        }
        try write(shared + "/folder/disk/kept", "host")
        #expect(try read(seen + "/disk/kept") == "host")
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(try read(shared + "/folder/disk/kept") == "host")
        #expect(!exists(node.folder(pod)))
    }

    @Test func leftoversOfPodsThatAreGoneAreFound() async throws {
        let node = try TestNode()
        let pods = ["a", "b", "c"].map { makePod($0, [emptyDir("m", medium: .memory)]) }
        for pod in pods { _ = try await node.manager().mount(pod) }
        let next = try node.manager()
        #expect(try next.orphans(known: ["uid-b"]) == ["uid-a", "uid-c"])
        for uid in try next.orphans(known: ["uid-b"]) { try await next.unmount(uid: uid) }
        #expect(try names(node.root + "/pods") == ["uid-b"])
        #expect(try mountPoints(below: node.root).count == 1)
    }

    private func makeDeviceFolder(_ node: TestNode) throws -> String {
        let folder = node.root + "/plugins/kubernetes.io/local-volume/mounts"
        try run("/bin/mkdir", "-p", folder)
        return folder
    }

    /// Files that somebody wrote when no device was mounted, say.
    @Test func whatLiesAmongTheFoldersOfDevicesKeepsNoPod() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let folder = try makeDeviceFolder(node)
        mkdir(folder + "/written", 0o755)
        try write(folder + "/written/file", "data")
        try write(folder + "/plain", "data")
        mkdir(folder + "/left", 0o755)
        let pod = makePod([emptyDir("data")])
        _ = try await manager.mount(pod)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
        try await manager.releaseDevices()
        #expect(try names(folder) == ["plain", "written"])
        #expect(try read(folder + "/written/file") == "data")
    }

    @Test func aFolderOfADeviceThatStaysKeepsNoOther() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let folder = try makeDeviceFolder(node)
        for path in [folder, folder + "/a", folder + "/b"] {
            mkdir(path, 0o755)
            if clinux_mount("tmpfs", path, "tmpfs", 0, "") != 0 { throw KernelError("mount", path) }
        }
        // MS_REMOUNT and MS_RDONLY: no folder can be removed.
        if clinux_mount("tmpfs", folder, "tmpfs", 32 | 1, "") != 0 { throw KernelError("remount", folder) }
        let pod = makePod([emptyDir("data")])
        _ = try await manager.mount(pod)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
        #expect(try mountPoints(below: folder).isEmpty)
        await #expect(throws: KernelError.self) { try await manager.releaseDevices() }
    }

    @Test func treesAsDeepAsContainersLike() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([emptyDir("data")])
        _ = try await manager.mount(pod)
        var folder = try FileDescriptor.open(node.volume(pod, "empty-dir", "data"), O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            mkdirat(folder.raw, "folder", 0o755)
            folder = try folder.openAt("folder", O_RDONLY | O_DIRECTORY)
        }
        #expect(try await manager.usage(uid: pod.metadata.uid)["data"]?.inodes == 3001)
        try await manager.unmount(uid: pod.metadata.uid)
        #expect(!exists(node.folder(pod)))
    }

    /// The agent is killed at a moment that nobody chose, again and again, while it makes and removes a pod's volumes.
    @Test(.timeLimit(.minutes(5))) func whateverItIsKilledAt() async throws {
        let node = try TestNode()
        let outside = node.makeHostFolder("outside")
        mkdir(outside + "/part", 0o755)
        try write(outside + "/part/kept", "host")
        node.objects.set(file: "a", objects: killedObjects())
        let pod = killedPod(outside)
        for round in 0..<15 {
            setenv("SWIFTLET_KILLED_ROOT", node.root, 1)
            setenv("SWIFTLET_KILLED_HOST", outside, 1)
            // Later every time, from the first calls on.
            setenv("SWIFTLET_KILLED_AFTER", "\(round * 700)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
                let objects = FolderObjects()
                objects.set(file: "a", objects: killedObjects())
                let manager = try VolumeManager(root: variable("SWIFTLET_KILLED_ROOT"), sources: objects)
                let pod = killedPod(variable("SWIFTLET_KILLED_HOST"))
                let delay = UInt32(variable("SWIFTLET_KILLED_AFTER")) ?? 0
                Task.detached {
                    usleep(delay)
                    kill(getpid(), SIGKILL)
                }
                while true {
                    _ = try await manager.mount(pod).mounts(for: pod.spec.containers[0])
                    try await manager.unmount(uid: pod.metadata.uid)
                }
            }
            // The next agent goes on with what is there, or takes it away.
            let manager = try node.manager()
            if round % 2 == 0 {
                let mounts = try await manager.mount(pod)
                _ = try mounts.mounts(for: pod.spec.containers[0])
                #expect(try read(node.volume(pod, "secret", "secret") + "/key") == "value")
                #expect(try read(node.volume(pod, "configmap", "config") + "/key") == "value")
                #expect(try names(node.volume(pod, "configmap", "config")).count == 3)
                #expect(try status(node.volume(pod, "empty-dir", "data")).st_gid == 4711)
                #expect(try read(node.folder(pod) + "/volume-subpaths/host/main/3/kept") == "host")
            }
            for uid in try manager.orphans(known: []) { try await manager.unmount(uid: uid) }
            #expect(!exists(node.folder(pod)))
            #expect(try mountPoints(below: node.root).isEmpty)
            #expect(try read(outside + "/part/kept") == "host")
        }
    }
}

private func killedObjects() -> [any KubernetesObject] {
    [configMap("app", ["key": "value"]), secret("s", ["key": "value"])]
}

private func killedPod(_ host: String) -> Pod {
    makePod([
        emptyDir("data"), Volume(name: "config", configMap: ConfigMapVolumeSource(name: "app")),
        Volume(name: "secret", secret: SecretVolumeSource(secretName: "s")),
        Volume(name: "host", hostPath: HostPathVolumeSource(path: host)),
    ]) {
        $0.spec.containers[0].volumeMounts[3].subPath = "part"
        $0.spec.securityContext = PodSecurityContext(fsGroup: 4711)
    }
}
