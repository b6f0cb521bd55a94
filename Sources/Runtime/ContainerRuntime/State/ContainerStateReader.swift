import Glibc
import LinuxKernel
import OCISpec

extension ContainerRecord {
    /// The specification's state document.
    func state(_ status: ContainerStatus) -> ContainerState {
        ContainerState(
            id: id, status: status, pid: status == .stopped || pid == 0 ? nil : pid, bundle: bundle,
            annotations: annotations, ociVersion: ociVersion)
    }

    /// The container's first process, held by descriptor, while it lives.
    ///
    /// The number alone is not trusted: after the process's end, or a boot, it may be another's.
    func liveProcess() throws -> ProcessHandle? {
        guard pid > 0 else { return nil }
        let handle: ProcessHandle
        do throws(KernelError) {
            handle = try ProcessHandle.open(pid)
        } catch {
            if error.errno == .noProcess || error.errno == .invalidArgument { return nil }
            throw error
        }
        // Looked at after the descriptor is held: nobody can take the number in between.
        guard let found = try ProcessRecord.read(pid), !found.isZombie,
            startTime == 0 || found.startTime == startTime
        else { return nil }
        // Start times count from boot and repeat; the boot's name is only read when all else fits.
        guard try BootID.current() == bootID else { return nil }
        return handle
    }
}

/// A container as `state` and `list` show it.
public struct ContainerSummary: Equatable, Sendable {
    public var record: ContainerRecord
    public var status: ContainerStatus
    /// The name of the user who owns the container's folder.
    public var owner: String

    public var pid: Int32 { status == .stopped ? 0 : record.pid }
}

extension ContainerSummary: JSONEncodable {
    /// The members of runc's `state` output.
    public func encode(to json: inout JSONWriter) {
        json.object {
            $0.member("ociVersion", record.ociVersion)
            $0.member("id", record.id)
            $0.member("pid", pid)
            $0.member("status", status)
            $0.member("bundle", record.bundle)
            $0.member("rootfs", record.rootfs)
            $0.member("created", record.created)
            $0.nonEmpty("annotations", record.annotations)
            $0.member("owner", owner)
        }
    }
}

extension Runtime {
    /// Reads a container's state.
    public func state(_ id: ContainerID) throws -> ContainerSummary {
        let folder = try ContainerFolder.open(root: root, id: id)
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        return ContainerSummary(
            record: record, status: try status(record, folder),
            owner: Self.userName(try folder.descriptor.status().st_uid))
    }

    func status(_ record: ContainerRecord, _ folder: borrowing ContainerFolder) throws -> ContainerStatus {
        try status(record, folder, process: try record.liveProcess())
    }

    /// - Parameter process: the record's `liveProcess`, of callers that go on with it.
    func status(
        _ record: ContainerRecord, _ folder: borrowing ContainerFolder, process: borrowing ProcessHandle?
    ) throws -> ContainerStatus {
        if record.pid == 0 {
            // Whoever makes the container holds the lock; without it the maker has died.
            if flock(folder.descriptor.raw, LOCK_SH | LOCK_NB) == 0 {
                folder.unlock()
                return .stopped
            }
            return .creating
        }
        switch process {
        case .none: return .stopped
        case .some: return try statusOfLiving(record, folder)
        }
    }

    /// Of a container whose first process lives.
    func statusOfLiving(
        _ record: ContainerRecord, _ folder: borrowing ContainerFolder
    ) throws -> ContainerStatus {
        if let place = record.cgroup, try ContainerCgroup.isFrozen(place) { return .paused }
        return folder.isWaitingForStart ? .created : .running
    }

    /// All containers below the root, by name. Folders that vanish while they are read are left out.
    public func list() throws -> [ContainerSummary] {
        let names: [String]
        do throws(KernelError) {
            names = try FileDescriptor.listing(of: root).map(\.name)
        } catch {
            if error.errno == .noEntry { return [] }
            throw error
        }
        var found: [ContainerSummary] = []
        for name in names {
            guard !name.hasPrefix("."), let id = try? ContainerID(name) else { continue }
            do {
                found.append(try state(id))
            } catch let error as RuntimeError where error.kind == .noSuchContainer {
                continue
            } catch {
                log.error("load container \(name): \(error)")
            }
        }
        return found.sorted { $0.record.id < $1.record.id }
    }

    private static func userName(_ uid: uid_t) -> String {
        // Nearly always; then no file is read.
        uid == 0 ? "root" : HostUsers().name(uid) ?? "#\(uid)"
    }
}
