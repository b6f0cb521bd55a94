import ContainerCLI
import ContainerShim
import LinuxKernel
import OCISpec

extension ContainerFlags {
    /// What the options ask for.
    /// - Parameter words: the image, the command and its arguments.
    func request(_ words: [String], detached: Bool) throws -> ContainerRequest {
        guard let image = words.first else { throw UsageError("the image is missing") }
        if image == "--help" { throw HelpWanted() }
        var request = ContainerRequest(image: image)
        request.command = Array(words.dropFirst())
        request.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        request.name = name.unlessEmpty
        request.terminal = tty
        request.interactive = interactive
        request.detached = detached
        request.removeAfterwards = rm
        try addProgram(to: &request)
        try addFiles(to: &request)
        try addNetwork(to: &request)
        try addRights(to: &request)
        try addLimits(to: &request)
        try request.check()
        return request
    }

    private func addProgram(to request: inout ContainerRequest) throws {
        request.environment = EnvironmentOption.merge(
            try envFile.flatMap(EnvironmentOption.file), try environment.compactMap(EnvironmentOption.resolve)
        )
        request.labels = try label.map { try KeyValue(parsing: $0, what: "label") }
        request.annotations = try annotation.map { try KeyValue(parsing: $0, what: "annotation") }
        request.workingDirectory = workingDirectory.unlessEmpty
        request.user = user.unlessEmpty
        request.additionalGroups = groupAdd
        request.usesInit = usesInit
        if let stopSignal = stopSignal.unlessEmpty {
            guard let signal = Signal(parsing: stopSignal) else {
                throw UsageError("unknown signal '\(stopSignal)'")
            }
            request.stopSignal = signal.rawValue
        }
        request.stopTimeout = stopTimeout
        guard let policy = RestartPolicy(restart.isEmpty ? Self.noRestart : restart) else {
            throw UsageError("unknown restart policy '\(restart)'")
        }
        request.restart = policy
        request.platform = try platform.unlessEmpty.map { try Platform(parsing: $0) }
        guard ["", "never", "missing", "always"].contains(pull) else {
            throw UsageError("--pull \(pull): expected always, missing or never")
        }
        request.logDriver = try LogDriver(parsing: logDriver.isEmpty ? Self.usualLogDriver : logDriver)
        request.logOptions = logOpt
        _ = try LogOptions(path: "", parsing: logOpt)
    }

    private func addFiles(to request: inout ContainerRequest) throws {
        request.mounts =
            try volume.map { try MountRequest(volumeOption: $0) }
            + mount.map { try MountRequest(mountOption: $0) }
            + tmpfs.map { try MountRequest(tmpfsOption: $0) }
        request.volumesFrom = try volumesFrom.map { try VolumesFromOption(parsing: $0) }
        request.readOnlyRoot = readOnly
        request.storageSize = try StorageLimit.size(parsing: storageOpt)
        request.devices = try device.map { try DeviceOption(parsing: $0) }
        if let shmSize { request.sharedMemory = try ByteSize(parsing: shmSize).bytes }
    }

    private func addNetwork(to request: inout ContainerRequest) throws {
        guard let mode = ContainerRequest.Network(option: network.isEmpty ? Self.usualNetwork : network)
        else {
            throw UsageError("unknown network '\(network)': builtin, host, none and container:NAME are there")
        }
        request.network = mode
        request.ports = try publish.flatMap(PortOption.parse)
        request.publishesAll = publishAll
        request.addresses = try [(ip, false), (ip6, true)].compactMap { text, version6 in
            guard let text = text.unlessEmpty else { return nil }
            guard let address = IPAddress(text), address.isVersion6 == version6 else {
                throw UsageError("invalid address '\(text)' of --ip\(version6 ? "6" : "")")
            }
            return address
        }
        request.hostname = hostname.unlessEmpty
        request.domainName = domainname.unlessEmpty
        request.hosts = try addHost.map { try HostEntry(parsing: $0) }
        request.nameServers = dns
        request.searchDomains = dnsSearch
        request.resolverOptions = dnsOption
        request.hostPID = try isHost(pid, "--pid")
        request.hostIPC = try isHost(ipc, "--ipc")
        request.hostUTS = try isHost(uts, "--uts")
        request.hostCgroup = try isHost(cgroupns, "--cgroupns")
        request.userNamespace = try UserNamespaceOption(userns.unlessEmpty, uidMaps: uidmap, gidMaps: gidmap)
    }

    private func isHost(_ value: String?, _ option: String) throws -> Bool {
        switch value {
        case nil, "private", "": return false
        case "host": return true
        case let other?: throw UsageError("\(option) is host or private, not '\(other)'")
        }
    }

    private func addRights(to request: inout ContainerRequest) throws {
        request.addedCapabilities = capAdd
        request.droppedCapabilities = capDrop
        request.security = try SecurityOptions(parsing: securityOpt)
        request.securityOptions = securityOpt
        request.privileged = privileged
        request.sysctls = try sysctl.map { try KeyValue(parsing: $0, what: "sysctl") }
    }

    private func addLimits(to request: inout ContainerRequest) throws {
        request.resources = try resources.request
        request.ulimits = try ulimit.map { try UlimitOption(parsing: $0) }
        request.oomScoreAdjustment = oomScoreAdj
    }
}
