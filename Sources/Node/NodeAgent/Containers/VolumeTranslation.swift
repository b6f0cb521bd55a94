import CRIProtocol
import PodVolumes

extension CRIDevice {
    init(_ device: ContainerDevice) {
        self.init()
        hostPath = device.hostPath
        containerPath = device.containerPath
        permissions = device.isReadOnly ? "r" : "mrw"
    }
}

extension CRIMount {
    /// A volume's place in a container as the runtime takes it.
    /// - Parameter image: that the volume is, as the node has it.
    init(_ mount: ContainerMount, users: UserRange?, image known: CRIImage? = nil) {
        self.init()
        containerPath = mount.containerPath
        switch mount.source {
        case .path(let path):
            hostPath = path
            map(users)
        case .image(let reference, _, let subPath):
            image.image = known?.id ?? reference
            image.userSpecifiedImage = reference
            imageSubPath = subPath
        }
        readonly = mount.isReadOnly
        recursiveReadOnly = mount.isRecursivelyReadOnly
        selinuxRelabel = true
        mountOptions = mount.options
        propagation =
            switch mount.propagation {
            case .hostToContainer: .propagationHostToContainer
            case .bidirectional: .propagationBidirectional
            default: .propagationPrivate
            }
    }

    /// Shows the files of the host's users as those of the pod's.
    private mutating func map(_ users: UserRange?) {
        guard let users else { return }
        let mapping = CRIIDMapping.with {
            $0.hostID = users.first
            $0.containerID = 0
            $0.length = users.count
        }
        uidMappings = [mapping]
        gidMappings = [mapping]
    }
}
