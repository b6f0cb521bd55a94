import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import PodNetwork

// From a specification to a pod that is ready for containers.
extension PodEngine {
    /// Makes a sandbox and waits until it is ready.
    /// - Returns: its id.
    /// - Throws: `EngineError`, and what the network or the kernel says. Then nothing is left, or, where something
    ///   could not be undone, a sandbox that is not ready and can be removed.
    public func runSandbox(_ spec: SandboxSpec) async throws -> String {
        let spare = spares.take()
        defer { spares.prepare() }
        let id = spare?.id ?? ContainerStore.newID()
        do {
            try registry.reserve("sandbox " + spec.reservedName, for: id, what: "sandbox")
        } catch {
            spare.map(spares.giveBack)
            throw error
        }
        let record = SandboxRecord(
            id: id, createdAt: nanosecondsSince1970(), bootID: bootID, spec: spec,
            runtime: settings.runtimeName(of: spec.runtimeHandler),
            cgroupParent: spec.cgroupParent.isEmpty
                ? PodCgroup.own(of: id, driver: settings.cgroupDriver).parent : spec.cgroupParent,
            phase: .making, network: spec.network == .pod ? NetworkOfPod(maker: networks.maker) : nil)
        let entry = SandboxEntry(record)
        do {
            try await entry.lock.withLock {
                try await make(entry, spare)
            }
        } catch {
            if registry.has(sandbox: id) {
                await undo(entry, after: error)
            } else {
                // It could not even be put on record: nothing is there.
                registry.free("sandbox " + spec.reservedName, of: id)
            }
            throw error
        }
        events.tell(.created, id, sandbox: id)
        events.tell(.started, id, sandbox: id)
        return id
    }

    /// The pod's network is made beside its shim, which takes as long to start; but where the pod has a user
    /// namespace, which owns the other namespaces, the shim makes all of them first.
    private func make(_ entry: SandboxEntry, _ spare: SpareShims.Spare?) async throws {
        let spec = entry.record.spec
        switch networks.choice {
        case .cni where spec.makesOwnNetwork:
            try await threads.run { [self] in
                try record(entry)
                try networks.makeNamespace(namespaces(entry).network, spec, from: spare?.namespace)
            }
            // They take the longest: what they do not need is made beside them.
            async let addresses = threads.runAlone { [self] in try connectNetwork(entry) }
            try await threads.run { [self] in
                try makeFiles(entry)
                try meet(try beginShim(entry, spare?.shim), entry)
            }
            entry.note(addresses: try await addresses)
        default:
            try await threads.run { [self] in
                try record(entry)
                try makeFiles(entry)
                let shim = try beginShim(entry, spare?.shim)
                let addresses = Result {
                    try spec.makesOwnNetwork ? connectNetwork(entry, from: spare?.namespace) : []
                }
                // Whatever became of the network: who has started a shim has to know it.
                try meet(shim, entry)
                entry.note(addresses: try addresses.get())
                if spec.isCompleteWithShim { try becomeReady(entry, namespaces(entry)) }
            }
            if spec.isCompleteWithShim { return }
        }
        var found = namespaces(entry)
        if spec.sharesProcesses { found.pid = try await sharedProcesses(of: entry) }
        if spec.network == .pod, !spec.makesOwnNetwork {
            let work: @Sendable () throws -> [String] = { [self] in try connectNetwork(entry) }
            let addresses: [String] =
                switch networks.choice {
                case .builtin: try await threads.run(work)
                case .cni: try await threads.runAlone(work)
                }
            entry.note(addresses: addresses)
        }
        try await threads.run { [self, found] in
            if networks.choice == .cni { try nameAddresses(entry) }
            try becomeReady(entry, found)
        }
    }

    private func namespaces(_ entry: SandboxEntry) -> SandboxNamespaces {
        SandboxFiles.namespaces(entry.record.spec, layout.sandbox(entry.id))
    }

    /// On record before anything is made: a start after our end finds what to undo.
    private func record(_ entry: SandboxEntry) throws {
        try database.save(entry.record)
        registry.add(entry)
        try SandboxFiles(folder: layout.sandbox(entry.id), spec: entry.record.spec).makePlaces()
    }

    private func makeFiles(_ entry: SandboxEntry) throws {
        let folder = layout.sandbox(entry.id)
        let record = entry.record
        try SandboxFiles(folder: folder, spec: record.spec).make()
        let pod = podSupervision(record)
        if record.spec.sharesProcesses { try writePodInit(pod, record, folder) }
        try pod.write(in: folder)
    }

    private func beginShim(_ entry: SandboxEntry, _ spare: SpareShim?) throws -> StartingShim {
        if let shim = spare?.begin() { return shim }
        return try ShimLauncher.beginPod(
            id: entry.id, folder: layout.sandbox(entry.id), state: layout.run.state)
    }

