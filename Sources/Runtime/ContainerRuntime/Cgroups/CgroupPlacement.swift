import CLinux
import Glibc
import LinuxKernel

/// How a new process gets into a container's groups: it is made in the version 2 group with
/// CLONE_INTO_CGROUP, and joins the version 1 groups by itself with `joinLegacy`.
///
/// Both for one reason. Writing a process id into `cgroup.procs` takes the kernel's lock over all forks and
/// exits, for which it waits for an RCU grace period: 7 to 10 ms after a quiet moment. A process that moves
/// only its own, single thread (`0` into version 1's `tasks`) needs no such lock, nor does a clone: 20 µs.
public struct CgroupPlacement: ~Copyable {
    /// For `CloneOptions.cgroup`. Open as long as this value lives.
    public let cloneDescriptor: Int32
    private let tasks: [Int32]

    /// - Parameters: descriptors that this value then owns; `tasks` are open for writing.
    init(cloneDescriptor: Int32, tasks: [Int32]) {
        self.cloneDescriptor = cloneDescriptor
        self.tasks = tasks
    }

    deinit {
        close(cloneDescriptor)
        for fd in tasks { close(fd) }
    }

    /// Moves the calling process, which must have one thread, into the version 1 groups. To be called in the
    /// new process before it leaves the cgroup namespace (which begins at the groups its maker is in) and in
    /// any user namespace: the files were opened with the rights of whoever made this value.
    public func joinLegacy() throws(KernelError) {
        for fd in tasks {
            _ = try check("join cgroup", "descriptor \(fd)") { write(fd, "0", 1) }
        }
    }
}

extension ContainerCgroup {
    /// Opens what a new process of this container needs.
    ///
    /// - Parameter subgroups: groups below the container's own which `exec --cgroup` names, each as `PATH` or
    ///   `CONTROLLER[,CONTROLLER...]:PATH`; the latter for version 1 hierarchies only. They must exist.
    /// - Throws: `gone` when the container's group is not there.
    public func placement(subgroups: [String] = []) throws(CgroupError) -> CgroupPlacement {
        let choice = try SubgroupChoice(subgroups)
        try choice.checkControllers { controller in
            legacy.contains { CgroupLayout.hierarchy($0.hierarchy, has: controller) }
        }
        return try placement(unifiedSubgroup: choice.common, legacy: choice)
    }

    /// The same for the container that a record tells of, without opening the folders of its version 1 groups.
    public static func placement(
        in record: CgroupRecord, subgroups: [String]
    ) throws(CgroupError) -> CgroupPlacement {
        let choice = try SubgroupChoice(subgroups)
        try choice.checkControllers { controller in
            record.legacy.entries.contains { CgroupLayout.hierarchy($0.key, has: controller) }
        }
        let root = CgroupRoot()
        var group = ContainerCgroup(unifiedPath: record.unified, legacy: [])
        group.unifiedDescriptor = try openIfThere(record.unified, from: root)
        let clone = try group.openUnified(choice.common)
        var tasks: [Int32] = []
        tasks.reserveCapacity(record.legacy.entries.count)
        do throws(CgroupError) {
            for (hierarchy, path) in record.legacy {
                let file = "\(path)/\(choice.folder(in: hierarchy))tasks"
                let fd = root.find(file) { clinux_openat($0, $1, O_WRONLY | O_CLOEXEC, 0) }
                if fd >= 0 {
                    tasks.append(fd)
                } else {
                    let errno = Errno.current
                    // Of a group that is gone there is nothing to enter.
                    guard errno == .noEntry, !root.isThere(path) else {
                        throw .system("open", file, errno)
                    }
                }
            }
        } catch {
            close(clone)
            for fd in tasks { close(fd) }
            throw error
        }
        return CgroupPlacement(cloneDescriptor: clone, tasks: tasks)
    }

    /// The placement that an existing process of the container has in the version 2 tree. For containers that
    /// run an init which divides their group (systemd): once it has enabled controllers, the kernel refuses
    /// processes in the container's own group (a clone into it fails with EBUSY), but not beside that init.
    public func placement(
        besideProcess pid: Int32, layout: CgroupLayout
    ) throws(CgroupError) -> CgroupPlacement {
        let subgroup = try subgroup(ofProcess: pid, layout: layout)
        return try placement(unifiedSubgroup: subgroup, legacy: SubgroupChoice([]))
    }

