/// Somebody has waited as long as he wanted to.
struct TimeLimit: Error {}

/// Waits for a task until a deadline, or until the own task is cancelled. The other one goes on in any case.
/// - Throws: `TimeLimit`, `CancellationError`, and what that task throws.
func value<Result: Sendable>(
    of task: Task<Result, any Error>, before deadline: ContinuousClock.Instant?
) async throws -> Result {
    let outcomes = AsyncStream<Swift.Result<Result, any Error>>.makeStream()
    Task { outcomes.continuation.yield(await task.result) }
    let timer = deadline.map { deadline in
        Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            outcomes.continuation.yield(.failure(TimeLimit()))
        }
    }
    defer { timer?.cancel() }
    for await outcome in outcomes.stream { return try outcome.get() }
    throw CancellationError()
}
