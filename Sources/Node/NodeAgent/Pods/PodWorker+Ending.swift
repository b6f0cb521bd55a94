import KubernetesAPI
import LinuxKernel
import PodProbes

/// What brings a pod down.
extension PodWorker {
    /// Stops all containers, then the sandboxes. Sidecars end after the others, the last one first, in what is left of
    /// the grace period.
    func stopEverything(grace: Int64) async throws {
        services.probes.terminating(uid)
        let deadline = ContinuousClock.now + .seconds(grace)
        let running = runtime?.running ?? []
        let sidecars = pod.initContainers.filter { $0.role == .sidecar }.map(\.name)
        let others = running.filter { !sidecars.contains($0.name) }
        for record in running {
            services.events.record(
                .normal, "Killing", "Stopping container \(record.name)", pod: pod,
                container: container(named: record.name))
        }
        await withTaskGroup(of: Void.self) { group in
            for record in others { group.addTask { _ = await self.stopContainer(record, grace: grace) } }
        }
        for name in sidecars.reversed() {
            let left = max(0, (deadline - .now).components.seconds)
            for record in running where record.name == name {
                await stopContainer(record, grace: min(grace, left))
            }
        }
        try Task.checkCancellation()
        for sandbox in runtime?.sandboxes ?? [] where sandbox.isReady {
            try await services.runtime.stopSandbox(sandbox.id)
        }
    }

    /// Seconds: 34 years. A pod may name more than a clock can count.
    static let longestGrace: Int64 = 1 << 30

    /// Seconds that a program has at least between the stop signal and SIGKILL, unless its pod is to end at once.
    static let shortestGrace: Int64 = 2

    /// With its preStop hook, whose time is part of the grace period.
    /// - Parameter grace: seconds; 0: at once, and without the hook.
    /// - Returns: whether the runtime has done it. One that refuses is asked again a second later.
    @discardableResult
    func stopContainer(_ record: ContainerRecord, grace: Int64, hasHook: Bool = true) async -> Bool {
        // What is below zero, too, is at once: the time of a call must not be negative.
        var grace = min(max(0, grace), Self.longestGrace)
        if grace > 0, hasHook, let hook = hook(of: record) {
            let start = ContinuousClock.now
            let answer = await services.prober.once(hook, container: record.id, timeout: .seconds(grace))
            if Task.isCancelled { return false }
            if !answer.isSuccess {
                services.events.record(
                    .warning, "FailedPreStopHook", "PreStopHook failed", pod: pod,
                    container: container(named: record.name))
                log.error("preStop hook of \(record.name): \(answer.message)")
            }
            // A hook that took it all leaves the program two seconds (Container lifecycle hooks).
            grace = max(Self.shortestGrace, grace - (ContinuousClock.now - start).components.seconds)
        }
        do {
            try await services.runtime.stopContainer(record.id, grace: grace)
            return true
        } catch {
            if Task.isCancelled { return false }
            services.events.record(
                .warning, "FailedKillPod", "error killing container \(record.name): \(error)", pod: pod)
            isDue(at: .now + .seconds(1))
            return false
        }
    }

    /// Ends what is of an earlier life of the pod, all of it at once, without hooks and grace periods (Pod lifecycle,
    /// "Restart All Containers").
    func kill(_ records: [ContainerRecord]) async throws {
        for record in records {
            services.events.record(
                .normal, "Killing", "Stopping container \(record.name)", pod: pod,
                container: container(named: record.name))
        }
        let areStopped = await withTaskGroup(of: Bool.self) { group in
            for record in records {
                group.addTask { await self.stopContainer(record, grace: Self.shortestGrace, hasHook: false) }
            }
            var areStopped = true
            for await isStopped in group where !isStopped { areStopped = false }
            return areStopped
        }
        try Task.checkCancellation()
        if areStopped { wakeup.signal() }
    }

    private func hook(of record: ContainerRecord) -> PodProbes.ProbeHandler? {
        let container = container(named: record.name)?.container ?? Container(remainsOf: record)
        guard let hook = container.lifecycle?.preStop else { return nil }
        let address = (pod.spec.hostNetwork ? services.settings.hostIPs : runtime?.readySandbox?.ips ?? [])
            .first
        return ProbeTranslation(container: container, address: address ?? "127.0.0.1").hook(hook)
    }

    // MARK: What a pod that has ended holds

    /// Volumes and groups.
    func release() async throws {
        services.probes.forget(uid)
        mounts = nil
        try await services.volumes.unmount(uid: uid)
        try await services.resources.remove(uid)
        cgroupParent = nil
        groupLimits = nil
    }

    /// Everything: containers, sandboxes, volumes, groups, logs and files.
    func removeEverything() async throws {
        for id in logLinks.keys { unlinkLog(of: id) }
        for record in runtime?.containers ?? [] { try await services.runtime.removeContainer(record.id) }
        // Before the sandboxes: as long as there is one, an agent that comes after one that was killed knows the pod's
        // name, and with it this folder's.
        try services.settings.removeLogs(of: pod)
        for sandbox in runtime?.sandboxes ?? [] {
            try await services.runtime.stopSandbox(sandbox.id)
            try await services.runtime.removeSandbox(sandbox.id)
        }
        try await release()
        // Again: a start that was under way may have made a log meanwhile.
        try services.settings.removeLogs(of: pod)
        try removeTree(try services.settings.folder(ofPod: uid))
        await services.images.forget(uid)
        services.users.forget(uid)
        services.records.forget(uid)
        services.statuses.remove(uid)
    }
}

extension AgentSettings {
    /// A pod whose log folder has no name that is one never had logs.
    func removeLogs(of pod: Pod) throws(KernelError) {
        guard let folder = try? logFolder(of: pod) else { return }
        try removeTree(folder)
    }
}

extension Container {
    /// What a container tells of itself whose pod's manifest is not known any more: its preStop hook, and the ports that
    /// a hook may name.
    fileprivate init(remainsOf record: ContainerRecord) {
        self.init(name: record.name)
        if let hook: LifecycleHandler = record.value(of: PodLabels.preStop) {
            lifecycle = Lifecycle(preStop: hook)
        }
        ports = record.value(of: PodLabels.ports) ?? []
    }
}

extension ContainerRecord {
    /// Written by ourselves; what cannot be read is not there.
    fileprivate func value<Value: APICodable>(of annotation: String) -> Value? {
        guard let text = annotations[annotation], let value = try? APIValue(json: text) else { return nil }
        var problems = Problems()
        let result = Value(from: value, at: FieldPath(), reporting: &problems)
        return problems.isEmpty ? result : nil
    }
}
