import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

struct LocalVolumeTests {
    /// A claim `data` that is bound to the volume `disk`, which is the host's folder `disk`.
    private func set(
        _ node: TestNode, volume change: (inout PersistentVolume) -> Void = { _ in },
        claim changeClaim: (inout PersistentVolumeClaim) -> Void = { _ in }
    ) {
        var volume = PersistentVolume()
        volume.metadata.name = "disk"
        volume.spec.accessModes = [.readWriteOnce, .readWriteOncePod]
        volume.spec.local = LocalVolumeSource(path: node.makeHostFolder("disk"))
        volume.spec.nodeAffinity = VolumeNodeAffinity(
            required: NodeSelector(nodeSelectorTerms: [
                NodeSelectorTerm(matchExpressions: [
                    NodeSelectorRequirement(key: "kubernetes.io/hostname", operator: .in, values: ["here"])
                ])
            ]))
        change(&volume)
        var claim = PersistentVolumeClaim()
        claim.metadata.name = "data"
        claim.spec.accessModes = [.readWriteOnce]
        claim.spec.volumeName = "disk"
        changeClaim(&claim)
        node.objects.set(file: "volumes", objects: [volume, claim])
    }

    private func pod(_ name: String = "web", readOnly: Bool = false, _ change: (inout Pod) -> Void = { _ in })
        -> Pod
    {
        makePod(
            name,
            [
                Volume(
                    name: "v",
                    persistentVolumeClaim: PersistentVolumeClaimVolumeSource(
                        claimName: "data", readOnly: readOnly))
            ], change: change)
    }

    @Test func whatIsOnItOutlivesThePod() async throws {
        let node = try TestNode()
        set(node)
        let manager = try node.manager(NodeFacts(labels: ["kubernetes.io/hostname": "here"]))
        let mounts = try await manager.mount(pod())
        let path = node.volume(pod(), "local-volume", "disk")
        #expect(mounts.volumes["v"]?.source == .path(path))
        try write(path + "/file", "data")
        #expect(try read(node.host + "/disk/file") == "data")
        _ = try await node.manager().mount(pod())
        #expect(try mountPoints(below: node.root).count == 1)
        try await manager.unmount(uid: "uid-web")
        #expect(try read(node.host + "/disk/file") == "data")
        #expect(!exists(node.folder(pod())))
    }

