import Glibc
import SwiftletCommands

// The same commands, linked with ISA-L: what `swiftlet load` becomes (see `LoadCommand`).
exit(Program.run(Array(CommandLine.arguments.dropFirst())))
