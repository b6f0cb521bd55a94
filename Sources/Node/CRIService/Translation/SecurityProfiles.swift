import CRIProtocol
import ContainerCLI
import Glibc
import LinuxKernel
import OCISpec

/// A profile as both of the CRI's ways name it: the message, and the older text.
enum SecurityProfileName: Equatable {
    case runtimeDefault
    case unconfined
    case localhost(String)

    /// - Parameters:
    ///   - profile: nil when the message is not there.
    ///   - text: the deprecated field, `runtime/default`, `unconfined` or `localhost/NAME`.
    /// - Returns: nil when neither says anything.
    init?(
        _ profile: CRISecurityProfile?, text: String, field: String, textField: String
    ) throws(TranslationError) {
        if let profile {
            switch profile.profileType {
            case .runtimeDefault: self = .runtimeDefault
            case .unconfined: self = .unconfined
            case .localhost:
                let name = Self.plain(profile.localhostRef)
                if name.isEmpty {
                    throw .invalid(field + ".localhost_ref", "must not be empty with profile type Localhost")
                }
                self = .localhost(name)
            case .UNRECOGNIZED(let number): throw .invalid(field + ".profile_type", "\(number) is unknown")
            }
            return
        }
        switch text {
        case "": return nil
        case "runtime/default", "docker/default": self = .runtimeDefault
        case "unconfined": self = .unconfined
        default:
            let name = Self.plain(text)
            guard name != text, !name.isEmpty else {
                throw .invalid(
                    textField,
                    "expected runtime/default, unconfined or localhost/NAME, found \(JSONError.quoted(text))")
            }
            self = .localhost(name)
        }
    }

    /// Older kubelets write `localhost/` before the name in the new message, too.
    private static func plain(_ name: String) -> String {
        name.hasPrefix("localhost/") ? String(name.dropFirst(10)) : name
    }
}

/// The filter of system calls of a container.
enum SeccompTranslation {
    static func filter(
        _ context: CRILinuxContainerSecurityContext, capabilities: [String], facts: NodeFacts
    ) throws(TranslationError) -> RuntimeSpec.Seccomp? {
        let field = "config.linux.security_context.seccomp"
        let name = try SecurityProfileName(
            context.hasSeccomp ? context.seccomp : nil, text: context.seccompProfilePath, field: field,
            textField: field + "_profile_path")
        // The CRI's word for "not set" is "unconfined"; a kubelet always says what it wants.
        guard let name, name != .unconfined, !context.privileged else { return nil }
        guard facts.hasSeccomp else {
            throw TranslationError(.failedPrecondition, field, "this node's kernel has no seccomp")
        }
        let profile: SeccompProfile
        switch name {
        case .runtimeDefault: profile = facts.defaultSeccomp
        case .unconfined: return nil
        case .localhost(let path):
            guard path.hasPrefix("/") else {
                throw .invalid(
                    field + ".localhost_ref", "\(JSONError.quoted(path)) is not an absolute path")
            }
            guard access(path, F_OK) == 0 || Errno.current != .noEntry else {
                throw TranslationError(.notFound, field + ".localhost_ref", "\(path) is not on this node")
            }
            do throws(UsageError) {
                profile = try SeccompProfile(file: path)
            } catch {
                throw .invalid(field + ".localhost_ref", error.description)
            }
        }
        return profile.resolve(capabilities: capabilities, kernel: facts.kernel)
    }
}

/// The AppArmor profile of a container.
struct AppArmorTranslation: Equatable {
    var profile: String?
    var warnings: [String] = []

    init(_ context: CRILinuxContainerSecurityContext, facts: NodeFacts) throws {
        let field = "config.linux.security_context.apparmor"
        let name = try SecurityProfileName(
            context.hasApparmor ? context.apparmor : nil, text: context.apparmorProfile, field: field,
            textField: field + "_profile")
        switch name {
        case .unconfined?: return
        // A privileged container is confined only when a profile is named for it.
        case nil, .runtimeDefault?:
            if context.privileged { return }
            do {
                profile = try facts.appArmor?.provideDefault()
            } catch let error as AppArmorError {
                throw TranslationError(.failedPrecondition, field, error.description)
            }
            if profile == nil, name != nil {
                warnings.append(
                    facts.appArmor == nil
                        ? "\(field): this node's kernel has no AppArmor"
                        : "\(field): this node has no default profile")
            }
        case .localhost(let name)?:
            let field = field + ".localhost_ref"
            guard let appArmor = facts.appArmor else {
                throw TranslationError(.failedPrecondition, field, "this node's kernel has no AppArmor")
            }
            guard name.isOneLine, try appArmor.profiles.has(name) else {
                throw TranslationError(
                    .notFound, field, "the profile \(JSONError.quoted(name)) is not loaded on this node")
            }
            profile = name
        }
    }
}
