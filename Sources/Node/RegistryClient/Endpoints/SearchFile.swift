import Glibc
import LinuxKernel
import TOMLKit

/// Where podman's users say in which registries names without one are looked for: `unqualified-search-registries`
/// of `registries.conf` (containers-registries.conf(5)). Nothing else of it is read: mirrors and certificates
/// have their place in `hosts.toml`, and an alias would make one name mean two images on one machine.
package enum SearchFile {
    private static let limit = 1 << 20

    /// - Parameters:
    ///   - environment: the process's; `CONTAINERS_REGISTRIES_CONF` names the file instead of all others.
    ///   - system: the machine's folder.
    /// - Returns: nil when nobody said anything.
    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read.
    package static func registries(
        environment: [String: String], system: String = "/etc/containers"
    ) throws -> [String]? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let path = variable("CONTAINERS_REGISTRIES_CONF") { return try read(path) }
        let config = variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }
        let own = config.map { $0 + "/containers" }
        var paths = [system + "/registries.conf"]
        if let own, access(own + "/registries.conf", F_OK) == 0 { paths = [own + "/registries.conf"] }
        // What comes later says more: the machine's additions, then the user's, each by its name.
        for parent in [system, own].compactMap({ $0 }) {
            let folder = parent + "/registries.conf.d"
            paths += Self.names(in: folder).filter { $0.hasSuffix(".conf") }.map { "\(folder)/\($0)" }
        }
        return try paths.reduce(nil) { found, path in try read(path) ?? found }
    }

    private static func read(_ path: String) throws -> [String]? {
        let table: TOMLTable
        do {
            let bytes = try FileDescriptor.readFile(path, limit: limit)
            table = try TOMLTable(string: String(decoding: bytes, as: UTF8.self))
        } catch let error as TOMLParseError {
            throw RegistryError(
                .configuration, "\(path): line \(error.source.begin.line): \(oneLine(error.description))")
        } catch let error as KernelError {
            if error.errno == .noEntry { return nil }
            throw RegistryError(.configuration, "\(error)")
        }
        guard let value = table["unqualified-search-registries"] else { return nil }
        let names = value.array?.map { $0.string ?? "" } ?? [""]
        if names.contains("") {
            throw RegistryError(
                .configuration, "\(path): unqualified-search-registries is not a list of registries")
        }
        // An empty list is what a file says that leaves the choice to others.
        return names.isEmpty ? nil : names
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.sorted()
    }
}
