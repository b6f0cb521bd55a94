import CRIProtocol
import KubernetesAPI
import PodVolumes

/// What brings a pod up.
extension PodWorker {
    func carryOut(_ plan: PodPlan) async throws {
        if !plan.kills.isEmpty {
            try await kill(plan.kills)
            return
        }
        var hasStopped = false
        for stop in plan.stops {
            try Task.checkCancellation()
            if stop.message.hasPrefix("Container ") {
                services.events.record(
                    .normal, "Killing", stop.message, pod: pod,
                    container: container(named: stop.container.name))
            }
            if await stopContainer(stop.container, grace: stop.grace ?? pod.grace) { hasStopped = true }
        }
        if case .create(let attempt) = plan.sandbox {
            try await prepare()
            try await createSandbox(attempt)
            // What comes next is decided by what is there now.
            wakeup.signal()
            return
        }
        if !plan.starts.isEmpty {
            try await prepare()
            var hasStarted = false
            for start in plan.starts {
                try Task.checkCancellation()
                if await attempt(start) { hasStarted = true }
            }
            if hasStarted || hasStopped { wakeup.signal() }
            // What was made and has failed since has an end to be told of, which the last look did not see.
            if plan.starts.contains(where: { failures[$0.container.name]?.reason.isAfterMaking == true }) {
                try await look()
                publish(currentPlan)
            } else {
                publish(plan)
            }
        } else if !plan.stops.isEmpty {
            if hasStopped { wakeup.signal() }
        } else if mounts == nil {
            // An agent that was started under a running pod: the volumes are there, and are to be kept up to date.
            try await prepare()
        }
        // What was stopped just now is no longer what was seen.
        if plan.stops.isEmpty { try await resize() }
        retries.reset("step")
        try await collect()
        try await refreshVolumes()
    }

    func container(named name: String) -> PodContainer? { pod.everyContainer.first { $0.name == name } }

    // MARK: Before the first container

    /// Folders, groups and volumes: what is there already stays.
    private func prepare() async throws {
        let settings = services.settings
        try AgentFiles.makeFolder(try settings.folder(ofPod: uid), mode: 0o750)
        try AgentFiles.makeFolder(try settings.logFolder(of: pod))
        if cgroupParent == nil {
            do {
                cgroupParent = try await services.resources.prepare(pod)
                groupLimits = AllocatedResources(pod)
            } catch {
                services.events.record(
                    .warning, "FailedCreatePodContainer", "unable to ensure pod container exists: \(error)",
                    pod: pod)
                log.error("\(error)")
                throw ToldError()
            }
        }
        if mounts == nil {
            do {
                mounts = try await services.volumes.mount(pod)
            } catch let error where !(error is CancellationError) {
                services.events.record(.warning, "FailedMount", "\(error)", pod: pod)
                throw ToldError()
            }
        }
    }

    private func sandboxConfiguration(_ attempt: UInt32) throws -> CRIPodSandboxConfig {
        let (resources, overhead) = services.resources.resources(ofPod: pod)
        return try SandboxConfiguration(
            pod: pod, attempt: attempt, settings: services.settings,
            users: try users(),
            cgroupParent: cgroupParent, overhead: overhead, resources: resources
        ).make()
    }

    /// Users of the host that are the pod's own; nil: it has the host's.
    private func users() throws -> UserRange? {
        try services.features.checkUsers(of: pod)
        return try services.users.range(for: pod)
    }

