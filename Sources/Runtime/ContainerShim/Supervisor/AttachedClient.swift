import CLinux
import Glibc
import LinuxKernel

/// The shim's end of one client's attached streams.
///
/// The buffer of a slow client is its socket's, in the kernel. When that is full, the container's output
/// waits: for a lossless client as long as it takes, for another one as long as its credit lasts. Credit is a
/// second, and grows back at a tenth of the time that passes, so that such a client can slow a container's
/// output by a tenth at most before it is dropped.
final class AttachedClient {
    private let socket: FileDescriptor
    private let loop: EventLoop
    private let scratch: Scratch
    let options: AttachOptions
    private var watch: EventLoop.Watch?
    private var watched: Epoll.Events = []

    // Output
    /// What the socket has not taken.
    private var pending: [UInt8] = []
    private var isOutputClosed = false
    private var isEnding = false
    private var credit = AttachedClient.maxCredit
    private var creditAt = monotonicMilliseconds()
    private var dropTimer: EventLoop.TimerID?
    /// The client takes output again, or is gone.
    var onUnblocked: () -> Void = {}

    // Input
    private var reader = StreamFrameReader()
    /// Arrived, but not taken by the container yet.
    private var unread: [UInt8] = []
    private(set) var isInputEnded = false
    /// Gives input to the container; says how much was taken.
    var onInput: (UnsafeRawBufferPointer) -> Int = { $0.count }
    /// The client has ended its input, or is gone.
    var onInputEnded: () -> Void = {}
    /// Input is read only while the container takes it.
    var takesInput = false {
        didSet { if takesInput != oldValue { takesInput ? resumeInput() : rewatch() } }
    }

    /// Nothing more will come from or go to this client.
    private(set) var isGone = false
    var onGone: () -> Void = {}

    private static let maxCredit = 1000
    private static let bufferSize: Int32 = 1 << 20

