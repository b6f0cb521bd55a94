import ContainerCLI
import Glibc
import LinuxKernel
import RegistryClient
import StreamingServer

/// Which of the files that a configuration names are read with it, so that what is wrong with one is told with the line
/// that names it.
public enum NamedFiles: Int, Sendable {
    case none
    /// What a daemon that runs takes over.
    case live
    /// What a daemon does not start without.
    case ofStart
    /// Also what is read when somebody needs it, and runtimes' programs.
    case all

    /// - Returns: what is wrong with them, with the key that names the file.
    func problems(in configuration: CRIConfiguration) -> [(path: String, problem: String)] {
        var found: [(path: String, problem: String)] = []
        func look(_ path: String, _ file: String, _ read: () throws -> Void) {
            if let problem = Self.problem(file, read) { found.append((path, problem)) }
        }
        if rawValue >= Self.live.rawValue {
            let profile = configuration.seccomp.defaultProfile
            look("seccomp.default_profile", profile) { _ = try SeccompProfile(file: profile) }
        }
        if rawValue >= Self.ofStart.rawValue { found += Self.problems(of: configuration.streaming) }
        guard self == .all else { return found }
        let policy = configuration.registry.policyFile
        look("registry.policy_file", policy) { _ = try SignaturePolicy(file: policy) }
        for (name, runtime) in configuration.runtimes {
            if let problem = Self.missing(runtime.program, access: X_OK) {
                found.append(("runtimes.\(name).program", problem))
            }
        }
        return found
    }

    /// The certificate and its key are looked at together: one has to fit the other.
    private static func problems(of streaming: CRIConfiguration.Streaming) -> [(
        path: String, problem: String
    )] {
        let files = [
            ("streaming.tls_cert_file", streaming.certificateFile),
            ("streaming.tls_key_file", streaming.keyFile),
            ("streaming.tls_client_ca_file", streaming.clientAuthorityFile),
        ]
        let absent = files.compactMap { (path, file) in missing(file).map { (path, $0) } }
        if !absent.isEmpty || files.contains(where: { isOthers($0.1) }) { return absent }
        // One without the other is a mistake by itself.
        guard var tls = streaming.files, !tls.key.isEmpty else { return [] }
        let authorities = tls.clientAuthorities
        tls.clientAuthorities = nil
        if let problem = problem(streaming.certificateFile, { try StreamingServer.check(tls) }) {
            return [("streaming.tls_cert_file", problem)]
        }
        tls.clientAuthorities = authorities
        return problem(streaming.clientAuthorityFile) { try StreamingServer.check(tls) }
            .map { [("streaming.tls_client_ca_file", $0)] } ?? []
    }

    /// - Parameter read: reads the file.
    private static func problem(_ file: String, _ read: () throws -> Void) -> String? {
        if file.isEmpty { return nil }
        if let problem = missing(file) { return problem }
        if isOthers(file) { return nil }
        do { try read() } catch { return "\(error)" }
        return nil
    }

    /// Who may not read a file does not know.
    private static func isOthers(_ file: String) -> Bool {
        !file.isEmpty && access(file, R_OK) != 0 && Errno.current == .accessDenied
    }

    private static func missing(_ file: String, access mode: Int32 = F_OK) -> String? {
        if file.isEmpty { return nil }
        var status = stat()
        if stat(file, &status) != 0 {
            // Who may not look does not know.
            return Errno.current == .accessDenied ? nil : "\(file.toml): \(Errno.current)"
        }
        if status.st_mode & S_IFMT != S_IFREG { return "\(file.toml) is no file" }
        return access(file, mode) == 0 ? nil : "\(file.toml): \(Errno.current)"
    }
}

extension CRIConfiguration.Streaming {
    /// Nil: without TLS.
    var files: StreamingConfiguration.TLSFiles? {
        if certificateFile.isEmpty { return nil }
        return StreamingConfiguration.TLSFiles(
            certificate: certificateFile, key: keyFile,
            clientAuthorities: clientAuthorityFile.isEmpty ? nil : clientAuthorityFile)
    }
}
