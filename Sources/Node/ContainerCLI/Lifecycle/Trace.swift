import Glibc

/// Says on standard error what was done and how long it took (`--debug`).
public struct Trace: Sendable {
    public let isOn: Bool
    private let began: Int

    /// - Parameter isOn: when false, nothing is measured and nothing is written.
    public init(isOn: Bool) {
        self.isOn = isOn
        began = isOn ? Self.microseconds() : 0
    }

    /// Does `body`, and writes the time since the beginning, the time that it took, and its name.
    public func step<Result: ~Copyable>(
        _ name: @autoclosure () -> String, _ body: () throws -> Result
    ) rethrows -> Result {
        guard isOn else { return try body() }
        let before = Self.microseconds()
        defer { write(name(), since: before) }
        return try body()
    }

    private func write(_ name: String, since before: Int) {
        let now = Self.microseconds()
        func milliseconds(_ microseconds: Int) -> String {
            let text = HumanUnits.fixed(Double(microseconds) / 1000, 2)
            return String(repeating: " ", count: max(0, 9 - text.utf8.count)) + text
        }
        Standard.printError("\(milliseconds(now - began)) ms  +\(milliseconds(now - before)) ms  \(name)\n")
    }

    private static func microseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }
}
