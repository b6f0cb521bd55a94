import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// What a process keeps across execve(2) and can be set while this is still the runtime's code.
enum ProcessAttributes {
    static func apply(_ process: RuntimeSpec.Process, _ linux: RuntimeSpec.Linux?) throws {
        if let scheduler = process.scheduler { try apply(scheduler) }
        if let priority = process.ioPriority {
            // ioprio_set(2): class in the upper bits; 1 stands for a process, 0 for this one.
            let value = Int(priority.class.number) << 13 | Int(priority.priority)
            _ = try check("set I/O priority", "\(value)") {
                clinux_syscall(Int(SYS_ioprio_set), 1, 0, value, 0, 0, 0)
            }
        }
        if let personality = linux?.personality { try apply(personality) }
        try linux?.memoryPolicy?.apply()
    }

    /// sched_setattr(2).
    private static func apply(_ scheduler: RuntimeSpec.Scheduler) throws {
        var attributes = SchedulerAttributes()
        attributes.policy = scheduler.policy.number
        attributes.flags = scheduler.flags.reduce(0) { $0 | $1.bit }
        attributes.nice = scheduler.nice
        attributes.priority = UInt32(clamping: scheduler.priority)
        attributes.runtime = scheduler.runtime
        attributes.deadline = scheduler.deadline
        attributes.period = scheduler.period
        do {
            _ = try withUnsafePointer(to: &attributes) { pointer in
                try check("set scheduler", scheduler.policy.rawValue) {
                    clinux_syscall(Int(SYS_sched_setattr), 0, Int(bitPattern: pointer), 0, 0, 0, 0)
                }
            }
        } catch let error as KernelError where error.errno == .notPermitted && scheduler.isRealTime {
            // A new group of the cpu hierarchy begins with no time for such processes (CONFIG_RT_GROUP_SCHED).
            throw RuntimeError("\(error) (linux.resources.cpu.realtimeRuntime may have to give it time)")
        }
    }

    private static func apply(_ personality: RuntimeSpec.Personality) throws {
        guard personality.flags.isEmpty else {
            throw RuntimeError("linux.personality.flags: no flag is supported")
        }
        let domain: UInt = personality.domain == .linux32 ? 0x0008 : 0
        _ = try check("set personality", personality.domain.rawValue) {
            clinux_syscall(Int(SYS_personality), Int(domain), 0, 0, 0, 0, 0)
        }
    }
}

extension RuntimeSpec.Scheduler {
    fileprivate var isRealTime: Bool { policy == .fifo || policy == .roundRobin }
}

/// struct sched_attr of the kernel (sched_setattr(2)), first version.
private struct SchedulerAttributes {
    var size = UInt32(48)
    var policy: UInt32 = 0
    var flags: UInt64 = 0
    var nice: Int32 = 0
    var priority: UInt32 = 0
    var runtime: UInt64 = 0
    var deadline: UInt64 = 0
    var period: UInt64 = 0
}
