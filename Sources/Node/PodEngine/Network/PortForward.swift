import CLinux
import Glibc
import LinuxKernel
import PodNetwork

extension PodEngine {
    /// Connects to a port of the pod's loopback interface, IPv4 or else IPv6, from within its network.
    public func connect(toPort port: UInt16, in word: String) async throws -> AsyncDescriptor {
        let sandbox = try registry.sandbox(word)
        let record = sandbox.record
        guard record.phase == .ready, sandbox.connection != nil else {
            throw EngineError(.wrongState, "sandbox \(sandbox.id) is not ready")
        }
        let raw = try await threads.runAlone { () throws -> Int32 in
            var refusal = KernelError(
                "connect to port \(port) of", "sandbox \(sandbox.id)", .connectionRefused)
            for isVersion6 in [false, true] {
                do throws(KernelError) {
                    let socket =
                        if let namespace = record.namespaces.network {
                            try PodSockets.stream(in: namespace, isVersion6: isVersion6)
                        } else {
                            try PodSockets.stream(isVersion6: isVersion6)
                        }
                    try PodSockets.connectToLoopback(socket, port: port, isVersion6: isVersion6)
                    return socket.release()
                } catch {
                    if !isVersion6 { refusal = error }
                }
            }
            throw EngineError(.refused, "port \(port) of sandbox \(sandbox.id): \(refusal.errno)")
        }
        return AsyncDescriptor(owning: raw, poller: poller)
    }
}
