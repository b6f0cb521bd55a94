import Dispatch

/// Where work is done that blocks: tasks share as many threads as there are processors, and must not. A path on a
/// network file system that hangs holds up one of these threads, and nobody else.
enum BlockingThreads {
    private static let queue = DispatchQueue(label: "swiftlet.volumes", attributes: .concurrent)

    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
    {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
