import LinuxKernel
import OCISpec

// The standard profile of containers that were made with it. Nobody asked for it, and it can be gone: after a boot
// without AppArmor, without its parser, and where an administrator has unloaded it.

extension Engine {
    /// Before a start: loads the profile, or takes it out of the container's configuration as long as it cannot be had.
    func settleProfile(of container: ContainerDefinition) throws {
        guard container.hasStandardProfile else { return }
        let profile = try standardProfile(for: container)
        if try configuration(of: container).process?.apparmorProfile == profile { return }
        try store.change(container) {
            var spec = try configuration(of: container)
            spec.process?.apparmorProfile = profile
            try writeNewFile(layout.container(container.id) + "/config.json", spec.json())
        }
    }

    /// Loads the profile where it is not.
    /// - Returns: nil where it cannot be had, which the user is told.
    func standardProfile(for container: ContainerDefinition) throws -> String? {
        let profiles = try AppArmorProfiles.ofKernel()
        if try profiles?.provideStandard() == true { return AppArmorProfiles.standard }
        let reason =
            profiles == nil
            ? "this host has no AppArmor"
            : "it is not loaded, and apparmor_parser or CAP_MAC_ADMIN is missing"
        Standard.printError(
            "swiftlet: container \(container.name) runs without the AppArmor profile "
                + "\(AppArmorProfiles.standard): \(reason)\n")
        return nil
    }
}
