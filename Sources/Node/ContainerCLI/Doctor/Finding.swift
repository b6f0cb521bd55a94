/// One thing that `doctor` looked at.
public struct Finding: Equatable, Sendable {
    public enum Level: String, Sendable {
        /// As it should be.
        case ok
        /// Something is not possible on this host, and containers run without it.
        case limited
        /// Containers do not run.
        case missing
    }

    /// What was looked at, in one or two words.
    public var subject: String
    public var level: Level
    /// What was found.
    public var detail: String
    /// What to do about it, or what follows from it.
    public var advice: String?

    public init(_ subject: String, _ level: Level, _ detail: String, advice: String? = nil) {
        self.subject = subject
        self.level = level
        self.detail = detail
        self.advice = advice
    }
}
