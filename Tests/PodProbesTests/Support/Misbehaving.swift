import Glibc
import LinuxKernel
import NIOCore
import NIOPosix

/// Sends a beginning, and then one byte now and then.
func drip(_ beginning: String, on channel: any Channel) {
    channel.send(beginning)
    channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(20), delay: .milliseconds(20)) {
        task in
        guard channel.isActive else { return task.cancel() }
        channel.send("x")
    }
}

/// Sends as much as the client takes, and never ends.
func flood(_ channel: any Channel) {
    channel.writeAndFlush(ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)).whenSuccess {
        flood(channel)
    }
}

/// Ends the connection with a reset instead of a farewell.
func reset(_ channel: any Channel) {
    guard let socket = channel as? any SocketOptionProvider else { return }
    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
}

/// A port of loopback on which nobody listens.
func freePort() async throws -> Int {
    let server = try await ScriptedServer()
    try await server.stop()
    return server.port
}

/// A port of loopback whose backlog is full: connections to it get no answer, as those to a host that is gone.
func blackHole() throws -> (port: Int, close: () -> Void) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = try withUnsafeMutablePointer(to: &address) {
        try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            guard bind(listener, __CONST_SOCKADDR_ARG(__sockaddr__: pointer), length) == 0,
                listen(listener, 0) == 0,
                getsockname(listener, __SOCKADDR_ARG(__sockaddr__: pointer), &length) == 0
            else { throw KernelError("listen", "127.0.0.1") }
        }
        return Int(UInt16(bigEndian: $0.pointee.sin_port))
    }
    // One more than the backlog is accepted by the kernel, the next ones are not answered.
    var fillers: [Int32] = []
    for _ in 0..<3 {
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(filler, __CONST_SOCKADDR_ARG(__sockaddr__: $0), length)
            }
        }
        fillers.append(filler)
    }
    return (port, { for descriptor in fillers + [listener] { _ = close(descriptor) } })
}

/// Sockets in TIME-WAIT that lead to a port of loopback.
func timeWaits(port: Int) throws -> Int {
    let remote = "0100007F:" + String(UInt16(port), radix: 16, uppercase: true).leftPadded(to: 4)
    let table = try FileDescriptor.readFile("/proc/net/tcp", limit: 64 << 20)
    return String(decoding: table, as: UTF8.self).split(separator: "\n").count { line in
        let fields = line.split(separator: " ")
        return fields.count > 3 && fields[2] == remote && fields[3] == "06"
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