    init(
        _ socket: consuming FileDescriptor, _ options: AttachOptions, loop: EventLoop, scratch: Scratch
    ) throws(KernelError) {
        self.socket = socket
        self.options = options
        self.loop = loop
        self.scratch = scratch
        var size = Self.bufferSize
        let length = socklen_t(MemoryLayout<Int32>.size)
        // Beyond the host's limit only with CAP_NET_ADMIN; without it the limit is what we get.
        if setsockopt(self.socket.raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 {
            setsockopt(self.socket.raw, SOL_SOCKET, SO_SNDBUF, &size, length)
        }
        try self.socket.setNonBlocking(true)
        rewatch()
    }

    // MARK: Output

    /// The container's output has to wait for this client.
    var isBlocked: Bool { !pending.isEmpty && !isGone }

    /// Sends output, or queues it.
    /// - Parameter data: with room for a frame's head in front of it, which is overwritten.
    func send(_ kind: StreamFrame.Kind, withHead frame: UnsafeMutableRawBufferPointer) {
        guard !isGone, !isOutputClosed else { return }
        guard kind == .output ? options.stdout : options.stderr else { return }
        StreamFrame(kind: kind, length: frame.count - StreamFrame.headLength).write(to: frame)
        let bytes = UnsafeRawBufferPointer(frame)
        if !pending.isEmpty {
            pending.append(contentsOf: bytes)
            return
        }
        let sent = put(bytes)
        if sent < bytes.count {
            pending = Array(bytes[sent...])
            block()
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            let count = Glibc.send(
                socket.raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            switch Errno.current {
            case .interrupted: continue
            case .again: return 0
            default:
                // Nobody reads any more. Input that is on its way is still taken.
                isOutputClosed = true
                return bytes.count
            }
        }
    }

    private func flush() {
        guard !pending.isEmpty else { return }
        let sent = pending.withUnsafeBytes { put($0) }
        if sent < pending.count {
            pending.removeFirst(sent)
            return
        }
        pending = []
        unblock()
        rewatch()
        if isEnding { leave() }
    }

    private func block() {
        rewatch()
        guard !options.lossless else { return }
        let now = monotonicMilliseconds()
        credit = min(Self.maxCredit, credit + (now - creditAt) / 10)
        creditAt = now
        dropTimer = loop.after(milliseconds: credit) { [unowned self] in drop() }
    }

    private func unblock() {
        if let dropTimer { loop.cancel(dropTimer) }
        dropTimer = nil
        let now = monotonicMilliseconds()
        credit = max(0, credit - (now - creditAt))
        creditAt = now
        onUnblocked()
    }

    /// Gives the client up; it learns so when it has read what it got, as that ends without an end.
    private func drop() {
        dropTimer = nil
        pending = []
        leave()
    }

    /// The container's output has ended: the client gets what is pending, then the end.
    func end() {
        guard !isGone else { return }
        isEnding = true
        withUnsafeTemporaryAllocation(byteCount: StreamFrame.headLength, alignment: 1) { head in
            StreamFrame(kind: .end, length: 0).write(to: head)
            let bytes = UnsafeRawBufferPointer(head)
            let sent = pending.isEmpty ? put(bytes) : 0
            if sent < bytes.count {
                pending.append(contentsOf: bytes[sent...])
                rewatch()
            }
        }
        if pending.isEmpty { leave() }
    }

    // MARK: Input

    private func resumeInput() {
        if !unread.isEmpty { unread = take(unread) }
        rewatch()
    }

    private func receive() {
        let buffer = scratch.data
        let count = recv(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 {
            if Errno.current == .again || Errno.current == .interrupted { return }
            return leave()
        }
        if count == 0 { return leave() }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        let used = read(bytes)
        if used < count {
            unread = Array(bytes[used...])
            rewatch()
        }
    }

    private func take(_ bytes: [UInt8]) -> [UInt8] {
        let used = bytes.withUnsafeBytes { read($0) }
        return used < bytes.count ? Array(bytes[used...]) : []
    }

    private func read(_ bytes: UnsafeRawBufferPointer) -> Int {
        reader.read(bytes) { kind, data in
            guard kind == .input, options.stdin, !isInputEnded else { return data.count }
            if data.isEmpty {
                endInput()
                return 0
            }
            return onInput(data)
        }
    }

    private func endInput() {
        guard options.stdin, !isInputEnded else { return }
        isInputEnded = true
        unread = []
        onInputEnded()
    }

    // MARK: Watching

    /// What has to be waited for now. A descriptor that is watched for nothing would still report its end,
    /// again and again, and is not watched at all.
    private func rewatch() {
        guard !isGone else { return }
        var wanted: Epoll.Events = []
        let waitsForContainer = options.stdin && !isInputEnded && (!takesInput || !unread.isEmpty)
        if !waitsForContainer { wanted.insert(.readable) }
        if !pending.isEmpty { wanted.insert(.writable) }
        if wanted == watched, watch != nil || wanted.isEmpty { return }
        do throws(KernelError) {
            if let watch {
                if wanted.isEmpty {
                    loop.cancel(watch)
                    self.watch = nil
                } else {
                    try loop.change(watch, to: wanted)
                }
            } else {
                watch = try loop.watch(socket.raw, wanted) { [unowned self] in ready($0) }
            }
            watched = wanted
        } catch {
            leave()
        }
    }

    private func ready(_ events: Epoll.Events) {
        if !events.isDisjoint(with: [.writable, .error, .hangUp]) { flush() }
        guard !isGone else { return }
        if watched.contains(.readable), !events.isDisjoint(with: [.readable, .error, .hangUp]) { receive() }
    }

    /// Ends everything with this client.
    func leave() {
        guard !isGone else { return }
        isGone = true
        if let watch { loop.cancel(watch) }
        watch = nil
        if let dropTimer { loop.cancel(dropTimer) }
        dropTimer = nil
        // A half close first, so that the peer reads its end although this object lives on for a moment.
        shutdown(socket.raw, Int32(SHUT_RDWR))
        pending = []
        endInput()
        onUnblocked()
        onGone()
    }
}
