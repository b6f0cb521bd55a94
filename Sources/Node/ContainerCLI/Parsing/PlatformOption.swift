import OCISpec

extension Platform {
    /// `linux/amd64`, `linux/arm/v7`, or only the architecture.
    public init(parsing text: String) throws(UsageError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw UsageError("invalid platform '\(text)': wanted is OS/ARCHITECTURE[/VARIANT]")
        }
        if parts.count == 1 {
            self.init(os: "linux", architecture: parts[0])
        } else {
            self.init(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
        }
    }
}
