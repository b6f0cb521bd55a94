import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

struct ContainerMountTests {
    private func mounts(
        _ mount: VolumeMount, runtime: Bool = true
    ) async throws -> ContainerMount? {
        let node = try TestNode()
        let pod = makePod([emptyDir("v")]) { $0.spec.containers[0].volumeMounts = [mount] }
        return try await node.manager().mount(pod)
            .mounts(for: pod.spec.containers[0], runtimeMountsRecursivelyReadOnly: runtime).first
    }

    @Test func whatAMountSaysIsHandedOn() async throws {
        let mount = try await mounts(
            VolumeMount(
                name: "v", readOnly: true, mountPath: "x", mountPropagation: .hostToContainer,
                bindMountOptions: ["noexec"]))
        #expect(mount?.volume == "v" && mount?.containerPath == "/x" && mount?.options == ["noexec"])
        #expect(mount?.isReadOnly == true && mount?.isRecursivelyReadOnly == false)
        #expect(mount?.propagation == .hostToContainer)
        #expect(
            try await mounts(VolumeMount(name: "v", mountPath: "/x"))?.propagation
                == MountPropagationMode.none)
    }

    @Test func recursiveReadOnly() async throws {
        func answer(
            _ mode: RecursiveReadOnlyMode?, readOnly: Bool = true, propagation: MountPropagationMode? = nil,
            runtime: Bool = true
        ) async -> String {
            do {
                let mount = try await mounts(
                    VolumeMount(
                        name: "v", readOnly: readOnly, recursiveReadOnly: mode, mountPath: "/x",
                        mountPropagation: propagation), runtime: runtime)
                return "\(mount?.isRecursivelyReadOnly == true)"
            } catch {
                return "\(error)"
            }
        }
        #expect(await answer(nil) == "false")
        #expect(await answer(.disabled, readOnly: false) == "false")
        #expect(await answer(.enabled) == "true")
        #expect(await answer(.ifPossible) == "true")
        #expect(await answer(.ifPossible, runtime: false) == "false")
        let subject =
            "failed to resolve recursive read-only mode: volume \"v\" requested recursive read-only mode, but it is"
        #expect(await answer(.enabled, runtime: false) == "\(subject) not supported by the runtime")
        #expect(await answer(.enabled, readOnly: false) == "\(subject) not read-only")
        #expect(
            await answer(.ifPossible, propagation: .bidirectional)
                == "\(subject) not compatible with propagation \"Bidirectional\"")
        #expect(await answer("Perhaps") == "unknown recursive read-only mode \"Perhaps\"")
    }

    @Test func imagesAreTheRuntimesToMount() async throws {
        let node = try TestNode()
        let pod = makePod([
            Volume(name: "v", image: ImageVolumeSource(reference: "registry/data:1", pullPolicy: .always))
        ]) { $0.spec.containers[0].volumeMounts[0].subPath = "a/b" }
        let mounts = try await node.manager().mount(pod).mounts(for: pod.spec.containers[0])
        #expect(
            mounts == [
                ContainerMount(
                    volume: "v", containerPath: "/v",
                    source: .image(reference: "registry/data:1", pullPolicy: .always, subPath: "a/b"),
                    isReadOnly: true)
            ])
    }

    @Test func aVolumeThatIsNotThere() async throws {
        let node = try TestNode()
        let pod = makePod([]) {
            $0.spec.containers[0].volumeMounts = [VolumeMount(name: "none", mountPath: "/x")]
        }
        let mounts = try await node.manager().mount(pod)
        let error = #expect(throws: VolumeFailure.self) { _ = try mounts.mounts(for: pod.spec.containers[0]) }
        #expect(error?.description == "cannot find volume \"none\" to mount into container \"main\"")
    }

    @Test func thePodsHostsFile() async throws {
        let node = try TestNode()
        let pod = makePod([])
        let container = pod.spec.containers[0]
        let folder = try await node.manager().mount(pod).folder
        var hosts = HostsFile(
            addresses: ["10.1.2.3", "fd00::3"], hostname: "web", domain: "sub.default.svc.cluster.local",
            aliases: [HostAlias(ip: "1.2.3.4", hostnames: ["a.test", "b.test"])])
        let mount = try hosts.mount(for: container, in: folder)
        #expect(mount == ContainerMount(containerPath: "/etc/hosts", source: .path(folder.hostsFile)))
        #expect(
            try read(folder.hostsFile) == """
                # Kubernetes-managed hosts file.
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::0\tip6-localnet
                fe00::0\tip6-mcastprefix
                fe00::1\tip6-allnodes
                fe00::2\tip6-allrouters
                10.1.2.3\tweb.sub.default.svc.cluster.local\tweb
                fd00::3\tweb.sub.default.svc.cluster.local\tweb

                # Entries added by HostAliases.
                1.2.3.4\ta.test\tb.test

                """)
        #expect(try mode(folder.hostsFile) == 0o644)
        // Containers that run have this file mounted.
        let before = try status(folder.hostsFile)
        hosts.addresses = ["10.1.2.4"]
        hosts.domain = ""
        hosts.aliases = []
        _ = try hosts.mount(for: container, in: folder)
        #expect(try read(folder.hostsFile).hasSuffix("ip6-allrouters\n10.1.2.4\tweb\n"))
        #expect(try status(folder.hostsFile).st_ino == before.st_ino)

        hosts.nodeFile = Array("127.0.0.1 node\n".utf8)
        #expect(
            String(decoding: hosts.content, as: UTF8.self)
                == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 node\n")
        var own = container
        own.volumeMounts = [VolumeMount(name: "v", mountPath: "/etc/hosts")]
        #expect(try hosts.mount(for: own, in: folder) == nil)
    }

    @Test func terminationMessages() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        var container = Container(name: "main")
        let folder = try manager.folder(uid: "uid-web")
        #expect(try TerminationMessage.mount(for: container, id: "0", in: folder) == nil)
        container.terminationMessagePath = "/dev/termination-log"
        let mount = try #require(try TerminationMessage.mount(for: container, id: "0", in: folder))
        let path = node.root + "/pods/uid-web/containers/main/0"
        #expect(mount == ContainerMount(containerPath: "/dev/termination-log", source: .path(path)))
        #expect(try mode(path) == 0o666)
        #expect(try TerminationMessage.read(path) == nil)
        try write(path, "why")
        #expect(try TerminationMessage.read(path) == "why")
        try write(path, String(repeating: "a", count: 5000) + "end")
        let message = try #require(try TerminationMessage.read(path))
        #expect(message.utf8.count == 4096 && message.hasSuffix("aend"))
        #expect(try TerminationMessage.read(path + "none") == nil)
        _ = try TerminationMessage.mount(for: container, id: "1", in: folder)
        try TerminationMessage.removeOld(of: "main", besides: ["1"], in: folder)
        #expect(try names(node.root + "/pods/uid-web/containers/main") == ["1"])
        #expect(throws: VolumeFailure.self) {
            _ = try TerminationMessage.mount(for: container, id: "../x", in: folder)
        }
    }
}
