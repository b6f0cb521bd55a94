import Glibc
import LinuxKernel

/// Where a pod's things lie on the node. The tree is the kubelet's, so that tools that look into one find the same:
///
///     ROOT/pods/UID/volumes/kubernetes.io~KIND/NAME
///                   volume-subpaths/VOLUME/CONTAINER/INDEX   (bind mounts)
///                   volumeDevices/kubernetes.io~KIND/NAME    (links to block devices)
///                   plugins/kubernetes.io~empty-dir/NAME/ready
///                   containers/NAME/ID                       (termination messages)
///                   etc-hosts
///
/// What several pods share lies beside them (`LocalDevice`).
package struct PodFolder: Equatable, Sendable {
    package let path: String

    /// - Throws: when the uid is no name of a folder.
    package init(root: String, uid: String) throws(VolumeFailure) {
        path = Self.pods(in: root) + "/" + (try Self.checked(uid, "pod uid"))
    }

    package static func pods(in root: String) -> String { root + "/pods" }

    package var hostsFile: String { path + "/etc-hosts" }
    package var subPaths: String { path + "/volume-subpaths" }

    func volumes(_ kind: VolumeKind) -> String { path + "/volumes/" + kind.folderName }

    func volume(_ kind: VolumeKind, _ name: String) throws(VolumeFailure) -> String {
        volumes(kind) + "/" + (try Self.checked(name, "volume name"))
    }

    func device(_ kind: VolumeKind, _ name: String) throws(VolumeFailure) -> String {
        path + "/volumeDevices/" + kind.folderName + "/" + (try Self.checked(name, "volume name"))
    }

    func readyMark(_ kind: VolumeKind, _ name: String) throws(VolumeFailure) -> String {
        path + "/plugins/" + kind.folderName + "/" + (try Self.checked(name, "volume name")) + "/ready"
    }

    func container(_ name: String) throws(VolumeFailure) -> String {
        path + "/containers/" + (try Self.checked(name, "container name"))
    }

    /// Validation has refused such names long ago; here they would be paths.
    static func checked(_ name: String, _ what: String) throws(VolumeFailure) -> String {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")),
            !name.utf8.contains(0), name.utf8.count <= 255
        else { throw VolumeFailure("\(what) \"\(name)\" is no name of a folder") }
        return name
    }
}

/// What can be behind a volume's name.
enum VolumeKind: String, CaseIterable {
    case emptyDir = "empty-dir"
    case hostPath = "host-path"
    case configMap = "configmap"
    case secret
    case projected
    case downwardAPI = "downward-api"
    case image
    case local = "local-volume"

    var folderName: String { "kubernetes.io~" + rawValue }
}
