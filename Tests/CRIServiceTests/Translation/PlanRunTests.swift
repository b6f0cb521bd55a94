import CRIProtocol
import CRIService
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// What the plans say, as programs in containers see it: the runtime makes a pod's namespaces and a container of it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PlanRunTests {
    @Test func aContainerOfAPod() throws {
        let pod = try RunningPod()
        let container = pod.bench
        container.container.linux.securityContext.runAsUser.value = 1000
        container.container.linux.securityContext.supplementalGroups = [4000]
        container.container.linux.securityContext.noNewPrivs = true
        container.container.linux.securityContext.seccomp.profileType = .runtimeDefault
        container.container.linux.securityContext.maskedPaths = ["/proc/kcore", "/proc/timer_list"]
        container.container.linux.securityContext.readonlyPaths = ["/proc/sys"]
        container.container.linux.resources.memoryLimitInBytes = 64 << 20
        container.container.envs = [CRIKeyValue("GREETING", "hello")]
        container.container.devices = [CRIDevice()]
        container.container.devices[0].hostPath = "/dev/null"
        container.container.devices[0].containerPath = "/dev/nothing"
        container.container.mounts = [CRIMount()]
        container.container.mounts[0].hostPath = "\(container.folder)/host/data"
        container.container.mounts[0].containerPath = "/data"
        container.container.mounts[0].readonly = true
        let lines = try pod.run(
            """
            id -u; id -g; id -G; hostname; cat /etc/hostname; echo $GREETING $HOSTNAME
            grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status | tr -s '\\t ' ' '
            wc -c < /proc/timer_list
            (echo x > /data/file) 2>/dev/null || echo read-only
            echo x > /dev/nothing && echo written
            (mount -t tmpfs none /mnt) 2>/dev/null || echo refused
            set -- /proc/[0-9]*; echo $#
            """)
        #expect(
            lines == [
                "1000", "1001", "1001 29 50 4000", "web-0", "web-0", "hello web-0",
                "CapEff: 0000000000000000", "CapBnd: \(pod.standardBounding)", "NoNewPrivs: 1", "Seccomp: 2",
                "0", "read-only", "written", "refused", "1",
            ])
    }

    @Test func aContainerInAUserNamespace() throws {
        let pod = try RunningPod(mapped: true)
        pod.bench.image.volumes = ["/new"]
        let lines = try pod.run(
            """
            id -u; cat /proc/self/uid_map | tr -s ' '; hostname
            touch /new/file && stat -c %u /new /new/file
            (mount -t tmpfs none /mnt) 2>/dev/null || echo refused
            """)
        #expect(lines == ["0", " 0 65536 65536", "web-0", "0", "0", "refused"])
        var status = stat()
        #expect(stat("\(pod.bench.folder)/container/volumes/0/file", &status) == 0)
        #expect(status.st_uid == 65536)
    }

    @Test func aPrivilegedContainer() throws {
        let pod = try RunningPod()
        pod.bench.sandboxConfig.linux.securityContext.privileged = true
        pod.bench.container.linux.securityContext.privileged = true
        let lines = try pod.run(
            """
            mount -t tmpfs none /mnt && echo mounted
            test -c /dev/kmsg && echo kmsg
            grep -c ' /sys sysfs rw' /proc/mounts
            """)
        #expect(lines == ["mounted", "kmsg", "1"])
    }
}

/// A pod whose namespaces are those of a process that the runtime started.
private final class RunningPod {
    let bench: TranslationBench
    private let id: String
    private var parent: String { "/\(id)" }
    private var state: String { "\(bench.folder)/state" }

    init(mapped: Bool = false) throws {
        bench = try TranslationBench()
        id = "plan-test-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
        bench.sandboxConfig.linux.cgroupParent = "/\(id)"
        for name in ["host", "host/data", "pod"] { try bench.make(name) }
        try shell(
            "cp -a \(try Self.rootfs.get())/. \(bench.folder)/root/ && mkdir -p \(bench.folder)/root/mnt")
        try bench.writeUsers()
        try bench.write("pod/hostname", "web-0\n")
        try bench.write("pod/hosts", "127.0.0.1\tlocalhost\n")
        try bench.write("pod/resolv.conf", "")
        try bench.make("pod/shm")
        if mapped {
            try bench.useUserNamespace()
            try shell("chown -R 65536:65536 \(bench.folder)/root \(bench.folder)/pod")
        }
        // The node of the tests may give what it has.
        let facts = try NodeFacts.detect(cgroupDriver: .cgroupfs)
        bench.node = facts
        bench.node.cdiFolders = []
        try startSandbox(mapped: mapped)
    }

