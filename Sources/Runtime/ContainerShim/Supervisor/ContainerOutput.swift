import CLinux
import Glibc
import LinuxKernel

/// Reads what one run of a container writes, and gives it to the log and to the attached clients.
final class ContainerOutput {
    private let loop: EventLoop
    private let scratch: Scratch
    private let log: LogWriter?
    private var sources: [Source] = []
    private(set) var clients: [AttachedClient] = []
    private var isPaused = false
    private var isEnded = false
    /// Called when the log has lost more.
    var onLogLoss: () -> Void = {}

    /// Twice what the largest pipe holds (fs.pipe-max-size): a process outside of the container that has
    /// kept the other end cannot keep the shim reading.
    private static let maxLastReads = (2 << 20) / StreamFrame.maxData

    /// One open output of the container.
    private struct Source {
        /// Owned.
        let descriptor: Int32
        let stream: LogStream
        let isTerminal: Bool
        var watch: EventLoop.Watch?
    }

    init(log: LogOptions?, loop: EventLoop, scratch: Scratch) throws(KernelError) {
        self.loop = loop
        self.scratch = scratch
        self.log = if let log { try LogWriter(log, buffer: scratch.log) } else { nil }
    }

    deinit {
        for source in sources {
            if let watch = source.watch { loop.cancel(watch) }
            close(source.descriptor)
        }
    }

    /// Why records are missing in the log.
    var logFailure: String? { log?.failure }

    /// Bytes of records that the disk has refused.
    var logBytesLost: Int { log?.bytesLost ?? 0 }

    var hasLog: Bool { log != nil }

    /// Somebody has renamed the log's file, and wants a new one in its place.
    func reopenLog() throws(KernelError) { try log?.reopen() }

    /// The log's folder is about to be removed.
    func detachLog() { log?.isDetached = true }

    // MARK: Sources

    /// Begins to read an output of the container.
    func read(
        _ descriptor: consuming FileDescriptor, as stream: LogStream, isTerminal: Bool
    ) throws(KernelError) {
        try descriptor.setNonBlocking(true)
        sources.append(Source(descriptor: descriptor.release(), stream: stream, isTerminal: isTerminal))
        try watch(sources.count - 1)
    }

    private func watch(_ index: Int, _ events: Epoll.Events = .readable) throws(KernelError) {
        let fd = sources[index].descriptor
        sources[index].watch = try loop.watch(fd, events) { [unowned self] _ in ready(fd) }
    }

    private func ready(_ fd: Int32) {
        guard let index = sources.firstIndex(where: { $0.descriptor == fd }) else { return }
        switch take(sources[index]) {
        case .data, .nothing: break
        case .end: remove(index)
        case .hungUp:
            // All who had the terminal open have closed it, but the first process lives and may open it
            // again: news of that, but not the hang-up over and over.
            if let watch = sources[index].watch { loop.cancel(watch) }
            sources[index].watch = nil
            do throws(KernelError) {
                try watch(index, [.readable, .edgeTriggered])
            } catch {
                remove(index)
            }
        }
        if clients.contains(where: \.isBlocked) { pause() }
    }

    private enum Taken {
        case data, nothing, end, hungUp
    }

    /// One read(2), passed on.
    private func take(_ source: Source) -> Taken {
        let buffer = scratch.data
        let count = Glibc.read(source.descriptor, buffer.baseAddress, buffer.count)
        if count <= 0 {
            let error = count < 0 ? Errno.current : nil
            write { $0.finish(source.stream) }
            switch error {
            case .again, .interrupted: return .nothing
            case .ioError where source.isTerminal: return .hungUp
            default: return .end
            }
        }
        let text = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        write { $0.append(source.stream, text, goesOn: text.last != UInt8(ascii: "\n") && hasMore(source)) }
        let frame = UnsafeMutableRawBufferPointer(
            rebasing: scratch.frame[..<(StreamFrame.headLength + count)])
        let kind: StreamFrame.Kind = source.stream == .stdout ? .output : .error
        for client in clients { client.send(kind, withHead: frame) }
        return .data
    }

    /// Whether the next read finds something: news of that comes, too.
    private func hasMore(_ source: Source) -> Bool {
        var look = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, 0) == 1 && look.revents & Int16(POLLIN) != 0
    }

    private func write(_ body: (LogWriter) -> Void) {
        guard let log else { return }
        let lost = log.bytesLost
        body(log)
        if log.bytesLost != lost { onLogLoss() }
    }

    private func remove(_ index: Int) {
        write { $0.finish(sources[index].stream) }
        if let watch = sources[index].watch { loop.cancel(watch) }
        close(sources[index].descriptor)
        sources.remove(at: index)
    }

    // MARK: Waiting for clients

    private func pause() {
        guard !isPaused else { return }
        isPaused = true
        for index in sources.indices {
            // What comes next may be long in coming.
            write { $0.finish(sources[index].stream) }
            if let watch = sources[index].watch { loop.cancel(watch) }
            sources[index].watch = nil
        }
    }

    private func resumeIfUnblocked() {
        guard isPaused, !isEnded, !clients.contains(where: \.isBlocked) else { return }
        isPaused = false
        for index in sources.indices.reversed() {
            do throws(KernelError) {
                try watch(index)
            } catch {
                remove(index)
            }
        }
    }

    // MARK: Clients

    func add(_ client: AttachedClient) {
        client.onUnblocked = { [unowned self] in resumeIfUnblocked() }
        clients.append(client)
    }

    func remove(_ client: AttachedClient) {
        clients.removeAll { $0 === client }
        resumeIfUnblocked()
    }

    // MARK: The end

    /// Reads what the ended processes have left in the pipes, which is as much as a pipe holds for each, and
    /// closes them. From now on the clients only take what is queued for them.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        for source in sources {
            var reads = 0
            while take(source) == .data, reads < Self.maxLastReads { reads += 1 }
            write { $0.finish(source.stream) }
            if let watch = source.watch { loop.cancel(watch) }
            close(source.descriptor)
        }
        sources = []
        for client in clients {
            client.onUnblocked = {}
            client.end()
        }
    }
}
