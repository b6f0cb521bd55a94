import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel

// From a specification to a pod that is ready for containers.
extension PodEngine {
    /// Makes a sandbox and waits until it is ready.
    /// - Returns: its id.
    /// - Throws: `EngineError`, and what the network or the kernel says. Then nothing is left, or, where something
    ///   could not be undone, a sandbox that is not ready and can be removed.
    public func runSandbox(_ spec: SandboxSpec) async throws -> String {
        let id = ContainerStore.newID()
        try registry.reserve("sandbox " + spec.reservedName, for: id, what: "sandbox")
        let record = SandboxRecord(
            id: id, createdAt: nanosecondsSince1970(), bootID: bootID, spec: spec,
            cgroupParent: spec.cgroupParent.isEmpty
                ? PodCgroup.own(of: id, driver: settings.cgroupDriver).parent : spec.cgroupParent,
            phase: .making)
        let entry = SandboxEntry(record)
        do {
            try await entry.lock.withLock {
                // On record before anything is made: a start after our end finds what to undo.
                try await threads.run { [database] in try database.save(record) }
                registry.add(entry)
                try await make(entry)
            }
        } catch {
            await undo(entry, after: error)
            throw error
        }
        events.tell(.created, id, sandbox: id)
        events.tell(.started, id, sandbox: id)
        return id
    }

    private func make(_ entry: SandboxEntry) async throws {
        let record = entry.record
        let folder = layout.sandbox(record.id)
        var namespaces = try await threads.run { [self] in
            try SandboxFiles(folder: folder, spec: record.spec).make()
            let supervision = try podSupervision(record, folder)
            try supervision.write(in: folder)
            let pid = try ShimLauncher.launchPod(id: record.id, folder: folder, state: layout.run.state)
            entry.state.withLock { $0.shimPID = pid }
            return SandboxFiles.namespaces(record.spec, folder)
        }
        try await connect(entry)
        if record.spec.sharesProcesses {
            namespaces.pid = try await sharedProcesses(of: entry)
        }
        if record.spec.network == .pod, let namespace = namespaces.network {
            try await connectNetwork(entry, namespace)
        }
        let found = namespaces
        let ready = entry.state.withLock { state in
            state.record.phase = .ready
            state.record.namespaces = found
            return state.record
        }
        try await threads.run { [database] in try database.save(ready) }
    }

    /// The pid namespace of the pod's init.
    private func sharedProcesses(of entry: SandboxEntry) async throws -> String {
        let answer = try await connection(of: entry).call(.podStatus)
        guard case .pod(let status) = answer.answer, let pid = status.initProcess else {
            throw EngineError(.refused, "the init of sandbox \(entry.id) is gone")
        }
        return "/proc/\(pid)/ns/pid"
    }

    private func connectNetwork(_ entry: SandboxEntry, _ namespace: String) async throws {
        let record = entry.state.withLock { state in
            state.record.network = NetworkOfPod(maker: networks.maker)
            return state.record
        }
        let hosts = layout.sandbox(record.id) + "/hosts"
        let work: @Sendable () throws -> [String] = { [networks, database] in
            // Who will have to disconnect it is on record before it is connected.
            try database.save(record)
            return try networks.connect(record.id, record.spec, namespace: namespace, hostsFile: hosts)
                .map(\.description)
        }
        let addresses: [String] =
            switch networks.choice {
            case .builtin: try await threads.run(work)
            case .cni: try await threads.runAlone(work)
            }
        entry.state.withLock { $0.record.network?.addresses = addresses }
    }

    /// Connects to the sandbox's shim and hears of what happens in it.
    func connect(_ entry: SandboxEntry) async throws {
        let connection = try await threads.run { [self] in
            try ShimConnection(
                state: layout.run.state, shim: entry.id, poller: poller,
                onEvent: { [weak self, weak entry] event in
                    guard let self, let entry else { return }
                    note(event, of: entry)
                },
                onGone: { [weak self, weak entry] in
                    guard let self, let entry else { return }
                    Task { await self.shimIsLost(of: entry) }
                })
        }
        entry.state.withLock {
            $0.connection = connection
            $0.shimPID = connection.pid
        }
    }

