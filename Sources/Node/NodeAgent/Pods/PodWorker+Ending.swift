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
            for record in others { group.addTask { await self.stopContainer(record, grace: grace) } }
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

    /// With its preStop hook, whose time is part of the grace period.
    /// - Parameter grace: seconds; 0: at once, and without the hook.
    func stopContainer(_ record: ContainerRecord, grace: Int64) async {
        var grace = grace
        if grace > 0, let hook = hook(of: record) {
            let start = ContinuousClock.now
            let answer = await services.prober.once(hook, container: record.id, timeout: .seconds(grace))
            if Task.isCancelled { return }
            if !answer.isSuccess {
                services.events.record(
                    .warning, "FailedPreStopHook", "PreStopHook failed", pod: pod,
                    container: container(named: record.name))
                log.error("preStop hook of \(record.name): \(answer.message)")
            }
            // A hook that took it all leaves the program two seconds (Container lifecycle hooks).
            grace = max(2, grace - (ContinuousClock.now - start).components.seconds)
        }
        do {
            try await services.runtime.stopContainer(record.id, grace: grace)
        } catch {
            if Task.isCancelled { return }
            services.events.record(
                .warning, "FailedKillPod", "error killing container \(record.name): \(error)", pod: pod)
            isDue(at: .now + .seconds(1))
        }
    }

    private func hook(of record: ContainerRecord) -> PodProbes.ProbeHandler? {
        let container =
            container(named: record.name)?.container
            ?? Container(name: record.name)
        guard let hook = container.lifecycle?.preStop ?? Self.hook(annotation: record) else { return nil }
        let address = (pod.spec.hostNetwork ? services.settings.hostIPs : runtime?.readySandbox?.ips ?? [])
            .first
        return ProbeTranslation(container: container, address: address ?? "127.0.0.1").hook(hook)
    }

    /// Of a container whose pod's manifest is not known any more.
    private static func hook(annotation record: ContainerRecord) -> LifecycleHandler? {
        guard let text = record.annotations[PodLabels.preStop], let value = try? APIValue(json: text) else {
            // Written by ourselves; what cannot be read has no hook.
            return nil
        }
        var problems = Problems()
        let hook = LifecycleHandler(from: value, at: FieldPath(), reporting: &problems)
        return problems.isEmpty ? hook : nil
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
        for record in runtime?.containers ?? [] { try await services.runtime.removeContainer(record.id) }
        // Before the sandboxes: as long as there is one, an agent that comes after one that was killed knows the pod's
        // name, and with it this folder's.
        try removeTree(services.settings.logFolder(of: pod))
        for sandbox in runtime?.sandboxes ?? [] {
            try await services.runtime.stopSandbox(sandbox.id)
            try await services.runtime.removeSandbox(sandbox.id)
        }
        try await release()
        // Again: a start that was under way may have made a log meanwhile.
        try removeTree(services.settings.logFolder(of: pod))
        try removeTree(services.settings.folder(ofPod: uid))
        services.users.forget(uid)
        services.records.forget(uid)
        services.statuses.remove(uid)
    }
}