    private func createSandbox(_ attempt: UInt32) async throws {
        // The network of a sandbox that is not ready is torn down before the next one gets the address.
        for sandbox in runtime?.sandboxes ?? [] { try await services.runtime.stopSandbox(sandbox.id) }
        if attempt > 0 {
            services.events.record(
                .normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", pod: pod)
        }
        for problem in services.settings.dns.configuration(for: pod).problems {
            services.events.record(.warning, "DNSConfigForming", problem, pod: pod)
        }
        do {
            services.counters.startsPod()
            let config = try sandboxConfiguration(attempt)
            _ = try await services.runtime.runSandbox(config, handler: pod.spec.runtimeClassName ?? "")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            services.counters.podFailed()
            services.events.record(
                .warning, "FailedCreatePodSandBox", "Failed to create pod sandbox: \(error)", pod: pod)
            throw ToldError()
        }
    }

    // MARK: Containers

    /// - Returns: whether it was started.
    func attempt(_ start: PodPlan.Start) async -> Bool {
        let container = start.container
        let name = container.name
        if let wait = crashWait(start) {
            noteCrashLoop(wait, of: container)
            return false
        }
        if let (end, _) = retries.waitEnd(name, ended: lastFailure[name] ?? .now, now: .now),
            failures[name] != nil
        {
            isDue(at: end)
            return false
        }
        do {
            services.counters.starts(container.role)
            try await self.start(start)
            failures[name] = nil
            retries.reset(name)
            return true
        } catch {
            if Task.isCancelled || error is CancellationError { return false }
            note(error, of: container)
            return false
        }
    }

    /// Until when a container that has ended waits, and how long that wait is as a whole; nil: not at all.
    private func crashWait(_ start: PodPlan.Start) -> (end: ContinuousClock.Instant, wait: Duration)? {
        guard let ended = lastEnd(start) else { return nil }
        return backoff.waitEnd(Self.backoffKey(start.container), ended: ended, now: .now)
    }

    private func noteStart(_ start: PodPlan.Start) {
        guard let ended = lastEnd(start) else { return }
        backoff.next(Self.backoffKey(start.container), ended: ended, now: .now)
    }

    /// When the attempt before ended; nil where there is none.
    private func lastEnd(_ start: PodPlan.Start) -> ContinuousClock.Instant? {
        guard let previous = start.previous, previous.state == .exited else { return nil }
        return backoff.end(
            start.container.name, of: previous.id,
            told: ContinuousClock.Instant(unixNanoseconds: previous.finishedAt))
    }

    /// A container that is defined anew has not failed yet.
    private static func backoffKey(_ container: PodContainer) -> String {
        "\(container.name)/\(container.container.definitionHash)"
    }

    private func noteCrashLoop(
        _ wait: (end: ContinuousClock.Instant, wait: Duration), of container: PodContainer
    ) {
        let name = container.name
        let pod = "\(pod.metadata.name)_\(pod.metadata.namespace)(\(uid))"
        if failures[name]?.reason != .crashLoop {
            services.events.record(
                .warning, "BackOff", "Back-off restarting failed container \(name) in pod \(pod)",
                pod: self.pod, container: container)
        }
        failures[name] = ContainerFailure(
            .crashLoop, "back-off \(wait.wait.formatted) restarting failed container=\(name) pod=\(pod)")
        isDue(at: wait.end)
    }

    private func note(_ error: any Error, of container: PodContainer) {
        let failure = error as? ContainerFailure ?? ContainerFailure(.creation, "\(error)")
        services.counters.failed(container.role, failure.reason)
        failures[container.name] = failure
        lastFailure[container.name] = .now
        retries.next(container.name, now: .now)
        if let (end, _) = retries.waitEnd(container.name, ended: .now, now: .now) { isDue(at: end) }
        switch failure.reason {
        // The puller has told of these.
        case .pull, .pullBackOff, .neverPull, .registry, .signature, .imageName, .inspection: break
        default:
            services.events.record(
                .warning, "Failed", "Error: \(failure.message)", pod: pod, container: container)
        }
    }

    /// - Throws: `ContainerFailure`.
    private func start(_ start: PodPlan.Start) async throws {
        guard let sandbox = runtime?.readySandbox else { return }
        let container = start.container
        let sandboxConfig = try sandboxConfiguration(sandbox.attempt)
        let image = try await ensure(ImageNeed(of: container), sandboxConfig)
        let volumes = try await imageVolumes(of: container, sandboxConfig)
        let config = try await configuration(start, sandbox, image, volumes)
        // Only now: what waits for something else, or for its image, is no start, and must not make the next wait longer.
        noteStart(start)
        let id: String
        do {
            id = try await services.runtime.createContainer(
                in: sandbox.id, config, sandboxConfig: sandboxConfig)
        } catch {
            throw ContainerFailure(.creation, error.message)
        }
        services.events.record(
            .normal, "Created", "Created container: \(container.name)", pod: pod, container: container)
        do {
            try await services.runtime.startContainer(id)
        } catch {
            throw ContainerFailure(.start, error.message)
        }
        services.events.record(
            .normal, "Started", "Started container \(container.name)", pod: pod, container: container)
        try await postStart(start, id, sandbox)
    }

    private func ensure(_ need: ImageNeed, _ sandbox: CRIPodSandboxConfig) async throws -> CRIImage {
        try await services.images.ensure(
            need, of: pod, sandbox: sandbox, handler: pod.spec.runtimeClassName ?? "")
    }

    /// The images that the container's volumes are, by the volumes' names: runtimes mount only what is there.
    private func imageVolumes(
        of container: PodContainer, _ sandbox: CRIPodSandboxConfig
    ) async throws -> [String: CRIImage] {
        let mounted = Set(container.container.volumeMounts.map(\.name))
        var result: [String: CRIImage] = [:]
        for volume in pod.spec.volumes where mounted.contains(volume.name) {
            guard let source = volume.image else { continue }
            result[volume.name] = try await ensure(ImageNeed(source, for: container), sandbox)
        }
        return result
    }

    private func postStart(_ start: PodPlan.Start, _ id: String, _ sandbox: RuntimePod.Sandbox) async throws {
        let container = start.container
        guard let hook = container.container.lifecycle?.postStart else { return }
        let address = (pod.spec.hostNetwork ? services.settings.hostIPs : sandbox.ips).first ?? "127.0.0.1"
        let translation = ProbeTranslation(container: container.container, address: address)
        guard let handler = translation.hook(hook) else { return }
        let answer = await services.prober.once(handler, container: id, timeout: nil)
        try Task.checkCancellation()
        guard !answer.isSuccess else { return }
        services.events.record(
            .warning, "FailedPostStartHook", "PostStartHook failed", pod: pod, container: container)
        log.error("postStart hook of \(container.name): \(answer.message)")
        services.events.record(.normal, "Killing", "FailedPostStartHook", pod: pod, container: container)
        // As for any other reason: with its preStop hook.
        await stopContainer(
            ContainerRecord(
                id: id, name: container.name, attempt: start.attempt, sandbox: sandbox.id, state: .running),
            grace: pod.grace)
        try Task.checkCancellation()
        throw ContainerFailure(.postStart, "PostStartHook failed")
    }

    /// The container, by id, whose processes an ephemeral one sees. Without it, it would see other ones.
    private func target(of container: PodContainer) throws(ContainerFailure) -> String? {
        guard let name = container.target else { return nil }
        guard let record = runtime?.latest(name) else {
            throw ContainerFailure(.configuration, "unable to find target container \(name)")
        }
        return record.id
    }

    private func configuration(
        _ start: PodPlan.Start, _ sandbox: RuntimePod.Sandbox, _ image: CRIImage,
        _ volumes: [String: CRIImage]
    ) async throws -> CRIContainerConfig {
        let settings = services.settings
        let container = start.container.container
        let users = try users()
        let facts = DownwardFacts(
            nodeName: settings.nodeName, hostIPs: settings.hostIPs,
            podIPs: pod.spec.hostNetwork ? settings.hostIPs : sandbox.ips,
            allocatable: services.resources.allocatable)
        let given = try await givenDevices(container)
        let environment = given.environment(
            with: try await ContainerEnvironment.make(
                pod, container, objects: services.objects,
                services: try await services.serviceSource.variables(for: pod), facts: facts, mounts: mounts))
        let target = try target(of: start.container)
        let security = try SecurityTranslation(
            pod: pod, container: container, seccompFolder: settings.seccompFolder,
            isSeccompDefault: settings.kubelet.seccompDefault == true
        ).translate(
            namespaces: NamespaceTranslation.options(pod, users: users, target: target), image: image)
        let values = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        var all: [CRIMount] = []
        var devices: [CRIDevice] = []
        do {
            guard let mounts else {
                throw ContainerFailure(.configuration, "the pod's volumes are not there")
            }
            all = try mounts.mounts(
                for: container, environment: values,
                runtimeMountsRecursivelyReadOnly: services.features.mountsRecursivelyReadOnly(for: pod)
            ).map { CRIMount($0, users: users, image: volumes[$0.volume]) }
            devices = try mounts.devices(for: container).map(CRIDevice.init)
            all += try PodFiles(
                pod: pod, folder: mounts.folder, clusterDomain: settings.kubelet.clusterDomain
            ).mounts(
                for: container, attempt: start.attempt, ips: facts.podIPs, users: users)
        } catch {
            throw ContainerFailure(.configuration, "\(error)")
        }
        var config = ContainerConfiguration(
            pod: pod, container: start.container, attempt: start.attempt, life: start.life,
            settings: settings,
            environment: environment, mounts: all, devices: devices,
            resources: services.resources.resources(of: container, in: pod), security: security,
            imageRef: image.id
        ).make()
        given.add(to: &config)
        return config
    }

    private func givenDevices(_ container: Container) async throws -> GivenDevices {
        do {
            return try await services.devices.devices(for: container, in: pod)
        } catch let error where !(error is CancellationError) {
            throw ContainerFailure(.configuration, "\(error)")
        }
    }
}
