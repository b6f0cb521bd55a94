import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// What `events` tells of a container.
public enum ContainerEvent: Sendable {
    case statistics(EventStatistics)
    /// The kernel has killed a process of the container for memory, or (version 1) is about to.
    case outOfMemory
}

extension Runtime {
    /// What a container uses now, as `events --stats` prints it.
    public func eventStatistics(_ id: ContainerID) throws -> EventStatistics {
        try withRunning(id) { cgroup, _, record in try EventStatistics(cgroup, record) }
    }

    /// Tells what happens in a container until its first process ends.
    /// - Parameters:
    ///   - interval: between two statistics, in milliseconds.
    ///   - tell: its error ends the watch.
    public func watch(
        _ id: ContainerID, everyMilliseconds interval: Int, _ tell: (ContainerEvent) throws -> Void
    ) throws {
        try withRunning(id) { cgroup, process, record in
            let watch = try cgroup.watchOOM()
            var (watched, wanted): (Int32, Int16) = (-1, 0)
            var kills: UInt64 = 0
            switch watch {
            case .none: break
            case .some(let watch):
                watched = watch.descriptor
                wanted = Int16(watch.events == .priority ? POLLPRI : POLLIN)
                kills = try watch.killCount() ?? 0
            }
            var next = monotonicMilliseconds() + interval
            while true {
                let wait = max(0, next - monotonicMilliseconds())
                var polls = [
                    pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: watched, events: wanted, revents: 0),
                ]
                _ = try check("poll") { poll(&polls, 2, Int32(clamping: wait)) }
                let hasEnded = polls[0].revents != 0
                switch watch {
                case .some(let watch) where polls[1].revents != 0 || hasEnded:
                    for _ in 0..<(try watch.news(since: &kills)) { try tell(.outOfMemory) }
                default: break
                }
                if hasEnded { return }
                if monotonicMilliseconds() >= next {
                    try tell(.statistics(EventStatistics(cgroup, record)))
                    next = monotonicMilliseconds() + interval
                }
            }
        }
    }

    private func withRunning<Result>(
        _ id: ContainerID,
        _ body: (borrowing ContainerCgroup, borrowing ProcessHandle, ContainerRecord) throws -> Result
    ) throws -> Result {
        let folder = try ContainerFolder.open(root: root, id: id)
        let (record, place) = try folder.readRecordWithGroups()
        guard let process = try record.liveProcess() else {
            throw RuntimeError("container \(id) is not running", kind: .wrongState)
        }
        return try body(try ContainerCgroup(record: place), process, record)
    }
}
