import ArgumentParser
import ContainerCLI
import ContainerShim
import Glibc
import LinuxKernel

struct LoginCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "login", "Check a password with a registry and keep it", usage: "[OPTIONS] [REGISTRY]")
    static var worksForEverybody: Bool { true }

    @OptionGroup var registry: ServerFlags
    @Option(name: [.short, .long], help: "The user's name.")
    var username: String?
    @Option(name: [.short, .long], help: "The password; others on this machine can read it here.")
    var password: String?
    @Flag(help: "Take the password from standard input.")
    var passwordStdin = false
    @Argument(help: "The registry (docker.io), or a part of it: registry.example/team.")
    var server = "docker.io"

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.registryWork(for: "login")
        if passwordStdin {
            if password != nil { throw UsageError("--password and --password-stdin exclude each other") }
            if username == nil { throw UsageError("--password-stdin needs --username") }
        }
        let user = try username ?? ask("Username: ")
        let password = try passwordStdin ? restOfInput() : self.password ?? askForPassword()
        if user.isEmpty || password.isEmpty { throw UsageError("a user's name and a password are needed") }
        let place = try work.login(server, user, password, try registry.access())
        Standard.printError("The password is kept in \(place)\n")
        try Standard.print("Login Succeeded\n")
        return 0
    }

    private func ask(_ question: String) throws -> String {
        guard Standard.inputIsTerminal else { throw UsageError("give the user's name with --username") }
        Standard.printError(question)
        return readLine()?.trimmed ?? ""
    }

    private func askForPassword() throws -> String {
        guard Standard.inputIsTerminal else {
            throw UsageError("give the password with --password-stdin")
        }
        return try PasswordPrompt.ask("Password: ")
    }

    private func restOfInput() throws -> String {
        let bytes = try FileDescriptor.readFile("/dev/stdin", limit: 64 << 10)
        var text = String(decoding: bytes, as: UTF8.self)
        while text.hasSuffix("\n") || text.hasSuffix("\r") || text.hasSuffix("\r\n") { text.removeLast() }
        return text
    }
}

struct LogoutCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "logout", "Forget the password of a registry", usage: "[OPTIONS] [REGISTRY]")
    static var worksForEverybody: Bool { true }

    @OptionGroup var credentials: CredentialFlags
    @Argument(help: "The registry (docker.io).")
    var server = "docker.io"

    func perform(_ context: Context) throws -> Int32 {
        let work = try context.registryWork(for: "logout")
        let isRemoved = try work.logout(server, RegistryAccess(credentialFile: try credentials.existing()))
        try Standard.print(
            isRemoved ? "Removed login credentials for \(server)\n" : "Not logged in to \(server)\n")
        return 0
    }
}
