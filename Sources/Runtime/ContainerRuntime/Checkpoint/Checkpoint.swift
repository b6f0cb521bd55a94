import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Writes a running container's processes into images (criu(8), `dump`), and removes the container unless
    /// it is to go on.
    /// - Throws: with criu's own reason; the container then goes on as it was.
    public func checkpoint(_ id: ContainerID, _ options: CheckpointOptions) throws {
        let folder = try ContainerFolder.open(root: root, id: id)
        try folder.lock()
        defer { folder.unlock() }
        guard let record = try folder.readRecord() else {
            throw RuntimeError("container does not exist: \(id)", kind: .noSuchContainer)
        }
        let status = try status(record, folder)
        guard status == .running || status == .paused else {
            throw RuntimeError(
                "a container that is \(status.rawValue) cannot be checkpointed", kind: .wrongState)
        }
        let configuration = try folder.readConfiguration()
        try ExternalResources.refuseUnsupported(configuration.spec.linux)
        if try configuration.compileFilter(cacheFolder: filterCache, log: log)?.listener != nil {
            throw RuntimeError("a container whose seccomp filter asks an agent cannot be checkpointed")
        }
        do {
            try dump(record, configuration.spec, options)
        } catch {
            // One that was ended, or crashed, may have left the container frozen.
            if status == .running, let place = record.cgroup { try ContainerCgroup(record: place).thaw() }
            throw error
        }
        if !options.leaveRunning && !options.preDump {
            try remove(record, folder, process: try record.liveProcess())
        }
    }

    private func dump(_ record: ContainerRecord, _ spec: RuntimeSpec, _ settings: CheckpointOptions) throws {
        // Before anything is made.
        _ = try CriuProcess.find(settings.program)
        let images = try CheckpointOptions.makeFolder(settings.imagePath)
        try checkParent(settings, images)
        if settings.preDump { try settings.require(.memoryTracking) }
        if settings.lazyPages { try settings.require(.lazyPages) }
        let logFile = "dump.log"
        var options = settings.criuOptions(
            logFile: logFile, configurationFile: ExternalResources.configurationFile(record.annotations))
        options.set(.pid, record.pid)
        options.set(.root, record.rootfs)
        options.set(.leaveRunning, settings.leaveRunning)
        options.set(.tcpSkipInFlight, settings.tcpSkipInFlight)
        options.set(.linkRemap, settings.linkRemap)
        if let parent = settings.parentPath {
            options.set(.parentImages, parent)
            options.set(.trackMemory, true)
        }
        try nameFreezer(record, &options)
        try nameNamespaces(spec, &options)
        if !settings.preDump { try nameExternals(record, spec, images, &options) }
        let work = try settings.openWorkFolder(images: images, logFile: logFile)
        let criu = try CriuProcess(
            program: settings.program, patience: settings.patience, .init(folders: settings.folders))
        do {
            _ = try criu.carryOut(CriuRequest(settings.preDump ? .preDump : .dump, options)) { event, _ in
                log.debug("criu: \(event.script)")
                if event.script == "status-ready" { settings.reportStatus() }
            }
        } catch {
            criu.finish()
            throw CriuLog.explain(
                error, folder: work, path: settings.workPath ?? settings.imagePath, file: logFile,
                log: log)
        }
    }

    private func checkParent(_ options: CheckpointOptions, _ images: borrowing FileDescriptor) throws {
        guard let parent = options.parentPath else { return }
        guard parent.utf8.first != UInt8(ascii: "/") else {
            throw RuntimeError("--parent-path must be relative to the images' folder: \(parent)")
        }
        do throws(KernelError) {
            _ = try images.openAt(parent, O_PATH | O_DIRECTORY)
        } catch {
            throw RuntimeError("--parent-path \(parent): \(error.errno)")
        }
    }

    /// criu stops the processes by the container's own freezer: none can fork away from it meanwhile. It knows
    /// one freezer, version 1's where the host has that; beside it criu stops process after process.
    private func nameFreezer(_ record: ContainerRecord, _ options: inout CriuOptions) throws {
        guard let place = record.cgroup, try CgroupLayout.detect().isUnified else { return }
        options.set(.freezeCgroup, place.unified)
    }

    private func nameNamespaces(_ spec: RuntimeSpec, _ options: inout CriuOptions) throws {
        for namespace in spec.linux?.namespaces ?? [] {
            let kind = NamespaceKind(namespace.type)
            guard let path = namespace.path, let name = ExternalResources.namespaceName(kind) else {
                continue
            }
            var status = stat()
            _ = try check("stat", path) { stat(path, &status) }
            options.set(.external, "\(kind.procName)[\(status.st_ino)]:\(name)")
        }
    }

    private func nameExternals(
        _ record: ContainerRecord, _ spec: RuntimeSpec, _ images: borrowing FileDescriptor,
        _ options: inout CriuOptions
    ) throws {
        let view = try ContainerView(pid: record.pid)
        // The names are looked up where the restore does, in the root without the container's mounts.
        let rootfs = try FileDescriptor.open(record.rootfs, O_PATH | O_DIRECTORY)
        for bind in ExternalResources.binds(spec, bundle: record.bundle) {
            guard let point = try view.mountPoint(of: bind.mount) else { continue }
            let name = try ExternalResources.name(of: bind.mount.destination, in: rootfs)
            options.add(.externalMount, point, name)
        }
        for path in spec.linux?.maskedPaths ?? [] where view.isMaskedFile(path) {
            if let point = view.mountPoint(of: path) {
                options.add(.externalMount, point, ExternalResources.nullDevice)
            }
        }
        for name in CgroupView.boundFolders(spec, record.cgroup) {
            if let point = view.mountPoint(of: name.destination) {
                options.add(.externalMount, point, name.destination)
            }
        }
        let streams = try view.standardStreams()
        for stream in streams where stream.hasPrefix("file[") { options.set(.external, stream) }
        try images.openAt(
            ExternalResources.descriptorsFile, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600
        )
        .writeAll(streams.json(), named: ExternalResources.descriptorsFile)
    }
}

extension CheckpointOptions {
    /// Tells whoever waits that the pages can be fetched.
    func reportStatus() {
        guard let statusDescriptor else { return }
        var zero: UInt8 = 0
        _ = write(statusDescriptor, &zero, 1)
        close(statusDescriptor)
    }
}
