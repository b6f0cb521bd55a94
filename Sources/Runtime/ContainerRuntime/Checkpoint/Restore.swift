import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension Runtime {
    /// Makes a container from a bundle and the images that `checkpoint` wrote.
    /// - Throws: with criu's own reason, after everything that was made has been removed.
    public func restore(
        _ id: ContainerID, _ options: CreateOptions, from images: CheckpointOptions
    ) throws -> StartedProcess {
        let creation = try Creation(runtime: self, id: id, options: options)
        do {
            try creation.restore(from: images)
        } catch {
            creation.undo()
            throw error
        }
        return StartedProcess(pid: creation.record.pid)
    }
}

extension Creation {
    /// criu takes the place of the steps between the control groups and the record: it is in the groups, and
    /// the processes that it restores begin there.
    func restore(from settings: CheckpointOptions) throws {
        try ExternalResources.refuseUnsupported(spec.linux)
        let images = try FileDescriptor.open(settings.imagePath, O_RDONLY | O_DIRECTORY)
        let streams = try Self.readStreams(images, settings.imagePath)
        let layout = try CgroupLayout.detect()
        let cgroup = try makeCgroup(layout, rootless: false)
        let logFile = "restore.log"
        var options = settings.criuOptions(
            logFile: logFile, configurationFile: ExternalResources.configurationFile(record.annotations))
        options.set(.evasiveDevices, true)
        options.set(.restoreSibling, true)
        options.set(.root, folderPath)
        if let profile = settings.securityProfile { options.set(.securityProfile, profile) }
        if let context = settings.securityMountContext { options.set(.securityMountContext, context) }
        let work = try settings.openWorkFolder(images: images, logFile: logFile)
        for (number, stream) in streams.enumerated()
        where stream.hasPrefix("pipe:") || stream.hasPrefix("file[") {
            options.inherit(stream, descriptor: Int32(number))
        }
        try nameExternals(&options)
        var setup = CriuProcess.Setup()
        setup.folders = settings.folders
        var numbers: [Int32] = [0, 1, 2]
        if case .descriptors(let input, let output, let error) = self.options.streams {
            numbers = [input, output, error]
        }
        // The host's null device would come in with a stream that was a pipe; the container's is not there yet.
        let isNull = try numbers.map { try Streams.status(of: $0).map(NullDevice.isOne) ?? false }
        let null = isNull.contains(true) ? try NullDevice.makePrivate() : FileDescriptor(owning: -1)
        for index in numbers.indices where isNull[index] { numbers[index] = null.raw }
        setup.streams = (numbers[0], numbers[1], numbers[2])
        setup.cgroup = try Placement(of: cgroup)
        let joined = try nameNamespaces(&options)
        setup.descriptors = joined
        defer { for descriptor in joined { close(descriptor) } }
        setup.prepare = { [self] in try prepareRoot() }
        let criu = try CriuProcess(program: settings.program, patience: settings.patience, setup)
        try joinResourceControl(criu.pid)
        try nameCgroups(of: criu.pid, &options)
        do {
            _ = try criu.carryOut(CriuRequest(.restore, options)) { event, descriptor in
                defer { if let descriptor { close(descriptor) } }
                try answer(event, descriptor)
            }
            guard record.pid > 0 else { throw RuntimeError("criu did not say which process it restored") }
        } catch {
            criu.finish()
            throw CriuLog.explain(
                error, folder: work, path: settings.workPath ?? settings.imagePath, file: logFile,
                log: runtime.log)
        }
        criu.finish()
        try handScope(cgroup)
        try delegate(cgroup, layout)
        try writePidFile()
        unlockFolder()
    }

    private static func readStreams(_ images: borrowing FileDescriptor, _ path: String) throws -> [String] {
        let name = ExternalResources.descriptorsFile
        let bytes: [UInt8]
        do throws(KernelError) {
            bytes = try images.openAt(name, O_RDONLY).readToEnd(limit: 1 << 16)
        } catch {
            throw RuntimeError("\(path) holds no checkpoint: \(name): \(error.errno)")
        }
        return try context("\(path)/\(name)") { try [String](json: bytes) }
    }

