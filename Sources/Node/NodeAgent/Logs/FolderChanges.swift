import Glibc
import LinuxKernel
import NIOCore
import NIOPosix

/// Tells one waiter that something changed in a file's folder (inotify(7)), by an event loop and without a thread.
final class FolderChanges: Sendable {
    private let channel: any Channel
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameter path: of a file; where it is a symlink, the folder that it leads to is watched, too.
    init(around path: String) async throws {
        // One signal that waits stands for all that came.
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.signals = signals
        self.signal = signal
        let descriptor = try Self.watch(path)
        do {
            channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Listener(signal))
                    }
                }
                .takingOwnershipOfDescriptor(input: descriptor).get()
        } catch {
            _ = close(descriptor)
            throw error
        }
    }

    /// Returns when something changed since the last call.
    /// - Throws: `CancellationError`
    func wait() async throws {
        for await _ in signals { break }
        try Task.checkCancellation()
    }

    /// Ends the wait for another reason.
    func wake() { signal.yield() }

    func stop() {
        signal.finish()
        channel.close(promise: nil)
    }

    private static func watch(_ path: String) throws(KernelError) -> Int32 {
        let instance = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard instance >= 0 else { throw KernelError("inotify_init1", "") }
        let events = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)
        let real = realpath(path, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        for folder in Set([path, real ?? path].map(folder(of:))) {
            guard inotify_add_watch(instance, folder, events) >= 0 else {
                let error = KernelError("watch", folder)
                _ = close(instance)
                throw error
            }
        }
        return instance
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let signal: AsyncStream<Void>.Continuation

        init(_ signal: AsyncStream<Void>.Continuation) {
            self.signal = signal
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            // Which file it was does not matter: whoever waits looks for himself.
            signal.yield()
        }
    }
}
