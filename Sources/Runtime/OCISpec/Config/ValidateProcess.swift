extension RuntimeSpec.Process {
    /// - Parameter path: where the process stands; empty for a document of its own, as `exec` reads.
    /// - Throws: the first error.
    public func validate(at path: String = "") throws(JSONError) {
        func member(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

        guard !cwd.isEmpty else { throw JSONError(path: member("cwd"), reason: "must not be empty") }
        guard isAbsolute(cwd) else { throw notAbsolute(cwd, at: member("cwd")) }
        guard let program = args.first else {
            throw JSONError(path: member("args"), reason: "must not be empty")
        }
        guard !program.isEmpty else { throw JSONError(path: member("args[0]"), reason: "must not be empty") }
        for index in env.indices {
            let entry = env[index]
            guard let sign = entry.utf8.firstIndex(of: UInt8(ascii: "=")), sign != entry.utf8.startIndex
            else {
                throw JSONError(
                    path: member("env[\(index)]"),
                    reason: "expected NAME=value, found \(JSONError.quoted(entry))")
            }
        }
        if let oomScoreAdj, !(-1000...1000 ~= oomScoreAdj) {
            throw JSONError(
                path: member("oomScoreAdj"), reason: "\(oomScoreAdj) is out of range, -1000 to 1000")
        }
        try user.validate(at: member("user"))
        try checkRlimits(at: member("rlimits"))
        try scheduler?.validate(at: member("scheduler"))
        if let ioPriority, !(0...7 ~= ioPriority.priority) {
            throw JSONError(
                path: member("ioPriority.priority"), reason: "\(ioPriority.priority) is out of range, 0 to 7")
        }
        if let initial = execCPUAffinity?.initial, NumberList(initial) == nil {
            throw notAList(initial, of: "processors", at: member("execCPUAffinity.initial"))
        }
        if let final = execCPUAffinity?.final, NumberList(final) == nil {
            throw notAList(final, of: "processors", at: member("execCPUAffinity.final"))
        }
    }

    private func checkRlimits(at path: String) throws(JSONError) {
        for index in rlimits.indices {
            let limit = rlimits[index]
            for other in 0..<index where rlimits[other].type == limit.type {
                throw JSONError(
                    path: "\(path)[\(index)].type", reason: "\(limit.type.rawValue) is given twice")
            }
            if limit.soft > limit.hard {
                throw JSONError(
                    path: "\(path)[\(index)].soft",
                    reason: "the soft limit \(limit.soft) is above the hard limit \(limit.hard)")
            }
        }
    }
}

extension RuntimeSpec.User {
    /// The largest id of a user or group that a process may get, as the field's runtimes have it.
    public static let largestID = UInt32(Int32.max)

    /// For the kernel 4294967295 is "leave it as it is" (setresuid(2)): the process would stay root (the class of
    /// CVE-2024-40635).
    func validate(at path: String) throws(JSONError) {
        try Self.check(uid, at: "\(path).uid")
        try Self.check(gid, at: "\(path).gid")
        for index in additionalGids.indices {
            try Self.check(additionalGids[index], at: "\(path).additionalGids[\(index)]")
        }
    }

    private static func check(_ id: UInt32, at path: @autoclosure () -> String) throws(JSONError) {
        if id > largestID {
            throw JSONError(
                path: path(), reason: "uids and gids must be in range 0-\(largestID), found \(id)")
        }
    }
}

extension RuntimeSpec.Scheduler {
    func validate(at path: String) throws(JSONError) {
        guard -20...19 ~= nice else {
            throw JSONError(path: "\(path).nice", reason: "\(nice) is out of range, -20 to 19")
        }
        if priority != 0, policy != .fifo, policy != .roundRobin {
            throw JSONError(
                path: "\(path).priority",
                reason: "only SCHED_FIFO and SCHED_RR have one, not \(policy.rawValue)")
        }
        if policy != .deadline, runtime != 0 || deadline != 0 || period != 0 {
            let name = runtime != 0 ? "runtime" : deadline != 0 ? "deadline" : "period"
            throw JSONError(
                path: "\(path).\(name)", reason: "only SCHED_DEADLINE has one, not \(policy.rawValue)")
        }
    }
}

func notAList(_ found: String, of things: String, at path: String) -> JSONError {
    JSONError(path: path, reason: "expected a list of \(things) like 0-3,7, found \(JSONError.quoted(found))")
}
