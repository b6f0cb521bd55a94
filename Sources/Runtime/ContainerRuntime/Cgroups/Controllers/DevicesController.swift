import LinuxKernel
import OCISpec

extension ContainerCgroup {
    /// Our program's name among those that others (systemd) attach to the group.
    private static let programName: StaticString = "swiftlet_device"

    /// Puts a filter for device nodes before the container's processes (config-linux.md, Allowed Device list):
    /// a program attached to the version 2 group, on hybrid hosts too. An existing one is replaced in one
    /// step, so that no access falls between the two.
    ///
    /// - Parameter rules: all that hold, the runtime's own ones included; none leave things as they are.
    func applyDevices(_ rules: [RuntimeSpec.DeviceRule], updating: Bool) throws(CgroupError) {
        if rules.isEmpty { return }
        let policy = try DevicePolicy(rules)
        let instructions = DeviceProgram(policy).instructions
        let group = try requireUnified()
        do throws(KernelError) {
            // A group that was just made has none.
            if updating || !isNew,
                let old = try BpfDeviceProgram.attached(toCgroup: group.descriptor, name: Self.programName)
            {
                try BpfDeviceProgram.load(instructions, name: Self.programName)
                    .attach(toCgroup: group.descriptor, replacing: old)
            } else if !policy.allowsAll {
                try BpfDeviceProgram.load(instructions, name: Self.programName)
                    .attach(toCgroup: group.descriptor)
            }
        } catch {
            throw .system(error.operation, "\(error.object) of \(group.path)", error.errno)
        }
    }
}
