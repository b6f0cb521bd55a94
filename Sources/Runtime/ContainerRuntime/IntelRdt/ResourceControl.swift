import Glibc
import LinuxKernel
import OCISpec

/// A container's share of caches and memory bandwidth: its groups in the kernel's resctrl file system
/// (config-linux.md, IntelRdt; Documentation/filesystems/resctrl.rst of the kernel).
package struct ResourceControl {
    /// The class of service, a folder.
    package let group: String
    /// The folder in which the container alone is counted.
    package let monitor: String?
    private let schemata: [String]
    /// Without a name of its own the group is the container's alone, and goes with it.
    private let isOwn: Bool

    /// Where the file system is mounted.
    static func root() throws -> String {
        guard let found = try mountPoint() else {
            throw RuntimeError("linux.intelRdt: the resctrl file system is not mounted on this host")
        }
        return found
    }

    /// For a container's configuration: one that asks for nothing is content without the file system, as with runc.
    static func root(for settings: RuntimeSpec.IntelRdt) throws -> String? {
        settings == .init() ? try mountPoint() : try root()
    }

    private static func mountPoint() throws -> String? {
        let usual = "/sys/fs/resctrl"
        if access("\(usual)/schemata", F_OK) == 0 { return usual }
        return try CgroupMounts.find(type: "resctrl")
    }

    /// - Parameter root: where the file system is.
    package init(_ settings: RuntimeSpec.IntelRdt, id: String, root: String) {
        group = "\(root)/\(settings.closID ?? id)"
        isOwn = settings.closID == nil
        monitor = settings.enableMonitoring ? "\(group)/mon_groups/\(id)" : nil
        var lines = [settings.l3CacheSchema, settings.memBwSchema].compactMap { $0 }
            .flatMap { $0.split(separator: "\n").map(String.init) }
        // The later line of a resource counts.
        lines += settings.schemata
        schemata = lines.filter { !$0.isEmpty }
    }

    /// Makes the groups, or checks the one that is named, and puts a process into them.
    /// - Throws: where a named group without settings is not there, or is there with others; what was made
    ///   is removed again.
    package func make(pid: Int32) throws {
        let made = try makeGroup()
        do {
            try Self.write("\(group)/tasks", "\(pid)")
            if let monitor {
                if mkdir(monitor, 0o755) != 0, Errno.current != .exists {
                    throw KernelError("mkdir", monitor)
                }
                try Self.write("\(monitor)/tasks", "\(pid)")
            }
        } catch {
            if let monitor { rmdir(monitor) }
            if made { rmdir(group) }
            throw error
        }
    }

    /// Puts a further process of the container, which has one thread, into its groups. Those that somebody has removed
    /// are passed over.
    package func join(pid: Int32) throws {
        for folder in [group, monitor].compactMap({ $0 }) where access(folder, F_OK) == 0 {
            try Self.write("\(folder)/tasks", "\(pid)")
        }
    }

    /// Changes the settings of the group, for `update`; without one it is made, and the container is moved into it.
    /// - Parameter processes: those of the container now; asked again until it has no thread that was not moved.
    /// - Returns: whether the group was made.
    package func update(processes: () throws -> [Int32]) throws -> Bool {
        if access(group, F_OK) == 0 {
            for line in schemata { try Self.write("\(group)/schemata", line + "\n") }
            return false
        }
        let made = try makeGroup()
        do {
            try moveThreads(of: processes)
        } catch {
            if made { rmdir(group) }
            throw error
        }
        return made
    }

    /// The file takes one thread at a time. A new thread begins in the group of the one that made it, so that rounds
    /// end as soon as every thread that makes others has been moved.
    /// - Parameter proc: where proc(5) is.
    package func moveThreads(of processes: () throws -> [Int32], proc: String = "/proc") throws {
        var moved: Set<Int32> = []
        var isSettled = false
        while !isSettled {
            isSettled = true
            for process in try processes() {
                for thread in try Self.threads(of: process, proc) where moved.insert(thread).inserted {
                    isSettled = false
                    try Self.move(thread, into: group)
                }
            }
        }
    }

    /// None of a process that has ended meanwhile.
    private static func threads(of process: Int32, _ proc: String) throws -> [Int32] {
        let path = "\(proc)/\(process)/task"
        do throws(KernelError) {
            return try FileDescriptor.listing(of: path).compactMap { Int32($0.name) }
        } catch {
            if error.errno == .noEntry || error.errno == .noProcess { return [] }
            throw error
        }
    }

    /// One that has ended meanwhile is no error.
    private static func move(_ thread: Int32, into group: String) throws {
        do throws(KernelError) {
            try FileDescriptor.writeFile("\(group)/tasks", "\(thread)")
        } catch {
            if error.errno != .noProcess { throw error }
        }
    }

    private func makeGroup() throws -> Bool {
        let exists = access(group, F_OK) == 0
        if schemata.isEmpty, !isOwn, !exists {
            throw RuntimeError("linux.intelRdt.closID: there is no class \(group.splitAtLastComponent.name)")
        }
        if exists {
            if !schemata.isEmpty { try compare() }
            return false
        }
        _ = try check("mkdir", group) { mkdir(group, 0o755) }
        do {
            for line in schemata { try Self.write("\(group)/schemata", line + "\n") }
        } catch {
            rmdir(group)
            throw error
        }
        return true
    }

    /// A class that is there belongs to others, too: its settings are not changed.
    private func compare() throws {
        let text = String(decoding: try FileDescriptor.readFile("\(group)/schemata"), as: UTF8.self)
        let present = Self.settings(text.split(separator: "\n"))
        for (resource, domains) in Self.settings(schemata.map { $0[...] }) {
            let there = present.last { $0.resource == resource }?.domains ?? []
            for domain in domains where !there.contains(domain) {
                throw RuntimeError(
                    "linux.intelRdt: class \(group.splitAtLastComponent.name) is there already, without "
                        + "\(resource):\(domain)")
            }
        }
    }

    /// `L3:0=ffff;1=ffff` taken apart; masks without the zeros before them.
    private static func settings(_ lines: [Substring]) -> [(resource: String, domains: [String])] {
        lines.compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let domains = parts[1].split(separator: ";").map { domain in
                let sides = domain.filter { $0 != " " }.split(separator: "=", maxSplits: 1)
                guard sides.count == 2 else { return String(domain) }
                let value = sides[1].drop { $0 == "0" }
                return "\(sides[0])=\(value.isEmpty ? "0" : value)"
            }
            return (parts[0].filter { $0 != " " }, domains)
        }
    }

    private static func write(_ path: String, _ text: String) throws {
        try FileDescriptor.writeFile(path, text)
    }

    /// What is the container's alone, inner folders first: for `remove`.
    package var ownFolders: [String] { [monitor, isOwn ? group : nil].compactMap { $0 } }

    /// Removes a container's own folders. Gone already is fine.
    package static func remove(_ folders: [String]) throws {
        for path in folders where rmdir(path) != 0 && Errno.current != .noEntry {
            throw KernelError("remove", path)
        }
    }
}
