import LinuxKernel
import Logging

/// Writes the files by which the command line finds this agent. What the disk has no room for when the agent starts is
/// written later: whoever ends for that never frees the disk.
actor AddressFiles {
    typealias Write = @Sendable () throws -> Void

    private static let pause: Duration = .seconds(1)

    private let log: Logger
    private var late: [Write] = []

    init(log: Logger) { self.log = log }

    /// - Throws: what is no lack of room.
    func write(_ body: @escaping Write) throws {
        do {
            try body()
        } catch let error as KernelError where error.errno == .noSpace {
            log.warning("\(error): it is written when there is room")
            late.append(body)
        }
    }

    /// Until all are written, or the task is cancelled.
    func run() async {
        while !late.isEmpty {
            do {
                try await Task.sleep(for: Self.pause)
            } catch {
                return
            }
            // Whatever is wrong by now, it was told that they are missing.
            late = late.filter { (try? $0()) == nil }
        }
    }
}
