import Glibc
import KubernetesAPI
import LinuxKernel

/// Which programs know passwords, as a CredentialProviderConfig says it (`--image-credential-provider-config`), and
/// where they are (`--image-credential-provider-bin-dir`).
package struct CredentialPluginFile: Sendable {
    private static let versions = ["v1", "v1beta1", "v1alpha1"]

    let plugins: [CredentialPlugin]

    /// - Throws: everything that is wrong with the file, and every program that is not there.
    package init(_ path: String, programs folder: String) throws(KubeletProblems) {
        var problems: [String] = []
        var providers: [CredentialProvider] = []
        do {
            let bytes = try FileDescriptor.readFile(path, limit: 1 << 20)
            let documents = YAMLDocument.split(String(decoding: bytes, as: UTF8.self))
            guard documents.count == 1 else { throw DocumentError(reason: "one document is expected") }
            providers = try Self.read(documents[0], path, &problems)
        } catch {
            problems.append("\(path): \(error)")
        }
        var names: Set<String> = []
        for (index, provider) in providers.enumerated() {
            let place = "\(path): providers[\(index)]"
            problems += Self.check(provider, isNew: names.insert(provider.name).inserted).map {
                "\(place)\($0)"
            }
            let program = "\(folder)/\(provider.name)"
            if Self.isName(provider.name), access(program, X_OK) != 0 {
                problems.append("\(place).name: \(program): \(Errno.current)")
            }
        }
        if problems.isEmpty, providers.isEmpty {
            problems.append("\(path): providers: Required value: at least 1 item in plugins is required")
        }
        guard problems.isEmpty else { throw KubeletProblems(problems) }
        plugins = providers.map { CredentialPlugin(provider: $0, path: "\(folder)/\($0.name)") }
    }

    private static func read(
        _ document: YAMLDocument, _ path: String, _ problems: inout [String]
    ) throws(DocumentError) -> [CredentialProvider] {
        let value = try document.value()
        let version = value["apiVersion"]?.string ?? ""
        guard value["kind"]?.string == CredentialProviderConfig.kind,
            versions.contains(where: { version == "kubelet.config.k8s.io/\($0)" })
        else {
            throw DocumentError(
                reason: "a CredentialProviderConfig of kubelet.config.k8s.io/v1 is expected")
        }
        // The versions differ in nothing but their names.
        var found = Problems()
        let config = CredentialProviderConfig(from: value, at: .root, reporting: &found)
        problems += found.all.map { "\(path): line \(document.line(of: $0.path)): \($0)" }
        return config.providers
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("/") && !name.contains(" ") && name != "." && name != ".."
    }

    /// - Returns: each with its field in front.
    private static func check(_ provider: CredentialProvider, isNew: Bool) -> [String] {
        var problems: [String] = []
        if provider.name.isEmpty {
            problems.append(".name: Required value: name is required")
        } else if !isName(provider.name) {
            problems.append(
                ".name: Invalid value: \"\(provider.name)\": name cannot be '.', '..' or contain '/' or spaces"
            )
        } else if !isNew {
            problems.append(".name: Duplicate value: \"\(provider.name)\"")
        }
        let known = versions.map { "\(CredentialPlugin.group)/\($0)" }
        if !known.contains(provider.apiVersion) {
            problems.append(
                ".apiVersion: Unsupported value: \"\(provider.apiVersion)\": supported values: "
                    + known.map { "\"\($0)\"" }.joined(separator: ", "))
        }
        if provider.matchImages.isEmpty {
            problems.append(".matchImages: Required value: at least 1 item in matchImages is required")
        }
        switch provider.defaultCacheDuration {
        case nil: problems.append(".defaultCacheDuration: Required value: defaultCacheDuration is required")
        case let time? where time < .zero:
            problems.append(
                ".defaultCacheDuration: Invalid value: \(time.goText): must be greater than or equal to 0")
        default: break
        }
        return problems
    }
}
