import Glibc
import ImageStore
import LinuxKernel
import OCISpec

/// Which images may be used: a rule for each registry, namespace or image, of the file that podman, skopeo and
/// CRI-O read (containers-policy.json(5)). An operator who has such a file has it for this program, too.
///
/// Of the transports of that file only `docker` counts, registries. The most specific scope that fits an image
/// has its requirements, all of which must be met; what they can be is told by `SignatureRequirement`.
public struct SignaturePolicy: Sendable {
    /// Where it comes from, for messages.
    public let path: String
    private let fallback: [SignatureRequirement]
    private let scopes: [String: [SignatureRequirement]]

    private static let fileLimit = 1 << 20

    // MARK: Reading

    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read, or that is malformed: as in
    ///   containers-policy.json(5) unknown and repeated members are mistakes, since what somebody meant to
    ///   require must not be passed over.
    public init(file path: String) throws {
        do {
            try self.init(json: try FileDescriptor.readFile(path, limit: Self.fileLimit), path: path)
        } catch let error as KernelError {
            throw RegistryError(.configuration, "signature policy: \(error)")
        }
    }

    /// The user's own policy, `~/.config/containers/policy.json`, else the machine's.
    /// - Parameters:
    ///   - environment: the process's, for `HOME` and `XDG_CONFIG_HOME`.
    ///   - system: the machine's file.
    /// - Returns: nil when there is neither: then nothing is required.
    public static func standard(
        environment: [String: String], system: String = "/etc/containers/policy.json"
    ) throws -> SignaturePolicy? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let config = variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }
        let own = config.map { $0 + "/containers/policy.json" }
        for path in [own, system].compactMap({ $0 }) {
            // Only a file that is not there leads to the next: one that cannot be read may hold a prohibition.
            if access(path, F_OK) == 0 || ![.noEntry, .notDirectory].contains(Errno.current) {
                return try SignaturePolicy(file: path)
            }
        }
        return nil
    }

    package init(json: [UInt8], path: String) throws {
        self.path = path
        do throws(JSONError) {
            (fallback, scopes) = try JSON.read(json) { (value) throws(JSONError) in
                let members = try value.object().strict(["default", "transports"])
                guard let fallback = members["default"] else {
                    throw value.error("the member default is missing")
                }
                return (try Self.requirements(fallback), try Self.scopes(members["transports"]))
            }
        } catch {
            throw RegistryError(.configuration, "signature policy \(path): \(error)")
        }
    }

    private static func scopes(
        _ transports: JSONValue?
    ) throws(JSONError) -> [String: [SignatureRequirement]] {
        guard let transports else { return [:] }
        var found: [String: [SignatureRequirement]] = [:]
        for (transport, member) in try transports.object().strict() where transport == "docker" {
            for (scope, requirements) in try member.object().strict() {
                found[scope] = try Self.requirements(requirements)
            }
        }
        return found
    }

    private static func requirements(_ value: JSONValue) throws(JSONError) -> [SignatureRequirement] {
        var found: [SignatureRequirement] = []
        for element in try value.elements() { found.append(try SignatureRequirement(from: element)) }
        if found.isEmpty { throw value.error("a rule must not be empty: insecureAcceptAnything says that") }
        return found
    }

    // MARK: Looking up

    /// The rule for an image: its scope as the file has it, `default` when none fits, and what it requires.
    package func rule(
        for reference: ImageReference
    ) -> (scope: String, requirements: [SignatureRequirement]) {
        for scope in Self.candidates(reference) {
            if let requirements = scopes[scope] {
                return (scope.isEmpty ? "docker" : scope, requirements)
            }
        }
        return ("default", fallback)
    }

    /// From the image itself over its repository and namespaces to its registry, then the registry's domains.
    private static func candidates(_ reference: ImageReference) -> [String] {
        let reference = reference.withDefaultTag
        let name = "\(reference.domain)/\(reference.path)"
        var all: [String] = []
        if let digest = reference.digest { all.append("\(name)@\(digest)") }
        if let tag = reference.tag { all.append("\(name):\(tag)") }
        var names = name.split(separator: "/")
        while !names.isEmpty {
            all.append(names.joined(separator: "/"))
            names.removeLast()
        }
        var labels = reference.domain.split(separator: ".").dropFirst()
        while !labels.isEmpty {
            all.append("*." + labels.joined(separator: "."))
            labels.removeFirst()
        }
        return all + [""]
    }

    // MARK: Checking

    /// Whether the policy wants signatures of an image. When it does not, `check` asks nobody.
    public func needsSignatures(_ reference: ImageReference) -> Bool {
        rule(for: reference).requirements.contains {
            if case .signed = $0 { true } else { false }
        }
    }

    /// Makes sure that an image may be used.
    /// - Parameters:
    ///   - reference: the image's name as the user means it.
    ///   - digests: what the name led to: the digest of the manifest, or of the index and of the manifest chosen
    ///     in it. A signature of either will do, since an index names its manifests by digest.
    ///   - repository: where its signatures are looked for.
    /// - Throws: `RegistryError`: `.denied` with the rule, the key and the reason, in one line;
    ///   `.configuration` for a key that cannot be read; what asking the registry throws.
    public func check(
        _ reference: ImageReference, _ digests: [Digest], in repository: Repository
    ) async throws {
        let (scope, requirements) = rule(for: reference)
        let signatures = SignatureSource(repository, digests)
        for requirement in requirements {
            let refusal: String?
            switch requirement {
            case .acceptAnything: refusal = nil
            case .reject: refusal = "images of this scope are rejected"
            case .unsupported(let why): refusal = why
            case .signed(let signed):
                do {
                    refusal = try await signed.refusal(reference, scope: scope, signatures)
                } catch let error as RegistryError where error.kind == .configuration {
                    throw error.within("signature policy \(path): rule \"\(oneLine(scope))\"")
                }
            }
            if let refusal {
                throw RegistryError(
                    .denied,
                    "\(reference.withDefaultTag) is refused by rule \"\(oneLine(scope))\" of \(path): \(refusal)"
                )
            }
        }
    }
}

extension SignaturePolicy {
    /// As above, for an image whose name led to its manifest at once.
    public func check(_ reference: ImageReference, _ digest: Digest, in repository: Repository) async throws {
        try await check(reference, [digest], in: repository)
    }
}

extension JSONObject {
    /// The members by name, each of which is there once, and is known.
    /// - Parameter known: nil: any name.
    func strict(_ known: Set<String>? = nil) throws(JSONError) -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for (name, member) in members {
            if let known, !known.contains(name) {
                throw value.error("unknown member \(JSONError.quoted(name))")
            }
            if found.updateValue(member, forKey: name) != nil {
                throw value.error("the member \(JSONError.quoted(name)) is there twice")
            }
        }
        return found
    }
}
