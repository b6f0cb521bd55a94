import CRIProtocol
import PodVolumes

extension CRIMount {
    /// A volume's place in a container as the runtime takes it.
    init(_ mount: ContainerMount, users: UserRange?) {
        self.init()
        containerPath = mount.containerPath
        if let image = mount.image {
            self.image.image = image
            imageSubPath = mount.imageSubPath
        } else {
            hostPath = mount.hostPath
            map(users)
        }
        readonly = mount.readOnly
        recursiveReadOnly = mount.recursiveReadOnly
        selinuxRelabel = true
        propagation =
            switch mount.propagation {
            case .none: .propagationPrivate
            case .hostToContainer: .propagationHostToContainer
            case .bidirectional: .propagationBidirectional
            }
    }
}