    /// Waits for a shim, and connects to it.
    private func meet(_ shim: StartingShim, _ entry: SandboxEntry) throws {
        let pid: Int32
        do { pid = try shim.ready() } catch { throw Self.explained(error, entry.record.spec) }
        entry.state.withLock { $0.shimPID = pid }
        try openConnection(entry)
    }

    /// The shim sets the parameters of the namespaces that it makes. A value that the kernel does not take is the
    /// caller's mistake.
    private static func explained(_ error: any Error, _ spec: SandboxSpec) -> any Error {
        guard let shimError = error as? ShimError, case .notStarted(let line) = shimError,
            spec.sysctls.contains(where: { line.contains("sysctls \($0.key) = \($0.value): ") })
        else { return error }
        return EngineError(.invalid, line)
    }

    private func becomeReady(_ entry: SandboxEntry, _ namespaces: SandboxNamespaces) throws {
        let ready = entry.state.withLock { state in
            state.record.phase = .ready
            state.record.namespaces = namespaces
            return state.record
        }
        try database.save(ready)
    }

    /// The pid namespace of the pod's init.
    private func sharedProcesses(of entry: SandboxEntry) async throws -> String {
        let answer = try await connection(of: entry).call(.podStatus)
        guard case .pod(let status) = answer.answer, let pid = status.initProcess else {
            throw EngineError(.refused, "the init of sandbox \(entry.id) is gone")
        }
        return "/proc/\(pid)/ns/pid"
    }

    /// - Returns: the pod's addresses. Who will have to disconnect it is on record already.
    private func connectNetwork(_ entry: SandboxEntry, from spare: SpareNamespace? = nil) throws -> [String] {
        guard let namespace = namespaces(entry).network else { return [] }
        try registry.claimPorts(of: entry)
        let spec = entry.record.spec
        if networks.choice == .builtin, spec.ingressBandwidth != nil || spec.egressBandwidth != nil {
            logger.warning(
                "the built-in network limits nobody: the pod's annotations of bandwidth have no effect",
                metadata: ["pod": "\(entry.id)"])
        }
        return try networks.connect(
            entry.id, spec, namespace: namespace, from: spare,
            hostsFile: layout.sandbox(entry.id) + "/hosts"
        ).map(\.description)
    }

    /// What the built-in network does itself.
    private func nameAddresses(_ entry: SandboxEntry) throws {
        guard let addresses = entry.record.network?.addresses else { return }
        try HostsFile.set(
            layout.sandbox(entry.id) + "/hosts", addresses: addresses.compactMap { IPAddress($0) },
            names: [entry.record.spec.hostname])
    }

    /// Connects to the sandbox's shim, which may not answer, and hears of what happens in it.
    func connect(_ entry: SandboxEntry) async throws {
        try await threads.runAlone { [self] in try openConnection(entry) }
    }

    private func openConnection(_ entry: SandboxEntry) throws {
        let connection = try ShimConnection(
            state: layout.run.state, shim: entry.id, poller: poller,
            onEvent: { [weak self, weak entry] event in
                guard let self, let entry else { return }
                note(event, of: entry)
            },
            onGone: { [weak self, weak entry] in
                guard let self, let entry else { return }
                Task { await self.shimIsLost(of: entry) }
            })
        entry.state.withLock {
            $0.connection = connection
            $0.shimPID = connection.pid
        }
        registry.containers(of: entry.id).forEach { $0.setHeard(true) }
    }

    private func note(_ event: ShimEvent, of sandbox: SandboxEntry) {
        if event.kind == .initExited {
            // No container can be started any more, and those that ran have ended with it.
            Task { [self] in
                logger.error("the init of a sandbox is gone", metadata: ["pod": "\(sandbox.id)"])
                do { try await stopSandbox(sandbox.id) } catch {
                    logger.error(
                        "a sandbox could not be stopped",
                        metadata: ["pod": "\(sandbox.id)", "error": "\(error)"])
                }
            }
            return
        }
        guard let container = try? registry.container(event.container) else { return }
        container.noteChange()
        container.setHeard(true)
        switch event.kind {
        case .started where container.isFirstStart(): events.tell(.started, container.id, sandbox: sandbox.id)
        case .exited where container.isFirstEnd(): events.tell(.stopped, container.id, sandbox: sandbox.id)
        case .created, .started, .exited, .initExited, .oom, .paused, .resumed, .restarting, .deleted: break
        }
    }

    private func undo(_ entry: SandboxEntry, after error: any Error) async {
        do {
            try await entry.lock.withLock {
                try await takeDown(entry)
                try await forget(entry)
            }
        } catch let second {
            // It stays on record, not ready: whoever asked removes it later.
            logger.error(
                "sandbox \(entry.id) failed and could not be undone",
                metadata: ["pod": "\(entry.id)", "error": "\(error)", "undo": "\(second)"])
            entry.state.withLock { $0.record.phase = .stopped }
        }
    }

