import ContainerRuntime
import Glibc
import LinuxKernel

/// What `swiftlet-shim` does, from its arguments to its exit status.
public enum ShimProgram {
    private static let usage = "usage: swiftlet-shim --state DIR --container DIR --id ID [--ready-fd N]"

    /// - Parameters:
    ///   - arguments: the program's name first.
    ///   - network: of the containers that want one.
    public static func run(_ arguments: [String], network: ContainerNetwork = .none) -> Int32 {
        if arguments.dropFirst().first == "--version" {
            say("swiftlet-shim version \(SwiftletVersion.text)", to: 1)
            return 0
        }
        let options: Options
        do throws(UsageError) {
            options = try Options(arguments.dropFirst())
        } catch {
            say("swiftlet-shim: \(error.text); \(usage)", to: 2)
            return 2
        }
        do {
            try supervise(options, network)
            return 0
        } catch {
            say("\(error)", to: options.report)
            return 1
        }
    }

    private static func supervise(_ options: Options, _ network: ContainerNetwork) throws {
        // No file system that somebody may want to unmount, and nobody's umask.
        _ = try check("chdir", "/") { chdir("/") }
        umask(0o022)
        // The lock comes first: whoever has it may replace what the shim before has left in the run folder.
        let lock = try lock(options)
        let folders = RunFolders(state: options.state)
        let shim = try Shim(folders: folders, network: network, name: options.id.text, isForOne: true)
        do {
            try shim.add(options.id, folder: options.container, lock: lock)
        } catch {
            folders.removeShim(options.id.text)
            throw error
        }
        say("ok", to: options.report)
        if options.report > 2 { close(options.report) }
        try shim.run()
    }

    /// The shim before us may be about to end: it holds the lock until its last moment.
    private static func lock(_ options: Options) throws -> ContainerLock {
        let deadline = monotonicMilliseconds() + Shim.lingerTime + 2000
        while true {
            if let lock = try ContainerLock.tryTake(folder: options.container) { return lock }
            if monotonicMilliseconds() > deadline { throw Shim.inUse(options.id) }
            usleep(5000)
        }
    }

    private static func say(_ line: String, to descriptor: Int32) {
        var text = line + "\n"
        text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private struct UsageError: Error {
        let text: String
    }

    private struct Options {
        var state = ""
        var container = ""
        var id: ContainerID
        var report: Int32 = 2

        init(_ arguments: ArraySlice<String>) throws(UsageError) {
            var id = ""
            var rest = arguments
            while let name = rest.popFirst() {
                guard let value = rest.popFirst() else { throw UsageError(text: "\(name) needs a value") }
                switch name {
                case "--state": state = value
                case "--container": container = value
                case "--id": id = value
                case "--ready-fd":
                    guard let number = Int32(value), number >= 0 else {
                        throw UsageError(text: "--ready-fd: not a descriptor: \(value)")
                    }
                    report = number
                default: throw UsageError(text: "unknown option \(name)")
                }
            }
            guard state.utf8.first == UInt8(ascii: "/"), container.utf8.first == UInt8(ascii: "/") else {
                throw UsageError(text: "--state and --container need absolute paths")
            }
            do throws(RuntimeError) {
                self.id = try ContainerID(id)
            } catch {
                throw UsageError(text: "--id: \(error)")
            }
        }
    }
}
