import ContainerShim
import Glibc
import PodNetwork

let network = ContainerNetwork(
    attach: { try ContainerLink.attach(folder: $0, owner: $1) },
    detach: { try ContainerLink.detach(folder: $0) })
exit(ShimProgram.run(CommandLine.arguments, network: network))
