import CRIProtocol
import KubernetesAPI

/// What changes in a pod that runs when it was given other resources (KEP-1287).
///
/// The pod's own group has as much as the old and the new need while containers are changed, so that none of them is ever
/// held to more than the group has; it is cut down to the new after them. What a container was changed to is written down
/// when it was; an agent that is killed between the two does the same change again.
extension PodWorker {
    /// What a container has, as far as anybody knows.
    func actual(_ record: ContainerRecord) -> ActualResources? {
        if let changed = changedResources[record.id] { return changed }
        guard let text = record.annotations[PodLabels.resources] else { return nil }
        // Written by ourselves; what cannot be read is not known.
        return (try? APIValue(json: text)).flatMap { ActualResources($0) }
    }

    /// What each container that is there has, by id.
    var actualResources: [String: ActualResources] {
        Dictionary(
            (runtime?.containers ?? []).compactMap { record in actual(record).map { (record.id, $0) } },
            uniquingKeysWith: { $1 })
    }

    /// - Throws: `ToldError` for what is to be tried again.
    func resize() async throws {
        guard let runtime, runtime.readySandbox != nil else { return }
        let plan = ResizePlan.make(pod, runtime) { self.actual($0) }
        let allocated = AllocatedResources(pod)
        guard !plan.isEmpty || groupLimits.map({ $0 != allocated }) ?? false else {
            if resizing != nil {
                resizing = nil
                publish(currentPlan)
            }
            return
        }
        if resizing == nil {
            resizing = PodCondition(type: .podResizeInProgress, status: .true)
            publish(currentPlan)
        }
        do {
            try await carryOut(plan, runtime)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            let message = "\(error)"
            if resizing?.message != message {
                services.events.record(.warning, "ResizeError", message, pod: pod)
            }
            resizing = PodCondition(
                type: .podResizeInProgress, status: .true, reason: "Error", message: message)
            publish(currentPlan)
            throw ToldError()
        }
        services.events.record(.normal, "ResizeCompleted", "Pod resize completed", pod: pod)
        resizing = nil
        wakeup.signal()
    }

    private func carryOut(_ plan: ResizePlan, _ runtime: RuntimePod) async throws {
        for change in plan.updates { try await checkUsage(change) }
        try await services.resources.cover(pod, and: before(plan))
        for change in plan.restarts {
            services.events.record(
                .normal, "Killing", "Container \(change.container.name) resize requires restart", pod: pod,
                container: change.container)
            let isStopped = await stopContainer(change.record, grace: pod.grace)
            try Task.checkCancellation()
            // Beside the old one, the next one would be a second writer on its volumes.
            guard isStopped else {
                throw ResizeRefused(
                    message: "cannot restart container \"\(change.container.name)\": it could not be stopped")
            }
            _ = await attempt(
                PodPlan.Start(
                    container: change.container, attempt: change.record.attempt + 1, previous: change.record,
                    life: change.record.life))
        }
        for change in plan.updates {
            let wanted = services.resources.resources(of: change.container.container, in: pod)
            let old = services.resources.resources(
                of: change.oldContainer, in: change.before.applied(to: pod))
            try await services.runtime.update(change.record.id, resources: wanted.replacing(old))
            try remember(ActualResources(change.container.container, in: pod), of: change.record.id)
        }
        // Also for a pod whose containers all stay as they are.
        cgroupParent = try await services.resources.prepare(pod)
        if let sandbox = runtime.readySandbox {
            let (resources, overhead) = services.resources.resources(ofPod: pod)
            try await services.runtime.updateSandbox(sandbox.id, resources: resources, overhead: overhead)
        }
        groupLimits = AllocatedResources(pod)
    }

    /// The pod with what its containers had.
    private func before(_ plan: ResizePlan) -> Pod {
        var all = groupLimits ?? AllocatedResources(pod)
        for change in plan.updates + plan.restarts {
            all.containers[change.container.name] = change.before.container
        }
        return all.applied(to: pod)
    }

    private func checkUsage(_ change: ResizePlan.Change) async throws {
        guard let limit = change.smallerMemory,
            let usage = try await services.runtime.memoryUsage(of: change.record.id), usage >= limit
        else { return }
        throw ResizeRefused(
            message:
                "cannot decrease memory limits: attempting to set container \"\(change.container.name)\" memory "
                + "limit (\(limit)) below current usage (\(usage))")
    }

    private func remember(_ actual: ActualResources, of id: String) throws {
        let there = Set((runtime?.containers ?? []).map(\.id))
        changedResources = changedResources.filter { there.contains($0.key) }
        changedResources[id] = actual
        try resourceFiles.write(changedResources)
    }

    var resourceFiles: ResourceFiles {
        get throws(FolderNameError) { ResourceFiles(folder: try services.settings.folder(ofPod: uid)) }
    }
}

private struct ResizeRefused: Error, CustomStringConvertible {
    let message: String

    var description: String { message }
}

extension ResizePlan.Change {
    fileprivate var oldContainer: Container {
        var old = container.container
        old.resources = before.container
        return old
    }
}

extension ActualResources {
    fileprivate func applied(to pod: Pod) -> Pod {
        var old = pod
        old.spec.resources = self.pod
        return old
    }
}

extension CRILinuxContainerResources {
    /// Zero means that a limit stays; one that is to go has to be said so.
    fileprivate func replacing(_ old: CRILinuxContainerResources) -> CRILinuxContainerResources {
        var result = self
        if memoryLimitInBytes == 0, old.memoryLimitInBytes > 0 { result.memoryLimitInBytes = -1 }
        if cpuQuota == 0, old.cpuQuota > 0 {
            result.cpuQuota = -1
            result.cpuPeriod = old.cpuPeriod
        }
        for (file, _) in old.unified where unified[file] == nil {
            result.unified[file] = ["memory.min", "memory.low"].contains(file) ? "0" : "max"
        }
        return result
    }
}
