import CLinux
import Glibc
import LinuxKernel
import PodNetwork
import Testing

/// A socket that listens, or waits for datagrams, in some namespace.
struct Server: ~Copyable {
    private let file: FileDescriptor
    private let isUDP: Bool

    /// For both versions of IP, at all addresses.
    init(_ host: TestHost, in namespace: String, port: UInt16, udp: Bool = false) throws {
        isUDP = udp
        file = try host.inside(namespace) {
            let file = try makeSocket(version6: true, udp: udp)
            let result = withAddress(IPAddress("::")!, port) { clinux_bind(file.raw, $0, $1) }
            if result != 0 { throw KernelError("bind", "port \(port)") }
            if !udp, listen(file.raw, 16) != 0 { throw KernelError("listen", "port \(port)") }
            return file
        }
    }

    /// What a client in a namespace comes from, as this server sees it; the client gets an answer.
    /// - Throws: when one of them hears nothing of the other.
    func meet(
        _ host: TestHost, from namespace: String, at address: String, _ port: UInt16
    ) throws -> String {
        let client = try Client(host, in: namespace, at: address, port, udp: isUDP)
        return try meet(client)
    }

    /// The same with a client that is there already. Datagrams may be lost: a new device takes none until the kernel
    /// has seen to its carrier.
    func meet(_ client: borrowing Client) throws -> String {
        for _ in 0..<(isUDP ? 7 : 0) {
            if let source = try? meetOnce(client) { return source }
        }
        return try meetOnce(client)
    }

    private func meetOnce(_ client: borrowing Client) throws -> String {
        var byte: UInt8 = 7
        if isUDP { try client.send() }
        var storage = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let address = client.address
        try withUnsafeMutablePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                if isUDP {
                    _ = try check("receive", address) {
                        recvfrom(file.raw, &byte, 1, 0, __SOCKADDR_ARG(__sockaddr__: pointer), &size)
                    }
                    _ = try check("answer", address) {
                        sendto(
                            file.raw, &byte, 1, 0, __CONST_SOCKADDR_ARG(__sockaddr__: UnsafePointer(pointer)),
                            size)
                    }
                } else {
                    let accepted = FileDescriptor(
                        owning: try check("accept", address) {
                            accept(file.raw, __SOCKADDR_ARG(__sockaddr__: pointer), &size)
                        })
                    _ = try check("answer", address) { Glibc.send(accepted.raw, &byte, 1, 0) }
                }
            }
        }
        try client.receive()
        let bytes = withUnsafeBytes(of: &storage.sin6_addr) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return IPAddress(bytes: isMapped ? Array(bytes[12...]) : bytes).description
    }
}

/// A socket that is connected with a port, from some namespace.
struct Client: ~Copyable {
    private let file: FileDescriptor
    let address: String

    init(
        _ host: TestHost, in namespace: String, at address: String, _ port: UInt16, udp: Bool = true
    ) throws {
        self.address = address
        let target = IPAddress(address)!
        file = try host.inside(namespace) {
            let file = try makeSocket(version6: target.isVersion6, udp: udp)
            let result = withAddress(target, port) { clinux_connect(file.raw, $0, $1) }
            if result != 0 { throw KernelError("connect", "\(address) \(port)") }
            return file
        }
    }

    /// Sends a byte, whatever came of earlier ones: a socket tells that first.
    func send() throws {
        var byte: UInt8 = 7
        for _ in 0..<3 where Glibc.send(file.raw, &byte, 1, 0) == 1 { return }
        _ = try check("send", address) { Glibc.send(file.raw, &byte, 1, 0) }
    }

    func receive() throws {
        var byte: UInt8 = 0
        _ = try check("hear the answer", address) { recv(file.raw, &byte, 1, 0) }
    }

    /// Whether who is asked says that nobody has the port.
    func isRefused() -> Bool {
        (0..<8).contains { _ in
            message {
                try send()
                try receive()
            }.contains("refused")
        }
    }
}

/// With four seconds of patience; who sends datagrams tries several times.
private func makeSocket(version6: Bool, udp: Bool) throws -> FileDescriptor {
    let type = udp ? SOCK_DGRAM : SOCK_STREAM
    let file = FileDescriptor(
        owning: try check("socket", "") {
            socket(version6 ? AF_INET6 : AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        })
    var patience = udp ? timeval(tv_sec: 0, tv_usec: 500_000) : timeval(tv_sec: 4, tv_usec: 0)
    var on: Int32 = 1
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
        setsockopt(file.raw, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    setsockopt(file.raw, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return file
}

private func withAddress<Result>(
    _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var storage = sockaddr_in6()
    if address.isVersion6 {
        storage.sin6_family = sa_family_t(AF_INET6)
        storage.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &storage.sin6_addr) { $0.copyBytes(from: address.bytes) }
    }
    var short = sockaddr_in()
    if !address.isVersion6 {
        short.sin_family = sa_family_t(AF_INET)
        short.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &short.sin_addr) { $0.copyBytes(from: address.bytes) }
    }
    return withUnsafePointer(to: &storage) { long in
        withUnsafePointer(to: &short) { short in
            address.isVersion6
                ? long.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
                : short.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
        }
    }
}
