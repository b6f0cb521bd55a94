import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

// What clients ask of a container that lives: signals, stopping, freezing, waiting, deleting.
extension ManagedContainer {
    // MARK: Signals

    func kill(signal: Int32, _ target: KillTarget, _ reply: Reply) {
        guard (1...64).contains(signal) else { return reply.fail(.badRequest, "no such signal: \(signal)") }
        switch target {
        case .first:
            guard let process = status.process else { return refuse(reply, "kill") }
            if signal == SIGKILL || signal == supervision.stopSignal { change { $0.stoppedByUser = true } }
            answer(reply, "kill", send(signal, to: process.pid))
            if signal == SIGKILL { thawIfPaused() }
        case .all:
            guard let signal = Optional(Signal(rawValue: signal)), status.process != nil else {
                return refuse(reply, "kill")
            }
            let id = id
            run("kill", reply) {
                try $0.signalAll(id, signal)
            } then: { _ in
            }
        case .exec(let number):
            guard let process = executed.first(where: { $0.number == number }), process.report == nil else {
                return reply.fail(.notFound, "container \(id) has no running process \(number)")
            }
            answer(reply, "kill", send(signal, to: process.pid))
        }
    }

    /// The process is our child and not reaped, so that the number is its own.
    private func send(_ signal: Int32, to pid: Int32) -> KernelError? {
        Glibc.kill(pid, signal) == 0 ? nil : KernelError("send signal \(signal) to", "process \(pid)")
    }

    private func answer(_ reply: Reply, _ what: String, _ error: KernelError?) {
        if let error { reply.fail(.refused, "\(what) container \(id): \(error)") } else { reply.send(.done) }
    }

    /// A frozen process of a version 1 group does not even die.
    private func thawIfPaused() {
        guard status.phase == .paused else { return }
        let id = id
        do throws(KernelError) {
            try operate("resume", milliseconds: ShimPatience.command) { runtime, _ in
                try runtime.resume(id)
                return CloneReport()
            } completion: { [self] in
                if let failure = $0.report.failure { note("thaw for its end: \(failure.message)") }
            }
        } catch {
            note("thaw for its end: \(error)")
        }
    }

    /// Nobody waits for an answer in which this could stand: it goes to the runtime's log.
    private func note(_ problem: String) {
        do throws(KernelError) {
            let place = try RuntimeLog.open(folder)
            RuntimeLog.log(in: place).warning("container \(id): \(problem)")
        } catch {
            // Without the container's folder there is nobody to tell.
        }
    }

    // MARK: Stopping

    func stop(signal: Int32?, timeout: Int?, _ reply: Reply) {
        switch stage {
        case .idle:
            guard let report = exitReport else { return refuse(reply, "stop") }
            change { $0.stoppedByUser = true }
            return reply.send(.exited(report))
        case .starting:
            afterStart.append { [unowned self] in stop(signal: signal, timeout: timeout, reply) }
            return
        case .restarting(let timer):
            change { $0.stoppedByUser = true }
            exitWaiters.append(reply)
            return cancelRestart(timer)
        case .cleaning:
            change { $0.stoppedByUser = true }
            exitWaiters.append(reply)
        case .created, .running:
            change { $0.stoppedByUser = true }
            exitWaiters.append(reply)
            stop(signal: signal ?? supervision.stopSignal, seconds: timeout ?? supervision.stopTimeout)
        }
    }

    /// - Parameter seconds: until SIGKILL; negative for never.
    private func stop(signal: Int32, seconds: Int) {
        guard let process = status.process else { return }
        var signal = signal
        // A container that only waits for its start has no program that could react.
        if case .created = stage { signal = SIGKILL }
        if seconds == 0 { signal = SIGKILL }
        Glibc.kill(process.pid, signal)
        thawIfPaused()
        guard signal != SIGKILL, seconds > 0 else { return }
        if let stopTimer { shim.loop.cancel(stopTimer) }
        stopTimer = shim.loop.after(milliseconds: seconds * 1000) { [weak self] in
            guard let self else { return }
            stopTimer = nil
            if let process = status.process { Glibc.kill(process.pid, SIGKILL) }
        }
    }

