import CLinux
import Glibc
import LinuxKernel
import NIOCore
import Synchronization

/// A TCP connection of `ProbeLoop`: it connects, sends what there is to be said, and hands on what comes.
final class PlainConnection: Sendable {
    enum Event {
        case connected
        case received(UnsafeRawBufferPointer)
        /// The other side has closed.
        case ended
        case failedToConnect(Errno)
        case failed(Errno)
    }

    private struct State {
        /// -1: closed.
        var fd: Int32 = -1
        var token: UInt64?
        var isConnected = false
        /// What is still to be sent.
        var unsent: ArraySlice<UInt8>
        /// What the kernel is asked to tell.
        var watched: Epoll.Events = []
    }

    /// Bytes that are read at a time.
    private static let part = 16 << 10

    private let loop: ProbeLoop
    /// Called on the loop; says whether the connection is still wanted.
    private let happened: @Sendable (Event) -> Bool
    private let state: Mutex<State>

    /// Nothing happens before `connect`.
    init(on loop: ProbeLoop, sending bytes: [UInt8], _ happened: @escaping @Sendable (Event) -> Bool) {
        self.loop = loop
        self.happened = happened
        state = Mutex(State(unsent: bytes[...]))
    }

    deinit { closeNow() }

    /// On the loop.
    func connect(to address: SocketAddress) {
        do throws(KernelError) {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let fd = try check("socket") { socket(address.protocol.rawValue, kind, 0) }
            state.withLock { $0.fd = fd }
            // The socket goes when the other side has confirmed the end. In TIME-WAIT, for a minute each, a thousand
            // probes a second would be sixty thousand (tcp(7)).
            var linger: Int32 = -1
            setsockopt(fd, Int32(IPPROTO_TCP), TCP_LINGER2, &linger, socklen_t(MemoryLayout<Int32>.size))
            let isDone = address.withSockAddr { address, size in
                clinux_connect(fd, address, socklen_t(size)) == 0
            }
            if !isDone, Errno.current != Errno(rawValue: EINPROGRESS) {
                return give(.failedToConnect(.current))
            }
        } catch {
            return give(.failedToConnect(error.errno))
        }
        // A pod of this node has taken the connection by now: no wait is needed to learn that.
        send()
    }

    /// From anywhere, any number of times. The number is given back on the loop, where nobody is about to use it.
    func close() {
        if loop.inEventLoop { closeNow() } else { loop.execute { self.closeNow() } }
    }

    private func closeNow() {
        let (fd, token) = state.withLock { state in
            defer {
                state.fd = -1
                state.token = nil
            }
            return (state.fd, state.token)
        }
        if let token { loop.unwatch(token) }
        if fd >= 0 { _ = Glibc.close(fd) }
    }

    // MARK: What happens

    private func give(_ event: Event) {
        if !happened(event) { close() }
    }

    private func isReady(_ events: Epoll.Events) {
        if !state.withLock(\.isConnected) {
            let error = connectError
            if error != Errno(rawValue: 0) { return give(.failedToConnect(error)) }
            return send()
        }
        if events.contains(.writable) { send() }
        if !events.isDisjoint(with: [.readable, .hangUp, .error, .peerClosed]) { receive() }
    }

    private var connectError: Errno {
        let fd = state.withLock(\.fd)
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return .current }
        return Errno(rawValue: error)
    }

    private func send() {
        enum Outcome { case sent, wait, failed(Errno), gone }
        let outcome = state.withLock { state -> Outcome in
            guard state.fd >= 0 else { return .gone }
            let count = state.unsent.withUnsafeBytes { bytes in
                Glibc.send(state.fd, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                state.unsent = state.unsent.dropFirst(count)
                return state.unsent.isEmpty ? .sent : .wait
            }
            let error = Errno.current
            // Not connected yet.
            return [EAGAIN, ENOTCONN, EINPROGRESS, EALREADY].contains(error.rawValue) ? .wait : .failed(error)
        }
        switch outcome {
        case .gone: return
        case .failed(let error):
            return give(state.withLock(\.isConnected) ? .failed(error) : .failedToConnect(error))
        case .wait: watch([.writable, .peerClosed])
        case .sent:
            let isNew = state.withLock { state in
                defer { state.isConnected = true }
                return !state.isConnected
            }
            if isNew { give(.connected) }
            watch([.readable, .peerClosed])
        }
    }

    private func watch(_ events: Epoll.Events) {
        let (fd, token, watched) = state.withLock { ($0.fd, $0.token, $0.watched) }
        guard fd >= 0, watched != events else { return }
        state.withLock { $0.watched = events }
        do throws(KernelError) {
            if let token {
                try loop.rewatch(fd, events, token)
            } else {
                let new = try loop.watch(fd, events) { [weak self] in self?.isReady($0) }
                state.withLock { $0.token = new }
            }
        } catch {
            give(.failed(error.errno))
        }
    }

    private func receive() {
        withUnsafeTemporaryAllocation(byteCount: Self.part, alignment: 16) { buffer in
            while case let fd = state.withLock(\.fd), fd >= 0 {
                let count = recv(fd, buffer.baseAddress, buffer.count, 0)
                if count > 0 {
                    give(.received(UnsafeRawBufferPointer(rebasing: buffer[..<count])))
                    // Less than there was room for: nothing more has come yet.
                    if count < buffer.count { return }
                    continue
                }
                if count == 0 { return give(.ended) }
                switch Errno.current {
                case .interrupted: continue
                case .again: return
                case let error: return give(.failed(error))
                }
            }
        }
    }
}
