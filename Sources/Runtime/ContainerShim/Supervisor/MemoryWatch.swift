import ContainerRuntime
import LinuxKernel

/// Learns of the kernel's OOM killer in a container.
final class MemoryWatch {
    private let watch: CgroupOOMWatch
    /// systemd removes a scope as soon as its last process has ended, with the count in it: then the group above tells.
    private let parent: CgroupOOMWatch?
    private let loop: EventLoop
    private var token: EventLoop.Watch?
    private var seen: UInt64
    private var seenAbove: UInt64?

    /// - Parameters:
    ///   - killsBefore: what the group had counted before the container was made.
    ///   - onKill: called when processes were killed, at most once for each look.
    init(
        _ watch: consuming CgroupOOMWatch, parent: consuming CgroupOOMWatch?, killsBefore: UInt64,
        loop: EventLoop, onKill: @escaping () -> Void
    ) throws(KernelError) {
        seen = killsBefore
        self.watch = watch
        self.parent = parent
        self.loop = loop
        seenAbove = countAbove()
        token = try loop.watch(self.watch.descriptor, self.watch.events) { [unowned self] _ in
            if look() { onKill() }
        }
    }

    deinit { if let token { loop.cancel(token) } }

    /// Looks whether processes were killed since the last look. The group signals before it kills, so that the
    /// last look has to be after the end of the first process.
    /// - Parameter isLast: the container has ended by a SIGKILL that nobody of ours has sent. When its group is gone, what
    ///   the group above has counted since was this container's.
    func look(isLast: Bool = false) -> Bool {
        do throws(KernelError) {
            guard let count = try watch.killCount() else {
                guard isLast, let before = seenAbove, let now = countAbove() else { return false }
                return now > before
            }
            guard count > seen else { return false }
            seen = count
            seenAbove = countAbove()
            return true
        } catch {
            // A watch that cannot be read would be ready for ever.
            if let token { loop.cancel(token) }
            token = nil
            return false
        }
    }

    /// What was counted above so far was another container's.
    func disregardOthers() { seenAbove = countAbove() }

    private func countAbove() -> UInt64? {
        do throws(KernelError) {
            switch parent {
            case .none: return nil
            case .some(let parent): return try parent.killCount()
            }
        } catch {
            // Without it only the container's own group tells.
            return nil
        }
    }
}

extension ManagedContainer {
    func watchMemory(_ record: CgroupRecord) throws {
        let group = try ContainerCgroup(record: record)
        guard let watch = try group.watchOOM() else { return }
        // The files' groups are removed by us alone, after the last look.
        let parent = record.scope == nil ? nil : try group.watchParentOOM()
        memoryWatch = try MemoryWatch(
            watch, parent: parent, killsBefore: record.killsBefore, loop: shim.loop
        ) { [unowned self] in
            noteOutOfMemory()
        }
    }

    func noteOutOfMemory() {
        change { $0.oomKilled = true }
        shim.forEachContainer { if $0 !== self { $0.memoryWatch?.disregardOthers() } }
        tell(.oom)
    }
}
