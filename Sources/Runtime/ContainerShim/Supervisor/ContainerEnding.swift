import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

// From the end of the first process to idle, to the next start, or to nothing.
extension ManagedContainer {
    /// The first process was reaped.
    func processEnded(_ end: ExitStatus) {
        if case .starting = stage {
            earlyEnd = end
            return
        }
        earlyEnd = nil
        let isKilled = end.code == 128 + SIGKILL && !status.stoppedByUser
        if memoryWatch?.look(isLast: isKilled) == true { noteOutOfMemory() }
        changeForgotten {
            $0.process = nil
            $0.exitCode = end.code
            $0.finishedAt = .now
        }
        clean()
    }

    /// Whether the restart policy wants it to run again.
    private var willRestart: Bool {
        guard let code = status.exitCode, deletion == nil, !shim.isShuttingDown else { return false }
        // A user's start that failed is the user's affair; a restart that failed is tried again.
        if startFailure != nil, status.restartCount == 0 { return false }
        return supervision.restart.restarts(
            exitCode: code, stoppedByUser: status.stoppedByUser, restarts: status.restartCount)
    }

    /// An engine had no answer from us, and has removed by itself what had ended.
    private var isGone: Bool {
        status.phase == .exited && status.process == nil && access(folder, F_OK) != 0
            && Errno.current == .noEntry
    }

    /// Removes what the run has left, and the folder where that is wanted.
    func clean() {
        stage = .cleaning
        if let stopTimer { shim.loop.cancel(stopTimer) }
        stopTimer = nil
        if isGone { return cleaned(nil, removedFolder: true) }
        let removesFolder = deletion?.removesFolder ?? (supervision.remove && hasRun && !willRestart)
        if removesFolder { output?.detachLog() }
        let (id, folder, network) = (id, folder, shim.network)
        do {
            try operate("clean up", milliseconds: ShimPatience.cleaning) { runtime, _ in
                try ContainerCleanup.run(container: id, folder: folder, runtime: runtime, network: network)
                if removesFolder { try removeTree(folder) }
                return CloneReport()
            } completion: { [self] in
                cleaned($0.report.failure, removedFolder: removesFolder)
            }
        } catch {
            cleaned(ShimFailure(error), removedFolder: false)
        }
    }

    private func cleaned(_ failure: ShimFailure?, removedFolder: Bool) {
        let (logFailure, logBytesLost) = (output?.logFailure, output?.logBytesLost)
        endStreams()
        endExecuted()
        memoryWatch = nil
        let isRemoved = removedFolder && failure == nil
        // A request that came while the clone was at work.
        if failure == nil, !isRemoved, deletion?.removesFolder == true { return clean() }

        let restarts = willRestart && failure == nil
        let change = isRemoved ? changeForgotten : self.change
        change {
            $0.process = nil
            $0.logError = logFailure ?? $0.logError
            $0.logBytesLost = logBytesLost ?? $0.logBytesLost
            // A container that was never started, and whose shim was lost while it was made, is as before.
            $0.phase = restarts ? .restarting : $0.exitCode == nil ? .created : .exited
            if let failure { $0.error = $0.error.map { "\($0); \(failure)" } ?? failure.message }
        }
        stage = .idle
        if restarts { restartLater() }
        // Whoever hears of the end does not find it any more.
        if isRemoved || (deletion != nil && failure == nil) { shim.unlink(self) }
        answerEnd(failure)
        if isRemoved || deletion != nil {
            tell(.deleted)
            shim.forget(self)
        }
    }

    private func answerEnd(_ cleanFailure: ShimFailure?) {
        if let startFailure {
            startReply?.send(.failed(startFailure))
            startReply = nil
        } else if let code = status.exitCode {
            tell(.exited, exitCode: code, oomKilled: status.oomKilled)
        }
        startFailure = nil
        if case .restarting = stage { tell(.restarting) }
        answerWaiters()
        let requests = afterStart
        afterStart = []
        for reply in deletion?.replies ?? [] {
            reply.send(cleanFailure.map { .failed($0) } ?? .done)
        }
        if cleanFailure != nil { deletion = nil }
        for request in requests { request() }
    }

    /// What was written is read to its end; the attached clients get the rest and their end.
    private func endStreams() {
        output?.end()
        let leaving = clients
        clients = []
        for client in leaving {
            client.onInput = { $0.count }
            client.onInputEnded = {}
            // Input that nobody reads any more must not keep the client from hearing of the end.
            client.takesInput = true
            if !client.isGone { shim.keepFlushing(client) }
        }
        output = nil
        input = nil
    }

    // MARK: Restarting

    private func restartLater() {
        let pause = backOff.pause(afterRunOf: monotonicMilliseconds() - startedAt)
        stage = .restarting(
            shim.loop.after(milliseconds: pause) { [weak self] in
                guard let self else { return }
                change { $0.restartCount += 1 }
                begin(runsAtOnce: true, nil)
            })
    }

    /// Gives a restart up that was about to come.
    func cancelRestart(_ timer: EventLoop.TimerID) {
        shim.loop.cancel(timer)
        stage = .idle
        change { $0.phase = .exited }
        answerWaiters()
    }

    private func answerWaiters() {
        guard let report = exitReport else { return }
        let waiters = exitWaiters
        exitWaiters = []
        for waiter in waiters { waiter.send(.exited(report)) }
    }
}
