import OCISpec
import Testing

/// One change to a valid configuration, and what is said about it.
struct BadConfiguration: Sendable, CustomTestStringConvertible {
    let message: String
    let change: @Sendable (inout RuntimeSpec) -> Void

    init(_ message: String, _ change: @escaping @Sendable (inout RuntimeSpec) -> Void) {
        self.message = message
        self.change = change
    }

    var testDescription: String { message }

    /// Makes the change to the complete configuration and checks what validation says.
    func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var spec = try decode(completeConfig, as: RuntimeSpec.self)
        change(&spec)
        let error = failure(
            of: { () throws(JSONError) in try spec.validate() }, sourceLocation: sourceLocation)
        #expect(error?.description == message, sourceLocation: sourceLocation)
    }
}

extension RuntimeSpec {
    /// For changes to sections that are there.
    var p: Process {
        get { process! }
        set { process = newValue }
    }
    var l: Linux {
        get { linux! }
        set { linux = newValue }
    }
    mutating func remove(_ kind: Namespace.Kind) { l.namespaces.removeAll { $0.type == kind } }
}

@Suite("What a configuration means")
struct ValidationTests {
    @Test("a valid one passes", arguments: [completeConfig, smallConfig, runcExample])
    func valid(text: String) throws {
        #expect(try decode(text, as: RuntimeSpec.self).validate() == [])
    }

