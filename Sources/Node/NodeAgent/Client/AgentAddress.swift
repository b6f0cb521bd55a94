import Crypto
import Glibc
import LinuxKernel

/// How the command line of the same node finds its agent: a port, a token and a certificate in the agent's folder, all of
/// them root's.
package struct AgentAddress: Sendable {
    package var port: Int

    static func certificate(in root: String) -> String { "\(root)/pki/kubelet.crt" }
    static func tokenFile(in root: String) -> String { "\(root)/pki/token" }

    func write(in root: String) throws {
        try AgentFiles.replace("\(root)/port", "\(port)\n", mode: 0o600)
    }

    /// - Returns: nil where no agent has ever run.
    static func read(in root: String) throws -> AgentAddress? {
        guard let text = try AgentFiles.text(of: "\(root)/port") else { return nil }
        return Int(text.split(separator: "\n").first ?? "").map { AgentAddress(port: $0) }
    }

    /// Another one at each start of an agent.
    /// - Returns: the file.
    static func makeToken(in root: String) throws -> String {
        try AgentFiles.makeFolder("\(root)/pki", mode: 0o700)
        let file = tokenFile(in: root)
        let digits = SymmetricKey(size: .bits256).withUnsafeBytes { bytes in
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        try AgentFiles.replace(file, digits + "\n", mode: 0o600)
        return file
    }
}
