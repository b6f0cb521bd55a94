import Glibc
import OCISpec

/// Chooses among an index's images the one for a platform.
package struct PlatformMatch: Sendable {
    /// What was asked for, for messages.
    package let wanted: Platform
    /// What is accepted, the best first.
    private let accepted: [Form]

    private struct Form {
        var architecture: String
        /// Nil: the architecture's base.
        var variant: String?
        var isAnyVariant = false
    }

    /// - Parameter platform: this one; nil: what this machine runs.
    package init(_ platform: Platform?) {
        wanted = platform.map(Self.normalized) ?? Self.host()
        accepted = Self.forms(of: wanted, asHost: platform == nil)
    }

    /// What a machine takes that is this platform.
    package init(machine: Platform) {
        wanted = Self.normalized(machine)
        accepted = Self.forms(of: wanted, asHost: true)
    }

    /// The descriptor to take: of those that fit the best one, else the only one that does not say what it is for, as
    /// nested indexes and single images often do not; nil when there is neither.
    package func choose(_ manifests: [Descriptor]) -> Descriptor? {
        let candidates = manifests.filter { !$0.isAttestation }
        for form in accepted {
            let found = candidates.first { $0.platform.map { fits($0, form) } ?? false }
            if let found { return found }
        }
        let unnamed = candidates.filter { $0.platform?.architecture.isEmpty ?? true }
        return unnamed.count == 1 ? unnamed[0] : nil
    }

    /// Which platforms there are, for messages; empty when none is named.
    package static func offered(_ manifests: [Descriptor]) -> String {
        let platforms = manifests.filter { !$0.isAttestation }.compactMap(\.platform)
        return platforms.filter { !$0.architecture.isEmpty }.map(\.description).joined(separator: ", ")
    }

    /// Whether an image is for it. One that does not say what it is for is taken at its word.
    package func accepts(_ platform: Platform) -> Bool {
        let offered = Self.normalized(platform)
        if offered.architecture.isEmpty { return offered.os == wanted.os }
        return accepted.contains { fits(platform, $0) }
    }

    private func fits(_ offered: Platform, _ form: Form) -> Bool {
        let offered = Self.normalized(offered)
        return offered.os == wanted.os && offered.architecture == form.architecture
            && (form.isAnyVariant || offered.variant == form.variant)
    }

    /// One name for each architecture, of the several that are in use.
    static func normalized(_ platform: Platform) -> Platform {
        let architecture = platform.architecture.lowercased()
        let variant = platform.variant?.lowercased()
        let (name, form): (String, String?) =
            switch (architecture, variant) {
            case ("x86_64", _), ("x86-64", _): ("amd64", variant)
            case ("amd64", "v1"): ("amd64", nil)
            case ("i386", _), ("i486", _), ("i586", _), ("i686", _): ("386", variant)
            case ("aarch64", _), ("arm64", "8"), ("arm64", "v8"): ("arm64", nil)
            case ("armhf", _): ("arm", "v7")
            case ("armel", _): ("arm", "v6")
            case ("arm", nil): ("arm", "v7")
            case ("arm", let variant?) where !variant.hasPrefix("v"): ("arm", "v" + variant)
            default: (architecture, variant)
            }
        let os = platform.os.isEmpty ? "linux" : platform.os.lowercased()
        return Platform(os: os, architecture: name, variant: form)
    }

    package static func host() -> Platform {
        var name = utsname()
        uname(&name)
        let machine = withUnsafeBytes(of: &name.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch machine {
        case "armv6l": return Platform(os: "linux", architecture: "arm", variant: "v6")
        case "armv7l", "armv8l": return Platform(os: "linux", architecture: "arm", variant: "v7")
        case "ppc64le": return Platform(os: "linux", architecture: "ppc64le")
        default: return normalized(Platform(os: "linux", architecture: machine))
        }
    }

    /// What runs where `platform` runs, the best first: a machine of a higher variant runs lower ones. Higher
    /// variants of amd64 may need instructions that the machine has not, so a machine takes the base only. A machine
    /// takes its 32-bit sister last.
    private static func forms(of platform: Platform, asHost: Bool) -> [Form] {
        let name = platform.architecture
        let arm = ["v8", "v7", "v6", "v5"].map { Form(architecture: "arm", variant: $0) }
        switch (name, platform.variant) {
        case ("arm", let variant?):
            return Array(arm.drop { $0.variant != variant })
        case ("amd64", let variant?):
            let lower = ["v4", "v3", "v2"].drop { $0 != variant }.dropFirst()
            return ([variant] + lower + [nil]).map { Form(architecture: name, variant: $0) }
        case ("arm64", let variant?):
            return [Form(architecture: name, variant: variant), Form(architecture: name)]
        case (_, let variant?):
            return [Form(architecture: name, variant: variant)]
        case ("amd64", nil) where asHost:
            return [Form(architecture: name), Form(architecture: "386", isAnyVariant: true)]
        case ("arm64", nil) where asHost:
            return [Form(architecture: name), Form(architecture: name, isAnyVariant: true)] + arm
        case (_, nil):
            return [Form(architecture: name), Form(architecture: name, isAnyVariant: true)]
        }
    }
}

extension Descriptor {
    /// A statement about another manifest that build tools put beside it, which is no image.
    package var isAttestation: Bool {
        annotations["vnd.docker.reference.type"] != nil
            || platform.map { $0.os == "unknown" && $0.architecture == "unknown" } ?? false
    }
}
