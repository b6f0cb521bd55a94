import CRIProtocol
import ContainerCLI
import OCISpec

/// The program of a container: what runs, where, and with which environment.
struct ProcessTranslation: Equatable {
    var arguments: [String]
    var environment: [String]
    var workingDirectory: String
    var warnings: [String] = []

    init(
        _ config: CRIContainerConfig, image: ImageConfig.Defaults, hostname: String
    ) throws(TranslationError) {
        arguments = try Self.arguments(config, image)
        workingDirectory = try Self.workingDirectory(config, image)
        var own: [String] = []
        for (index, variable) in config.envs.enumerated() {
            let field = "config.envs[\(index)]"
            let name = variable.key
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
                throw .invalid(field + ".key", "\(JSONError.quoted(name)) is not a variable's name")
            }
            guard !variable.value.contains(0) else {
                throw .invalid(field + ".value", "\(name) contains a NUL character")
            }
            // The CRI has bytes, config.json has text.
            if String(validating: variable.value, as: UTF8.self) == nil {
                warnings.append("\(field).value: what is no UTF-8 in \(name) is replaced")
            }
            own.append(name + "=" + String(decoding: variable.value, as: UTF8.self))
        }
        var standard = [ConfigBuilder.searchPath, "HOSTNAME=\(hostname)"]
        if config.tty { standard.append("TERM=xterm") }
        // execve(2) takes anything; a program finds only NAME=value.
        let ofImage = image.env.filter { variable in
            variable.utf8.first != UInt8(ascii: "=") && variable.utf8.contains(UInt8(ascii: "="))
        }
        environment = EnvironmentOption.merge(standard, ofImage, own)
    }

    /// A command replaces the image's entry point and with it the image's arguments; arguments alone replace the
    /// image's.
    private static func arguments(
        _ config: CRIContainerConfig, _ image: ImageConfig.Defaults
    ) throws(TranslationError) -> [String] {
        for (field, words) in [("command", config.command), ("args", config.args)] {
            for (index, word) in words.enumerated() where word.utf8.contains(0) {
                throw .invalid("config.\(field)[\(index)]", "contains a NUL character")
            }
        }
        var command = config.command
        var arguments = config.args
        if command.isEmpty {
            if arguments.isEmpty { arguments = image.cmd }
            // `ENTRYPOINT [""]` is how an image takes its base's entry point away.
            if image.entrypoint != [""] { command = image.entrypoint }
        }
        let all = command + arguments
        guard let program = all.first else {
            throw .invalid("config.command", "missing, and the image names no program to run")
        }
        guard !program.isEmpty else { throw .invalid("config.command", "the program's name is empty") }
        return all
    }

    private static func workingDirectory(
        _ config: CRIContainerConfig, _ image: ImageConfig.Defaults
    ) throws(TranslationError) -> String {
        let given = config.workingDir
        guard given.isEmpty else {
            guard given.hasPrefix("/"), !given.utf8.contains(0) else {
                throw .invalid("config.working_dir", "\(JSONError.quoted(given)) is not an absolute path")
            }
            return normalizedPath(given)
        }
        return normalizedPath(image.workingDir ?? "/")
    }
}
