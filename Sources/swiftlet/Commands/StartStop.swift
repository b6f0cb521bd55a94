import ArgumentParser
import ContainerCLI
import ContainerShim
import LinuxKernel

struct StartCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "start", "Start containers that do not run", usage: "[OPTIONS] CONTAINER …")
    static var changesContainers: Bool { true }

    @Flag(name: [.short, .long], help: "Attach to its output, and pass signals on.")
    var attach = false
    @Flag(name: [.short, .long], help: "Attach to its input, too.")
    var interactive = false
    @Option(help: "Keys that end the attachment (default ctrl-p,ctrl-q).")
    var detachKeys: String?
    @Flag(help: "Start what its --restart says is to run after a boot; for the systemd unit.")
    var restartPolicy = false
    @Argument(help: "The containers.")
    var containers: [String] = []

    func validate() throws {
        if restartPolicy == !containers.isEmpty {
            throw ValidationError(
                restartPolicy ? "--restart-policy takes no containers" : "the container is missing")
        }
        if attach || interactive, containers.count != 1 {
            throw ValidationError("only one container can be attached to")
        }
    }

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        if restartPolicy { return try engine.startAfterBoot() { Program.fail($0, 1) } }
        guard attach || interactive else {
            return forEachName(containers) { name in
                try engine.startIfStopped(try engine.store.find(name))
                try Standard.print(name + "\n")
            }
        }
        let container = try engine.store.find(containers[0])
        let keys = try detachKeys.unlessEmpty.map { try DetachKeys(parsing: $0) } ?? .standard
        let supervision = try Supervision.read(in: engine.layout.container(container.id))
        let options = SessionOptions(
            input: interactive && container.attachesInput, terminal: supervision.terminal, detachKeys: keys)
        if try engine.status(of: container).phase == .running {
            return try engine.attach(container, options).exitCode
        }
        let end = try engine.run(container, options)
        if case .exited = end, container.removeAfterwards { try engine.store.forget(container) }
        return end.exitCode
    }
}

struct StopCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "stop", "Stop running containers", usage: "[OPTIONS] CONTAINER …")
    static var changesContainers: Bool { true }

    @Option(
        name: [.customShort("t", allowingJoined: true), .customLong("timeout"), .customLong("time")],
        parsing: .unconditional, help: "Seconds before they are killed; -1 to wait without end.")
    var timeout: Int?
    @Option(name: [.customShort("s", allowingJoined: true), .long], help: "The signal to send first.")
    var signal: String?
    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let signal = try self.signal.map(parseSignal)
        return forEachName(containers) { name in
            let container = try engine.store.find(name)
            try engine.stop(container, signal: signal, timeout: timeout)
            if container.removeAfterwards { try engine.store.forget(container) }
            try Standard.print(name + "\n")
        }
    }
}

struct KillCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "kill", "Send a signal to running containers", usage: "[OPTIONS] CONTAINER …")
    static var changesContainers: Bool { true }

    @Option(name: [.customShort("s", allowingJoined: true), .long], help: "The signal, by name or number.")
    var signal = "KILL"
    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let signal = try parseSignal(signal)
        return forEachName(containers) { name in
            try engine.kill(try engine.store.find(name), signal: signal)
            try Standard.print(name + "\n")
        }
    }
}

struct RestartCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "restart", "Stop containers and start them again", usage: "[OPTIONS] CONTAINER …")
    static var changesContainers: Bool { true }

    @Option(
        name: [.customShort("t", allowingJoined: true), .customLong("timeout"), .customLong("time")],
        parsing: .unconditional, help: "Seconds before they are killed; -1 to wait without end.")
    var timeout: Int?
    @Option(name: [.customShort("s", allowingJoined: true), .long], help: "The signal to send first.")
    var signal: String?
    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        let signal = try self.signal.map(parseSignal)
        return forEachName(containers) { name in
            let container = try engine.store.find(name)
            if container.removeAfterwards {
                throw UsageError("container \(name) is removed when it ends (--rm) and cannot be restarted")
            }
            try engine.restart(container, signal: signal, timeout: timeout)
            try Standard.print(name + "\n")
        }
    }
}

struct PauseCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "pause", "Freeze all processes of containers", usage: "CONTAINER …")
    static var changesContainers: Bool { true }

    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        return forEachName(containers) { name in
            try engine.pause(try engine.store.find(name))
            try Standard.print(name + "\n")
        }
    }
}

struct UnpauseCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "unpause", "Let frozen containers go on", usage: "CONTAINER …")
    static var changesContainers: Bool { true }

    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        return forEachName(containers) { name in
            try engine.unpause(try engine.store.find(name))
            try Standard.print(name + "\n")
        }
    }
}

struct WaitCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "wait", "Wait for the end of containers and print their exit codes", usage: "CONTAINER …")

    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        return forEachName(containers) { name in
            let container = try engine.store.find(name)
            let code = try engine.wait(container)
            if container.removeAfterwards { try engine.store.forget(container) }
            try Standard.print("\(code)\n")
        }
    }
}

struct RmCommand: SwiftletCommand {
    static let configuration: CommandConfiguration = describe(
        "rm", "Remove containers", usage: "[OPTIONS] CONTAINER …")
    static var changesContainers: Bool { true }

    @Flag(name: [.short, .long], help: "Kill the ones that run.")
    var force = false
    @Flag(name: [.short, .long], help: "Their anonymous volumes, too.")
    var volumes = false
    @Argument(help: "The containers.")
    var containers: [String]

    func perform(_ context: Context) throws -> Int32 {
        let engine = context.engine
        _ = try engine.store.sweepDrafts()
        try engine.network.reconcile(restores: false)
        return forEachName(containers) { name in
            let container: ContainerDefinition
            do {
                container = try engine.store.find(name)
            } catch let error as UsageError {
                // As docker: what shall be gone and is not there is no failure.
                if force { return Standard.printError("swiftlet: \(error)\n") }
                throw error
            }
            try engine.remove(container, force: force, volumes: volumes)
            try Standard.print(name + "\n")
        }
    }
}

func parseSignal(_ text: String) throws -> Int32 {
    guard let signal = Signal(parsing: text) else { throw UsageError("unknown signal '\(text)'") }
    return signal.rawValue
}
