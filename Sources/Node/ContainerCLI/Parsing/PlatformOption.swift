import ImageStore
import OCISpec

extension Platform {
    /// `linux/amd64`, `linux/arm/v7`, or only the architecture, or only the system.
    public init(parsing text: String) throws(UsageError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw UsageError("invalid platform '\(text)': wanted is OS/ARCHITECTURE[/VARIANT]")
        }
        if parts.count == 1, Self.systems.contains(parts[0].lowercased()) {
            self.init(os: parts[0], architecture: PlatformMatch.host().architecture)
        } else if parts.count == 1 {
            self.init(os: "linux", architecture: parts[0])
        } else {
            self.init(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
        }
    }

    /// Systems that there are images for.
    private static let systems: Set<String> = ["linux", "windows", "freebsd", "darwin"]
}