    // MARK: What the images name

    private func nameExternals(_ options: inout CriuOptions) throws {
        let rootfs = try FileDescriptor.open(record.rootfs, O_PATH | O_DIRECTORY)
        for bind in ExternalResources.binds(spec, bundle: record.bundle) {
            let name = try ExternalResources.name(of: bind.mount.destination, in: rootfs)
            options.add(.externalMount, name, bind.source)
            // Images that were made before this was so have the destination as it was written.
            if bind.mount.destination != name {
                options.add(.externalMount, bind.mount.destination, bind.source)
            }
        }
        options.add(.externalMount, ExternalResources.nullDevice, ExternalResources.nullDevice)
        for folder in CgroupView.boundFolders(spec, record.cgroup) {
            options.add(.externalMount, folder.destination, folder.source)
        }
    }

    /// - Returns: open namespaces, which have to become criu's descriptors from `firstNumber` on.
    private func nameNamespaces(_ options: inout CriuOptions) throws -> [Int32] {
        var opened: [Int32] = []
        for namespace in spec.linux?.namespaces ?? [] {
            guard let path = namespace.path else { continue }
            let kind = NamespaceKind(namespace.type)
            if let name = ExternalResources.namespaceName(kind) {
                let file = try context("join \(kind.procName) namespace") {
                    try FileDescriptor.open(path, O_RDONLY)
                }
                opened.append(file.release())
                options.inherit(name, descriptor: CriuProcess.firstNumber + Int32(opened.count) - 1)
            } else {
                options.add(.joinedNamespace, kind.procName, path)
            }
        }
        return opened
    }

    /// The groups of the images become those of this container, in which criu already is.
    private func nameCgroups(of pid: Int32, _ options: inout CriuOptions) throws {
        let text = String(decoding: try FileDescriptor.readFile("/proc/\(pid)/cgroup"), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            options.add(.cgroupRoot, String(fields[1]), String(fields[2]))
        }
    }

    // MARK: In criu's process, before it is criu

