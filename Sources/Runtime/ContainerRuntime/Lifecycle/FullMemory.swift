import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A container whose memory is nearly used up, so that the kernel may kill whoever is added to it.
///
/// A new process shares the runtime's memory until it executes its program, and the kernel ends every process that
/// shares the memory of the one it kills. So another process, which may die, adds it.
package struct FullMemory {
    /// Bytes.
    private let limit: UInt64
    private let place: CgroupRecord
    private let killsBefore: UInt64

    /// - Returns: nil for a container with room for a program, or without a limit of its own.
    init?(_ record: ContainerRecord, _ spec: RuntimeSpec) throws {
        guard let place = record.cgroup, SmallMemory.limit(spec.linux?.resources) != nil else { return nil }
        try self.init(place, room: UInt64(SmallMemory.comfortable))
    }

    /// - Parameter room: bytes that are enough.
    package init?(_ place: CgroupRecord, room: UInt64) throws {
        guard let (used, limit) = try place.memoryUse(), used >= limit || limit - used < room else {
            return nil
        }
        self.limit = limit
        self.place = place
        killsBefore = try ContainerCgroup(record: place).oomKillCount()
    }

    /// Why a process has ended without a word; nil when the kernel has killed none of the container's meanwhile.
    package func cause() throws -> String? {
        guard try ContainerCgroup(record: place).oomKillCount() > killsBefore else { return nil }
        return
            "the kernel killed it for want of memory: the container's limit is \(limit) bytes, and they are used up"
    }

    /// Adds a process by another one.
    /// - Parameter make: runs in the other one, which has to make the process a child of its own parent.
    func addByAnother(_ make: @escaping () throws -> StartedProcess) throws -> StartedProcess {
        let gate = try socketPair()
        let theirs = gate.write.raw
        let process = try spawnChild(CloneOptions(), gate: theirs, peer: gate.read.raw) {
            do {
                var pid = try make().pid
                return withUnsafeBytes(of: &pid) {
                    send(theirs, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                } > 0
                    ? 0 : 1
            } catch {
                Channel.fail(theirs, error)
            }
        }
        let ends = gate.ends()
        close(ends.1)
        let ours = FileDescriptor(owning: ends.0)
        var message = [UInt8](repeating: 0, count: 4096)
        let count = message.withUnsafeMutableBytes { buffer in
            Channel.go.withUnsafeBytes {
                clinux_send_and_wait(ours.raw, $0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
            }
        }
        let status = try process.wait()
        if count == MemoryLayout<Int32>.size, status == .exited(0) {
            return StartedProcess(pid: message.withUnsafeBytes { $0.load(as: Int32.self) })
        }
        if case .failure(let error) = try Channel.interpret(message, count) { throw error }
        throw RuntimeError("the exec process ended before it was ready: \(try cause() ?? Self.text(status))")
    }

    private static func text(_ status: ExitStatus) -> String {
        switch status {
        case .exited(let code): "its maker ended with exit status \(code)"
        case .signaled(let signal): "its maker was killed by \(Signal(rawValue: signal).name)"
        }
    }
}

extension CgroupRecord {
    /// Bytes that are used, and the limit; nil without one. Two files are read, and no group is opened.
    fileprivate func memoryUse() throws(KernelError) -> (used: UInt64, limit: UInt64)? {
        let legacy = self.legacy.first { group in
            group.key.split(separator: ",").contains { $0 == CgroupController.memory.legacyName }
        }
        guard
            let limit = try Self.number(
                legacy.map { "\($0.value)/memory.limit_in_bytes" } ?? "\(unified)/memory.max"),
            let used = try Self.number(
                legacy.map { "\($0.value)/memory.usage_in_bytes" } ?? "\(unified)/memory.current")
        else { return nil }
        return (used, limit)
    }

    /// - Returns: nil where there is no such file, nor its group.
    private static func number(_ path: String) throws(KernelError) -> UInt64? {
        try FileDescriptor.readFileIfThere(path, limit: 64, absent: .noDevice).flatMap {
            CgroupText.number($0[...])
        }
    }
}
