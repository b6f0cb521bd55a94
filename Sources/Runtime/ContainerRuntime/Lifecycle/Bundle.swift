import Glibc
import LinuxKernel
import OCISpec

/// A bundle as a caller hands it over: a folder with config.json (runtime-spec, bundle.md).
struct Bundle {
    /// Absolute.
    let folder: String
    let bytes: [UInt8]
    let spec: RuntimeSpec

    var configPath: String { "\(folder)/config.json" }

    init(folder path: String) throws {
        guard let resolved = realpath(path, nil) else { throw KernelError("open bundle", path) }
        folder = String(cString: resolved)
        free(resolved)
        let name = "\(folder)/config.json"
        bytes = try FileDescriptor.readFile(name, limit: 32 << 20)
        let content = bytes
        spec = try context(name) { try RuntimeSpec(json: content) }
    }

    /// The root file system's folder, absolute.
    func rootfs() throws -> String {
        guard let path = spec.root?.path, !path.isEmpty else {
            throw RuntimeError("\(configPath): root.path: missing")
        }
        let absolute = path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)"
        guard let resolved = realpath(absolute, nil) else { throw KernelError("rootfs", absolute) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
