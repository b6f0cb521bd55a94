import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

// What clients change of a container that lives: its limits, its log's file, its state on disk.
extension ManagedContainer {
    func update(_ resources: RuntimeSpec.Resources, _ reply: Reply) {
        switch stage {
        case .created, .running: break
        default: return refuse(reply, "update")
        }
        let id = id
        run("update", reply) {
            do throws(JSONError) {
                try resources.validate()
            } catch {
                throw ShimFailure(.badRequest, "update container \(id): \(error)")
            }
            try $0.update(id, resources)
        } then: { _ in
        }
    }

    func reopenLog(_ reply: Reply) {
        guard let output else { return refuse(reply, "reopen the log of") }
        guard output.hasLog else { return reply.fail(.badRequest, "container \(id) has no log") }
        do throws(KernelError) {
            try output.reopenLog()
        } catch {
            return reply.fail(.refused, "reopen the log of container \(id): \(error)")
        }
        reply.send(.done)
    }

    func checkpoint(_ request: CheckpointRequest, _ reply: Reply) {
        guard case .running = stage else { return refuse(reply, "checkpoint") }
        let id = id
        let longest = ShimPatience.checkpoint
        run("checkpoint", reply, milliseconds: min(request.timeout ?? longest, longest)) {
            try $0.checkpoint(id, request)
        } then: { _ in
        }
    }
}
