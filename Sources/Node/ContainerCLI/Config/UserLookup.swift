import Glibc
import LinuxKernel
import OCISpec

/// Who runs a container's program: `--user`, or the image's USER, looked up in the container's own files.
public struct UserLookup: Equatable, Sendable {
    public var uid: UInt32
    public var gid: UInt32
    /// All groups, the first one included: a process whose groups lack its own has no rights of that group
    /// after a change of its group id (CVE-2022-36109).
    public var groups: [UInt32]
    /// Its home folder, `/` for a user that is not listed.
    public var home: String
    /// Empty for a user that is not listed.
    public var name: String
    /// The groups that list the user as a member.
    public var memberships: [UInt32] = []

    /// The largest id that is given to a process: as signed numbers of 32 bits, larger ones wrap around, to root's
    /// at worst (CVE-2024-40635).
    public static let maximumID: UInt32 = 0x7FFF_FFFF

    /// - Parameters:
    ///   - text: `user`, `user:group`, by name or number; empty is root.
    ///   - root: the container's root folder. Its files are opened as seen from inside and read only if they
    ///     are ordinary files of moderate size, whatever an image put in their place.
    public init(
        _ text: String, additional: [String] = [], in root: borrowing FileDescriptor
    ) throws {
        let passwd = try Self.lines(of: "etc/passwd", in: root)
        let group = try Self.lines(of: "etc/group", in: root)
        try self.init(text, additional: additional, passwd: passwd, group: group)
    }

    /// A user by number alone, whatever user has these digits for a name.
    public init(uid: UInt32, in root: borrowing FileDescriptor) throws {
        let passwd = try Self.lines(of: "etc/passwd", in: root)
        try self.init(uid: uid, passwd: passwd, group: Self.lines(of: "etc/group", in: root))
    }

    init(uid: UInt32, passwd: [[String]], group: [[String]]) throws {
        guard uid <= Self.maximumID else { throw UsageError("user '\(uid)': the number is too large") }
        self.init(uid: uid, gid: 0, groups: [], home: "/", name: "")
        if let entry = passwd.first(where: { $0.count >= 6 && Self.id($0[2]) == uid }),
            let gid = Self.id(entry[3])
        {
            self.init(uid: uid, gid: gid, groups: [], home: entry[5].isEmpty ? "/" : entry[5], name: entry[0])
        }
        memberships = Self.memberships(of: name, in: group)
        groups = ([gid] + memberships).uniqued()
    }

    /// The id of a group, by its name in the container's group(5) or by number.
    public static func groupID(_ text: String, in root: borrowing FileDescriptor) throws -> UInt32 {
        try groupID(text, in: Self.lines(of: "etc/group", in: root))
    }

    // name:password:gid:members (group(5)).
    private static func groupID(_ text: String, in group: [[String]]) throws(UsageError) -> UInt32 {
        if let entry = group.first(where: { $0.count >= 3 && $0[0] == text }), let gid = id(entry[2]) {
            return gid
        }
        guard let gid = UInt32(text) else {
            throw UsageError("group '\(text)' is not in the container's /etc/group")
        }
        guard gid <= maximumID else { throw UsageError("group '\(text)': the number is too large") }
        return gid
    }

    private static func memberships(of name: String, in group: [[String]]) -> [UInt32] {
        if name.isEmpty { return [] }
        return group.filter { entry in
            entry.count >= 4 && entry[3].split(separator: ",").contains { $0 == name }
        }.compactMap { id($0[2]) }
    }

    init(_ text: String, additional: [String] = [], passwd: [[String]], group: [[String]]) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let user = parts.first ?? ""
        let wantedGroup = parts.count > 1 ? parts[1] : ""
        let wanted = user.isEmpty ? "0" : user

        // name:password:uid:gid:comment:home:shell (passwd(5)). A name that is all digits counts as a name
        // first.
        let entry =
            passwd.first { $0.count >= 6 && $0[0] == wanted }
            ?? UInt32(wanted).flatMap { id in passwd.first { $0.count >= 6 && UInt32($0[2]) == id } }
        if let entry, let uid = Self.id(entry[2]), let gid = Self.id(entry[3]) {
            self.init(uid: uid, gid: gid, groups: [], home: entry[5].isEmpty ? "/" : entry[5], name: entry[0])
        } else if let uid = UInt32(wanted) {
            guard uid <= Self.maximumID else { throw UsageError("user '\(user)': the number is too large") }
            self.init(uid: uid, gid: 0, groups: [], home: "/", name: "")
        } else {
            throw UsageError("user '\(user)' is not in the container's /etc/passwd")
        }

        memberships = Self.memberships(of: name, in: group)
        if wantedGroup.isEmpty {
            groups = [gid] + memberships
        } else {
            gid = try Self.groupID(wantedGroup, in: group)
            groups = [gid]
        }
        groups += try additional.map { (name) throws(UsageError) in try Self.groupID(name, in: group) }
        groups = groups.uniqued()
    }

    private init(uid: UInt32, gid: UInt32, groups: [UInt32], home: String, name: String) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home
        self.name = name
    }

    private static func id(_ text: String) -> UInt32? {
        UInt32(text).flatMap { $0 <= maximumID ? $0 : nil }
    }

    /// The fields of each line; a file that is not there has none.
    private static func lines(of path: String, in root: borrowing FileDescriptor) throws -> [[String]] {
        guard let text = try readSmallFile(path, in: root) else { return [] }
        return text.split(separator: 10).compactMap { line in
            if line.first == UInt8(ascii: "#") { return nil }
            return String(decoding: line, as: UTF8.self)
                .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// As the runtime specification wants it.
    public var specification: RuntimeSpec.User {
        RuntimeSpec.User(uid: uid, gid: gid, additionalGids: groups)
    }
}

/// Reads an ordinary file below a container's root; nil where nothing is.
func readSmallFile(_ path: String, in root: borrowing FileDescriptor, limit: Int = 4 << 20) throws -> [UInt8]?
{
    let place: FileDescriptor
    do throws(KernelError) {
        place = try root.openInRoot(path, O_PATH)
    } catch {
        if error.errno == .noEntry || error.errno == .notDirectory { return nil }
        throw error
    }
    guard try place.status().st_mode & S_IFMT == S_IFREG else {
        throw UsageError("/\(path) in the container is not an ordinary file")
    }
    // Not before: an image can have a device in this place, and to open one of the host's may do something.
    let file = try FileDescriptor.open(place.procPath, O_RDONLY | O_NONBLOCK)
    do throws(KernelError) {
        return try file.readToEnd(limit: limit)
    } catch {
        throw KernelError("read in the container", "/" + path, error.errno)
    }
}
