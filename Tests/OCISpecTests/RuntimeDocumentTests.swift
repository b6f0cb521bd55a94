import OCISpec
import Testing

@Suite("The runtime's documents")
struct RuntimeDocumentTests {
    /// Without ambient capabilities, which no process gets that has them not inheritable, too.
    @Test("the example is that of runc, but for version, host name and ambient capabilities")
    func example() throws {
        var expected = try decode(runcExample, as: RuntimeSpec.self)
        expected.ociVersion = "1.3.0"
        expected.hostname = "swiftlet"
        let example = RuntimeSpec.example()
        #expect(example == expected)
        try example.validate()
        let text = try compact(runcExample).replacing("1.0.2-dev", with: "1.3.0")
            .replacing(#""hostname":"runc""#, with: #""hostname":"swiftlet""#)
        #expect(written(example) == text)
        #expect(
            String(decoding: example.json(.tabs), as: UTF8.self).hasPrefix(
                "{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t\"terminal\": true,"))
    }

    @Test("the rootless example too")
    func rootless() throws {
        let example = RuntimeSpec.rootlessExample(uid: 1000, gid: 100)
        try example.validate()
        #expect(try written(example.mounts) == compact(runcRootlessMounts))
        let linux = try #require(example.linux)
        #expect(try written(linux) == compact(runcRootlessLinux))
        #expect(example.process == RuntimeSpec.example().process)
    }

    @Test("on pure cgroup v2 hosts there is a cgroup namespace")
    func cgroupNamespace() {
        #expect(
            RuntimeSpec.example(cgroupNamespace: true).linux?.namespaces.last
                == RuntimeSpec.Namespace(.cgroup))
        #expect(
            RuntimeSpec.rootlessExample(uid: 1, gid: 1, cgroupNamespace: true).linux?.namespaces.map(\.type)
                == [.pid, .ipc, .uts, .mount, .cgroup, .user])
    }

    @Test("state")
    func state() throws {
        let state = ContainerState(
            id: "box", status: .running, pid: 4422, bundle: "/containers/box", annotations: ["k": "v"])
        let text = try compact(
            #"""
            {
              "ociVersion": "1.3.0", "id": "box", "status": "running", "pid": 4422,
              "bundle": "/containers/box", "annotations": {"k": "v"}
            }
            """#)
        #expect(written(state) == text)
        #expect(try decode(text, as: ContainerState.self) == state)

        let stopped = try decode(
            #"{"ociVersion":"1.0.2","id":"a","status":"stopped","pid":0,"bundle":"/b"}"#,
            as: ContainerState.self)
        #expect(stopped.pid == nil && stopped.annotations.isEmpty && stopped.status == .stopped)
        #expect(
            written(stopped)
                == #"{"ociVersion":"1.0.2","id":"a","status":"stopped","bundle":"/b"}"#)
    }

    @Test("state: missing members", arguments: ["ociVersion", "id", "status", "bundle"])
    func incompleteState(member: String) throws {
        let whole = try Tree(#"{"ociVersion":"1.3.0","id":"a","status":"created","pid":1,"bundle":"/b"}"#)
        let text = try #require(whole.replacing([.member(member)], with: nil)).text
        let error = failure { () throws(JSONError) in try decode(text, as: ContainerState.self) }
        #expect(error?.description == "\(member): missing")
    }

    @Test("what a seccomp agent gets")
    func processState() throws {
        let state = ContainerState(id: "box", status: .creating, pid: 7, bundle: "/b")
        let process = ContainerProcessState(fds: ["seccompFd"], pid: 9, metadata: "m", state: state)
        let text = try compact(
            #"""
            {
              "ociVersion": "1.3.0", "fds": ["seccompFd"], "pid": 9, "metadata": "m",
              "state": {
                "ociVersion": "1.3.0", "id": "box", "status": "creating", "pid": 7, "bundle": "/b"
              }
            }
            """#)
        #expect(written(process) == text)
        #expect(try decode(text, as: ContainerProcessState.self) == process)
    }

    @Test("features")
    func features() throws {
        var features = RuntimeFeatures(ociVersionMin: "1.0.0", ociVersionMax: "1.3.0")
        #expect(
            written(features)
                == #"{"ociVersionMin":"1.0.0","ociVersionMax":"1.3.0"}"#)
        features.hooks = ["prestart"]
        features.mountOptions = []
        var linux = RuntimeFeatures.Linux()
        linux.namespaces = RuntimeSpec.Namespace.Kind.words
        linux.capabilities = ["CAP_CHOWN"]
        var cgroup = RuntimeFeatures.Cgroup()
        (cgroup.v1, cgroup.v2, cgroup.systemd, cgroup.systemdUser, cgroup.rdma) = (
            true, true, false, false, true
        )
        linux.cgroup = cgroup
        var seccomp = RuntimeFeatures.Seccomp()
        seccomp.enabled = true
        seccomp.actions = ["SCMP_ACT_ALLOW"]
        seccomp.operators = RuntimeSpec.Seccomp.Operator.words
        seccomp.archs = ["SCMP_ARCH_X86_64"]
        seccomp.knownFlags = RuntimeSpec.Seccomp.Flag.words
        seccomp.supportedFlags = []
        linux.seccomp = seccomp
        linux.apparmor = .init(enabled: true)
        linux.selinux = .init(enabled: nil)
        linux.intelRdt = .init(enabled: true, schemata: true, monitoring: false)
        linux.memoryPolicy = .init(modes: ["MPOL_BIND"], flags: [])
        linux.mountExtensions = .init(idmap: .init(enabled: true))
        linux.netDevices = .init(enabled: true)
        features.linux = linux
        features.annotations = ["org.example.version": "1"]
        features.potentiallyUnsafeConfigAnnotations = ["org.example."]
        let expected = try compact(
            #"""
            {
              "ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "hooks": ["prestart"], "mountOptions": [],
              "linux": {
                "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
                "capabilities": ["CAP_CHOWN"],
                "cgroup": {"v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": true},
                "seccomp": {
                  "enabled": true, "actions": ["SCMP_ACT_ALLOW"],
                  "operators": [
                    "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
                    "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"
                  ],
                  "archs": ["SCMP_ARCH_X86_64"],
                  "knownFlags": [
                    "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
                  ],
                  "supportedFlags": []
                },
                "apparmor": {"enabled": true}, "selinux": {},
                "intelRdt": {"enabled": true, "schemata": true, "monitoring": false},
                "memoryPolicy": {"modes": ["MPOL_BIND"], "flags": []},
                "mountExtensions": {"idmap": {"enabled": true}},
                "netDevices": {"enabled": true}
              },
              "annotations": {"org.example.version": "1"},
              "potentiallyUnsafeConfigAnnotations": ["org.example."]
            }
            """#)
        #expect(written(features) == expected)
    }
}
