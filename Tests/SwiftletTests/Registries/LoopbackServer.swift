import Glibc
import LinuxKernel

/// A listener on loopback, each of whose clients has a thread.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init() throws {
        (listener, port) = try Loopback.listen()
    }

    /// - Parameter serve: what is done with a client's socket, which is closed afterwards.
    func start(_ serve: @escaping @Sendable (Int32) -> Void) throws {
        try FaultProxy.thread { [listener] in
            while true {
                let client = accept(listener, .init(__sockaddr__: nil), nil)
                if client < 0 { return }
                do {
                    try FaultProxy.thread {
                        serve(client)
                        Glibc.close(client)
                    }
                } catch {
                    Glibc.close(client)
                }
            }
        }
    }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }
}
