import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// The supervisor: parent and reaper of containers' processes, owner of their streams, keeper of their ends.
///
/// One thread, one loop that never waits for anything but events. Whatever could take time, from creating a
/// container to removing one, happens in a clone (`Operation`).
final class Shim {
    let loop: EventLoop
    let scratch: Scratch
    let folders: RunFolders
    let network: ContainerNetwork
    let identity: ProcessIdentity
    let bootID: String
    private let name: String
    /// The pod that it was started for; without one it lives as long as its one container.
    private(set) var pod: Pod?
    private let score: OutOfMemoryScore
    private let signals: SignalDescriptor
    private let listener: FileDescriptor

    private var containers: [ManagedContainer] = []
    private var clients: [ClientConnection] = []
    private var operations: [Operation] = []
    /// Attached clients that still take what their ended container has written.
    private var flushing: [AttachedClient] = []
    /// Children that ended before the clone that made them has told of them.
    private var ended: [(pid: Int32, status: ExitStatus)] = []
    private var lastExec: UInt64 = 0
    private(set) var isShuttingDown = false
    private var lonelyTimer: EventLoop.TimerID?
    private var lingerTimer: EventLoop.TimerID?
    private var departed: [Departed] = []

    /// How containers ended that are forgotten, for clients that ask a moment too late.
    private struct Departed {
        var id: ContainerID
        var report: ExitReport?
        var executed: [ExecutedProcess]
    }
    private static let maxDeparted = 16

    /// Clients beyond this are turned away: each costs a descriptor.
    private static let maxClients = 256
    /// How long a shim waits for its first client.
    private static let lonelyTime = 10_000
    /// How long a shim whose container has ended stays for clients that are connected.
    static let lingerTime = 2000