    /// The version 2 group of a process of the container, relative to the container's own; empty for that one.
    func subgroup(ofProcess pid: Int32, layout: CgroupLayout) throws(CgroupError) -> String {
        let text: [UInt8]
        do throws(KernelError) {
            text = try FileDescriptor.readFile("/proc/\(pid)/cgroup")
        } catch {
            throw .kernel(error)
        }
        let prefix = "0::" + unifiedPath.dropFirst(layout.unified.count) + "/"
        let line = text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: prefix.utf8) }
        return line.map { String(decoding: $0.dropFirst(prefix.utf8.count), as: UTF8.self) } ?? ""
    }

    private func placement(
        unifiedSubgroup: String, legacy choice: SubgroupChoice
    ) throws(CgroupError) -> CgroupPlacement {
        let clone = try openUnified(unifiedSubgroup)
        var tasks: [Int32] = []
        do throws(CgroupError) {
            for group in legacy where group.descriptor >= 0 {
                tasks.append(
                    try group.directory.open(choice.folder(in: group.hierarchy) + "tasks", O_WRONLY).release()
                )
            }
        } catch {
            close(clone)
            for fd in tasks { close(fd) }
            throw error
        }
        return CgroupPlacement(cloneDescriptor: clone, tasks: tasks)
    }

    /// - Parameter subgroup: relative to the container's group; empty for that group itself.
    private func openUnified(_ subgroup: String) throws(CgroupError) -> Int32 {
        let directory = try requireUnified()
        let fd = clinux_openat(
            directory.descriptor, subgroup.isEmpty ? "." : subgroup, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
        if fd < 0 { throw .system("open", directory.path + "/" + subgroup) }
        return fd
    }

    /// Moves another process into all of the container's groups, the version 1 ones only or every one. Takes
    /// milliseconds (see `CgroupPlacement`): for processes that this runtime does not make itself.
    public func attach(pid: Int32, unified includesUnified: Bool) throws(CgroupError) {
        if includesUnified { try requireUnified().write("cgroup.procs", pid) }
        for group in legacy where group.descriptor >= 0 { try group.directory.write("cgroup.procs", pid) }
    }
}

/// What `exec --cgroup` chose.
private struct SubgroupChoice {
    /// Below the container's group in every hierarchy; empty for that group itself.
    private(set) var common = ""
    private var byController: [(controller: String, path: String)] = []

    init(_ specifications: [String]) throws(CgroupError) {
        for specification in specifications {
            guard let colon = specification.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                common = try Self.clean(specification)
                continue
            }
            let path = try Self.clean(String(specification[specification.utf8.index(after: colon)...]))
            for controller in specification[..<colon].split(separator: ",") {
                byController.append((String(controller), path))
            }
        }
    }

    /// - Parameter isThere: whether the container has a version 1 group with a controller.
    func checkControllers(_ isThere: (String) -> Bool) throws(CgroupError) {
        for choice in byController where !isThere(choice.controller) {
            throw .invalid(
                field: "--cgroup",
                reason:
                    "unknown controller \(choice.controller): the container has no version 1 group with it")
        }
    }

    private static func clean(_ path: String) throws(CgroupError) -> String {
        guard let clean = CgroupPath.clean(path), !clean.utf8.contains(0) else {
            throw .badPath(path, reason: "leads out of the container's group")
        }
        return String(clean.dropFirst())
    }

    /// The folder to join in one hierarchy, relative to the container's group, with a trailing slash or empty.
    /// - Parameter hierarchy: its controllers, as in `/proc/self/cgroup`.
    func folder(in hierarchy: String) -> String {
        if byController.isEmpty { return common.isEmpty ? "" : common + "/" }
        var path = common
        let names = hierarchy.split(separator: ",")
        for choice in byController where names.contains(where: { $0 == choice.controller }) {
            path = choice.path
        }
        return path.isEmpty ? "" : path + "/"
    }
}
