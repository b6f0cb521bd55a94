import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// A process that `exec` has started in a container.
struct ExecutedProcess {
    let number: UInt64
    let pid: Int32
    /// Who asked for it. How it ended is kept for this client, until it has asked or left.
    let owner: ClientConnection
    var report: ExitReport?
    var waiters: [Reply] = []
}

extension ManagedContainer {
    /// - Parameter descriptors: the process description, then the three streams unless it has a terminal.
    ///   Closed here.
    func exec(_ request: ExecRequest, _ descriptors: [Int32], _ reply: Reply) {
        defer { for fd in descriptors { close(fd) } }
        guard descriptors.count == (request.terminal ? 1 : 4) else {
            return reply.fail(.badRequest, "exec: \(descriptors.count) descriptors")
        }
        guard case .running = stage, status.phase == .running else { return refuse(reply, "exec in") }
        let id = id
        // The shim may have been stopped for any time.
        if reply.client.hasLeft { return }
        if let last = request.beginsBy, monotonicMilliseconds() > last {
            return reply.fail(.timedOut, "exec in container \(id): nobody waits for it any more")
        }
        do {
            try operate(
                "exec in", makesProcesses: true, keeping: descriptors, milliseconds: ShimPatience.exec
            ) { runtime, socket in
                let streams: StandardStreams =
                    request.terminal
                    ? .terminal(socket: socket)
                    : .descriptors(input: descriptors[1], output: descriptors[2], error: descriptors[3])
                let pid = try runtime.exec(id, process: descriptors[0], streams)
                return CloneReport(process: ProcessIdentity(pid: pid, start: 0))
            } completion: { [self] in
                executed($0, reply)
            }
        } catch {
            reply.send(.failed(ShimFailure(error)))
        }
    }

    private func executed(_ outcome: Operation.Outcome, _ reply: Reply) {
        let terminal = outcome.terminal < 0 ? nil : FileDescriptor(owning: outcome.terminal)
        if let failure = outcome.report.failure { return reply.send(.failed(failure)) }
        guard let pid = outcome.report.process?.pid else {
            return reply.fail(.refused, "exec in container \(id): the clone reported no process")
        }
        var process = ExecutedProcess(number: shim.nextExecNumber(), pid: pid, owner: reply.client)
        if let end = shim.takeEnded(pid) { process.report = Self.report(end) }
        executed.append(process)
        reply.send(.started(pid: pid, exec: process.number), descriptor: terminal)
        if reply.client.isClosed { forget(reply.client) }
    }

    /// A process was reaped that `exec` had started.
    func executedEnded(_ index: Int, _ end: ExitStatus) {
        let report = Self.report(end)
        executed[index].report = report
        let process = executed[index]
        executed[index].waiters = []
        // Before anybody is told: a client that is found gone then is forgotten at once, with what is kept for it here.
        if !process.waiters.isEmpty || process.owner.isClosed { executed.remove(at: index) }
        for waiter in process.waiters { waiter.send(.exited(report)) }
    }

    func waitExecuted(_ number: UInt64, _ reply: Reply) {
        guard let index = executed.firstIndex(where: { $0.number == number }) else {
            return reply.fail(.notFound, "container \(id) has no process \(number)")
        }
        if let report = executed[index].report {
            executed.remove(at: index)
            reply.send(.exited(report))
        } else {
            executed[index].waiters.append(reply)
        }
    }

    /// The container has ended, and with it all that `exec` had started: by SIGKILL, where the kernel has not
    /// told it yet.
    func endExecuted() {
        shim.reap()
        // Each end may take others from the list.
        while let index = executed.firstIndex(where: { $0.report == nil }) {
            executedEnded(index, .signaled(SIGKILL))
        }
    }

    private static func report(_ end: ExitStatus) -> ExitReport {
        ExitReport(exitCode: end.code, oomKilled: false, finishedAt: .now)
    }
}
