import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// A container that the shim keeps: its stage, its status on disk, and who waits for what. The stages and the
/// steps between them are in the extensions: starting, ending, commands, exec and attach.
final class ManagedContainer {
    enum Stage {
        /// Not started yet, or ended and cleaned up.
        case idle
        /// A clone creates or starts it.
        case starting
        /// Made, and waits for its start.
        case created
        case running
        /// Its first process has ended, and a clone removes what is left.
        case cleaning
        /// Ended and cleaned up; the timer starts it again.
        case restarting(EventLoop.TimerID)
    }

    let id: ContainerID
    let folder: String
    unowned let shim: Shim
    private let lock: ContainerLock
    var supervision: Supervision
    private(set) var status: LiveStatus
    /// What the file says, as far as is known.
    private var written: LiveStatus?
    var stage = Stage.idle
    /// It was started since this shim has it.
    var hasRun = false

    // The present run.
    var output: ContainerOutput?
    var input: ContainerInput?
    /// The client that held the input open has gone: there is no more.
    var isInputOver = false
    var memoryWatch: MemoryWatch?
    var startedAt = 0
    /// The first process ended while a clone was still at work on its start.
    var earlyEnd: ExitStatus?
    /// Why the present start failed.
    var startFailure: ShimFailure?
    var startReply: Reply?

    // Between runs.
    var backOff = RestartBackOff()

    // Who waits.
    var clients: [AttachedClient] = []
    var exitWaiters: [Reply] = []
    /// Requests that came while it started.
    var afterStart: [() -> Void] = []
    var stopTimer: EventLoop.TimerID?
    var deletion: Deletion?
    var executed: [ExecutedProcess] = []

    /// A request to forget the container.
    struct Deletion {
        var replies: [Reply]
        var removesFolder: Bool
    }

    /// Takes the container's status over.
    init(id: ContainerID, folder: String, lock: consuming ContainerLock, shim: Shim) throws {
        self.id = id
        self.folder = folder
        self.shim = shim
        self.lock = lock
        supervision = try Supervision.read(in: folder)
        let before = try LiveStatus.found(in: folder)
        status = try before?.reconciled(bootID: shim.bootID) ?? LiveStatus(bootID: shim.bootID)
        // The lock is ours, so whoever wrote that it runs is gone, even if its process should still die.
        let isLost = before.map { $0.phase != .exited && $0.process != nil || $0.isDamaged } ?? false
        if isLost { status.finishedAt = .now }
        status.bootID = shim.bootID
        status.shim = shim.identity
        try status.write(in: folder)
        written = status
        if isLost { clean() }
    }

    // MARK: Status

    private var retry: EventLoop.TimerID?

    /// Changes the status, in memory and on disk. What a full disk refuses is tried again every second.
    func change(_ body: (inout LiveStatus) -> Void) {
        body(&status)
        writeStatus()
    }

    private func writeStatus() {
        if let retry { shim.loop.cancel(retry) }
        retry = nil
        if status == written { return }
        do throws(KernelError) {
            try status.write(in: folder)
            written = status
        } catch {
            written = nil
            retry = shim.loop.after(milliseconds: 1000) { [weak self] in self?.writeStatus() }
        }
    }

    private var lossTimer: EventLoop.TimerID?
    /// A container that writes much to a full disk loses much: its status is written once in a while.
    private static let lossPause = 2000

    /// Lets those know that read the status of a container that runs.
    func noteLogLoss() {
        guard lossTimer == nil else { return }
        writeLogLoss()
        lossTimer = shim.loop.after(milliseconds: Self.lossPause) { [weak self] in
            self?.lossTimer = nil
            self?.writeLogLoss()
        }
    }

    private func writeLogLoss() {
        guard let output, status.logBytesLost != output.logBytesLost else { return }
        change {
            $0.logError = output.logFailure
            $0.logBytesLost = output.logBytesLost
        }
    }

    /// The folder is gone or is about to go: nothing is written any more.
    func changeForgotten(_ body: (inout LiveStatus) -> Void) {
        body(&status)
        if let retry { shim.loop.cancel(retry) }
        retry = nil
    }

    /// How the last run ended; nil before the first end.
    var exitReport: ExitReport? {
        guard let code = status.exitCode, let time = status.finishedAt else { return nil }
        return ExitReport(
            exitCode: code, oomKilled: status.oomKilled, startedAt: status.startedAt, finishedAt: time,
            error: status.error)
    }

    /// Whether a process of it lives, or one is being made.
    var isAlive: Bool {
        switch stage {
        case .idle: false
        case .starting, .created, .running, .cleaning, .restarting: true
        }
    }

    /// The status with what is known but not written: of a full disk, say.
    var presentStatus: LiveStatus {
        var status = status
        if let output {
            status.logError = output.logFailure
            status.logBytesLost = output.logBytesLost
        }
        return status
    }

    func tell(
        _ kind: ShimEvent.Kind, pid: Int32? = nil, exitCode: Int32? = nil, oomKilled: Bool = false
    ) {
        shim.tell(
            ShimEvent(
                kind, container: id.text, time: .now, pid: pid, exitCode: exitCode, oomKilled: oomKilled))
    }

    /// A client is gone with all that it waited for.
    func forget(_ client: ClientConnection) {
        exitWaiters.removeAll { $0.client === client }
        deletion?.replies.removeAll { $0.client === client }
        if startReply?.client === client { startReply = nil }
        executed.removeAll { $0.owner === client && $0.report != nil }
        for index in executed.indices { executed[index].waiters.removeAll { $0.client === client } }
    }

    /// Runs `work` in a clone, with the container's runtime. What a clone warns of goes to `runtime.log` in the
    /// container's folder.
    func operate(
        _ what: String, makesProcesses: Bool = false, keeping: [Int32] = [], milliseconds: Int,
        work: @escaping (any OCIRuntime, Int32) throws -> CloneReport,
        completion: @escaping (Operation.Outcome) -> Void
    ) throws(KernelError) {
        let folder = folder
        let (folders, supervision) = (shim.folders, supervision)
        try shim.operate(
            "\(what) \(id)", makesProcesses: makesProcesses, keeping: keeping + [lock.descriptor],
            milliseconds: milliseconds
        ) { socket in
            let place = try RuntimeLog.open(folder)
            return try work(folders.ociRuntime(supervision, log: RuntimeLog.log(in: place)), socket)
        } completion: {
            completion($0)
        }
    }
}

/// Where the runtime's warnings go: `runtime.log` in the container's folder, which begins with the first of them.
enum RuntimeLog {
    private static let maxSize = 64 << 10

    static func open(_ folder: String) throws(KernelError) -> FileDescriptor {
        try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    }

    /// - Parameter folder: as `open` gives it; has to stay open as long as the log is used.
    static func log(in folder: borrowing FileDescriptor) -> Log {
        Log(folder: folder.raw, name: "runtime.log", limit: maxSize)
    }
}
