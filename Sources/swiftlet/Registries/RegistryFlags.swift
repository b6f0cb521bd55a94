import ArgumentParser
import ContainerCLI

/// How a command reaches registries.
struct RegistryFlags: ParsableArguments {
    @Option(help: "USER:PASSWORD, instead of what login has kept.")
    var creds: String?
    @Option(help: "The file with credentials, instead of the user's own (REGISTRY_AUTH_FILE).")
    var authfile: String?
    @Option(help: "A folder with HOST/hosts.toml for registries, instead of /etc/containerd/certs.d.")
    var hostsDir: String?

    @Option(help: "The rules for which images may be used, instead of /etc/containers/policy.json.")
    var signaturePolicy: String?
    @Option(
        help:
            "Seconds that a registry may take to answer, or be silent in the middle (60); to connect 15 at most."
    )
    var timeout: Int?

    func access() throws -> RegistryAccess {
        var access = RegistryAccess(
            credentialFile: authfile, hostsFolder: hostsDir, policyFile: signaturePolicy)
        if let timeout {
            guard 1...86_400 ~= timeout else { throw UsageError("--timeout: expected seconds, 1 to 86400") }
            access.patience = timeout
        }
        if let creds {
            guard let colon = creds.firstIndex(of: ":"), colon > creds.startIndex else {
                throw UsageError("--creds: expected USER:PASSWORD")
            }
            access.credential = (String(creds[..<colon]), String(creds[creds.index(after: colon)...]))
        }
        return access
    }
}