    @Test func errorsAreTheKubelets() async throws {
        let node = try TestNode()
        let manager = try node.manager(NodeFacts(labels: ["kubernetes.io/hostname": "here"]))
        func reason(_ pod: Pod? = nil) async -> String {
            await failure { _ = try await manager.mount(pod ?? self.pod()) }
        }
        let prefix = "error processing PVC default/data: "
        #expect(
            await reason()
                == prefix + "failed to fetch PVC from API server: persistentvolumeclaims \"data\" not found")
        set(node) { _ in
        } claim: {
            $0.spec.volumeName = ""
        }
        #expect(await reason() == prefix + "PVC is not bound")
        set(node) { _ in
        } claim: {
            $0.status.phase = .pending
        }
        #expect(await reason() == prefix + "PVC is not bound")
        set(node) { _ in
        } claim: {
            $0.metadata.deletionTimestamp = .now
        }
        #expect(await reason() == prefix + "PVC is being deleted")
        set(node) { _ in
        } claim: {
            $0.spec.volumeName = "none"
        }
        #expect(
            await reason()
                == prefix + "failed to fetch PV none from API server: persistentvolumes \"none\" not found")
        set(node) { $0.spec.claimRef = ObjectReference(namespace: "default", name: "other") }
        #expect(await reason() == prefix + "PV disk is bound to another claim: default/other")
        set(node) { _ in
        } claim: {
            $0.spec.accessModes = [.readWriteMany]
        }
        #expect(await reason() == "volume \"disk\" does not offer the access mode ReadWriteMany of its claim")
        set(node) { $0.spec.volumeMode = .block }
        #expect(await reason() == "volume v has volumeMode Block, but is specified in volumeMounts")
        set(node) {
            $0.spec.nodeAffinity?.required?.nodeSelectorTerms[0].matchExpressions[0].values = ["there"]
        }
        #expect(await reason() == "no matching NodeSelectorTerms")
        set(node) { $0.spec.local?.path = node.host + "/none" }
        #expect(await reason() == "path \"\(node.host)/none\" does not exist")
        set(node) { $0.spec.local?.path = "/tmp/../etc" }
        #expect(await reason() == "invalid path: /tmp/../etc: must be absolute and must not contain '..'")
        set(node) {
            $0.spec.local = nil
            $0.spec.nfs = NFSVolumeSource(server: "s", path: "/")
        }
        #expect(
            await reason() == "volume type nfs of persistent volume \"disk\" is not supported on this node")
        set(node)
        #expect(await reason() == "no error")
    }

    @Test func readOnlyIsReadOnlyOnTheNode() async throws {
        let node = try TestNode()
        set(node)
        let mounts = try await node.manager().mount(pod(readOnly: true))
        #expect(mounts.volumes["v"]?.isReadOnly == true)
        let file = node.volume(pod(), "local-volume", "disk") + "/file"
        #expect(throws: KernelError.self) { try write(file, "") }
    }

    @Test func optionsAreThoseOfTheVolume() async throws {
        let node = try TestNode()
        set(node) { $0.spec.mountOptions = ["noexec", "nosuid,nodiratime", "noatime", "exec", "x-of-mine"] }
        let manager = try node.manager()
        let path = node.volume(pod(), "local-volume", "disk")
        _ = try await manager.mount(pod())
        let options = try #require(try mountOptions(of: path)).mount
        #expect(
            options.isSuperset(of: ["rw", "nosuid", "nodiratime", "noatime"]) && !options.contains("noexec"))
        try await manager.unmount(uid: "uid-web")
        set(node) { $0.spec.mountOptions = ["ro"] }
        #expect(try await manager.mount(pod()).volumes["v"]?.isReadOnly == true)
        #expect(throws: KernelError.self) { try write(path + "/file", "") }
    }

    @Test func oneVolumeOfManyPodsOrOfOne() async throws {
        let node = try TestNode()
        set(node)
        let manager = try node.manager()
        _ = try await manager.mount(pod("a"))
        _ = try await manager.mount(pod("b"))
        set(node) { _ in
        } claim: {
            $0.spec.accessModes = [.readWriteOncePod]
        }
        #expect(
            await failure { _ = try await manager.mount(pod("c")) }
                == "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
        for name in ["a", "b"] { try await manager.unmount(uid: "uid-" + name) }
        _ = try await manager.mount(pod("c"))
        _ = try await manager.mount(pod("c"))
    }

    /// A pod that takes the volume as a device.
    private func taking(_ name: String = "web", readOnly: Bool = false) -> Pod {
        pod(name, readOnly: readOnly) {
            $0.spec.containers[0].volumeMounts = []
            $0.spec.containers[0].volumeDevices = [VolumeDevice(name: "v", devicePath: "/dev/disk")]
        }
    }

    @Test func aBlockDeviceIsHandedOn() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let device = node.host + "/device"
        // Of a loop device that nobody uses: it is only looked at.
        try #require(mknod(device, S_IFBLK | 0o600, 7 << 8 | 200) == 0)
        try #require(symlink(device, node.host + "/link") == 0)
        let change: (inout PersistentVolume) -> Void = {
            $0.spec.volumeMode = .block
            $0.spec.local?.path = node.host + "/link"
        }
        set(node, volume: change)
        for readOnly in [false, true] {
            let pod = taking(readOnly: readOnly)
            let mounts = try await manager.mount(pod)
            #expect(mounts.volumes["v"]?.source == .device(device))
            #expect(
                try mounts.devices(for: pod.spec.containers[0])
                    == [ContainerDevice(hostPath: device, containerPath: "/dev/disk", isReadOnly: readOnly)])
            #expect(try mounts.mounts(for: pod.spec.containers[0]).isEmpty)
        }
        #expect(try mountPoints(below: node.root).isEmpty)
        set(node, volume: change) { $0.spec.accessModes = [.readWriteOncePod] }
        #expect(
            await failure { _ = try await manager.mount(taking("other")) }
                == "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
        try await manager.unmount(uid: "uid-web")
        #expect(!exists(node.folder(taking())))
        _ = try await manager.mount(taking("other"))
        #expect(exists(device))
    }

    @Test func whatIsNoBlockDeviceIsRefused() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        func reason() async -> String { await failure { _ = try await manager.mount(taking()) } }
        set(node)
        #expect(
            await reason() == "volume v has volumeMode Filesystem, but is specified in volumeDevices")
        set(node) { $0.spec.volumeMode = .block }
        #expect(await reason() == "local path \"\(node.host)/disk\" is not a block device")
        set(node) {
            $0.spec.volumeMode = .block
            $0.spec.local?.path = node.host + "/none"
        }
        #expect(await reason() == "path \"\(node.host)/none\" does not exist")
        set(node) {
            $0.spec.volumeMode = .block
            $0.spec.local = nil
            $0.spec.hostPath = HostPathVolumeSource(path: node.host)
        }
        #expect(
            await reason()
                == "volume \"disk\" has volumeMode Block, which only local volumes can have on this node")
    }

    @Test func claimsOfEphemeralVolumesBelongToTheirPod() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        let pod = makePod([Volume(name: "data", ephemeral: EphemeralVolumeSource())])
        set(node) { _ in
        } claim: {
            $0.metadata.name = "web-data"
        }
        #expect(
            await failure { _ = try await manager.mount(pod) }
                == "PVC default/web-data was not created for pod default/web (pod is not owner)")
        set(node) { _ in
        } claim: {
            $0.metadata.name = "web-data"
            $0.metadata.ownerReferences = [
                OwnerReference(apiVersion: "v1", kind: "Pod", name: "web", uid: "uid-web", controller: true)
            ]
        }
        _ = try await manager.mount(pod)
        #expect(exists(node.volume(pod, "local-volume", "disk")))
    }

    private func grouped(_ name: String, _ group: Int64, _ policy: PodFSGroupChangePolicy?) -> Pod {
        pod(name) {
            $0.spec.securityContext = PodSecurityContext(fsGroup: group, fsGroupChangePolicy: policy)
        }
    }

    @Test func theGroupIsPutOntoAllFiles() async throws {
        let node = try TestNode()
        set(node)
        let manager = try node.manager()
        let disk = node.makeHostFolder("disk", mode: 0o700)
        node.makeHostFolder("disk/folder", mode: 0o700)
        try write(disk + "/folder/file", "")
        chmod(disk + "/folder/file", 0o4711)
        try write(node.host + "/outside", "")
        symlink(node.host + "/outside", disk + "/link")
        _ = try await manager.mount(grouped("a", 4711, nil))
        #expect(try mode(disk) == 0o2770 && mode(disk + "/folder") == 0o2770)
        #expect(try mode(disk + "/folder/file") == 0o4771)
        for name in ["", "/folder", "/folder/file"] { #expect(try status(disk + name).st_gid == 4711) }
        #expect(try status(disk + "/link", followLinks: false).st_gid == 4711)
        #expect(try status(node.host + "/outside").st_gid == 0 && mode(node.host + "/outside") == 0o644)

        // Who comes to a volume in use leaves it as it is.
        _ = try await manager.mount(grouped("b", 4712, nil))
        #expect(try status(disk).st_gid == 4711)
        for name in ["a", "b"] { try await manager.unmount(uid: "uid-" + name) }

        // A folder that is as it should be stands for all that is in it, where the pod says so.
        chown(disk + "/folder/file", 0, 0)
        _ = try await manager.mount(grouped("c", 4711, .onRootMismatch))
        #expect(try status(disk + "/folder/file").st_gid == 0)
        try await manager.unmount(uid: "uid-c")
        _ = try await manager.mount(grouped("d", 4711, .always))
        #expect(try status(disk + "/folder/file").st_gid == 4711)
        try await manager.unmount(uid: "uid-d")
        chmod(disk, 0o770)
        chown(disk + "/folder/file", 0, 0)
        _ = try await manager.mount(grouped("e", 4711, .onRootMismatch))
        #expect(try status(disk + "/folder/file").st_gid == 4711)
        #expect(try mode(disk) == 0o2770)
    }
}
