import ContainerRuntime
import LinuxKernel

/// Learns of the kernel's OOM killer in a container.
final class MemoryWatch {
    private let watch: CgroupOOMWatch
    private let loop: EventLoop
    private var token: EventLoop.Watch?
    private var seen: UInt64 = 0

    /// - Parameter onKill: called when processes were killed, at most once for each look.
    init(_ watch: consuming CgroupOOMWatch, loop: EventLoop, onKill: @escaping () -> Void) throws(KernelError)
    {
        self.watch = watch
        self.loop = loop
        token = try loop.watch(self.watch.descriptor, self.watch.events) { [unowned self] _ in
            if look() { onKill() }
        }
    }

    deinit { if let token { loop.cancel(token) } }

    /// Looks whether processes were killed since the last look. The group signals before it kills, so that the
    /// last look has to be after the end of the first process.
    func look() -> Bool {
        do throws(KernelError) {
            guard let count = try watch.killCount(), count > seen else { return false }
            seen = count
            return true
        } catch {
            // A watch that cannot be read would be ready for ever.
            if let token { loop.cancel(token) }
            token = nil
            return false
        }
    }
}

extension ManagedContainer {
    func watchMemory(_ record: CgroupRecord) throws {
        guard let watch = try ContainerCgroup(record: record).watchOOM() else { return }
        memoryWatch = try MemoryWatch(watch, loop: shim.loop) { [unowned self] in noteOutOfMemory() }
    }

    func noteOutOfMemory() {
        change { $0.oomKilled = true }
        tell(.oom)
    }
}
