import Glibc
import LinuxKernel

/// The shim's end of a container's standard input: a pipe, or its terminal. Takes only what the kernel takes at
/// once; the rest stays with the clients.
final class ContainerInput {
    private let descriptor: FileDescriptor
    private let loop: EventLoop
    private var watch: EventLoop.Watch?

    /// Called when the container takes input again.
    var onWritable: () -> Void = {}

    /// - Parameter descriptor: non-blocking.
    init(_ descriptor: consuming FileDescriptor, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    deinit {
        if let watch { loop.cancel(watch) }
    }

    /// The size of the terminal that this is the master of.
    func resize(_ size: TerminalSize) throws(KernelError) {
        try descriptor.setTerminalSize(size)
    }

    /// Whether the last input did not fit and no room has been made since.
    var isFull: Bool { watch != nil }

    /// - Returns: how much was taken. Input for a container that reads no more is swallowed.
    func offer(_ data: UnsafeRawBufferPointer) -> Int {
        var done = 0
        while done < data.count {
            let count = write(descriptor.raw, data.baseAddress! + done, data.count - done)
            if count >= 0 {
                done += count
                continue
            }
            switch Errno.current {
            case .interrupted: continue
            case .again:
                waitForRoom()
                return isFull ? done : data.count
            default: return data.count
            }
        }
        return done
    }

    private func waitForRoom() {
        guard watch == nil else { return }
        // Cannot fail but for want of kernel memory, and then input is lost rather than the shim.
        watch = try? loop.watch(descriptor.raw, .writable) { [unowned self] _ in
            if let watch { loop.cancel(watch) }
            watch = nil
            onWritable()
        }
    }
}
