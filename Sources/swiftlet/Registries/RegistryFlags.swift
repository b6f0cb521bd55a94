import ArgumentParser
import ContainerCLI
import Glibc
import LinuxKernel

/// Where credentials are kept.
struct CredentialFlags: ParsableArguments {
    @Option(help: "The file with credentials, instead of the user's own (REGISTRY_AUTH_FILE).")
    var authfile: String?

    /// The file, for whoever reads it: a mistyped one is not an empty one.
    func existing() throws -> String? {
        if let authfile { _ = try status(of: authfile, "--authfile") }
        return authfile
    }
}

/// What an option names has to be there, unlike the places where things may be.
private func status(of path: String, _ option: String) throws -> stat {
    var status = stat()
    if stat(path, &status) != 0 { throw UsageError("\(option): \(KernelError("open", path))") }
    return status
}

/// How a command reaches registries.
struct ServerFlags: ParsableArguments {
    @OptionGroup var credentials: CredentialFlags
    @Option(help: "A folder with HOST/hosts.toml for registries, instead of /etc/containerd/certs.d.")
    var hostsDir: String?
    @Option(
        help:
            "Seconds that a registry may take to answer, or be silent in the middle (60); to connect 15 at most."
    )
    var timeout: Int?

    /// The file with credentials may be one that is still to be made.
    func access() throws -> RegistryAccess {
        if let hostsDir, try status(of: hostsDir, "--hosts-dir").st_mode & S_IFMT != S_IFDIR {
            throw UsageError("--hosts-dir: \(hostsDir) is not a folder")
        }
        var access = RegistryAccess(credentialFile: credentials.authfile, hostsFolder: hostsDir)
        if let timeout {
            guard 1...86_400 ~= timeout else { throw UsageError("--timeout: expected seconds, 1 to 86400") }
            access.patience = timeout
        }
        return access
    }
}

/// The same, for what a registry may want a password for.
struct RegistryFlags: ParsableArguments {
    @OptionGroup var server: ServerFlags
    @Option(help: "USER:PASSWORD, instead of what login has kept.")
    var creds: String?

    func access() throws -> RegistryAccess {
        var access = try server.access()
        access.credentialFile = try server.credentials.existing()
        if let creds {
            guard let colon = creds.firstIndex(of: ":"), colon > creds.startIndex else {
                throw UsageError("--creds: expected USER:PASSWORD")
            }
            access.credential = (String(creds[..<colon]), String(creds[creds.index(after: colon)...]))
        }
        return access
    }
}
