import ContainerCLI

/// Asks before something is removed. Whatever is not a clear yes is a no: also the end of the input.
func isConfirmed(_ warning: String) throws -> Bool {
    try Standard.print("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ")
    guard let answer = readLine()?.trimmed.lowercased() else { return false }
    return answer == "y" || answer == "yes"
}

/// What is gone, in docker's words.
func printPruned(_ what: String, _ names: [String], _ reclaimed: Int64) throws {
    if !names.isEmpty {
        try Standard.print("Deleted \(what):\n" + names.map { $0 + "\n" }.joined() + "\n")
    }
    try Standard.print("Total reclaimed space: \(HumanUnits.decimalSize(reclaimed))\n")
}
