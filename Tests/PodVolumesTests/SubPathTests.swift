import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Synchronization
import Testing

struct SubPathTests {
    /// A pod with one volume, and what a container sees of it with a mount.
    private func mount(
        _ node: TestNode, _ volume: Volume, _ mount: VolumeMount, environment: [String: String] = [:]
    ) async throws -> String {
        let pod = makePod([volume]) { $0.spec.containers[0].volumeMounts = [mount] }
        let mounts = try await node.manager().mount(pod).mounts(
            for: pod.spec.containers[0], environment: environment)
        guard case .path(let path)? = mounts.first?.source else { throw VolumeFailure("no path: \(mounts)") }
        return path
    }

    private func reason(_ node: TestNode, _ volume: Volume, _ mount: VolumeMount) async -> String {
        do {
            return "no error: \(try await self.mount(node, volume, mount))"
        } catch {
            return "\(error)"
        }
    }

    private func hostVolume(_ node: TestNode) -> Volume {
        Volume(name: "v", hostPath: HostPathVolumeSource(path: node.makeHostFolder("volume")))
    }

    private func part(_ path: String) -> VolumeMount {
        VolumeMount(name: "v", mountPath: "/x", subPath: path)
    }

    @Test func filesAndFoldersAreMountedByThemselves() async throws {
        let node = try TestNode()
        let volume = hostVolume(node)
        mkdir(node.host + "/volume/folder", 0o755)
        try write(node.host + "/volume/folder/file", "here")
        let folder = try await mount(node, volume, part("folder"))
        #expect(folder == node.root + "/pods/uid-web/volume-subpaths/v/main/0")
        #expect(try read(folder + "/file") == "here")
        // A file now, at the same place.
        let file = try await mount(node, volume, part("folder/file"))
        #expect(file == folder)
        #expect(try read(file) == "here")
        #expect(try mountPoints(below: node.root).count == 1)
        try await node.manager().unmount(uid: "uid-web")
        #expect(try read(node.host + "/volume/folder/file") == "here")
        #expect(!exists(node.root + "/pods/uid-web"))
    }

    @Test func whatIsMissingIsMadeWithTheVolumesMode() async throws {
        let node = try TestNode()
        let pod = makePod([emptyDir("v")]) {
            $0.spec.containers[0].volumeMounts = [part("a/b")]
            $0.spec.securityContext = PodSecurityContext(fsGroup: 4711)
        }
        let mounts = try await node.manager().mount(pod)
        _ = try mounts.mounts(for: pod.spec.containers[0])
        let path = node.volume(pod, "empty-dir", "v")
        for folder in ["/a", "/a/b"] {
            #expect(try mode(path + folder) == 0o2777)
            #expect(try status(path + folder).st_gid == 4711)
        }
    }

    @Test func aContainerThatStartsAgainSeesWhatHasTheNameNow() async throws {
        let node = try TestNode()
        node.objects.set(file: "a", objects: [configMap("app", ["file": "old"])])
        let manager = try node.manager()
        let pod = makePod([Volume(name: "v", configMap: ConfigMapVolumeSource(name: "app"))]) {
            $0.spec.containers[0].volumeMounts = [part("file")]
        }
        let mounts = try await manager.mount(pod)
        let first = try mounts.mounts(for: pod.spec.containers[0])
        #expect(first == (try mounts.mounts(for: pod.spec.containers[0])))
        let path = node.root + "/pods/uid-web/volume-subpaths/v/main/0"
        #expect(first[0].source == .path(path) && first[0].isReadOnly)
        node.objects.set(file: "a", objects: [configMap("app", ["file": "new"])])
        #expect(try await manager.update(pod))
        // A container that runs keeps its file, as everywhere in Kubernetes.
        #expect(try read(path) == "old")
        _ = try mounts.mounts(for: pod.spec.containers[0])
        #expect(try read(path) == "new")
        #expect(try mountPoints(below: node.root).count == 1)
    }

    @Test func aSubPathOfNothingBecomesAFileWhenItsKeyComes() async throws {
        let node = try TestNode()
        node.objects.set(file: "a", objects: [configMap("app", [:])])
        let manager = try node.manager()
        let pod = makePod([Volume(name: "v", configMap: ConfigMapVolumeSource(name: "app"))]) {
            $0.spec.containers[0].volumeMounts = [part("file")]
        }
        let mounts = try await manager.mount(pod)
        _ = try mounts.mounts(for: pod.spec.containers[0])
        node.objects.set(file: "a", objects: [configMap("app", ["file": "new"])])
        #expect(try await manager.update(pod))
        _ = try mounts.mounts(for: pod.spec.containers[0])
        #expect(try read(node.root + "/pods/uid-web/volume-subpaths/v/main/0") == "new")
    }

