import ContainerRuntime
import Glibc
import LinuxKernel

/// The profiles of this kernel's AppArmor.
public struct AppArmorProfiles: Equatable, Sendable {
    /// What containers have that name no profile.
    public static let standard = "swiftlet-default"

    /// The kernel's list of what is loaded.
    public var list: String
    /// Where apparmor_parser(8) may be.
    public var parsers: [String]

    public init(
        list: String = "/sys/kernel/security/apparmor/profiles",
        parsers: [String] = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"]
    ) {
        self.list = list
        self.parsers = parsers
    }

    /// - Returns: nil where the kernel has no AppArmor, or it is switched off, or shows us nothing of it.
    public static func ofKernel() throws(KernelError) -> AppArmorProfiles? {
        let switched = try FileDescriptor.readFileIfThere("/sys/module/apparmor/parameters/enabled")
        guard switched?.first == UInt8(ascii: "Y") else { return nil }
        let profiles = AppArmorProfiles()
        return try profiles.areHidden ? nil : profiles
    }

    /// Whether the list is there and not for us, as for the root of a user namespace: the host's profiles are none of
    /// its business then.
    package var areHidden: Bool {
        get throws(KernelError) {
            do throws(KernelError) {
                _ = try FileDescriptor.open(list, O_RDONLY)
                return false
            } catch {
                switch error.errno {
                case .accessDenied, .notPermitted: return true
                case .noEntry: return false
                default: throw error
                }
            }
        }
    }

    /// Whether a profile is loaded. Each line of the list is a name and its mode in parentheses.
    public func has(_ profile: String) throws(KernelError) -> Bool {
        guard let text = try FileDescriptor.readFileIfThere(list) else { return false }
        return text.split(separator: UInt8(ascii: "\n")).contains { line in
            line.starts(with: profile.utf8) && line.dropFirst(profile.utf8.count).starts(with: " (".utf8)
        }
    }

    /// What would load a profile; nil without CAP_MAC_ADMIN, without a parser, and where the kernel's files of AppArmor
    /// are not shown, as in a container.
    private func loader() throws -> String? {
        guard access(list, F_OK) == 0,
            Capability.members(of: try CapabilitySets.permittedHere()).contains(where: {
                $0.name == "CAP_MAC_ADMIN"
            })
        else { return nil }
        return parsers.first { access($0, X_OK) == 0 }
    }

    /// Whether the standard profile is there, or would be once it is needed.
    public func offersStandard() throws -> Bool { try has(Self.standard) || loader() != nil }

    /// Loads the standard profile where none of its name is loaded: one that an administrator has loaded stays.
    /// - Returns: whether it is there.
    /// - Throws: what the parser complains of.
    public func provideStandard() throws -> Bool {
        if try has(Self.standard) { return true }
        guard let parser = try loader() else { return false }
        // Another process may load it at the same time.
        let command = Command(
            path: parser, arguments: ["apparmor_parser", "--replace", "--skip-cache"],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"], input: Array(Self.text.utf8),
            timeout: 30_000)
        let (outcome, output) = try command.run()
        guard outcome == .ended(.exited(0)), try has(Self.standard) else {
            let text = String(decoding: output, as: UTF8.self)
            let line = text.split(separator: "\n").last.map(String.init) ?? "\(outcome)"
            throw AppArmorError("\(parser) does not load the profile \(Self.standard): \(line)")
        }
        return true
    }
}

public struct AppArmorError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
