import CRIProtocol
import CRIService
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct ContainerProcessTests {
    // MARK: Program

    @Test(
        arguments: [
            (["/entry"], ["image"], [], [], ["/entry", "image"]),
            (["/entry"], ["image"], [], ["arg"], ["/entry", "arg"]),
            (["/entry"], ["image"], ["/command"], [], ["/command"]),
            (["/entry"], ["image"], ["/command"], ["arg"], ["/command", "arg"]),
            ([], ["/bin/sh", "-c"], [], [], ["/bin/sh", "-c"]),
            ([], [], [], ["/bin/true"], ["/bin/true"]),
            ([""], ["/bin/sh"], [], [], ["/bin/sh"]),
        ] as [([String], [String], [String], [String], [String])])
    func commandAndArguments(
        _ entrypoint: [String], _ cmd: [String], _ command: [String], _ args: [String], _ expected: [String]
    ) throws {
        let bench = try TranslationBench()
        bench.image.entrypoint = entrypoint
        bench.image.cmd = cmd
        bench.container.command = command
        bench.container.args = args
        #expect(try bench.plan().spec.process?.args == expected)
    }

    @Test func programsThatAreNone() throws {
        let bench = try TranslationBench()
        bench.image.entrypoint = []
        #expect(
            try bench.refusal().description
                == "config.command: missing, and the image names no program to run")
        bench.container.command = [""]
        #expect(try bench.refusal().description == "config.command: the program's name is empty")
        bench.container.command = ["/bin/echo"]
        bench.container.args = ["a", "b\0c"]
        #expect(try bench.refusal().description == "config.args[1]: contains a NUL character")
    }

    @Test func environment() throws {
        let bench = try TranslationBench()
        bench.image.env = ["PATH=/opt/bin", "A=image", "B=image", "=x", "novalue"]
        bench.container.envs = [CRIKeyValue("A", "cri"), CRIKeyValue("EMPTY", ""), CRIKeyValue("EQ", "a=b")]
        #expect(
            try bench.plan().spec.process?.env
                == ["PATH=/opt/bin", "HOSTNAME=web-0", "A=cri", "B=image", "EMPTY=", "EQ=a=b"])
        bench.container.tty = true
        #expect(try bench.plan().spec.process?.env.contains("TERM=xterm") == true)
    }

    @Test func variablesThatAreNone() throws {
        let bench = try TranslationBench()
        for name in ["", "A=B", "A\0"] {
            bench.container.envs = [CRIKeyValue(name, "x")]
            #expect(
                try bench.refusal().description
                    == "config.envs[0].key: \(JSONError.quoted(name)) is not a variable's name")
        }
        bench.container.envs = [CRIKeyValue("A", "x\0y")]
        #expect(try bench.refusal().description == "config.envs[0].value: A contains a NUL character")
        bench.container.envs = [CRIKeyValue("A", "")]
        bench.container.envs[0].value.append(contentsOf: [0x61, 0xFF])
        let plan = try bench.plan()
        #expect(plan.spec.process?.env.contains("A=a\u{FFFD}") == true)
        #expect(plan.warnings == ["config.envs[0].value: what is no UTF-8 in A is replaced"])
    }

    @Test(
        arguments: [
            ("", nil, "/"), ("", "/srv", "/srv"), ("", "srv", "/srv"), ("/app/", "/srv", "/app"),
        ] as [(String, String?, String)])
    func workingDirectories(_ given: String, _ image: String?, _ expected: String) throws {
        let bench = try TranslationBench()
        bench.container.workingDir = given
        bench.image.workingDir = image
        #expect(try bench.plan().spec.process?.cwd == expected)
    }

    @Test func aRelativeWorkingDirectory() throws {
        let bench = try TranslationBench()
        bench.container.workingDir = "work"
        #expect(try bench.refusal().description == "config.working_dir: \"work\" is not an absolute path")
    }

    // MARK: Streams

    @Test func inputAndTerminal() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().input == .none)
        bench.container.stdin = true
        #expect(try bench.plan().input == .keep)
        bench.container.stdinOnce = true
        #expect(try bench.plan().input == .once)
        #expect(try bench.plan().spec.process?.terminal == false)
        bench.container.tty = true
        #expect(try bench.plan().terminal)
        #expect(try bench.plan().spec.process?.terminal == true)
    }

    @Test func logs() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().logPath == nil)
        bench.container.logPath = "main/0.log"
        #expect(try bench.plan().logPath == "/var/log/pods/web/main/0.log")
        bench.sandboxConfig.logDirectory = ""
        #expect(try bench.plan().logPath == nil)
    }

    /// The log is written by root: a path that leads out of its directory would make it any file of the node's.
    @Test(arguments: ["../../../etc/cron.d/job", "main/../../x", "/etc/passwd", "..", "a\nb"])
    func logsThatEscape(_ path: String) throws {
        let bench = try TranslationBench()
        bench.container.logPath = path
        #expect(
            try bench.refusal().description
                == "config.log_path: \(JSONError.quoted(path)) leads out of the sandbox's log directory")
    }

    @Test func logDirectoriesThatAreWrong() throws {
        let bench = try TranslationBench()
        bench.container.logPath = "0.log"
        for directory in ["logs", "/var/log/../../etc"] {
            bench.sandboxConfig.logDirectory = directory
            #expect(try bench.refusal().description.hasPrefix("sandbox_config.log_directory: "))
        }
        bench.sandboxConfig.logDirectory = "/var/log"
        bench.container.logPath = "."
        #expect(try bench.refusal().description == "config.log_path: \".\" names no file")
    }

    // MARK: Signals

    @Test(
        arguments: [
            (.runtimeDefault, nil, 15), (.runtimeDefault, "SIGQUIT", 3), (.runtimeDefault, "9", 9),
            (.sigusr1, "SIGQUIT", 10), (.sigrtmin, nil, 34), (.sigrtminplus3, nil, 37),
            (.sigrtmaxminus14, nil, 50),
            (.sigrtmax, nil, 64), (.sigiot, nil, 6), (.sigpoll, nil, 29), (.sigcld, nil, 17),
        ] as [(CRISignal, String?, Int32)])
    func stopSignals(_ signal: CRISignal, _ image: String?, _ number: Int32) throws {
        let bench = try TranslationBench()
        bench.container.stopSignal = signal
        bench.image.stopSignal = image
        #expect(try bench.plan().stopSignal == number)
    }

    @Test func everySignalHasANumberAndBack() throws {
        for signal in CRISignal.allCases where signal != .runtimeDefault {
            let number = try #require(StopSignal.number(signal))
            #expect(StopSignal.number(CRISignal(number: number)) == number)
        }
        let bench = try TranslationBench()
        bench.image.stopSignal = "SIGBOGUS"
        #expect(try bench.plan().stopSignal == 15)
        #expect(
            try bench.plan().warnings == ["STOPSIGNAL of the image: 'SIGBOGUS' is unknown; SIGTERM is sent"])
        bench.container.stopSignal = .UNRECOGNIZED(99)
        #expect(try bench.refusal().description == "config.stop_signal: 99 is unknown")
    }

    // MARK: Namespaces and groups

    @Test func namespacesOfThePod() throws {
        let spec = try TranslationBench().plan().spec
        #expect(spec.namespace(.network)?.path == "/run/pod/net")
        #expect(spec.namespace(.ipc)?.path == "/run/pod/ipc")
        #expect(spec.namespace(.uts)?.path == "/run/pod/uts")
        #expect(spec.namespace(.mount) == RuntimeSpec.Namespace(.mount))
        #expect(spec.namespace(.pid) == RuntimeSpec.Namespace(.pid))
        #expect(spec.namespace(.user) == nil)
        #expect(spec.hostname == nil)
    }

    @Test func pidNamespaces() throws {
        let bench = try TranslationBench()
        bench.sandboxConfig.linux.securityContext.namespaceOptions.pid = .node
        for mode in [CRINamespaceMode.node, .pod] {
            bench.container.linux.securityContext.namespaceOptions.pid = mode
            #expect(try bench.plan().spec.namespace(.pid) == nil)
            #expect(try bench.plan().warnings.isEmpty)
        }
        bench.sandboxConfig = TranslationBench.sandboxConfig

        bench.container.linux.securityContext.namespaceOptions.pid = .target
        #expect(
            try bench.refusal().description
                == "config.linux.security_context.namespace_options.target_id: missing: pid TARGET needs it")
        bench.container.linux.securityContext.namespaceOptions.targetID = "nobody"
        #expect(try bench.refusal().kind == .notFound)
        bench.container.linux.securityContext.namespaceOptions.targetID = "other"
        #expect(try bench.plan().spec.namespace(.pid)?.path == "/proc/77/ns/pid")

        bench.container.linux.securityContext.namespaceOptions.pid = .pod
        #expect(try bench.plan().spec.namespace(.pid) == RuntimeSpec.Namespace(.pid))
        #expect(try bench.plan().warnings.count == 1)
        bench.namespaces[.pid] = "/run/pod/pid"
        #expect(try bench.plan().spec.namespace(.pid)?.path == "/run/pod/pid")
    }

    @Test func namespacesThatThePodDoesNotHave() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.namespaceOptions.network = .node
        #expect(
            try bench.refusal().description
                == "config.linux.security_context.namespace_options.network: is NODE, but the sandbox has a namespace of its own"
        )
        bench.namespaces[.network] = nil
        #expect(try bench.plan().spec.namespace(.network) == nil)

        bench.container.linux.securityContext.namespaceOptions.pid = .node
        for mode in [CRINamespaceMode.pod, .container] {
            bench.sandboxConfig.linux.securityContext.namespaceOptions.pid = mode
            #expect(
                try bench.refusal().description
                    == "config.linux.security_context.namespace_options.pid: is NODE, but the sandbox has a namespace of its own"
            )
        }
    }

    @Test func userNamespaces() throws {
        let bench = try TranslationBench()
        try bench.useUserNamespace()
        let spec = try bench.plan().spec
        #expect(spec.namespace(.user)?.path == "/run/pod/user")
        #expect(
            spec.linux?.uidMappings == [RuntimeSpec.IDMapping(containerID: 0, hostID: 65536, size: 65536)])
        bench.container.linux.securityContext.namespaceOptions.usernsOptions.uids = [
            CRIIDMapping(0, 1, 65536)
        ]
        #expect(
            try bench.refusal().description
                == "config.linux.security_context.namespace_options.userns_options: differs from the sandbox's"
        )
    }

    @Test func groupsOfContainers() throws {
        let bench = try TranslationBench()
        #expect(try bench.plan().spec.linux?.cgroupsPath == "/kubepods/podu-1/c1")
        bench.node.cgroupDriver = .systemd
        bench.sandboxConfig.linux.cgroupParent = "/kubepods.slice/kubepods-podu1.slice"
        #expect(try bench.plan().spec.linux?.cgroupsPath == "kubepods-podu1.slice:cri-swiftlet:c1")
    }

    // MARK: Annotations

    @Test func annotations() throws {
        let bench = try TranslationBench()
        bench.container.annotations = [
            "io.kubernetes.container.hash": "1", "io.kubernetes.cri.sandbox-id": "another",
        ]
        bench.sandboxConfig.annotations = [
            "run.oci.handler": "x", "dev.gvisor.spec.mount": "y", "io.katacontainers.a": "z",
        ]
        bench.passedAnnotations.pod = ["dev.gvisor.*", "io.katacontainers"]
        let annotations = try bench.plan().spec.annotations
        #expect(
            annotations == [
                "dev.gvisor.spec.mount": "y",
                "io.kubernetes.container.hash": "1",
                "io.kubernetes.cri.container-name": "main",
                "io.kubernetes.cri.container-type": "container",
                "io.kubernetes.cri.image-name": "docker.io/library/web:1",
                "io.kubernetes.cri.sandbox-id": "pod1",
                "io.kubernetes.cri.sandbox-name": "web",
                "io.kubernetes.cri.sandbox-namespace": "shop",
                "io.kubernetes.cri.sandbox-uid": "u-1",
            ])
    }

    @Test func annotationsThatARuntimeGetsToSee() throws {
        let bench = try TranslationBench()
        bench.container.annotations = ["a": "1", "b/one": "2", "b/two": "3", "": "4"]
        bench.sandboxConfig.annotations = ["a": "5", "c": "6", "d.one": "7", "d": "8"]
        func seen(pod: [String] = [], container: [String]) throws -> [String: String] {
            bench.passedAnnotations.pod = pod
            bench.passedAnnotations.container = container
            var seen: [String: String] = [:]
            for (key, value) in try bench.plan().spec.annotations
            where !key.hasPrefix("io.kubernetes.cri.") {
                seen[key] = value
            }
            return seen
        }
        #expect(try seen(container: ["*"]) == ["a": "1", "b/one": "2", "b/two": "3"])
        #expect(try seen(container: ["b/*"]) == ["b/one": "2", "b/two": "3"])
        #expect(try seen(container: ["b/one", "b"]) == ["b/one": "2"])
        #expect(try seen(container: []) == [:])
        #expect(try seen(pod: ["*"], container: []) == ["a": "5", "c": "6", "d.one": "7", "d": "8"])
        #expect(try seen(pod: ["a", "d.*"], container: ["*"])["a"] == "1")
        #expect(try seen(pod: ["a", "d.*"], container: []) == ["a": "5", "d.one": "7"])
    }

    @Test func metadataIsNeeded() throws {
        let bench = try TranslationBench()
        bench.container.metadata.name = ""
        #expect(try bench.refusal().description == "config.metadata.name: must not be empty")
        bench.container.clearMetadata()
        #expect(try bench.refusal().description == "config.metadata: missing")
    }
}
