/// Where the runtime's streaming server has a client's streams (CRI `ExecResponse.url`).
struct StreamURL: Sendable, Equatable {
    let isTLS: Bool
    let host: String
    let port: Int
    /// As the `Host` header names it.
    let authority: String
    /// Path and query.
    let target: String

    /// - Returns: nil where that is no absolute URL of HTTP.
    init?(_ text: String) {
        let scheme = text.prefix { $0 != ":" }
        guard ["http", "https"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            return nil
        }
        isTLS = scheme == "https"
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { !"/?#".contains($0) }
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        let (host, port): (Substring, Substring)
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = authority[authority.index(after: end)...]
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
        }
        guard !host.isEmpty, port.isEmpty || port.hasPrefix(":"),
            let number = port.isEmpty ? (isTLS ? 443 : 80) : Int(port.dropFirst()),
            (1...65535).contains(number),
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        self.host = String(host)
        self.port = number
        self.authority = String(authority)
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }
}
