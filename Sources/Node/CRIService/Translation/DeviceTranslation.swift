import CRIProtocol
import ContainerCLI
import LinuxKernel
import OCISpec

/// The device nodes of a container.
enum DeviceTranslation {
    /// - Returns: nodes with their rules; each path once, the first counts.
    static func devices(_ config: CRIContainerConfig) throws -> [DeviceAccess] {
        var found: [DeviceAccess] = []
        for (index, device) in config.devices.enumerated() {
            let field = "config.devices[\(index)]"
            guard device.hostPath.hasPrefix("/"), !device.hostPath.utf8.contains(0) else {
                throw TranslationError.invalid(
                    field + ".host_path", "\(JSONError.quoted(device.hostPath)) is not an absolute path")
            }
            let inside = device.containerPath.isEmpty ? device.hostPath : device.containerPath
            guard inside.hasPrefix("/"), !inside.leadsUp, inside.isOneLine else {
                throw TranslationError.invalid(
                    field + ".container_path", "\(JSONError.quoted(inside)) is not an absolute path")
            }
            let access = device.permissions.isEmpty ? "rwm" : device.permissions
            guard DeviceOption.isAccess(access) else {
                throw TranslationError.invalid(
                    field + ".permissions", "expected letters of rwm, found \(JSONError.quoted(access))")
            }
            do {
                found += try DeviceLookup.resolve(
                    DeviceOption(
                        hostPath: normalizedPath(device.hostPath), containerPath: normalizedPath(inside),
                        access: access))
            } catch let error as UsageError {
                throw TranslationError.invalid(field + ".host_path", error.description)
            } catch let error as KernelError {
                throw TranslationError.invalid(field + ".host_path", "\(device.hostPath): \(error.errno)")
            }
        }
        if config.linux.securityContext.privileged { found += try DeviceLookup.all() }
        var paths: Set<String> = []
        return found.filter { paths.insert($0.node.path).inserted }
    }

    /// Everything is refused but what is listed; the runtime adds the devices that every container has.
    static func rules(_ devices: [DeviceAccess], privileged: Bool) -> [RuntimeSpec.DeviceRule] {
        privileged
            ? [RuntimeSpec.DeviceRule(allow: true)]
            : [RuntimeSpec.DeviceRule(allow: false)] + devices.map(\.rule)
    }
}