    /// criu wants a root that is a mount point with nothing over its parent. It gets one in a mount namespace
    /// of its own, over the container's folder: whatever happens, no mount is left on the host.
    private func prepareRoot() throws {
        try unshare(NamespaceKind.mount.flag, what: "mount namespace")
        try setPropagation("/", .slave, recursive: true)
        let place = try FileDescriptor.open(folderPath, O_PATH | O_DIRECTORY)
        let tree = try LinuxKernel.Mount.clone(record.rootfs, recursive: true)
        // Still a slave of the host's mount: criu gives each restored mount the sharing that the images know,
        // and can take but not add.
        try tree.attach(on: place, name: folderPath)
        let root = try FileDescriptor.open(folderPath, O_PATH | O_DIRECTORY)
        try makeMountPoints(in: root)
        // What criu 3.17 does not restore its processes get from itself.
        try spec.linux?.memoryPolicy?.apply()
        if process.noNewPrivileges {
            _ = try check("set", "no_new_privs") { clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        }
        // criu cannot restore a keyring; its processes must not share the caller's.
        if !options.noNewKeyring { try SessionKeyring.leave(for: id.text, log: runtime.log) }
    }

    /// The root may be a fresh one, in which nothing was ever mounted.
    private func makeMountPoints(in root: borrowing FileDescriptor) throws {
        var binds: [(place: String, source: String)] = []
        var fresh: [String] = []
        var mounts: [(mount: RuntimeSpec.Mount, place: String, isBind: Bool)] = []
        for mount in spec.mounts {
            let options = MountOptions(mount.options)
            // It makes no mount of its own.
            if options.isRemount { continue }
            let place = try context("mount \(mount.destination)") {
                try RootfsBuilder.destination(of: mount, in: root).withoutParents
            }
            mounts.append((mount, place, options.isBind))
            if !options.isBind, mount.type != "cgroup" { fresh.append(place) }
        }
        for (mount, place, isBind) in mounts {
            // What lies on a file system that the images hold comes with it.
            if fresh.contains(where: { place.hasPrefix($0 + "/") }) { continue }
            var source = mount.source ?? ""
            if source.utf8.first != UInt8(ascii: "/") { source = "\(record.bundle)/\(source)" }
            let isFile = isBind ? try Self.isFile(source) : false
            do {
                if let outer = binds.last(where: { place.hasPrefix($0.place + "/") }) {
                    let folder = try FileDescriptor.open(outer.source, O_PATH | O_DIRECTORY)
                    try Self.make(String(place.dropFirst(outer.place.count)), isFile: isFile, in: folder)
                } else {
                    try Self.make(place, isFile: isFile, in: root)
                }
            } catch {
                throw RuntimeError("mount \(mount.destination)", error)
            }
            if isBind { binds.append((place, source)) }
        }
    }

    private static func isFile(_ path: String) throws -> Bool {
        try FileDescriptor.open(path, O_PATH).status().st_mode & S_IFMT != S_IFDIR
    }

    private static func make(_ path: String, isFile: Bool, in root: borrowing FileDescriptor) throws {
        _ = isFile ? try root.makeFileInRoot(path) : try root.makeDirectoriesInRoot(path)
    }

    // MARK: While criu works

    private func answer(_ event: CriuResponse.Notification, _ descriptor: Int32?) throws {
        runtime.log.debug("criu: \(event.script)")
        switch event.script {
        case "setup-namespaces": try runHooks(pid: event.pid)
        case "orphan-pts-master": try sendTerminal(descriptor)
        case "post-restore":
            // The processes stand still until we have answered: the record is there before they run.
            try adopt(pid: event.pid)
            try completeNamespaces()
        default: break
        }
    }

    private func runHooks(pid: Int32) throws {
        var state = record.state(.creating)
        state.pid = pid
        try Hooks.run(spec.hooks.prestart, kind: "prestart", state: state, log: runtime.log)
        try Hooks.run(spec.hooks.createRuntime, kind: "createRuntime", state: state, log: runtime.log)
    }

    /// What criu leaves out: that the root and masks are read-only, and the loopback device of a network that it is told
    /// to leave empty.
    private func completeNamespaces() throws {
        let spec = spec
        let process = try ProcessHandle.open(record.pid)
        try ContainerNamespaces.run(in: process, "complete the restored namespaces") {
            try InitProcess.bringUpLoopback(spec)
            let top = try FileDescriptor.open("/", O_PATH | O_DIRECTORY)
            try Self.lockMasks(spec.linux?.maskedPaths ?? [], in: top)
            guard spec.root?.readonly == true else { return }
            let root = LinuxKernel.Mount(owning: top)
            try root.setAttributes(
                MountAttributes(setting: MountAttributes.readOnly), recursive: false, name: "/")
        }
    }

    /// Masked files are the host's null device, which nobody in the container may change. criu remembers this of the first
    /// one only, and in images of before it is of none.
    private static func lockMasks(_ paths: [String], in root: borrowing FileDescriptor) throws {
        for path in paths {
            // What cannot be found from inside either need not be locked.
            guard let file = try? root.openInRoot(path, O_PATH), NullDevice.isOne(try file.status())
            else { continue }
            do throws(KernelError) {
                try LinuxKernel.Mount(owning: file).setAttributes(
                    MountAttributes(setting: MountAttributes.readOnly), recursive: false, name: path)
            } catch {
                // A node of the container's own is no mount.
                if error.errno != .invalidArgument { throw error }
            }
        }
    }

    private func sendTerminal(_ master: Int32?) throws {
        guard let master, case .terminal(let socket) = options.streams else { return }
        let name = Array("terminal".utf8)
        let fds = [master]
        let sent = name.withUnsafeBytes { clinux_send_fds(socket, $0.baseAddress, $0.count, fds, 1) }
        guard sent > 0 else { throw KernelError("send terminal", "console socket") }
    }
}