    @Test func expressionsAreExpandedWithTheContainersEnvironment() async throws {
        let node = try TestNode()
        let volume = hostVolume(node)
        func expression(_ text: String) -> VolumeMount {
            VolumeMount(name: "v", mountPath: "/x", subPathExpr: text)
        }
        _ = try await mount(
            node, volume, expression("logs/$(POD)-$$(POD)"), environment: ["POD": "web"])
        #expect(exists(node.host + "/volume/logs/web-$(POD)"))
        #expect(
            await reason(node, volume, expression("$(NONE)"))
                == "cannot expand subPathExpr of volumeMount \"v\": missing value for \"NONE\"")
        let up = await failure {
            _ = try await mount(node, volume, expression("$(POD)"), environment: ["POD": "../up"])
        }
        #expect(up == "unable to provision SubPath `../up`: must not contain '..'")
        for text in ["$(POD)", "logs/$(POD)"] {
            let empty = await failure {
                _ = try await mount(node, volume, expression(text), environment: ["POD": ""])
            }
            #expect(empty == "cannot expand subPathExpr of volumeMount \"v\": missing value for \"POD\"")
        }
        let absolute = await failure {
            _ = try await mount(node, volume, expression("$(POD)"), environment: ["POD": "/etc"])
        }
        #expect(absolute == "error SubPath `/etc` must not be an absolute path")
    }

    @Test(arguments: [
        ("a $(X) b", "a 1 b"), ("$$(X)", "$(X)"), ("$(Y)", "$(Y)"), ("$(X", "$(X"), ("$", "$"), ("$X", "$X"),
        ("$$$(X)$$", "$1$"), ("$()", "$()"), ("$(X)$(X)", "11"),
    ])
    func expansion(_ text: String, _ expected: String) {
        #expect(VariableExpansion.expand(text) { $0 == "X" ? "1" : nil } == expected)
    }

    // MARK: Attacks

    /// CVE-2017-1002101: a link in the volume that leads out of it.
    @Test(arguments: ["/", "/etc", "../../../../../../../../etc", "../secret", "/proc/self/root/etc"])
    func linksDoNotLeadOut(_ target: String) async throws {
        let node = try TestNode()
        let volume = hostVolume(node)
        node.makeHostFolder("secret")
        try write(node.host + "/secret/passwd", "host")
        symlink(target, node.host + "/volume/link")
        for path in ["link", "link/passwd", "link/secret/passwd"] {
            guard let seen = try? await mount(node, volume, part(path)) else { continue }
            // What is there at all lies in the volume.
            #expect(!exists(seen + "/passwd"), "\(target), \(path)")
            #expect(!exists(seen + "/hostname"), "\(target), \(path)")
            #expect((try? read(seen))?.contains("host") != true, "\(target), \(path)")
        }
        #expect(try names(node.host + "/secret") == ["passwd"])
        try await node.manager().unmount(uid: "uid-web")
        #expect(linkTarget(node.host + "/volume/link") == target)
    }

    /// CVE-2021-25741: a container exchanges a folder for a link while the path is looked up.
    @Test func exchangedFoldersDoNotLeadOut() async throws {
        let node = try TestNode()
        let volume = hostVolume(node)
        let outside = node.makeHostFolder("outside")
        mkdir(outside + "/part", 0o755)
        try write(outside + "/part/secret", "host")
        mkdir(node.host + "/volume/swap", 0o755)
        mkdir(node.host + "/volume/swap/part", 0o755)
        try write(node.host + "/volume/swap/part/inside", "")
        symlink("../outside", node.host + "/volume/link")
        let (swap, link) = (node.host + "/volume/swap", node.host + "/volume/link")
        let isDone = Mutex(false)
        let exchanges = Mutex(0)
        let attacker = Task.detached {
            while !isDone.withLock({ $0 }) {
                // RENAME_EXCHANGE: in one step.
                if renameat2(AT_FDCWD, swap, AT_FDCWD, link, 2) == 0 { exchanges.withLock { $0 += 1 } }
            }
        }
        let pod = makePod([volume]) { $0.spec.containers[0].volumeMounts = [part("swap/part")] }
        let mounts = try await node.manager().mount(pod)
        var (attempts, inside) = (0, 0)
        let start = time(nil)
        while (attempts < 2000 || exchanges.withLock({ $0 }) < 2000 || inside < 100), time(nil) < start + 60 {
            attempts += 1
            guard let seen = try? mounts.mounts(for: pod.spec.containers[0]).first?.source,
                case .path(let path) = seen
            else { continue }
            #expect(!exists(path + "/secret"))
            if exists(path + "/inside") { inside += 1 }
            // So that it is looked up and mounted anew.
            umount2(path, Int32(MNT_DETACH))
        }
        isDone.withLock { $0 = true }
        await attacker.value
        let done = exchanges.withLock { $0 }
        #expect(done >= 2000 && inside >= 100, "\(done) exchanges, \(attempts) attempts, \(inside) successes")
        #expect(try names(outside) == ["part"])
        try await node.manager().unmount(uid: "uid-web")
        #expect(try read(outside + "/part/secret") == "host")
    }

    @Test func namesAreNoPaths() async throws {
        let node = try TestNode()
        #expect(
            await reason(node, hostVolume(node), part("../x"))
                == "unable to provision SubPath `../x`: must not contain '..'")
        #expect(
            await reason(node, hostVolume(node), part("/x"))
                == "error SubPath `/x` must not be an absolute path")
        let pod = makePod([emptyDir("v")]) { $0.metadata.uid = "../../etc" }
        await #expect(throws: VolumeFailure.self) { _ = try await node.manager().mount(pod) }
        await #expect(throws: VolumeFailure.self) { try await node.manager().unmount(uid: "..") }
        await #expect(throws: VolumeFailure.self) { try await node.manager().unmount(uid: "") }
        let odd = makePod([emptyDir("v")]) {
            $0.spec.containers[0].name = "../x"
            $0.spec.containers[0].volumeMounts[0].subPath = "a"
        }
        let mounts = try await node.manager().mount(odd)
        #expect(throws: VolumeFailure.self) { _ = try mounts.mounts(for: odd.spec.containers[0]) }
    }
}
