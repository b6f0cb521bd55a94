import Glibc
import LinuxKernel

/// Buffers that the whole shim shares, as it does one thing at a time. Their pages go back to the kernel when
/// the shim is idle.
final class Scratch {
    /// What a client sent: one message and a byte more.
    let message: UnsafeMutableRawBufferPointer
    /// What a container wrote, with room for a frame's head before it.
    let frame: UnsafeMutableRawBufferPointer
    /// What goes to a log.
    let log: UnsafeMutableRawBufferPointer
    private let all: UnsafeMutableRawBufferPointer

    /// The part of `frame` for data.
    var data: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: frame[StreamFrame.headLength...])
    }

    init() throws(KernelError) {
        let page = 4096
        let messageSize = ShimProtocol.maxMessage + page
        let frameSize = StreamFrame.maxData + page
        let logSize = 32 << 10
        let size = messageSize + frameSize + logSize
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { throw KernelError("mmap", "buffers") }
        all = UnsafeMutableRawBufferPointer(start: start, count: size)
        message = UnsafeMutableRawBufferPointer(rebasing: all[..<(ShimProtocol.maxMessage + 1)])
        let frameEnd = messageSize + StreamFrame.headLength + StreamFrame.maxData
        frame = UnsafeMutableRawBufferPointer(rebasing: all[messageSize..<frameEnd])
        log = UnsafeMutableRawBufferPointer(rebasing: all[(messageSize + frameSize)...])
    }

    deinit { munmap(all.baseAddress, all.count) }

    /// Gives the pages back.
    func release() {
        madvise(all.baseAddress, all.count, Int32(MADV_DONTNEED))
    }
}
