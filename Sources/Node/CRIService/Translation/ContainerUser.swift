import CRIProtocol
import ContainerCLI
import LinuxKernel
import OCISpec

/// Who runs a container's program, and with which groups.
struct ContainerUser: Equatable {
    var uid: UInt32
    var gid: UInt32
    /// All groups, the first one included (CVE-2022-36109).
    var groups: [UInt32]

    /// - Parameters:
    ///   - imageUser: the image's USER, which holds where the CRI names nobody.
    ///   - root: the container's root, in whose files names are looked up.
    init(
        _ context: CRILinuxContainerSecurityContext, imageUser: String, root: borrowing FileDescriptor
    ) throws {
        let field = "config.linux.security_context"
        if context.hasRunAsUser, !context.runAsUsername.isEmpty {
            throw TranslationError.invalid(field + ".run_as_username", "is given beside run_as_user")
        }
        if context.hasRunAsGroup, !context.hasRunAsUser, context.runAsUsername.isEmpty {
            throw TranslationError.invalid(field + ".run_as_group", "is given without a user")
        }

        let user: UserLookup
        if context.hasRunAsUser {
            let uid = try Self.id(context.runAsUser.value, field + ".run_as_user")
            user = try Self.lookup(field + ".run_as_user", root) { root in try UserLookup(uid: uid, in: root)
            }
        } else if !context.runAsUsername.isEmpty {
            let name = context.runAsUsername
            guard !name.contains(":") else {
                throw TranslationError.invalid(
                    field + ".run_as_username", "\(JSONError.quoted(name)) is not a name")
            }
            user = try Self.lookup(field + ".run_as_username", root) { root in
                try UserLookup(name, in: root)
            }
        } else {
            user = try Self.ofImage(imageUser, root)
        }
        uid = user.uid
        gid = user.gid
        if context.hasRunAsGroup { gid = try Self.id(context.runAsGroup.value, field + ".run_as_group") }

        var groups: [UInt32] = [gid]
        switch context.supplementalGroupsPolicy {
        case .merge: groups += user.memberships
        case .strict: break
        case .UNRECOGNIZED(let number):
            throw TranslationError.invalid(field + ".supplemental_groups_policy", "\(number) is unknown")
        }
        for (index, group) in context.supplementalGroups.enumerated() {
            groups.append(try Self.id(group, "\(field).supplemental_groups[\(index)]"))
        }
        self.groups = []
        var seen: Set<UInt32> = []
        for group in groups where seen.insert(group).inserted { self.groups.append(group) }
        guard self.groups.count <= Self.mostGroups else {
            throw TranslationError.invalid(
                "\(field).supplemental_groups",
                "\(self.groups.count) groups: a process has \(Self.mostGroups) at most")
        }
    }

    /// NGROUPS_MAX (setgroups(2)).
    private static let mostGroups = 65_536

    /// An id as the CRI gives it: 64 bits, of which what does not fit is refused and not cut (CVE-2024-40635).
    static func id(_ number: Int64, _ field: String) throws(TranslationError) -> UInt32 {
        guard 0...Int64(UserLookup.maximumID) ~= number else {
            throw .invalid(field, "\(number) is out of range, 0 to \(UserLookup.maximumID)")
        }
        return UInt32(number)
    }

    private static func ofImage(_ text: String, _ root: borrowing FileDescriptor) throws -> UserLookup {
        let field = "USER of the image"
        let wanted = ImageWords(text)
        var user = try lookup(field, root) { root in
            switch wanted.user {
            case nil: try UserLookup(uid: 0, in: root)
            case .name(let name)?: try UserLookup(name, in: root)
            case .number(let number)?: try UserLookup(uid: id(number, field), in: root)
            }
        }
        if let group = wanted.group {
            user.gid = try lookup(field, root) { root in
                switch group {
                case .name(let name): try UserLookup.groupID(name, in: root)
                case .number(let number): try id(number, field + ", group")
                }
            }
        }
        return user
    }

    /// What the container's files do not have is the request's fault, or the image's.
    private static func lookup<Result>(
        _ field: String, _ root: borrowing FileDescriptor,
        _ body: (borrowing FileDescriptor) throws -> Result
    ) throws -> Result {
        do {
            return try body(root)
        } catch let error as UsageError {
            throw TranslationError.invalid(field, error.description)
        }
    }

    var specification: RuntimeSpec.User {
        RuntimeSpec.User(uid: uid, gid: gid, additionalGids: groups)
    }

    /// For ContainerStatus.
    var status: CRILinuxContainerUser {
        var user = CRILinuxContainerUser()
        user.uid = Int64(uid)
        user.gid = Int64(gid)
        user.supplementalGroups = groups.map(Int64.init)
        return user
    }
}

/// The image's USER, `user`, `uid`, `user:group` …, word by word.
///
/// Digits are a number: were they looked up as a name, an image could list a root by the name 1000, whom a kubelet
/// takes for somebody who is not root.
private struct ImageWords {
    enum Word {
        case name(String)
        /// Beyond 64 bits the nearest number, which is refused as well.
        case number(Int64)

        init?(_ text: Substring) {
            if text.isEmpty { return nil }
            var digits = text.utf8[...]
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
            guard !digits.isEmpty, digits.allSatisfy({ 48...57 ~= $0 }) else {
                self = .name(String(text))
                return
            }
            self = .number(Int64(text) ?? (isNegative ? .min : .max))
        }
    }

    /// nil: root.
    var user: Word?
    /// nil: the user's own.
    var group: Word?

    init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = parts.first.flatMap(Word.init)
        group = parts.count > 1 ? Word(parts[1]) : nil
    }
}
