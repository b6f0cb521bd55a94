import Glibc
import ImageStore
import NIOPosix

/// The credentials that this user has, in the files where the field's tools keep them.
public struct CredentialStore: Sendable {
    /// Those that are read, the first that has something counts.
    let paths: [String]
    /// The one that is written.
    public let ownPath: String
    private let environment: [String: String]
    /// Milliseconds.
    private let helperTimeout: Int

    /// - Parameters:
    ///   - environment: the process's. `REGISTRY_AUTH_FILE` names podman's file, `DOCKER_CONFIG` the folder of
    ///     Docker's; without the first the order is podman's: `$XDG_RUNTIME_DIR/containers/auth.json`,
    ///     `$XDG_CONFIG_HOME/containers/auth.json`, Docker's `config.json` (containers-auth.json(5)).
    ///   - file: instead of all of them.
    ///   - configuration: for its time limit of helper programs.
    public init(
        environment: [String: String], file: String? = nil,
        configuration: RegistryConfiguration = RegistryConfiguration()
    ) {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = variable("HOME") ?? "/root"
        let docker = (variable("DOCKER_CONFIG") ?? "\(home)/.docker") + "/config.json"
        let runtime = variable("XDG_RUNTIME_DIR") ?? "/run/containers/\(getuid())"
        let config = variable("XDG_CONFIG_HOME") ?? "\(home)/.config"
        let chosen = file ?? variable("REGISTRY_AUTH_FILE")
        paths =
            chosen.map { [$0] }
            ?? [
                variable("XDG_RUNTIME_DIR") == nil
                    ? "\(runtime)/auth.json" : "\(runtime)/containers/auth.json",
                "\(config)/containers/auth.json", docker,
            ]
        // Docker's stays over a restart of the machine, and every other tool reads it, too.
        ownPath = chosen ?? docker
        self.environment = environment
        helperTimeout = Int(configuration.timeouts.helper.nanoseconds / 1_000_000)
    }

    /// - Parameters:
    ///   - registry: as in an image's name.
    ///   - repository: the path behind it; empty for the registry itself.
    /// - Returns: nil when nobody has any.
    /// - Throws: `RegistryError` (`.configuration`) for files and helpers that do not work.
    public func credential(registry: String, repository: String = "") async throws -> Credential? {
        // Files and programs block.
        try await NIOThreadPool.singleton.runIfActive {
            try find(CredentialKey.canonical(registry), repository)
        }
    }

    private func find(_ host: String, _ repository: String) throws -> Credential? {
        for path in paths {
            switch try CredentialFile(path).find(host: host, path: repository) {
            case .credential(let credential): return credential
            case .helper(let name, let server):
                if let credential = try helper(name).get(server) { return credential }
            case .broken(let key):
                throw RegistryError(
                    .configuration, "\(path): the auth of \(oneLine(key)) is not the base64 of USER:PASSWORD")
            case nil: continue
            }
        }
        return nil
    }

    private func helper(_ name: String) throws -> CredentialHelper {
        try CredentialHelper(name, timeout: helperTimeout, environment: environment)
    }

    // MARK: Login and logout

    /// The registry that a user logs in to.
    /// - Parameter place: a host, the address of one, or the beginning of images' names: `registry.example/team`.
    /// - Returns: as in an image's name.
    public static func registry(of place: String) -> String { CredentialKey(place).host }

    /// Keeps a credential: by the program that the user's file names for the registry, else in the file, with
    /// mode 0600.
    /// - Parameter place: as for `registry(of:)`.
    /// - Returns: where it is kept.
    /// - Throws: `RegistryError` (`.configuration`) for files and helpers that do not work, and for a part of a
    ///   registry whose credentials a program keeps: helpers know whole registries alone.
    @discardableResult
    public func save(_ credential: Credential, for place: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive {
            let key = CredentialKey(place)
            if !key.path.isEmpty {
                let name = try? ImageReference(key.text)
                guard let name, name.tag == nil, name.digest == nil else {
                    throw RegistryError(
                        .invalid, "'\(oneLine(place))' is neither a registry nor a beginning of images' names"
                    )
                }
            }
            let file = try CredentialFile(ownPath)
            if let (program, server) = file.helper(host: key.host) {
                if !key.path.isEmpty {
                    throw RegistryError(
                        .configuration,
                        "docker-credential-\(program) keeps what is for all of \(oneLine(key.host)), not for a part"
                    )
                }
                try helper(program).store(credential, server)
                return "docker-credential-\(program)"
            }
            try file.write(credential, for: key.name)
            return ownPath
        }
    }

    /// Forgets the credentials for a place, as `save` takes it, in the file that `save` writes.
    /// - Returns: whether there were any.
    public func remove(for place: String) async throws -> Bool {
        try await NIOThreadPool.singleton.runIfActive {
            let key = CredentialKey(place)
            let file = try CredentialFile(ownPath)
            var isRemoved = try file.write(nil, for: key.name)
            if key.path.isEmpty, let (program, server) = file.helper(host: key.host),
                try helper(program).get(server) != nil
            {
                try helper(program).erase(server)
                isRemoved = true
            }
            return isRemoved
        }
    }
}
