import LinuxKernel
import OCISpec

/// The devices that the files of this node describe. Read for each container that asks for one: vendors' tools
/// write the files at any time.
struct CDIRegistry {
    /// What is asked for of a device: its own edits, and those of its file.
    struct Found {
        var device: CDIEdits
        var file: String
        var shared: CDIEdits
    }

    private var devices: [CDIName: Found] = [:]
    /// Names that two files of one folder describe.
    private var conflicts: [CDIName: String] = [:]
    /// Files that could not be read, with the reason.
    private(set) var unreadable: [String] = []

    /// - Parameter folders: those of a later one win; one that is not there is empty.
    static func read(_ folders: [String]) throws(KernelError) -> CDIRegistry {
        var registry = CDIRegistry()
        for folder in folders { try registry.add(folder) }
        return registry
    }

    private mutating func add(_ folder: String) throws(KernelError) {
        let entries: [FolderEntry]
        do throws(KernelError) {
            entries = try FileDescriptor.listing(of: folder)
        } catch {
            if error.errno == .noEntry { return }
            throw error
        }
        var here: Set<CDIName> = []
        for name in entries.map(\.name).sorted() {
            let path = folder + "/" + name
            let isYAML = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
            guard isYAML || name.hasSuffix(".json") else { continue }
            let text = try FileDescriptor.readFile(path, limit: 16 << 20)
            let specification: CDISpecification
            do throws(JSONError) {
                specification = try CDISpecification(json: isYAML ? YAMLDocument.json(text) : text)
            } catch {
                unreadable.append("\(path): \(error)")
                continue
            }
            for device in specification.devices {
                guard let name = CDIName(specification.kind + "=" + device.name) else {
                    unreadable.append("\(path): \(JSONError.quoted(device.name)) is not a device's name")
                    continue
                }
                if !here.insert(name).inserted {
                    conflicts[name] = folder
                } else {
                    conflicts[name] = nil
                }
                devices[name] = Found(device: device.edits, file: path, shared: specification.edits)
            }
        }
    }

    /// - Parameter field: that names the device, for messages.
    func device(_ name: CDIName, field: String) throws(TranslationError) -> Found {
        if let folder = conflicts[name] {
            throw TranslationError(
                .failedPrecondition, field, "two files in \(folder) describe the device \(name)")
        }
        if let found = devices[name] { return found }
        let hint = unreadable.isEmpty ? "" : " (\(unreadable.joined(separator: "; ")))"
        throw TranslationError(.notFound, field, "no file describes the device \(name)\(hint)")
    }
}
