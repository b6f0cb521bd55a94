import ContainerShim
import Glibc

exit(ShimProgram.run(CommandLine.arguments))
