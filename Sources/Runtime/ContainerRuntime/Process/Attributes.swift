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
        for limit in process.rlimits { try apply(limit) }
    }

    private static func apply(_ limit: RuntimeSpec.Rlimit) throws {
        var value = rlimit(rlim_cur: rlim_t(limit.soft), rlim_max: rlim_t(limit.hard))
        _ = try withUnsafePointer(to: &value) { pointer in
            try check("set", "\(limit.type.rawValue) to \(limit.soft):\(limit.hard)") {
                clinux_syscall(
                    Int(SYS_prlimit64), 0, Int(limit.type.number), Int(bitPattern: pointer), 0, 0, 0)
            }
        }
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
        _ = try withUnsafePointer(to: &attributes) { pointer in
            try check("set scheduler", scheduler.policy.rawValue) {
                clinux_syscall(Int(SYS_sched_setattr), 0, Int(bitPattern: pointer), 0, 0, 0, 0)
            }
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
