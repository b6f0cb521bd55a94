import Glibc
import LinuxKernel
import OCISpec

/// One client on the shim's socket. Nothing here waits for it: answers that it does not take are queued up to
/// a bound, and a client beyond that is cut off.
final class ClientConnection {
    private let socket: FileDescriptor
    private let loop: EventLoop
    private let scratch: Scratch
    private var watch: EventLoop.Watch?
    private var queue: [Outgoing] = []
    private var queuedBytes = 0
    private var isWaitingToSend = false

    /// Gets events of the containers.
    var isSubscribed = false
    private(set) var isClosed = false
    /// The client has closed its end. What it has asked for before may still come.
    private(set) var hasLeft = false

    var onRequest: (NumberedRequest, [Int32]) -> Void = { _, descriptors in
        for fd in descriptors { Glibc.close(fd) }
    }
    var onClose: () -> Void = {}

    private struct Outgoing {
        var bytes: [UInt8]
        /// Owned; -1 for none.
        var descriptor: Int32
    }

    /// Several hundred answers; who is so far behind does not read at all.
    private static let maxQueued = 64 << 10

    init(_ socket: consuming FileDescriptor, loop: EventLoop, scratch: Scratch) throws(KernelError) {
        self.socket = socket
        self.loop = loop
        self.scratch = scratch
        watch = try loop.watch(self.socket.raw, .readable) { [unowned self] in ready($0) }
    }

    // MARK: Sending

    func send(_ message: ShimMessage, descriptor: consuming FileDescriptor? = nil) {
        send(message.json(), descriptor: descriptor?.release() ?? -1)
    }

    func greet(_ greeting: ShimGreeting) {
        send(greeting.json(), descriptor: -1)
    }

    private func send(_ bytes: [UInt8], descriptor: Int32) {
        guard !isClosed else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            return
        }
        queue.append(Outgoing(bytes: bytes, descriptor: descriptor))
        queuedBytes += bytes.count
        flush()
        if queuedBytes > Self.maxQueued { close() }
    }

    private func flush() {
        while let next = queue.first {
            do throws(KernelError) {
                try socket.sendPacket(next.bytes, descriptors: next.descriptor < 0 ? [] : [next.descriptor])
            } catch {
                if error.errno == .again { break }
                return close()
            }
            queue.removeFirst()
            queuedBytes -= next.bytes.count
            if next.descriptor >= 0 { Glibc.close(next.descriptor) }
        }
        guard let watch, isWaitingToSend == queue.isEmpty else { return }
        isWaitingToSend = !queue.isEmpty
        do throws(KernelError) {
            try loop.change(watch, to: isWaitingToSend ? [.readable, .writable] : .readable)
        } catch {
            close()
        }
    }

    // MARK: Receiving

    private func ready(_ events: Epoll.Events) {
        if events.contains(.writable) { flush() }
        if events.contains(.hangUp) { hasLeft = true }
        guard !isClosed, !events.isDisjoint(with: [.readable, .hangUp, .error]) else { return }
        let count: Int
        let descriptors: [Int32]
        do throws(KernelError) {
            (count, descriptors) = try socket.receivePacket(into: scratch.message)
        } catch {
            if error.errno != .again { close() }
            return
        }
        if count == 0 || count > ShimProtocol.maxMessage {
            for fd in descriptors { Glibc.close(fd) }
            return close()
        }
        let request: NumberedRequest
        do throws(JSONError) {
            request = try NumberedRequest(json: UnsafeRawBufferPointer(rebasing: scratch.message[..<count]))
        } catch {
            for fd in descriptors { Glibc.close(fd) }
            refuse(error, in: UnsafeRawBufferPointer(rebasing: scratch.message[..<count]))
            return
        }
        onRequest(request, descriptors)
    }

    /// A request that this shim does not know may come from a later client: it gets an answer, and others go on.
    private func refuse(_ error: JSONError, in message: UnsafeRawBufferPointer) {
        do throws(JSONError) {
            let number = try JSON.read(message) { (json) throws(JSONError) -> UInt64 in
                try json.object().required("number")
            }
            send(.answer(number: number, .failed(ShimFailure(.badRequest, "request: \(error)"))))
        } catch {
            close()
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let watch { loop.cancel(watch) }
        watch = nil
        for item in queue where item.descriptor >= 0 { Glibc.close(item.descriptor) }
        queue = []
        onClose()
    }
}

/// Where the answer to one request goes.
struct Reply {
    let client: ClientConnection
    let number: UInt64

    func send(_ answer: ShimAnswer, descriptor: consuming FileDescriptor? = nil) {
        client.send(.answer(number: number, answer), descriptor: descriptor)
    }

    func fail(_ kind: ShimFailure.Kind, _ message: String) {
        send(.failed(ShimFailure(kind, message)))
    }
}
