import Glibc
import LinuxKernel
import OCISpec

/// A bundle as a caller hands it over: a folder with config.json (runtime-spec, bundle.md).
public struct Bundle {
    /// Absolute.
    let folder: String
    let configuration: Configuration

    var configPath: String { "\(folder)/config.json" }

    /// Whether the container wants a terminal.
    public var usesTerminal: Bool { configuration.spec.process?.terminal ?? false }

    /// Reads the bundle's config.json.
    /// - Throws: where it is not there, no JSON, or has a member of a wrong type.
    public init(folder path: String) throws {
        guard let resolved = realpath(path, nil) else { throw KernelError("open bundle", path) }
        folder = String(cString: resolved)
        free(resolved)
        let name = "\(folder)/config.json"
        configuration = try Configuration(
            json: try FileDescriptor.readFile(name, limit: 32 << 20), path: name)
    }

    /// The root file system's folder, absolute.
    func rootfs() throws -> String {
        guard let path = configuration.spec.root?.path, !path.isEmpty else {
            throw RuntimeError("\(configPath): root.path: missing")
        }
        let absolute = path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
        guard let resolved = realpath(absolute, nil) else { throw KernelError("rootfs", absolute) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
