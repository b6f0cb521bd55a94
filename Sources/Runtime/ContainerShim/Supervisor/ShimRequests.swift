import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

extension Shim {
    /// Carries a request out, or begins to; the answer may come later.
    /// - Parameter descriptors: owned.
    func handle(_ request: NumberedRequest, _ descriptors: [Int32], _ client: ClientConnection) {
        let reply = Reply(client: client, number: request.number)
        if case .exec(let container, let exec) = request.request {
            guard let container = find(container, reply) else {
                for fd in descriptors { close(fd) }
                return
            }
            return container.exec(exec, descriptors, reply)
        }
        for fd in descriptors { close(fd) }
        switch request.request {
        case .subscribe:
            client.isSubscribed = true
            reply.send(.done)
        case .shutdown:
            do throws(ShimFailure) {
                try shutdown()
                if let pod { pod.answerEnd(to: reply) } else { reply.send(.done) }
            } catch {
                reply.send(.failed(error))
            }
        case .podStatus:
            if let pod {
                reply.send(.pod(pod.status))
            } else {
                reply.fail(.badRequest, "this shim supervises no pod")
            }
        case .create(let id, let folder):
            do {
                try add(try ContainerID(id), folder: folder).create(reply)
            } catch {
                reply.send(.failed(ShimFailure(error)))
            }
        case .start(let id, nil): find(id, reply)?.start(reply)
        case .start(let id, let folder?):
            do {
                try add(try ContainerID(id), folder: folder).start(reply)
            } catch {
                reply.send(.failed(ShimFailure(error)))
            }
        case .attach(let id, let options): find(id, reply)?.attach(options, reply)
        case .resize(let id, let size): find(id, reply)?.resize(size, reply)
        case .kill(let id, let signal, let target): find(id, reply)?.kill(signal: signal, target, reply)
        case .stop(let id, let signal, let timeout):
            find(id, reply)?.stop(signal: signal, timeout: timeout, reply)
        case .wait(let id, let exec):
            if container(id) == nil, let report = departedReport(id, exec: exec) {
                reply.send(.exited(report))
            } else if let exec {
                find(id, reply)?.waitExecuted(exec, reply)
            } else {
                find(id, reply)?.wait(reply)
            }
        case .state(let id):
            if let container = find(id, reply) { reply.send(.status(container.presentStatus)) }
        case .pause(let id): find(id, reply)?.pause(reply)
        case .resume(let id): find(id, reply)?.resume(reply)
        case .delete(let id, let force, let removesFolder):
            find(id, reply)?.delete(force: force, removesFolder: removesFolder, reply)
        case .setRestartPolicy(let id, let policy): find(id, reply)?.setRestartPolicy(policy, reply)
        case .reopenLog(let id): find(id, reply)?.reopenLog(reply)
        case .update(let id, let resources): find(id, reply)?.update(resources, reply)
        case .checkpoint(let id, let request): find(id, reply)?.checkpoint(request, reply)
        case .exec: break
        }
    }

    private func find(_ id: String, _ reply: Reply) -> ManagedContainer? {
        let found = container(id)
        if found == nil { reply.fail(.notFound, "this shim has no container \(JSONError.quoted(id))") }
        return found
    }
}
