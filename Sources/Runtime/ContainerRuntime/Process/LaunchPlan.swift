import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The last calls of a process before it is the container's program, in the order that the kernel's rules
/// demand. Everything here happens in the trampoline, outside of the runtime's memory.
struct LaunchPlan {
    let process: RuntimeSpec.Process
    let capabilities: CapabilitySets
    /// A mask.
    let boundingDrops: UInt64
    let seccomp: SeccompFilter?
    /// Not part of the plan: the runtime applies them when the process reports.
    let raisedLimits: RaisedLimits
    /// Descriptors above the standard streams that the program gets.
    let preservedDescriptors: Int32
    /// For a process whose configuration names none; nil: the caller's.
    let defaultUmask: UInt32?
    /// The runtime's socket: told when all but the start is done.
    let socket: Int32
    /// Read for one byte before the program is executed.
    let start: Int32
    /// Told when a call after the start fails.
    let result: Int32
    /// A `FailureFile`, or -1.
    let failures: Int32

    /// Whether the filter is the last step before the program's execution, and may refuse that and its report.
    static func loadsFilterLast(_ process: RuntimeSpec.Process, _ seccomp: SeccompFilter?) -> Bool {
        guard process.noNewPrivileges, let seccomp else { return false }
        return seccomp.listener == nil
    }

    /// - Parameters:
    ///   - program: the path for execve(2).
    ///   - folder: the working directory, where only the process's user may enter it.
    /// - Throws: for an id that is none, whatever checked the configuration before.
    func make(program: String, label: LabelWrite?, folder: String?) throws -> ExecPlan {
        var plan = ExecPlan()
        // The exec before this one made the process readable to others again.
        plan.append("prctl", Int(SYS_prctl), [.number(Int(PR_SET_DUMPABLE)), .number(0)])
        // Nothing of the runtime's reaches the program (CVE-2024-21626): its descriptors end with the exec.
        plan.append(
            "close_range", Int(SYS_close_range),
            [.number(Int(3 + preservedDescriptors)), .number(Int(UInt32.max)), .number(1 << 2)])
        // Before the limits, and long before the start: a container that waits holds nothing open that it could
        // write to beside its gate.
        if failures >= 0 { plan.leaveFailures(in: failures) }
        if process.noNewPrivileges {
            plan.append(
                "set no_new_privs", Int(SYS_prctl),
                [.number(Int(PR_SET_NO_NEW_PRIVS)), .number(1), .number(0), .number(0), .number(0)])
        }
        if let label { append(label, to: &plan) }
        appendLimits(to: &plan)
        // Without no_new_privs the filter needs CAP_SYS_ADMIN, which the next steps take away.
        if !process.noNewPrivileges { appendFilter(to: &plan) }
        try appendCredentials(to: &plan, folder)
        // An agent has to be there before the program is: the profile may hand it the very first call.
        if process.noNewPrivileges, seccomp?.listener != nil { appendFilter(to: &plan) }
        plan.append(
            "report", Int(SYS_write), [.number(Int(socket)), plan.place("R"), .number(1)])
        // A runtime that is killed now must not be what starts the program.
        plan.append(
            "wait for start", Int(SYS_read), [.number(Int(start)), plan.place(" "), .number(1)], .zeroEnds)
        plan.reportTo(result)
        // With it, as late as can be: the profile then need not allow the steps before.
        if Self.loadsFilterLast(process, seccomp) { appendFilter(to: &plan) }
        plan.append("exec \(program)", Int(SYS_execve), [plan.place(program)], .programArguments)
        return plan
    }

    /// The kernel lets only that memory image write an attribute which opened it (Linux 5.13), so the trampoline
    /// opens it itself.
    private func append(_ label: LabelWrite, to plan: inout ExecPlan) {
        let step = "set \(label.what)"
        let flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC
        plan.append(
            step, Int(SYS_openat), [.number(Int(label.proc)), plan.place(label.path), .number(Int(flags))])
        plan.append(
            step, Int(SYS_write),
            [.number(0), plan.place(label.text), .number(label.text.utf8.count)], .resultOfCallBefore)
        plan.append("close proc", Int(SYS_close), [.number(Int(label.proc))])
    }

    /// As late as can be: small ones (RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_DATA) are for the program, and would stop
    /// the runtime's own steps. Before the filter, which need not allow them, and the loss of CAP_SYS_RESOURCE.
    private func appendLimits(to plan: inout ExecPlan) {
        for limit in process.rlimits where !raisedLimits.contains(limit) {
            let value = [limit.soft, limit.hard].withUnsafeBytes { plan.place($0) }
            plan.append(
                limit.step, Int(SYS_prlimit64),
                [.number(0), .number(Int(limit.type.number)), value, .number(0)])
        }
    }