    // MARK: The shim's orders

    /// All that the shim has to know follows from the record.
    func podSupervision(_ record: SandboxRecord) -> PodSupervision {
        let spec = record.spec
        let folder = layout.sandbox(record.id)
        let paths = SandboxFiles.namespaces(spec, folder)
        var pod = PodSupervision(id: record.id, cgroup: settings.shimCgroup)
        pod.namespaces = [
            paths.user.map { PodNamespace(.user, path: $0) },
            spec.makesOwnNetwork ? nil : paths.network.map { PodNamespace(.network, path: $0) },
            paths.ipc.map { PodNamespace(.ipc, path: $0) }, paths.uts.map { PodNamespace(.uts, path: $0) },
        ].compactMap(\.self)
        pod.hostname = paths.uts == nil ? nil : spec.hostname
        for (name, value) in spec.sysctls {
            if SandboxSpec.isOfDevice(name) || (spec.makesOwnNetwork && SandboxSpec.isOfNetwork(name)) {
                continue
            }
            pod.sysctls[name] = value
        }
        pod.uidMappings = spec.userMappings.map(\.mapping)
        pod.gidMappings = spec.groupMappings.map(\.mapping)
        if spec.sharesProcesses {
            pod.sharedPID = folder + "/init"
            pod.systemdCgroup = PodCgroup(parent: record.cgroupParent).driver == .systemd
        }
        return pod
    }

    /// The process whose pid namespace the containers share, in a group of its own below the pod's.
    private func writePodInit(_ pod: PodSupervision, _ record: SandboxRecord, _ folder: String) throws {
        try PodInit.writeBundle(
            in: folder + "/init", pod: pod,
            program: try Engine.program("swiftlet-init", for: "a shared pid namespace"),
            cgroupsPath: PodCgroup(parent: record.cgroupParent).cgroupsPath(
                of: PodCgroup.initName(of: record.id)))
    }
}

/// What a sandbox has in its folder.
struct SandboxFiles {
    let folder: String
    let spec: SandboxSpec

    /// Where the pod's namespaces are pinned; nil for those that it shares with the host.
    static func namespaces(_ spec: SandboxSpec, _ folder: String) -> SandboxNamespaces {
        var paths = SandboxNamespaces()
        if spec.network == .pod {
            paths.network = folder + "/ns/net"
            paths.uts = folder + "/ns/uts"
        }
        if !spec.hasHostIPC { paths.ipc = folder + "/ns/ipc" }
        if spec.hasUserNamespace { paths.user = folder + "/ns/user" }
        return paths
    }

    /// Wherever one may be pinned.
    static func allNamespaces(_ folder: String) -> [String] {
        ["net", "uts", "ipc", "user"].map { folder + "/ns/" + $0 }
    }

    static func sharedMemory(_ folder: String) -> String { folder + "/shm" }

    func makePlaces() throws {
        for folder in [folder, folder + "/ns", Self.sharedMemory(folder)] {
            try makeFolders(folder)
        }
    }

    func make() throws {
        for (name, text) in [
            ("hosts", spec.hostsFile), ("hostname", spec.hostnameFile), ("resolv.conf", spec.resolverFile),
        ] {
            let file = try FileDescriptor.open(
                folder + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
            try file.writeAll(text)
            if let label = spec.fileLabel { try file.setContext(label, name: folder + "/" + name) }
            try spec.giveToRoot([folder + "/" + name])
        }
        if !spec.hasHostIPC { try mountSharedMemory() }
    }

    /// All containers of the pod have the same /dev/shm.
    private func mountSharedMemory() throws(KernelError) {
        var options = "mode=1777,size=\(spec.sharedMemorySize)"
        // Root of the pod's user namespace owns it.
        if let owner = spec.userMappings.first { options += ",uid=\(owner.hostID)" }
        if let owner = spec.groupMappings.first { options += ",gid=\(owner.hostID)" }
        // A context has commas of its own.
        if let label = spec.fileLabel { options += ",context=\"\(label)\"" }
        let path = Self.sharedMemory(folder)
        let flags: UInt = 2 | 4 | 8
        _ = try check("mount tmpfs at", path) { mount("shm", path, "tmpfs", flags, options) }
    }

    /// Takes the mounts away; nothing there is no error.
    static func unmount(_ folder: String) throws(KernelError) {
        // Where the pod's network has not taken it along, or another's was made for it.
        try PinnedNamespace.remove(folder + "/ns/net")
        let path = sharedMemory(folder)
        while umount2(path, Int32(MNT_DETACH)) == 0 {}
        if ![.invalidArgument, .noEntry].contains(Errno.current) { throw KernelError("unmount", path) }
    }
}
