import Glibc
import NIOCore

extension SocketAddress {
    /// Where a server listens that is configured with this host, as servers in Go have it: an address is itself, and of a
    /// name's addresses those of version 4 go first. Whoever asks for `localhost` means 127.0.0.1, whatever else has that
    /// name. Waits for whoever resolves names.
    package static func listening(on host: String, port: Int) throws -> SocketAddress {
        // Not as a name: an address of version 6 is none where loopback alone has such.
        if let address = try? SocketAddress(ipAddress: host, port: port) { return address }
        return try version4(of: host, port) ?? makeAddressResolvingHost(host, port: port)
    }

    /// - Returns: nil for a name that has none.
    private static func version4(of name: String, _ port: Int) -> SocketAddress? {
        var wanted = addrinfo()
        wanted.ai_family = AF_INET
        wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, "\(port)", &wanted, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        guard let address = UnsafeRawPointer(found.pointee.ai_addr) else { return nil }
        return SocketAddress(address.loadUnaligned(as: sockaddr_in.self), host: name)
    }
}
