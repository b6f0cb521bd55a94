import CRIService
import Glibc
import LinuxKernel
import SwiftletCommands

StandardDescriptors.fill()

// The same commands with the network in them, and linked with ISA-L: what `swiftlet load`, `pull`, `push` and the
// other commands for registries become (see `TransferProgram`), and `swiftlet cri`.
CodePages.mapSingly()
exit(Program.run(Array(CommandLine.arguments.dropFirst()), registries: Registries(), node: Node()))