    private func note(_ event: ShimEvent, of sandbox: SandboxEntry) {
        if event.kind == .initExited {
            // No container can be started any more, and those that ran have ended with it.
            Task { [self] in
                logger.error("the init of a sandbox is gone", metadata: ["sandbox": "\(sandbox.id)"])
                do { try await stopSandbox(sandbox.id) } catch {
                    logger.error(
                        "a sandbox could not be stopped",
                        metadata: ["sandbox": "\(sandbox.id)", "error": "\(error)"])
                }
            }
            return
        }
        guard let container = try? registry.container(event.container) else { return }
        container.noteChange()
        switch event.kind {
        case .started: events.tell(.started, container.id, sandbox: sandbox.id)
        case .exited where container.isFirstEnd(): events.tell(.stopped, container.id, sandbox: sandbox.id)
        case .created, .exited, .initExited, .oom, .paused, .resumed, .restarting, .deleted: break
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
                metadata: ["sandbox": "\(entry.id)", "error": "\(error)", "undo": "\(second)"])
            entry.state.withLock { $0.record.phase = .stopped }
        }
    }

    // MARK: The shim's orders

    private func podSupervision(_ record: SandboxRecord, _ folder: String) throws -> PodSupervision {
        let spec = record.spec
        let paths = SandboxFiles.namespaces(spec, folder)
        var pod = PodSupervision(id: record.id, cgroup: settings.shimCgroup)
        pod.namespaces = [
            paths.user.map { PodNamespace(.user, path: $0) },
            paths.network.map { PodNamespace(.network, path: $0) },
            paths.ipc.map { PodNamespace(.ipc, path: $0) }, paths.uts.map { PodNamespace(.uts, path: $0) },
        ].compactMap(\.self)
        pod.hostname = paths.uts == nil ? nil : spec.hostname
        for (name, value) in spec.sysctls { pod.sysctls[name] = value }
        pod.uidMappings = spec.userMappings.map(\.mapping)
        pod.gidMappings = spec.groupMappings.map(\.mapping)
        if spec.sharesProcesses {
            pod.sharedPID = try podInit(pod, record, folder)
            pod.systemdCgroup = PodCgroup(parent: record.cgroupParent).driver == .systemd
        }
        return pod
    }

    /// The process whose pid namespace the containers share, in a group of its own below the pod's.
    private func podInit(_ pod: PodSupervision, _ record: SandboxRecord, _ folder: String) throws -> String {
        let bundle = folder + "/init"
        try PodInit.writeBundle(
            in: bundle, pod: pod, program: try Engine.program("swiftlet-init", for: "a shared pid namespace"),
            cgroupsPath: PodCgroup(parent: record.cgroupParent).cgroupsPath(of: record.id + "-init"))
        return bundle
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

    static func sharedMemory(_ folder: String) -> String { folder + "/shm" }

    func make() throws {
        for folder in [folder, folder + "/ns", Self.sharedMemory(folder)] { try makeFolders(folder) }
        for (name, text) in [
            ("hosts", spec.hostsFile), ("hostname", spec.hostnameFile), ("resolv.conf", spec.resolverFile),
        ] {
            let file = try FileDescriptor.open(
                folder + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
            try file.writeAll(text)
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
        let path = Self.sharedMemory(folder)
        let flags: UInt = 2 | 4 | 8
        _ = try check("mount tmpfs at", path) { mount("shm", path, "tmpfs", flags, options) }
    }

    /// Takes the mount away; nothing there is no error.
    static func unmount(_ folder: String) throws(KernelError) {
        let path = sharedMemory(folder)
        while umount2(path, Int32(MNT_DETACH)) == 0 {}
        if ![.invalidArgument, .noEntry].contains(Errno.current) { throw KernelError("unmount", path) }
    }
}
