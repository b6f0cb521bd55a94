import Glibc
import KubernetesAPI
import LinuxKernel

/// The configuration of a node agent as it was given: a KubeletConfiguration in a file, drop-in files over it, and what
/// the command line says over all of them.
package struct KubeletFile: Sendable {
    private let documents: [KubeletDocument]
    /// What the files say together.
    private let value: APIValue
    /// As it was given, without defaults; flags are written into it.
    package var configuration: KubeletConfiguration

    /// Nothing but defaults.
    package init() {
        documents = []
        value = .object(APIObject())
        configuration = KubeletConfiguration()
    }

    /// - Parameters:
    ///   - file: nil for none.
    ///   - folder: of drop-in files: those that end in `.conf`, in folders below as well, by their names' bytes
    ///     (KEP-3983).
    /// - Throws: everything that is wrong in all of the files.
    package init(file: String?, folder: String?) throws(KubeletProblems) {
        var problems: [String] = []
        var paths = file.map { [$0] } ?? []
        if let folder {
            do {
                paths += try Self.dropIns(in: folder)
            } catch {
                problems.append("\(folder): \(error)")
            }
        }
        documents = paths.compactMap { KubeletDocument($0, reporting: &problems) }
        value = documents.reduce(.object(APIObject())) { $0.merging($1.value) }
        var told = Problems()
        configuration = KubeletConfiguration(from: value, at: .root, reporting: &told)
        if problems.isEmpty { return }
        // What could be read may be invalid: whoever mends the file mends it once.
        throw KubeletProblems(
            problems + check(besides: documents.reduce([]) { $0.union($1.unread) }).problems)
    }

    /// Whether a file is meant to be one, by the words in it.
    package static func isOne(_ path: String) -> Bool {
        // A file that cannot be read is told of by whoever reads it.
        guard let bytes = try? FileDescriptor.readFile(path, limit: 10 << 20) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("kubelet.config.k8s.io/")
    }

    /// Whether a file says something of this field.
    package func sets(_ field: String) -> Bool { value[field] != nil }

    private static func dropIns(in folder: String) throws(KernelError) -> [String] {
        var result: [String] = []
        let descriptor = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
        for entry in try descriptor.listing(of: folder) {
            let path = folder + "/" + entry.name
            var status = stat()
            guard stat(path, &status) == 0 else { throw KernelError("stat", path) }
            if status.st_mode & S_IFMT == S_IFDIR {
                result += try dropIns(in: path)
            } else if entry.name.hasSuffix(".conf") {
                result.append(path)
            }
        }
        return result.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: What comes of it

    /// The configuration in force, and what somebody should know who has written it.
    ///
    /// - Throws: everything that is invalid, and every field that would promise what this agent does not do.
    package func checked() throws(KubeletProblems) -> (kubelet: KubeletConfiguration, warnings: [String]) {
        let (problems, warnings) = check(besides: [])
        guard problems.isEmpty else { throw KubeletProblems(problems) }
        return (configuration.withDefaults(), warnings)
    }

    /// - Parameter unread: fields whose values could not be read: nothing is said of them, and of what depends on them.
    private func check(besides unread: Set<String>) -> (problems: [String], warnings: [String]) {
        var problems = configuration.withDefaults().validate().all.filter { error in
            let words = error.description.split { !$0.isLetter && !$0.isNumber }
            return !words.contains { unread.contains(String($0)) }
        }.map { "\(place(of: $0.path))\($0)" }
        var warnings: [String] = []
        for field in KubeletField.all where !unread.contains(field.name) {
            guard let given = self.value[field.name], let answer = field.answer(to: given) else { continue }
            let place = place(of: FieldPath(field.name))
            switch answer {
            case .refused(let reason): problems.append("\(place)\(field.name): \(reason)")
            case .warned(let reason): warnings.append("\(place)\(field.name): \(reason)")
            }
        }
        return (problems, warnings)
    }

    /// `FILE: line 7: `; the last file that says something counts, and none for what comes from a flag.
    private func place(of path: FieldPath) -> String {
        for document in documents.reversed() {
            if let line = document.line(of: path) { return "\(document.path): line \(line): " }
        }
        return ""
    }
}

/// Everything that is wrong with a configuration, one line each.
package struct KubeletProblems: Error, Sendable, CustomStringConvertible {
    package let lines: [String]

    init(_ lines: [String]) { self.lines = lines }

    package var description: String { lines.joined(separator: "\n") }
}
