import ContainerRuntime
import OCISpec

/// Where the groups of a pod are.
enum CgroupPlacement {
    /// Groups of pods that name no parent, below the root, or in systemd's slice.
    static let standardParent = "/swiftlet/pods"
    static let standardSlice = "system.slice"

    /// `config.linux.cgroup_parent`, as the driver wants it: a path, or a slice's name.
    static func parent(
        _ given: String, driver: NodeFacts.CgroupDriver
    ) throws(TranslationError) -> String {
        let field = "config.linux.cgroup_parent"
        let parts = given.split(separator: "/").filter { $0 != "." }
        guard !parts.contains(".."), given.isOneLine else {
            throw .invalid(field, "\(JSONError.quoted(given)) is not the path of a group")
        }
        switch driver {
        case .cgroupfs:
            return parts.isEmpty ? standardParent : "/" + parts.joined(separator: "/")
        case .systemd:
            guard let slice = parts.last else { return standardSlice }
            // A kubelet with this driver gives the path of the slice, whose last part is its name.
            guard SystemdSlice(String(slice)) != nil else {
                throw .invalid(
                    field,
                    "\(JSONError.quoted(given)) is not a slice, which the systemd driver needs: kubelet and runtime must have the same cgroup driver"
                )
            }
            return String(slice)
        }
    }
}
