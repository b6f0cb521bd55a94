import Glibc
import SwiftletCommands

exit(Program.run(Array(CommandLine.arguments.dropFirst())))
