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
        for group in groups where !self.groups.contains(group) { self.groups.append(group) }
    }

    /// An id as the CRI gives it: 64 bits, of which what does not fit is refused and not cut (CVE-2024-40635).
    static func id(_ number: Int64, _ field: String) throws(TranslationError) -> UInt32 {
        guard 0...Int64(UserLookup.maximumID) ~= number else {
            throw .invalid(field, "\(number) is out of range, 0 to \(UserLookup.maximumID)")
        }
        return UInt32(number)
    }

    /// `user`, `uid`, `user:group` …. Digits are a number here: were they looked up as a name, an image could list
    /// a user `1000` who is root, and pass for one that is not.
    private static func ofImage(_ text: String, _ root: borrowing FileDescriptor) throws -> UserLookup {
        let field = "USER of the image"
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        var user = try lookup(field, root) { root in
            guard name.isEmpty || isNumber(name) else { return try UserLookup(name, in: root) }
            guard let number = Int64(name.isEmpty ? "0" : name) else {
                throw TranslationError.invalid(field, "\(name) is too large")
            }
            return try UserLookup(uid: id(number, field), in: root)
        }
        if parts.count > 1, !parts[1].isEmpty {
            let group = String(parts[1])
            user.gid = try lookup(field, root) { root in
                guard isNumber(group) else { return try UserLookup.groupID(group, in: root) }
                guard let number = Int64(group) else {
                    throw TranslationError.invalid(field, "group \(group) is too large")
                }
                return try id(number, field)
            }
        }
        return user
    }

    private static func isNumber(_ text: String) -> Bool {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        return !digits.isEmpty && digits.allSatisfy { 48...57 ~= $0 }
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
