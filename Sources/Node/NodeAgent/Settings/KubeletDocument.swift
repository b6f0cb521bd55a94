import KubernetesAPI
import LinuxKernel

/// A file with a KubeletConfiguration, or a part of one, as it was read: YAML or JSON, one document.
struct KubeletDocument: Sendable {
    /// Bytes of a file.
    private static let largest = 10 << 20

    let path: String
    /// With paths in it that no longer depend on the file's folder.
    private(set) var value: APIValue
    /// Fields of it whose values are wrong in themselves.
    private(set) var unread: Set<String> = []
    private let text: YAMLDocument

    /// - Parameter problems: what is wrong with the file is added, a line each.
    /// - Returns: nil for a file that says nothing, or nothing that can be read.
    init?(_ path: String, reporting problems: inout [String]) {
        self.path = path
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor.readFile(path, limit: Self.largest)
        } catch {
            problems.append("\(path): \(error)")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.append("\(path): the file is not UTF-8")
            return nil
        }
        let documents = YAMLDocument.split(text)
        guard let document = documents.first, documents.count == 1 else {
            problems.append("\(path): one document is expected, and \(documents.count) are there")
            return nil
        }
        self.text = document
        do {
            value = try document.value()
        } catch {
            problems.append("\(path): \(error)")
            return nil
        }
        guard check(&problems) else { return nil }
        resolvePaths()
    }

    /// The line on which a field stands, of this file; nil where it does not say anything of it.
    func line(of path: FieldPath) -> Int? {
        guard case .field(let name)? = path.steps.first, value[name] != nil else { return nil }
        return text.line(of: path)
    }

    /// Fields and types, strictly.
    /// - Returns: whether it is a KubeletConfiguration at all.
    private mutating func check(_ problems: inout [String]) -> Bool {
        var found = Problems()
        let object = ObjectKinds.read(value, reporting: &found)
        if let object, !(object is KubeletConfiguration) {
            problems.append("\(path): kind \(type(of: object).kind): a KubeletConfiguration is expected")
            return false
        }
        problems += found.all.map { "\(path): line \(text.line(of: $0.path)): \($0)" }
        unread = Set(
            found.all.compactMap { problem in
                guard problem.reason != .unknownField, case .field(let name)? = problem.path.steps.first
                else {
                    return nil
                }
                return name
            })
        return object != nil
    }

    /// Paths are relative to the file that has them, as with the kubelet.
    private mutating func resolvePaths() {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        for name in [
            "staticPodPath", "podLogsDir", "tlsCertFile", "tlsPrivateKeyFile", "resolvConf",
            "volumePluginDir",
        ] {
            value.resolve(name, in: folder)
        }
        if var authentication = value["authentication"], var x509 = authentication["x509"] {
            x509.resolve("clientCAFile", in: folder)
            authentication["x509"] = x509
            value["authentication"] = authentication
        }
    }
}

extension APIValue {
    fileprivate mutating func resolve(_ name: String, in folder: String) {
        guard let path = self[name]?.string, !path.isEmpty, !path.hasPrefix("/") else { return }
        self[name] = .string(folder + "/" + path)
    }

    /// What a later document says over this one: objects member by member, everything else as a whole, and null
    /// takes a member away (RFC 7386).
    func merging(_ patch: APIValue) -> APIValue {
        guard case .object(let changes) = patch else { return patch }
        var result = object ?? APIObject()
        for member in changes.members {
            if member.value.isNull {
                result[member.name] = nil
            } else {
                result[member.name] = (result[member.name] ?? .null).merging(member.value)
            }
        }
        return .object(result)
    }
}