    /// The shim is to end: stops the container as its definition says. Its restart policy still holds at the
    /// next boot.
    func stopForShutdown() {
        switch stage {
        case .idle, .cleaning: break
        case .restarting(let timer): cancelRestart(timer)
        case .starting: afterStart.append { [unowned self] in stopForShutdown() }
        case .created, .running: stop(signal: supervision.stopSignal, seconds: supervision.stopTimeout)
        }
    }

    // MARK: Waiting and deleting

    func wait(_ reply: Reply) {
        if case .idle = stage, hasRun, let report = exitReport { return reply.send(.exited(report)) }
        exitWaiters.append(reply)
    }

    func delete(force: Bool, removesFolder: Bool, _ reply: Reply) {
        switch stage {
        case .starting:
            afterStart.append { [unowned self] in
                delete(force: force, removesFolder: removesFolder, reply)
            }
            return
        case .running where !force, .created where !force, .restarting where !force:
            return refuse(reply, "delete")
        default: break
        }
        deletion = Deletion(
            replies: (deletion?.replies ?? []) + [reply],
            removesFolder: removesFolder || deletion?.removesFolder == true)
        switch stage {
        case .idle: clean()
        case .restarting(let timer):
            cancelRestart(timer)
            clean()
        case .created, .running:
            change { $0.stoppedByUser = true }
            stop(signal: SIGKILL, seconds: 0)
        case .cleaning, .starting: break
        }
    }

    func setRestartPolicy(_ policy: RestartPolicy, _ reply: Reply) {
        var changed = supervision
        changed.restart = policy
        do throws(KernelError) {
            try changed.write(in: folder)
        } catch {
            return reply.fail(.refused, "\(error)")
        }
        supervision = changed
        if case .restarting(let timer) = stage, policy == .no { cancelRestart(timer) }
        reply.send(.done)
    }

    // MARK: Freezing and the terminal

    func pause(_ reply: Reply) {
        guard case .running = stage, status.phase == .running else { return refuse(reply, "pause") }
        let id = id
        run("pause", reply) {
            try $0.pause(id)
        } then: { [self] in
            setPaused(true, $0)
        }
    }

    func resume(_ reply: Reply) {
        guard case .running = stage, status.phase == .paused else { return refuse(reply, "resume") }
        let id = id
        run("resume", reply) {
            try $0.resume(id)
        } then: { [self] in
            setPaused(false, $0)
        }
    }

    private func setPaused(_ paused: Bool, _ isDone: Bool) {
        // It may have ended meanwhile.
        guard isDone, case .running = stage else { return }
        change { $0.phase = paused ? .paused : .running }
        tell(paused ? .paused : .resumed)
    }

    func resize(_ size: TerminalSize, _ reply: Reply) {
        guard supervision.terminal else { return reply.fail(.badRequest, "container \(id) has no terminal") }
        guard let input else { return refuse(reply, "resize") }
        do throws(KernelError) {
            try input.resize(size)
        } catch {
            return reply.fail(.refused, "\(error)")
        }
        reply.send(.done)
    }

    /// Lets a clone call the runtime.
    /// - Parameter then: called before the answer, with whether it was done.
    func run(
        _ what: String, _ reply: Reply, milliseconds: Int = ShimPatience.command,
        _ work: @escaping (any OCIRuntime) throws -> Void, then: @escaping (Bool) -> Void
    ) {
        do throws(KernelError) {
            try operate(what, milliseconds: milliseconds) { runtime, _ in
                try work(runtime)
                return CloneReport()
            } completion: { outcome in
                then(outcome.report.failure == nil)
                reply.send(outcome.report.failure.map { .failed($0) } ?? .done)
            }
        } catch {
            reply.fail(.refused, "\(what): \(error)")
        }
    }
}
