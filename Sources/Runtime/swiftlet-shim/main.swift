import ContainerShim
import Glibc
import LinuxKernel
import PodNetwork

StandardDescriptors.fill()
let network = ContainerNetwork(
    attach: { try ContainerLink.attach(folder: $0, owner: $1) },
    detach: { try ContainerLink.detach(folder: $0) })
exit(ShimProgram.run(CommandLine.arguments, network: network))
