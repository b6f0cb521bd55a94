import Crypto
import Glibc
import LinuxKernel

/// How the command line of the same node finds its agent: an address, a token and a certificate in the agent's folder, all
/// of them root's.
package struct AgentAddress: Equatable, Sendable {
    private static let loopback = "127.0.0.1"

    package var port: Int
    package var host: String

    /// - Parameter address: that the agent listens on; one that stands for all of them has loopback in it.
    package init(port: Int, address: String) {
        self.port = port
        host = ["", "0.0.0.0", "::"].contains(address) ? Self.loopback : address
    }

    /// As it stands in a URL.
    package var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    static func certificate(in root: String) -> String { "\(root)/pki/kubelet.crt" }
    static func tokenFile(in root: String) -> String { "\(root)/pki/token" }

    /// The port, and the host where it is another one than loopback.
    package func write(in root: String) throws {
        let lines = ["\(port)"] + (host == Self.loopback ? [] : [host])
        try AgentFiles.replace("\(root)/port", lines.joined(separator: "\n") + "\n", mode: 0o600)
    }

    /// - Returns: nil where no agent has ever run.
    package static func read(in root: String) throws -> AgentAddress? {
        guard let text = try AgentFiles.text(of: "\(root)/port") else { return nil }
        let lines = text.split(separator: "\n").map(String.init)
        guard let port = lines.first.flatMap({ Int($0) }) else { return nil }
        return AgentAddress(port: port, address: lines.dropFirst().first ?? loopback)
    }

    /// Another one at each start of an agent. Where it cannot be written, the one before counts.
    static func makeToken(in root: String) throws {
        try AgentFiles.makeFolder("\(root)/pki", mode: 0o700)
        let digits = SymmetricKey(size: .bits256).withUnsafeBytes { bytes in
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        try AgentFiles.replace(tokenFile(in: root), digits + "\n", mode: 0o600)
    }
}
