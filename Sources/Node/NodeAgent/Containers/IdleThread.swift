import Glibc
import LinuxKernel

/// Where work is done that takes processors' time and that nobody waits for: a thread of its own, behind all others.
enum IdleThread {
    private final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func run(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let work = Unmanaged.passRetained(
                Work { continuation.resume(with: Result { try body() }) })
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { context in
                    // Of this thread alone, as Linux has it (setpriority(2)); it ends with its work.
                    setpriority(PRIO_PROCESS, 0, 19)
                    Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                    return nil
                }, work.toOpaque())
            guard code == 0 else {
                work.release()
                return continuation.resume(
                    throwing: KernelError("start a thread", "", Errno(rawValue: code)))
            }
            pthread_detach(thread)
        }
    }
}
