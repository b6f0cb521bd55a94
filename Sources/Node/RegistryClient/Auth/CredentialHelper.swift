import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// A program that keeps credentials: `docker-credential-NAME` in PATH, which is told what to do by its argument
/// and the rest on its standard input (github.com/docker/docker-credential-helpers, its README).
package struct CredentialHelper {
    package let program: String
    /// Milliseconds.
    package let timeout: Int
    package let environment: [String: String]

    /// The user's name with which a helper says that the secret is an identity token.
    package static let tokenUser = "<token>"

    /// - Parameter name: as the configuration has it, `pass`.
    package init(_ name: String, timeout: Int, environment: [String: String]) throws {
        guard !name.isEmpty, !name.contains("/"), !name.contains("\0") else {
            throw RegistryError(.configuration, "'\(oneLine(name))' is not the name of a credential helper")
        }
        let program = "docker-credential-\(name)"
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let paths = folders.map { "\($0)/\(program)" }
        let found = paths.first { (path: String) in access(path, X_OK) == 0 }
        guard let found else { throw RegistryError(.configuration, "\(program) is not in PATH") }
        self.program = found
        self.timeout = timeout
        self.environment = environment
    }

    /// - Returns: nil when the program has nothing for the server.
    package func get(_ server: String) throws -> Credential? {
        let (status, output) = try run("get", server)
        if status != 0 {
            let text = said(output, status)
            // The protocol has no code for it, only these words.
            if text.contains("credentials not found") { return nil }
            throw RegistryError(.configuration, "\(program) get: \(text)")
        }
        do throws(JSONError) {
            return try JSON.read(output) { (value) throws(JSONError) -> Credential? in
                let object = try value.object()
                guard let secret = try object.text("Secret") else { return nil }
                let user = try object.text("Username") ?? ""
                if user == Self.tokenUser { return .identityToken(secret) }
                return .basic(username: user, password: secret)
            }
        } catch {
            throw RegistryError(.configuration, "\(program) get: \(error)")
        }
    }

    package func store(_ credential: Credential, _ server: String) throws {
        let (user, secret) =
            switch credential {
            case .basic(let username, let password): (username, password)
            case .identityToken(let token): (Self.tokenUser, token)
            case .registryToken:
                throw RegistryError(.invalid, "a credential helper cannot keep an access token")
            }
        var json = JSONWriter()
        json.object { json in
            json.member("ServerURL", server)
            json.member("Username", user)
            json.member("Secret", secret)
        }
        try change("store", String(decoding: json.bytes, as: UTF8.self))
    }

    package func erase(_ server: String) throws {
        try change("erase", server)
    }

    private func change(_ action: String, _ input: String) throws {
        let (status, output) = try run(action, input)
        if status != 0 {
            throw RegistryError(.configuration, "\(program) \(action): \(said(output, status))")
        }
    }

    /// What a program that failed says of it; one that was killed says nothing.
    private func said(_ output: [UInt8], _ status: Int32) -> String {
        let text = oneLine(String(decoding: output, as: UTF8.self).trimmingLines)
        return text.isEmpty ? "exit code \(status)" : text
    }

    // MARK: The program

    private static let outputLimit = 1 << 20

    /// - Returns: its exit code and what it wrote to its standard output.
    private func run(_ action: String, _ input: String) throws -> (status: Int32, output: [UInt8]) {
        do {
            // Both are files in memory: no pipe can fill up and make one side wait for the other.
            let stdin = try FileDescriptor.memoryFile("credential-helper-input")
            try stdin.writeAll(input)
            lseek(stdin.raw, 0, SEEK_SET)
            let stdout = try FileDescriptor.memoryFile("credential-helper-output")
            let pid = try spawn(action, stdin.raw, stdout.raw)
            let status = try wait(pid, action)
            lseek(stdout.raw, 0, SEEK_SET)
            return (status, try stdout.readToEnd(limit: Self.outputLimit))
        } catch let error as KernelError {
            throw RegistryError(.configuration, "\(program) \(action): \(error)")
        }
    }

    private func spawn(_ action: String, _ input: Int32, _ output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        _ = clinux_spawn_close_from(&actions, 3)
        var pid: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let error = withCStrings([program, action]) { argv in
            withCStrings(variables) { posix_spawn(&pid, program, &actions, nil, argv, $0) }
        }
        if error != 0 { throw KernelError("start", program, Errno(rawValue: error)) }
        return pid
    }

    private func wait(_ pid: pid_t, _ action: String) throws -> Int32 {
        let process = try ProcessHandle.open(pid)
        if try !process.waitForEnd(milliseconds: Int32(clamping: timeout)) {
            try process.send(signal: SIGKILL)
            _ = try process.wait()
            throw RegistryError(.configuration, "\(program) \(action): no answer in \(timeout) ms")
        }
        return try process.wait().code
    }
}

extension String {
    /// Without line ends and spaces at its end.
    fileprivate var trimmingLines: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
