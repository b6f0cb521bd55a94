import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

// From idle to running.
extension ManagedContainer {
    func create(_ reply: Reply) {
        guard case .idle = stage else { return refuse(reply, "create") }
        changeForNewStart()
        begin(runsAtOnce: false, reply)
    }

    func start(_ reply: Reply) {
        switch stage {
        case .idle:
            changeForNewStart()
            begin(runsAtOnce: true, reply)
        case .created:
            release(reply)
        case .restarting(let timer):
            shim.loop.cancel(timer)
            changeForNewStart()
            begin(runsAtOnce: true, reply)
        case .cleaning where !hasRun:
            // What a lost shim has left is just being removed.
            afterStart.append { [unowned self] in start(reply) }
        case .starting, .running, .cleaning:
            refuse(reply, "start")
        }
    }

    func refuse(_ reply: Reply, _ what: String) {
        let state: StaticString =
            switch stage {
            case .idle: hasRun || status.exitCode != nil ? "has ended" : "has not been started"
            case .starting: "is just being started"
            case .created: "has been created"
            case .running: status.phase == .paused ? "is paused" : "is running"
            case .cleaning: "is just ending"
            case .restarting: "is about to be restarted"
            }
        reply.fail(.wrongState, "cannot \(what) container \(id): it \(state)")
    }

    /// A start by a user forgets how earlier ones went.
    private func changeForNewStart() {
        change {
            $0.restartCount = 0
            $0.stoppedByUser = false
        }
        backOff = RestartBackOff()
    }

    /// Makes the container, and starts it if `runsAtOnce`.
    /// - Parameter reply: nil when its restart policy starts it.
    func begin(runsAtOnce: Bool, _ reply: Reply?) {
        stage = .starting
        hasRun = true
        startedAt = monotonicMilliseconds()
        startReply = reply
        startFailure = nil
        earlyEnd = nil
        var ends: StreamEnds?
        defer { ends?.close() }
        do {
            // Before anything runs, so that whoever reads knows whom to ask.
            change {
                $0.phase = .created
                $0.process = nil
                $0.exitCode = nil
                $0.oomKilled = false
                $0.startedAt = nil
                $0.finishedAt = nil
                $0.error = nil
                $0.logError = nil
                $0.logBytesLost = 0
            }
            let streams = try openStreams()
            ends = streams
            let (id, folder, rootfs, namespaces) = (id, folder, supervision.rootfs, supervision.namespaces)
            let (network, identity, joined) = (shim.network, shim.identity, supervision.joinedNetwork)
            try operate(
                "start", makesProcesses: true, keeping: streams.descriptors, milliseconds: ShimPatience.start
            ) { runtime, socket in
                try joined?.make()
                try namespaces?.make()
                try rootfs?.mount()
                try network.attach(folder, identity)
                return try runtime.make(
                    id, folder: folder, streams.forRuntime(socket), runsAtOnce: runsAtOnce)
            } completion: { [self] in
                begun($0, runsAtOnce: runsAtOnce)
            }
        } catch {
            failStart(ShimFailure(error))
        }
    }

    private func begun(_ outcome: Operation.Outcome, runsAtOnce: Bool) {
        let terminal = outcome.terminal < 0 ? nil : FileDescriptor(owning: outcome.terminal)
        if let failure = outcome.report.failure { return failStart(failure) }
        guard let process = outcome.report.process else {
            return failStart(ShimFailure(.refused, "start \(id): the clone reported no process"))
        }
        do {
            if let terminal { try take(terminal: terminal) }
            if let cgroup = outcome.report.cgroup { try watchMemory(cgroup) }
        } catch {
            return failStart(ShimFailure(error))
        }
        earlyEnd = shim.takeEnded(process.pid)
        change {
            $0.process = process
            $0.phase = runsAtOnce ? .running : .created
            $0.startedAt = runsAtOnce ? .now : nil
        }
        started(runsAtOnce: runsAtOnce, process.pid)
    }

    private func started(runsAtOnce: Bool, _ pid: Int32) {
        stage = runsAtOnce ? .running : .created
        startedAt = monotonicMilliseconds()
        startReply?.send(.started(pid: pid, exec: nil))
        startReply = nil
        tell(runsAtOnce ? .started : .created, pid: pid)
        setTakesInput(true)
        let requests = afterStart
        afterStart = []
        for request in requests { request() }
        if let end = earlyEnd { processEnded(end) }
    }

    /// Starts what `create` has made.
    private func release(_ reply: Reply) {
        stage = .starting
        startReply = reply
        let id = id
        do {
            try operate("start", milliseconds: ShimPatience.start) { runtime, _ in
                try runtime.start(id)
                return CloneReport()
            } completion: { [self] in
                if let failure = $0.report.failure { return failStart(failure) }
                change {
                    $0.phase = .running
                    $0.startedAt = .now
                }
                started(runsAtOnce: true, status.process?.pid ?? 0)
            }
        } catch {
            failStart(ShimFailure(error))
        }
    }

    /// What was made for this start is removed, then whoever asked for it hears why.
    private func failStart(_ failure: ShimFailure) {
        startFailure = failure
        changeForgotten {
            $0.exitCode = failure.exitCode
            $0.error = failure.message
            $0.finishedAt = .now
        }
        clean()
    }

    // MARK: Streams

    /// The container's ends of its streams.
    private struct StreamEnds {
        var input: Int32 = 0
        var output: Int32 = -1
        var error: Int32 = -1

        /// With none the container gets a terminal.
        var descriptors: [Int32] { output < 0 ? [] : [input, output, error] }

        func forRuntime(_ socket: Int32) -> StandardStreams {
            output < 0 ? .terminal(socket: socket) : .descriptors(input: input, output: output, error: error)
        }

        func close() {
            // Descriptor 0 is the shim's own /dev/null.
            for fd in [input, output, error] where fd > 2 { Glibc.close(fd) }
        }
    }

    private func openStreams() throws -> StreamEnds {
        let output = try ContainerOutput(log: supervision.log, loop: shim.loop, scratch: shim.scratch)
        output.onLogLoss = { [unowned self] in noteLogLoss() }
        self.output = output
        input = nil
        isInputOver = false
        for client in clients { output.add(client) }
        var ends = StreamEnds()
        if supervision.terminal { return ends }
        do {
            let (outRead, outWrite) = try FileDescriptor.pipe().ends()
            ends.output = outWrite
            try output.read(FileDescriptor(owning: outRead), as: .stdout, isTerminal: false)
            let (errorRead, errorWrite) = try FileDescriptor.pipe().ends()
            ends.error = errorWrite
            try output.read(FileDescriptor(owning: errorRead), as: .stderr, isTerminal: false)
            if supervision.input != .none {
                let (inRead, inWrite) = try FileDescriptor.pipe().ends()
                ends.input = inRead
                let ours = FileDescriptor(owning: inWrite)
                try ours.setNonBlocking(true)
                take(input: ours)
            }
        } catch {
            ends.close()
            throw error
        }
        return ends
    }

    private func take(terminal master: consuming FileDescriptor) throws {
        let second = try master.duplicate()
        try second.setNonBlocking(true)
        try output?.read(master, as: .stdout, isTerminal: true)
        take(input: second)
    }

    private func take(input descriptor: consuming FileDescriptor) {
        let input = ContainerInput(descriptor, loop: shim.loop)
        input.onWritable = { [unowned self] in setTakesInput(true) }
        self.input = input
    }
}
