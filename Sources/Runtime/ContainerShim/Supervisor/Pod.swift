import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The pod whose containers a shim supervises: its pinned namespaces, and its init where the containers share a pid
/// namespace. Made before the shim says that it is there, removed when it ends.
final class Pod {
    private enum Stage {
        case beginning
        case ready
        case ending
        case ended
    }

    let id: ContainerID
    let folder: String
    let namespaces: [PodNamespace]
    private unowned let shim: Shim
    private let lock: ContainerLock
    private var stage = Stage.beginning
    /// The pod's own first process, a child of the shim.
    private(set) var initProcess: ProcessIdentity?
    private var shutdownReplies: [Reply] = []
    /// Why the pod could not be made, or removed.
    private(set) var failure: ShimFailure?

    init(_ pod: PodSupervision, id: ContainerID, folder: String, lock: consuming ContainerLock, shim: Shim) {
        self.id = id
        self.folder = folder
        self.lock = lock
        self.shim = shim
        namespaces = pod.namespaces
    }

    var isEnded: Bool { stage == .ended }

    func requireReady() throws(ShimFailure) {
        switch stage {
        case .ready: return
        case .beginning: throw ShimFailure(.wrongState, "pod \(id) is just being made")
        case .ending, .ended: throw ShimFailure(.wrongState, "pod \(id) is about to end")
        }
    }

    var status: PodStatus {
        PodStatus(shim: shim.identity.pid, initProcess: initProcess?.pid, namespaces: namespaces)
    }

    // MARK: Making

    /// - Parameter completion: called once, with why it failed; then nothing is left of it.
    func begin(_ pod: PodSupervision, _ completion: @escaping (ShimFailure?) -> Void) throws(KernelError) {
        let (id, folders) = (id, shim.folders)
        try operate("make", makesProcesses: true, milliseconds: ShimPatience.startOfPod) { log in
            // What a lost shim has left.
            try PodCleanup.clean(pod, folders, log)
            do {
                try PinnedNamespaces(pod).make()
                guard let bundle = pod.sharedPID else { return CloneReport() }
                let runtime = Runtime(
                    root: folders.runtime, log: log, cgroupDriver: pod.systemdCgroup ? .systemd : .files)
                return try Self.startInit(PodInit.container(of: id), bundle, runtime)
            } catch {
                try PodCleanup.clean(pod, folders, log)
                throw error
            }
        } completion: { [self] report in
            failure = report.failure
            initProcess = report.process
            stage = failure == nil ? .ready : .ended
            if let failure { answerShutdown(.failed(failure)) }
            completion(failure)
            if let initProcess, let end = shim.takeEnded(initProcess.pid) { initEnded(end) }
        }
    }

    private static func startInit(
        _ id: ContainerID, _ bundle: String, _ runtime: Runtime
    ) throws -> CloneReport {
        var options = CreateOptions(bundle: try Bundle(folder: bundle))
        options.becomesSibling = true
        // The shim's own /dev/null, which the init closes.
        options.streams = .descriptors(input: 0, output: 0, error: 0)
        let made = try runtime.run(id, options)
        let record = try runtime.state(id).record
        return CloneReport(process: ProcessIdentity(pid: made.pid, start: record.startTime))
    }

    /// The init was reaped, and with it the kernel ends all processes of its pid namespace.
    func initEnded(_ end: ExitStatus) {
        initProcess = nil
        if stage == .ready {
            shim.tell(ShimEvent(.initExited, container: id.text, time: .now, exitCode: end.code))
        }
    }

    // MARK: Removing

    /// - Parameter reply: answered when nothing is left of the pod.
    func answerEnd(to reply: Reply) {
        shutdownReplies.append(reply)
    }

    /// To be called when no container lives and no clone is at work.
    func end() {
        guard stage == .ready else { return }
        stage = .ending
        // They have ended and are cleaned up; their locks are the shim's until it is gone.
        shim.unlinkContainers()
        let (folder, folders) = (folder, shim.folders)
        do throws(KernelError) {
            try operate("remove", milliseconds: ShimPatience.endOfPod) { log in
                try PodCleanup.clean(try PodSupervision.read(in: folder), folders, log)
                return CloneReport()
            } completion: { [self] in
                ended($0.failure)
            }
        } catch {
            ended(ShimFailure(error))
        }
    }

    private func ended(_ failure: ShimFailure?) {
        self.failure = failure
        if answerShutdown(failure.map { .failed($0) } ?? .done), failure != nil {
            // Whoever asked may ask again.
            stage = .ready
            shim.cancelShutdown()
        } else {
            stage = .ended
        }
    }

    /// - Returns: whether somebody had asked.
    @discardableResult private func answerShutdown(_ answer: ShimAnswer) -> Bool {
        let replies = shutdownReplies
        shutdownReplies = []
        for reply in replies { reply.send(answer) }
        return !replies.isEmpty
    }

    // MARK: Clones

    private func operate(
        _ what: String, makesProcesses: Bool = false, milliseconds: Int,
        work: @escaping (Log) throws -> CloneReport, completion: @escaping (CloneReport) -> Void
    ) throws(KernelError) {
        let folder = folder
        try shim.operate(
            "\(what) pod \(id)", makesProcesses: makesProcesses, keeping: [lock.descriptor],
            milliseconds: milliseconds
        ) { _ in
            let place = try RuntimeLog.open(folder)
            return try work(RuntimeLog.log(in: place))
        } completion: {
            completion($0.report)
        }
    }
}
