import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// Ending and removing what a pod has left whose shim is gone: its containers' processes and leftovers, its init,
/// the pins of its namespaces, its run folder, and the group that its shim has made for itself. The folders of the
/// pod and its containers stay. Repeatable: what is gone is no error.
public enum PodCleanup {
    /// For the engine, after the shim's end too: only now can the shim's own group go.
    /// - Parameters:
    ///   - folder: the sandbox's folder, with `pod.json`.
    ///   - state: the run folder of the namespace.
    ///   - handler: the runtime of the pod's containers, where one of them has no readable `supervision.json`.
    /// - Throws: when the pod's shim lives, or something cannot be removed.
    public static func run(
        folder: String, state: String, handler: RuntimeHandler? = nil, log: Log = Log()
    ) throws {
        guard access(folder + "/" + PodSupervision.fileName, F_OK) == 0 || Errno.current != .noEntry else {
            return
        }
        let lock = try lock(folder, "pod in \(folder)")
        let pod = try PodSupervision.read(in: folder)
        let folders = RunFolders(state: state)
        try clean(pod, folders, handler: handler, log)
        folders.removeShim(pod.id)
        try ShimGroups.remove(in: folder)
        _ = lock
    }

    /// All but what the shim itself needs as long as it lives. The caller holds the pod's lock.
    static func clean(
        _ pod: PodSupervision, _ folders: RunFolders, handler: RuntimeHandler? = nil, _ log: Log
    ) throws {
        for (container, folder) in try folders.linked(to: pod.id) {
            try clean(container: try ContainerID(container), folder, folders, handler, log)
            folders.unlink(container, from: pod.id)
        }
        if pod.sharedPID != nil {
            let initProcess = try PodInit.container(of: try ContainerID(pod.id))
            try Runtime(root: folders.runtime, log: log).delete(initProcess, force: true)
        }
        for namespace in pod.namespaces where namespace.isMade {
            try PinnedNamespaces.remove(namespace.path)
        }
    }

    private static func clean(
        container: ContainerID, _ folder: String, _ folders: RunFolders, _ handler: RuntimeHandler?,
        _ log: Log
    ) throws {
        guard access(folder + "/" + Supervision.fileName, F_OK) == 0 else {
            return try Runtime(root: folders.runtime, log: log).delete(container, force: true)
        }
        let lock = try lock(folder, "container \(container)")
        try ContainerCleanup.afterLostShim(
            container: container, folder: folder, state: folders.state, handler: handler, log: log)
        _ = lock
    }

    private static func lock(_ folder: String, _ what: String) throws -> ContainerLock {
        guard let lock = try ContainerLock.take(folder: folder) else {
            throw ShimFailure(.wrongState, "\(what) is in use by another process")
        }
        return lock
    }
}

/// The control groups that a shim has made for itself, kept in the pod's folder. It cannot remove them as long as it
/// is in them.
enum ShimGroups {
    private static let fileName = "shim-groups.json"

    private struct Made: JSONDecodable, JSONEncodable {
        var bootID: String
        var paths: [String]

        init(bootID: String, paths: [String]) {
            self.bootID = bootID
            self.paths = paths
        }

        init(from json: JSONValue) throws(JSONError) {
            let object = try json.object()
            bootID = try object.required("bootId")
            paths = try object.list("paths")
        }

        func encode(to json: inout JSONWriter) {
            json.object { json in
                json.member("bootId", bootID)
                json.member("paths", paths)
            }
        }
    }

    /// Goes on in the group of the pod's choice, as another process.
    /// - Parameter moved: called in that, first of all.
    static func enter(_ cgroup: String, folder: String, moved: () -> Void) throws {
        try CgroupLayout.detect().enter(cgroup) {
            try note($0, in: folder)
        } moved: {
            moved()
        }
    }

    /// As the other one, for a pod that is still to come.
    /// - Returns: the groups that were made: to be noted once the pod is there.
    static func enter(_ cgroup: String, moved: () -> Void) throws -> [String] {
        var made: [String] = []
        try CgroupLayout.detect().enter(cgroup) {
            made = $0
        } moved: {
            moved()
        }
        return made
    }

    /// Writes down that groups were made here. Those of a shim before this one are still ours to remove.
    static func note(_ made: [String], in folder: String) throws {
        if made.isEmpty { return }
        let bootID = try BootID.current()
        let before = try read(folder)
        let kept = before?.bootID == bootID ? before?.paths ?? [] : []
        let all = kept.filter { !made.contains($0) } + made
        try replaceFile(folder + "/" + fileName, with: Made(bootID: bootID, paths: all).json())
    }

    static func remove(in folder: String) throws {
        let made: Made?
        do {
            made = try read(folder)
        } catch is StateFileError {
            // The pod has to go all the same; an empty group costs little, and the last pod's end removes it.
            made = nil
        }
        // Groups do not outlive a boot; what has their names then is others'.
        if let made, made.bootID == (try BootID.current()) { try CgroupLayout.leave(made.paths) }
        if unlink(folder + "/" + fileName) != 0, Errno.current != .noEntry {
            throw KernelError("remove", folder + "/" + fileName)
        }
    }

    private static func read(_ folder: String) throws -> Made? {
        let path = folder + "/" + fileName
        guard let bytes = try FileDescriptor.readFileIfThere(path, limit: 64 << 10) else { return nil }
        do throws(JSONError) {
            return try Made(json: bytes)
        } catch {
            throw StateFileError(path: path, reason: error)
        }
    }
}
