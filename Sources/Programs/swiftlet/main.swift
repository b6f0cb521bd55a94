import Glibc
import LinuxKernel
import SwiftletCommands

StandardDescriptors.fill()
exit(Program.run(Array(CommandLine.arguments.dropFirst())))
