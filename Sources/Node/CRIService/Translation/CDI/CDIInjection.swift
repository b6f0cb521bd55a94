import CRIProtocol
import ContainerCLI
import LinuxKernel
import OCISpec

/// Brings the Container Device Interface's devices into a container.
struct CDIInjection {
    /// Names in the order in which they are asked for, each once, with the field that asks.
    let wanted: [(name: CDIName, field: String)]

    /// By `CDI_devices`, and by annotations, which older kubelets use.
    init(_ config: CRIContainerConfig) throws(TranslationError) {
        var texts = config.cdiDevices.enumerated().map { ($1.name, "config.CDI_devices[\($0)].name") }
        for (key, value) in config.annotations.sorted(by: { $0.key < $1.key })
        where key.hasPrefix("cdi.k8s.io/") {
            texts += value.split(separator: ",").map { (String($0), "config.annotations[\"\(key)\"]") }
        }
        var wanted: [(name: CDIName, field: String)] = []
        for (text, field) in texts {
            guard let name = CDIName(text) else {
                throw .invalid(field, "\(JSONError.quoted(text)) is not a device like vendor.com/class=name")
            }
            if !wanted.contains(where: { $0.name == name }) { wanted.append((name, field)) }
        }
        self.wanted = wanted
    }

    func apply(to spec: inout RuntimeSpec, folders: [String]) throws {
        if wanted.isEmpty { return }
        let registry = try CDIRegistry.read(folders)
        var files: Set<String> = []
        for (name, field) in wanted {
            let found = try registry.device(name, field: field)
            try apply(found.device, to: &spec, field)
            if files.insert(found.file).inserted { try apply(found.shared, to: &spec, field) }
        }
    }

    private func apply(_ edits: CDIEdits, to spec: inout RuntimeSpec, _ field: String) throws {
        guard var process = spec.process, var linux = spec.linux else { return }
        process.env = EnvironmentOption.merge(process.env, edits.environment)
        for group in edits.additionalGroups where group != 0 && !process.user.additionalGids.contains(group) {
            process.user.additionalGids.append(group)
        }
        for node in edits.deviceNodes {
            var access = try device(node, field)
            // What belongs to nobody in particular belongs to the program's user.
            if node.uid == nil, process.user.uid != 0 { access.node.uid = process.user.uid }
            if node.gid == nil, process.user.gid != 0 { access.node.gid = process.user.gid }
            linux.devices.removeAll { $0.path == access.node.path }
            if let bind = access.bind, linux.namespace(.user) != nil {
                spec.mounts.append(bind)
            } else {
                linux.devices.append(access.node)
            }
            linux.resources = linux.resources ?? RuntimeSpec.Resources()
            linux.resources?.devices.append(access.rule)
        }
        for device in edits.networkDevices {
            linux.netDevices[device.host] = RuntimeSpec.NetDevice(name: device.name)
        }
        if let intelRdt = edits.intelRdt { linux.intelRdt = intelRdt }
        for mount in edits.mounts {
            spec.mounts.removeAll { $0.destination == mount.destination }
            // Behind the kernel's file systems, and outer ones first: an outer one would hide an inner one.
            var mount = mount
            if mount.type == "bind", !mount.isBind { mount.options.append("rbind") }
            let depth = Self.depth(mount)
            let place = spec.mounts.lastIndex { !$0.isBind || Self.depth($0) <= depth }
            spec.mounts.insert(mount, at: place.map { $0 + 1 } ?? 0)
        }
        for edit in edits.hooks { spec.hooks.add(edit) }
        spec.process = process
        spec.linux = linux
    }

    private static func depth(_ mount: RuntimeSpec.Mount) -> Int {
        mount.destination.utf8.count { $0 == UInt8(ascii: "/") }
    }

    /// The node, with what the file leaves out taken from the host's.
    private func device(_ node: CDIEdits.DeviceNode, _ field: String) throws -> DeviceAccess {
        let hostPath = node.hostPath ?? node.path
        let permissions = node.permissions ?? "rwm"
        guard node.path.hasPrefix("/"), hostPath.hasPrefix("/"), DeviceOption.isAccess(permissions) else {
            throw TranslationError.invalid(field, "the device node \(node.path) of its file is not valid")
        }
        var found: DeviceAccess
        if let type = node.type, type == .fifo || node.major != nil {
            found = Self.given(node, type, permissions)
        } else {
            let onHost: [DeviceAccess]
            do {
                onHost = try DeviceLookup.resolve(
                    DeviceOption(hostPath: hostPath, containerPath: node.path, access: permissions))
            } catch {
                throw TranslationError(.failedPrecondition, field, "\(error)")
            }
            guard onHost.count == 1 else {
                throw TranslationError(.failedPrecondition, field, "\(hostPath) is not a device")
            }
            found = onHost[0]
            found.node.path = node.path
        }
        if let mode = node.fileMode { found.node.fileMode = mode }
        if let uid = node.uid { found.node.uid = uid }
        if let gid = node.gid { found.node.gid = gid }
        return found
    }

    private static func given(
        _ node: CDIEdits.DeviceNode, _ type: RuntimeSpec.Device.Kind, _ permissions: String
    ) -> DeviceAccess {
        var access: RuntimeSpec.DeviceRule.Access = []
        if permissions.contains("r") { access.insert(.read) }
        if permissions.contains("w") { access.insert(.write) }
        if permissions.contains("m") { access.insert(.makeNode) }
        return DeviceAccess(
            node: RuntimeSpec.Device(
                path: node.path, type: type, major: node.major ?? 0, minor: node.minor ?? 0),
            rule: RuntimeSpec.DeviceRule(
                allow: true, type: type == .block ? .block : .character, major: node.major,
                minor: node.minor, access: access),
            hostPath: node.hostPath)
    }
}

extension RuntimeSpec.Hooks {
    fileprivate mutating func add(_ edit: CDIEdits.Hook) {
        switch edit.point {
        case .prestart: prestart.append(edit.hook)
        case .createRuntime: createRuntime.append(edit.hook)
        case .createContainer: createContainer.append(edit.hook)
        case .startContainer: startContainer.append(edit.hook)
        case .poststart: poststart.append(edit.hook)
        case .poststop: poststop.append(edit.hook)
        }
    }
}
