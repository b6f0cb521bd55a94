import ImageStore
import NIOPosix

/// Where work is done that blocks: tasks share as many threads as there are processors, and must not.
struct Threads: Sendable {
    private let pool: NIOThreadPool

    init(count: Int = 8) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// Short work: files, mounts, the database.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await pool.runIfActive(body)
    }

    /// Work that waits for somebody else's program, on a thread of its own: one that hangs holds up no others.
    func runAlone<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try DetachedThread.start { continuation.resume(with: Swift.Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    func stop() async {
        try? await pool.shutdownGracefully()
    }
}