    @Test(
        "general",
        arguments: [
            BadConfiguration(#"ociVersion: expected a version like 1.3.0, found """#) { $0.ociVersion = "" },
            BadConfiguration(#"ociVersion: expected a version like 1.3.0, found "1.0""#) {
                $0.ociVersion = "1.0"
            },
            BadConfiguration(#"ociVersion: expected a version like 1.3.0, found "v1.0.0""#) {
                $0.ociVersion = "v1.0.0"
            },
            BadConfiguration(#"ociVersion: version "2.0.0" is not supported, only 1.x is"#) {
                $0.ociVersion = "2.0.0"
            },
            BadConfiguration(#"ociVersion: version "0.5.0-dev" is not supported, only 1.x is"#) {
                $0.ociVersion = "0.5.0-dev"
            },
            BadConfiguration("process: missing") { $0.process = nil },
            BadConfiguration("root: missing") { $0.root = nil },
            BadConfiguration("root.path: must not be empty") { $0.root?.path = "" },
            BadConfiguration("annotations: a key is empty") { $0.annotations[""] = "x" },
            BadConfiguration("hostname: needs a uts namespace: it would rename the host") { $0.remove(.uts) },
            BadConfiguration("domainname: needs a uts namespace: it would rename the host") {
                $0.hostname = nil
                $0.remove(.uts)
            },
            BadConfiguration("hostname: needs a uts namespace: it would rename the host") { $0.linux = nil },
        ])
    func general(bad: BadConfiguration) throws { try bad.check() }

    @Test(
        "process",
        arguments: [
            BadConfiguration("process.cwd: must not be empty") { $0.p.cwd = "" },
            BadConfiguration(#"process.cwd: must be an absolute path, found "home""#) { $0.p.cwd = "home" },
            BadConfiguration("process.args: must not be empty") { $0.p.args = [] },
            BadConfiguration("process.args[0]: must not be empty") { $0.p.args = ["", "x"] },
            BadConfiguration(#"process.env[1]: expected NAME=value, found "TERM""#) { $0.p.env[1] = "TERM" },
            BadConfiguration(#"process.env[0]: expected NAME=value, found "=x""#) { $0.p.env[0] = "=x" },
            BadConfiguration(
                "process.user.uid: uids and gids must be in range 0-2147483647, found 4294967295"
            ) { $0.p.user.uid = .max },
            BadConfiguration(
                "process.user.gid: uids and gids must be in range 0-2147483647, found 2147483648"
            ) { $0.p.user.gid = 1 << 31 },
            BadConfiguration(
                "process.user.additionalGids[1]: uids and gids must be in range 0-2147483647, found 4294967295"
            ) { $0.p.user.additionalGids = [1 << 31 - 1, .max] },
            BadConfiguration("process.oomScoreAdj: 1001 is out of range, -1000 to 1000") {
                $0.p.oomScoreAdj = 1001
            },
            BadConfiguration("process.oomScoreAdj: -1001 is out of range, -1000 to 1000") {
                $0.p.oomScoreAdj = -1001
            },
            BadConfiguration("process.rlimits[2].type: RLIMIT_NOFILE is given twice") {
                $0.p.rlimits.append(RuntimeSpec.Rlimit(type: .openFiles, hard: 1, soft: 1))
            },
            BadConfiguration("process.rlimits[1].soft: the soft limit 2 is above the hard limit 1") {
                $0.p.rlimits[1] = RuntimeSpec.Rlimit(type: .core, hard: 1, soft: 2)
            },
            BadConfiguration("process.scheduler.nice: 20 is out of range, -20 to 19") {
                $0.p.scheduler?.nice = 20
            },
            BadConfiguration("process.scheduler.nice: -21 is out of range, -20 to 19") {
                $0.p.scheduler?.nice = -21
            },
            BadConfiguration(
                "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one, not SCHED_DEADLINE"
            ) {
                $0.p.scheduler?.priority = 1
            },
            BadConfiguration("process.scheduler.runtime: only SCHED_DEADLINE has one, not SCHED_BATCH") {
                $0.p.scheduler?.policy = .batch
            },
            BadConfiguration("process.scheduler.deadline: only SCHED_DEADLINE has one, not SCHED_FIFO") {
                $0.p.scheduler?.policy = .fifo
                $0.p.scheduler?.runtime = 0
            },
            BadConfiguration("process.scheduler.period: only SCHED_DEADLINE has one, not SCHED_OTHER") {
                $0.p.scheduler?.policy = .other
                $0.p.scheduler?.runtime = 0
                $0.p.scheduler?.deadline = 0
            },
            BadConfiguration("process.ioPriority.priority: 8 is out of range, 0 to 7") {
                $0.p.ioPriority?.priority = 8
            },
            BadConfiguration("process.ioPriority.priority: -1 is out of range, 0 to 7") {
                $0.p.ioPriority?.priority = -1
            },
            BadConfiguration(
                #"process.execCPUAffinity.initial: expected a list of processors like 0-3,7, found "1-""#
            ) { $0.p.execCPUAffinity?.initial = "1-" },
            BadConfiguration(
                #"process.execCPUAffinity.final: expected a list of processors like 0-3,7, found "a""#
            ) { $0.p.execCPUAffinity?.final = "a" },
        ])
    func process(bad: BadConfiguration) throws { try bad.check() }

    @Test(
        "mounts and hooks",
        arguments: [
            BadConfiguration("mounts[0].destination: must not be empty") { $0.mounts[0].destination = "" },
            BadConfiguration("mounts[1].source: missing: a bind mount needs it") {
                $0.mounts[1].source = nil
            },
            BadConfiguration("mounts[1].gidMappings: missing: ids are mapped for both or for neither") {
                $0.mounts[1].gidMappings = []
            },
            BadConfiguration("mounts[1].uidMappings: missing: ids are mapped for both or for neither") {
                $0.mounts[1].uidMappings = []
            },
            BadConfiguration("mounts[1].uidMappings[0].size: must be more than 0") {
                $0.mounts[1].uidMappings[0].size = 0
            },
            BadConfiguration(#"hooks.prestart[0].path: must be an absolute path, found "a""#) {
                $0.hooks.prestart[0].path = "a"
            },
            BadConfiguration(#"hooks.createRuntime[0].path: must be an absolute path, found """#) {
                $0.hooks.createRuntime[0].path = ""
            },
            BadConfiguration(#"hooks.createContainer[1].path: must be an absolute path, found "./x""#) {
                $0.hooks.createContainer.append(RuntimeSpec.Hook(path: "./x"))
            },
            BadConfiguration("hooks.startContainer[0].timeout: must be more than 0 seconds, found 0") {
                $0.hooks.startContainer[0].timeout = 0
            },
            BadConfiguration("hooks.poststart[0].timeout: must be more than 0 seconds, found -3") {
                $0.hooks.poststart[0].timeout = -3
            },
            BadConfiguration(#"hooks.poststop[0].path: must be an absolute path, found "f""#) {
                $0.hooks.poststop[0].path = "f"
            },
        ])
    func mountsAndHooks(bad: BadConfiguration) throws { try bad.check() }

    @Test("a relative destination is a warning")
    func relativeDestination() throws {
        var spec = try decode(smallConfig, as: RuntimeSpec.self)
        spec.mounts = [
            RuntimeSpec.Mount(destination: "/a", type: "tmpfs"),
            RuntimeSpec.Mount(destination: "b\n", type: "tmpfs"),
        ]
        #expect(try spec.validate() == [#"mounts[1].destination: "b\n" is relative, taken from /"#])
    }

    @Test("documents of their own have paths of their own")
    func ownDocuments() throws {
        let process = try decode(#"{"args":["x"],"cwd":"x"}"#, as: RuntimeSpec.Process.self)
        let error = failure { () throws(JSONError) in try process.validate() }
        #expect(error?.description == #"cwd: must be an absolute path, found "x""#)
        let resources = try decode(#"{"unified":{"a/b":"x"}}"#, as: RuntimeSpec.Resources.self)
        let second = failure { () throws(JSONError) in try resources.validate() }
        #expect(second?.description == #"unified["a/b"]: is not the name of a cgroup file"#)
    }
}
