import CRIProtocol
import GRPCCore
import NIOCore

/// Runs tasks on an event loop. What serves a connection goes back and forth between its tasks and the loop, a dozen
/// times for one call; on threads of their own, each of these steps would wake one.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension MethodDescriptor {
    /// Whether a call looks at one pod or container, with no more on its own thread than what takes microseconds: it may
    /// stay on the loop of its connection. One that goes through all of them, or works on images, would hold up others.
    var isBrief: Bool {
        service == CRIRuntimeService.descriptor && !method.hasPrefix("List") && !method.hasPrefix("Stream")
            && method != "GetContainerEvents"
    }
}
