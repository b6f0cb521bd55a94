/// Where a socket is, as crictl and the kubelet write it: a path, which `unix://` may stand before.
public enum SocketAddress {
    private static let scheme = "unix://"

    /// - Returns: nil for an address of another kind, as `tcp://127.0.0.1:99`.
    public static func path(_ text: String) -> String? {
        if text.hasPrefix(scheme) { return String(text.dropFirst(scheme.utf8.count)) }
        let other = text.utf8.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        return !other.isEmpty && text.utf8.dropFirst(other.count).starts(with: "://".utf8) ? nil : text
    }
}
