import ContainerRuntime
import Dispatch
import Glibc
import KubernetesAPI
import LinuxKernel
import Logging
import Synchronization

/// Delays the machine's end until pods have ended, where systemd-logind runs.
final class ShutdownWatch: Sendable {
    /// Milliseconds between two looks at whether this agent is to end.
    private static let pace = 1000

    private let seconds: Int64
    private let log: Logger
    private let isOver = Atomic<Bool>(false)
    /// Of a thread: a conversation waits.
    private let queue = DispatchQueue(label: "swiftlet.shutdown")

    /// - Parameter kubelet: says how long pods get.
    init(_ kubelet: KubeletConfiguration, log: Logger) {
        seconds = ShutdownGroup.total(of: kubelet)
        self.log = log
    }

    /// - Parameters:
    ///   - begin: ends the pods.
    ///   - goOn: the machine goes on after all.
    func run(begin: @escaping @Sendable () async -> Void, goOn: @escaping @Sendable () -> Void) async {
        guard seconds > 0 else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                queue.async {
                    self.watch(begin, goOn)
                    continuation.resume()
                }
            }
        } onCancel: {
            isOver.store(true, ordering: .relaxed)
        }
    }

    private func watch(_ begin: @escaping @Sendable () async -> Void, _ goOn: @escaping @Sendable () -> Void)
    {
        var isTold = false
        while !isOver.load(ordering: .relaxed) {
            do {
                guard try follow(begin, goOn) else { return }
            } catch {
                if !isTold { log.warning("delay this machine's end by logind: \(error); it is tried again") }
                isTold = true
            }
            // The bus may have been restarted.
            for _ in 0..<5 where !isOver.load(ordering: .relaxed) { sleep(1) }
        }
    }

    /// - Returns: false where there is no logind, and when this agent is to end.
    private func follow(
        _ begin: @escaping @Sendable () async -> Void, _ goOn: @escaping @Sendable () -> Void
    ) throws -> Bool {
        guard var session = try LogindSession.open() else {
            log.notice("there is no logind: pods end with the node only by --shutdown-on-sigterm")
            return false
        }
        let given = try session.allowDelay(of: seconds)
        if given < seconds {
            log.warning("logind delays this machine's end by \(given) s, and pods are to get \(seconds) s")
        }
        try session.takeLock()
        log.info(
            "this machine's end is delayed until its pods have ended", metadata: ["seconds": "\(seconds)"])
        while !isOver.load(ordering: .relaxed) {
            guard let isEnding = try session.word(milliseconds: Self.pace) else { continue }
            if isEnding {
                let end = DispatchSemaphore(value: 0)
                Task {
                    await begin()
                    end.signal()
                }
                end.wait()
                session.releaseLock()
            } else {
                goOn()
                try session.takeLock()
            }
        }
        return false
    }
}