    private func appendFilter(to plan: inout ExecPlan) {
        guard let seccomp else { return }
        let program = seccomp.program.withUnsafeBytes { plan.place($0) }
        // struct sock_fprog: a length, padding, and a pointer.
        var header = [UInt64(seccomp.instructionCount), 0]
        header[1] = UInt64(bitPattern: plan.pointerValue(of: program))
        let description = header.withUnsafeBytes { plan.place($0) }
        plan.relocatePointer(at: ExecPlan.behind(description, bytes: 8))
        plan.append(
            "load seccomp filter", Int(SYS_seccomp),
            [.number(Int(SECCOMP_SET_MODE_FILTER)), .number(Int(seccomp.flags)), description])
        guard seccomp.listener != nil else { return }
        plan.append("report filter", Int(SYS_write), [.number(Int(socket)), plan.place("S"), .number(1)])
        plan.append(
            "wait for agent", Int(SYS_read), [.number(Int(socket)), plan.place(" "), .number(1)], .zeroEnds)
    }

    /// Groups before the user, as only root may change them; capabilities last, as each step needs some.
    private func appendCredentials(to plan: inout ExecPlan, _ folder: String?) throws {
        // For the kernel the largest number means "stay who you are": root.
        guard process.user.uid != UInt32.max, process.user.gid != UInt32.max else {
            throw RuntimeError("process.user: \(UInt32.max) is no id of a user or group")
        }
        for capability in 0..<64 where boundingDrops & 1 << UInt64(capability) != 0 {
            plan.append(
                "drop a capability from the bounding set", Int(SYS_prctl),
                [.number(Int(PR_CAPBSET_DROP)), .number(capability)])
        }
        plan.append("keep capabilities", Int(SYS_prctl), [.number(Int(PR_SET_KEEPCAPS)), .number(1)])
        let user = process.user
        let groups = user.additionalGids
        let list = groups.withUnsafeBytes { plan.place($0) }
        // A user namespace may forbid setgroups(2); without groups to set that is no loss.
        plan.append(
            "set additional groups", Int(SYS_setgroups), [.number(groups.count), list],
            groups.isEmpty ? .tolerateNotPermitted : [])
        let gid = Int(user.gid)
        plan.append("set group \(gid)", Int(SYS_setresgid), [.number(gid), .number(gid), .number(gid)])
        let uid = Int(user.uid)
        plan.append("set user \(uid)", Int(SYS_setresuid), [.number(uid), .number(uid), .number(uid)])
        if let folder { append(folder: folder, to: &plan) }
        plan.append("reset capabilities", Int(SYS_prctl), [.number(Int(PR_SET_KEEPCAPS)), .number(0)])
        if let mask = user.umask ?? defaultUmask {
            plan.append("umask", Int(SYS_umask), [.number(Int(mask))])
        }
        let header = CapabilitySets.kernelHeader.withUnsafeBytes { plan.place($0) }
        let sets = capabilities.kernelData.withUnsafeBytes { plan.place($0) }
        plan.append("set capabilities", Int(SYS_capset), [header, sets])
        plan.append(
            "clear ambient capabilities", Int(SYS_prctl),
            [.number(Int(PR_CAP_AMBIENT)), .number(4), .number(0), .number(0), .number(0)])
        for capability in 0..<64 where capabilities.ambient & 1 << UInt64(capability) != 0 {
            plan.append(
                "raise an ambient capability", Int(SYS_prctl),
                [
                    .number(Int(PR_CAP_AMBIENT)), .number(2), .number(capability), .number(0),
                    .number(0),
                ])
        }
    }
}

extension LaunchPlan {
    /// What is tried, for messages.
    static func chdirStep(_ path: String) -> String { "chdir to cwd (\"\(path)\") set in config.json failed" }

    /// As ever by a descriptor for which no magic link was followed (CVE-2024-21626).
    private func append(folder: String, to plan: inout ExecPlan) {
        // struct open_how: flags, mode, and how to resolve, here RESOLVE_NO_MAGICLINKS.
        let how = [UInt64(O_PATH | O_DIRECTORY | O_CLOEXEC), 0, 2].withUnsafeBytes { plan.place($0) }
        let step = Self.chdirStep(folder)
        plan.append(
            step, Int(SYS_openat2), [.number(Int(AT_FDCWD)), plan.place(folder), how, .number(24)])
        plan.append(step, Int(SYS_fchdir), [.number(0)], .resultOfCallBefore)
    }
}

/// A security label that takes effect with the program's exec (/proc/self/attr/exec).
struct LabelWrite {
    let what: String
    /// A procfs of our own, and the attribute's path in it.
    let proc: Int32
    let path: String
    let text: String
}

extension CapabilitySets {
    /// What a process of this container gets, of what the runtime can give.
    static func forContainer(
        _ process: RuntimeSpec.Process, _ spec: RuntimeSpec, log: Log
    ) throws -> CapabilitySets {
        // In a user namespace of its own the container's root has every capability there is.
        let available =
            spec.linux?.namespace(.user) != nil
            ? try Capability.all() : try CapabilitySets.permittedHere()
        return CapabilitySets(process.capabilities ?? .init(), available: available) { log.warning($0) }
    }
}