    deinit {
        do {
            _ = try oci(["delete", "--force", "\(id)-pod"])
            _ = try oci(["delete", "--force", "\(id)-main"])
            try shell("rmdir /sys/fs/cgroup\(parent) /sys/fs/cgroup/*\(parent) 2>/dev/null; true")
        } catch {
            Issue.record("\(error)")
        }
    }

    /// The capabilities that containers have by default, as /proc shows a set.
    var standardBounding: String {
        // Docker's fourteen, by their numbers.
        let numbers = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]
        let mask = numbers.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let text = String(mask, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private func startSandbox(mapped: Bool) throws {
        var spec = RuntimeSpec()
        spec.process = RuntimeSpec.Process(args: ["/bin/sleep", "100"])
        spec.process?.env = ["PATH=/bin"]
        spec.root = RuntimeSpec.Root(path: "\(bench.folder)/root")
        spec.hostname = "web-0"
        spec.mounts = [RuntimeSpec.Mount(destination: "/proc", type: "proc", source: "proc")]
        var linux = RuntimeSpec.Linux()
        linux.namespaces = [.mount, .pid, .network, .ipc, .uts].map { RuntimeSpec.Namespace($0) }
        if mapped {
            linux.namespaces.append(RuntimeSpec.Namespace(.user))
            linux.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: 65536, size: 65536)]
            linux.gidMappings = linux.uidMappings
        }
        linux.cgroupsPath = "\(parent)/pod"
        spec.linux = linux
        try bench.make("pod/bundle")
        try bench.write("pod/bundle/config.json", String(decoding: spec.json(), as: UTF8.self))
        _ = try oci(["run", "--detach", "--bundle", "\(bench.folder)/pod/bundle", "\(id)-pod"])
        let found = try ContainerState(json: Array(try oci(["state", "\(id)-pod"]).utf8))
        let pid = try #require(found.pid)
        bench.namespaces = [
            .network: "/proc/\(pid)/ns/net", .ipc: "/proc/\(pid)/ns/ipc", .uts: "/proc/\(pid)/ns/uts",
        ]
        if mapped { bench.namespaces[.user] = "/proc/\(pid)/ns/user" }
        bench.files = SandboxFacts.Files(
            resolver: "\(bench.folder)/pod/resolv.conf", hosts: "\(bench.folder)/pod/hosts",
            hostname: "\(bench.folder)/pod/hostname")
        bench.sharedMemory = "\(bench.folder)/pod/shm"
    }

    /// Runs a script in a container of the pod.
    func run(_ script: String) throws -> [String] {
        bench.container.command = ["/bin/sh", "-c", script]
        var spec = try bench.plan().spec
        spec.root?.path = "\(bench.folder)/root"
        try bench.write("container/config.json", String(decoding: spec.json(), as: UTF8.self))
        let output = try oci(["run", "--bundle", "\(bench.folder)/container", "\(id)-main"])
        // The runtime's own warnings, of system calls that its libseccomp does not know, say.
        return output.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("time=") }
    }

    private func oci(_ arguments: [String]) throws -> String {
        try Self.run([try Self.runtime.get(), "--root", state] + arguments)
    }

    private func shell(_ script: String) throws { _ = try Self.run(["/bin/sh", "-c", script]) }

    private static func run(_ words: [String]) throws -> String {
        let command = Command(
            path: words[0], arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            timeout: 60_000)
        let (outcome, output) = try command.run()
        let text = String(decoding: output, as: UTF8.self)
        guard outcome == .ended(.exited(0)) else {
            throw Failure(description: "\(words): \(outcome): \(text)")
        }
        return text
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Beside the tests' program.
    private static let runtime = Result<String, any Error> {
        for path in CommandLine.arguments {
            var folder = path
            while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
                folder = String(folder[..<slash])
                if access("\(folder)/swiftlet-oci", X_OK) == 0 { return "\(folder)/swiftlet-oci" }
            }
        }
        throw Failure(description: "swiftlet-oci is not beside the tests")
    }

    /// The file system of busybox, made when it is missing.
    private static let rootfs = Result<String, any Error> {
        let repository = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let rootfs = "\(repository)/.fixtures/busybox/rootfs"
        if access("\(rootfs)/bin/busybox", F_OK) != 0 {
            _ = try run(["\(repository)/rootfs-fixtures/make", "busybox"])
        }
        return rootfs
    }
}