    /// Sets the process up and begins to listen.
    /// - Parameter scoreForChildren: how the kernel is to rate containers when memory runs out; nil for what this
    ///   process was started with.
    init(
        folders: RunFolders, network: ContainerNetwork, name: String, scoreForChildren: String? = nil
    ) throws {
        self.folders = folders
        self.network = network
        self.name = name
        identity = try ProcessIdentity.current()
        bootID = try BootID.current()
        score = try OutOfMemoryScore.lower(forChildren: scoreForChildren)
        // Processes whose parents have ended inside a container without an init of its own come to us.
        _ = try check("prctl PR_SET_CHILD_SUBREAPER") { clinux_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
        signal(SIGPIPE, SIG_IGN)
        signals = try SignalDescriptor([SIGCHLD, SIGTERM, SIGINT, SIGHUP])
        loop = try EventLoop()
        scratch = try Scratch()
        listener = try UnixSocket.listen(in: try folders.makeShim(name), name: ShimProtocol.socketName)
        _ = try loop.watch(signals.descriptor.raw, .readable) { [unowned self] _ in takeSignals() }
        _ = try loop.watch(listener.raw, .readable) { [unowned self] _ in acceptClients() }
        loop.onIdle = { [unowned self] in giveMemoryBack() }
    }

    func run() throws(KernelError) {
        if pod == nil {
            lonelyTimer = loop.after(milliseconds: Self.lonelyTime) { [unowned self] in lonelyTimer = nil }
        }
        try loop.run { [unowned self] in endIfDone() }
        // Before the containers' locks go: the next shim of the same container makes the folder anew.
        folders.removeShim(name)
    }

    private func endIfDone() {
        flushing.removeAll(where: \.isGone)
        guard operations.isEmpty, flushing.isEmpty, !containers.contains(where: \.isAlive) else {
            if let lingerTimer { loop.cancel(lingerTimer) }
            lingerTimer = nil
            return
        }
        if isShuttingDown {
            guard let pod, !pod.isEnded else { return loop.stop() }
            return pod.end()
        }
        guard pod == nil else { return }
        if clients.isEmpty {
            let isOver = containers.allSatisfy(\.hasRun)
            if isOver || lonelyTimer == nil { loop.stop() }
        } else if containers.allSatisfy(\.hasRun), lingerTimer == nil {
            lingerTimer = loop.after(milliseconds: Self.lingerTime) { [unowned self] in loop.stop() }
        }
    }

    private func giveMemoryBack() {
        scratch.release()
        malloc_trim(0)
        releaseStack()
    }

    /// What only the deepest calls have used, as those of a start, is a tenth of the shim's memory.
    private func releaseStack() {
        let page = UInt(4096)
        let most = UInt(256 << 10)
        var here: UInt8 = 0
        withUnsafeMutablePointer(to: &here) {
            // The page below is for this call itself.
            let end = (UInt(bitPattern: $0) & ~(page - 1)) - page
            // ENOMEM: the stack was never that deep. What there is of it is released nevertheless.
            madvise(UnsafeMutableRawPointer(bitPattern: end - most), Int(most), Int32(MADV_DONTNEED))
        }
    }

    // MARK: The pod

    /// Makes the pod that this shim is for; the loop has to run for it to be done.
    /// - Parameter completion: called once, with why it failed; the shim then ends.
    func begin(
        _ supervision: PodSupervision, id: ContainerID, folder: String, lock: consuming ContainerLock,
        completion: @escaping (ShimFailure?) -> Void
    ) throws(KernelError) {
        let pod = Pod(supervision, id: id, folder: folder, lock: lock, shim: self)
        self.pod = pod
        try pod.begin(supervision) { [unowned self] failure in
            if failure != nil { isShuttingDown = true }
            completion(failure)
        }
    }

    /// What was to be removed at the end could not be.
    func cancelShutdown() { isShuttingDown = false }

    // MARK: Containers

    /// Takes a container under supervision, or finds it there.
    func add(_ id: ContainerID, folder: String) throws -> ManagedContainer {
        if let known = containers.first(where: { $0.id == id }) {
            guard known.folder == folder else {
                throw ShimFailure(.wrongState, "container \(id) is kept already, in \(known.folder)")
            }
            return known
        }
        try pod?.requireReady()
        // Who only asks for its state may have it.
        guard let lock = try ContainerLock.take(folder: folder, milliseconds: ContainerLock.glance) else {
            throw Self.inUse(id)
        }
        return try add(id, folder: folder, lock: lock)
    }

    @discardableResult
    func add(_ id: ContainerID, folder: String, lock: consuming ContainerLock) throws -> ManagedContainer {
        if let pod { try folders.link(id.text, folder: folder, to: pod.id.text) }
        let container: ManagedContainer
        do {
            container = try ManagedContainer(id: id, folder: folder, lock: lock, shim: self)
        } catch {
            if let pod { folders.unlink(id.text, from: pod.id.text) }
            throw error
        }
        containers.append(container)
        return container
    }

    /// The container is not to be found at this shim any more.
    func unlink(_ container: ManagedContainer) {
        if let pod { folders.unlink(container.id.text, from: pod.id.text) }
    }

    func unlinkContainers() {
        for container in containers { unlink(container) }
    }

    static func inUse(_ id: ContainerID) -> ShimFailure {
        ShimFailure(.wrongState, "container \(id) is in use by another process")
    }

    func forEachContainer(_ body: (ManagedContainer) -> Void) { containers.forEach(body) }

    func forget(_ container: ManagedContainer) {
        containers.removeAll { $0 === container }
        if departed.count == Self.maxDeparted { departed.removeFirst() }
        departed.append(
            Departed(id: container.id, report: container.exitReport, executed: container.executed))
    }

    /// How a container or a process of it ended that is forgotten already.
    func departedReport(_ id: String, exec: UInt64?) -> ExitReport? {
        guard let found = departed.last(where: { $0.id.text == id }) else { return nil }
        guard let exec else { return found.report }
        return found.executed.first { $0.number == exec }?.report
    }

    func container(_ id: String) -> ManagedContainer? {
        containers.first { $0.id.text == id }
    }

    func keepFlushing(_ client: AttachedClient) {
        client.onGone = {}
        flushing.append(client)
    }

    func nextExecNumber() -> UInt64 {
        lastExec += 1
        return lastExec
    }

    /// - Throws: while a container lives.
    func shutdown() throws(ShimFailure) {
        if let alive = containers.first(where: \.isAlive) {
            throw ShimFailure(.wrongState, "container \(alive.id) is not stopped")
        }
        isShuttingDown = true
    }

    // MARK: Clones

    func operate(
        _ what: String, makesProcesses: Bool, keeping: [Int32], milliseconds: Int,
        work: (Int32) throws -> CloneReport, completion: @escaping (Operation.Outcome) -> Void
    ) throws(KernelError) {
        operations.append(
            try Operation(
                what, makesProcesses: makesProcesses, keeping: keeping, milliseconds: milliseconds,
                loop: loop,
                ownScore: score, work: work, completion: completion))
    }

    /// How a process ended that a clone has only now told of, if it did.
    func takeEnded(_ pid: Int32) -> ExitStatus? {
        guard let index = ended.firstIndex(where: { $0.pid == pid }) else { return nil }
        return ended.remove(at: index).status
    }

    // MARK: Signals

    private func takeSignals() {
        do throws(KernelError) {
            while let signal = try signals.next() {
                switch signal {
                case SIGTERM, SIGINT: endAll()
                default: break
                }
            }
        } catch {
            // A signal descriptor that cannot be read cannot happen; children are looked for anyway.
        }
        reap()
    }

    /// The host goes down, or an administrator wants this shim gone.
    private func endAll() {
        isShuttingDown = true
        for container in containers { container.stopForShutdown() }
    }

    func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid < 0, Errno.current == .interrupted { continue }
            guard pid > 0 else { return }
            childEnded(pid, ExitStatus(waitStatus: status))
        }
    }

    private func childEnded(_ pid: Int32, _ status: ExitStatus) {
        if let index = operations.firstIndex(where: { $0.pid == pid }) {
            // Stays in the list until its completion has taken what ended early.
            operations[index].finish(status, scratch.message)
            operations.removeAll { $0.pid == pid }
            if !operations.contains(where: \.makesProcesses) { ended = [] }
            return
        }
        if let pod, pod.initProcess?.pid == pid { return pod.initEnded(status) }
        for container in containers {
            if container.status.process?.pid == pid { return container.processEnded(status) }
            if let index = container.executed.firstIndex(where: { $0.pid == pid && $0.report == nil }) {
                return container.executedEnded(index, status)
            }
        }
        // Either a process that a clone has just made, or an orphan of a container.
        if operations.contains(where: \.makesProcesses) { ended.append((pid, status)) }
    }

    // MARK: Clients

    private func acceptClients() {
        do throws(KernelError) {
            while let socket = try UnixSocket.accept(listener) { try add(socket) }
        } catch {
            // Out of descriptors or memory: this client is turned away, the next one may have more luck.
        }
    }

    private func add(_ socket: consuming FileDescriptor) throws(KernelError) {
        guard clients.count < Self.maxClients else { return }
        // The folder's mode keeps others out; this does, too, when somebody has opened it wider or passed a
        // descriptor on (CVE-2020-15257 was a socket that containers could reach).
        let user = try UnixSocket.peerUser(of: socket)
        guard user == 0 || user == geteuid() else { return }
        let client = try ClientConnection(socket, loop: loop, scratch: scratch)
        clients.append(client)
        client.onClose = { [unowned self, unowned client] in
            for container in containers { container.forget(client) }
            clients.removeAll { $0 === client }
        }
        client.onRequest = { [unowned self, unowned client] request, descriptors in
            handle(request, descriptors, client)
        }
        client.greet(
            ShimGreeting(
                version: ShimProtocol.version, oldestVersion: ShimProtocol.oldestVersion, pid: identity.pid))
    }

    func tell(_ event: ShimEvent) {
        for client in clients where client.isSubscribed { client.send(.event(event)) }
    }
}
