import Glibc
import LinuxKernel
import OCISpec

/// A file with credentials, in the form that Docker's `config.json` and podman's `auth.json` share
/// (containers-auth.json(5)): `auths` by registry, or by the beginning of an image's name; `credHelpers` and
/// `credsStore` name programs that know more.
package struct CredentialFile: Sendable {
    package let path: String
    package private(set) var auths: [(key: String, entry: Entry)] = []
    package private(set) var helpers: [(key: String, helper: String)] = []
    package private(set) var store: String?
    /// The document, of which we write again what is not ours.
    private let text: [UInt8]

    package struct Entry: Sendable {
        package var auth = ""
        package var username = ""
        package var password = ""
        package var identityToken = ""
        package var registryToken = ""

        package func credential() throws -> Credential? {
            // Docker writes an identity token beside a user's name without a password.
            try Credential(
                username: username, password: password, auth: auth, identityToken: identityToken,
                registryToken: registryToken)
        }
    }

    private static let limit = 4 << 20

    /// - Returns: empty when there is no such file.
    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read.
    package init(_ path: String) throws {
        self.path = path
        do {
            text = try FileDescriptor.readFileIfThere(path, limit: Self.limit, absent: .notDirectory) ?? []
        } catch {
            throw RegistryError(.configuration, "\(error)")
        }
        if text.allSatisfy({ $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }) { return }
        do throws(JSONError) {
            (auths, helpers, store) = try JSON.read(text) { (value) throws(JSONError) in
                let object = try value.object()
                return (try Self.auths(object), try Self.helpers(object), try object.text("credsStore"))
            }
        } catch {
            throw RegistryError(.configuration, "\(path): \(error)")
        }
    }

    private static func auths(_ object: JSONObject) throws(JSONError) -> [(key: String, entry: Entry)] {
        guard let member = object["auths"] else { return [] }
        var found: [(key: String, entry: Entry)] = []
        for (key, value) in try member.object().members where !value.isNull {
            let json = try value.object()
            var entry = Entry()
            entry.auth = try json.text("auth") ?? ""
            entry.username = try json.text("username") ?? ""
            entry.password = try json.text("password") ?? ""
            entry.identityToken = try json.text("identitytoken") ?? ""
            entry.registryToken = try json.text("registrytoken") ?? ""
            found.append((key, entry))
        }
        return found
    }

    private static func helpers(_ object: JSONObject) throws(JSONError) -> [(key: String, helper: String)] {
        guard let member = object["credHelpers"] else { return [] }
        var found: [(key: String, helper: String)] = []
        for (key, value) in try member.object().members where !value.isNull {
            found.append((key, try value.string()))
        }
        return found
    }

    // MARK: Looking up

    /// Where credentials for an image are: the most specific key counts.
    /// - Parameters:
    ///   - host: as `CredentialKey.canonical` gives it.
    ///   - path: the repository; empty for the registry itself.
    package func find(host: String, path: String) -> Found? {
        for key in CredentialKey.candidates(host: host, path: path) {
            let helper = helpers.last { CredentialKey($0.key).text == key }
            if let helper, !helper.helper.isEmpty { return .helper(helper.helper, server: helper.key) }
            if let entry = auths.last(where: { CredentialKey($0.key).text == key }) {
                // With a store the entries are empty and only say for what the store has something.
                if let credential = try? entry.entry.credential() { return .credential(credential) }
                if !entry.entry.auth.isEmpty { return .broken(key: entry.key) }
            }
            // No name of a program: what is for this registry is in the file, whatever the store for all others.
            if helper != nil { return nil }
        }
        return store.map { .helper($0, server: CredentialKey.server(host)) }
    }

    package enum Found {
        case credential(Credential)
        /// A program that knows, and what to ask it for.
        case helper(String, server: String)
        /// The entry with this key cannot be read.
        case broken(key: String)
    }

    /// The program that keeps a registry's credentials, if it is not the file itself.
    package func helper(host: String) -> (program: String, server: String)? {
        if let own = helpers.last(where: { CredentialKey($0.key).text == host }) {
            return own.helper.isEmpty ? nil : (own.helper, own.key)
        }
        return store.map { ($0, CredentialKey.server(host)) }
    }

    // MARK: Changing

    /// Writes the file again, with an entry for a key or without one, and with everything else as it was: members
    /// that we do not know belong to other tools. What others of us have written since this was read stays, too.
    /// - Parameter credential: nil: entries for the key go.
    /// - Returns: false when nothing had to be changed.
    @discardableResult
    package func write(_ credential: Credential?, for key: String) throws -> Bool {
        let same = { (other: String) in CredentialKey(other).text == CredentialKey(key).text }
        if credential == nil, !auths.contains(where: { same($0.key) }) { return false }
        try Self.makeFolders(of: path)
        return try Self.locked(target) { try CredentialFile(path).writeAlone(credential, for: key) }
    }

    private func writeAlone(_ credential: Credential?, for key: String) throws -> Bool {
        let same = { (other: String) in CredentialKey(other).text == CredentialKey(key).text }
        if credential == nil, !auths.contains(where: { same($0.key) }) { return false }
        let bytes: [UInt8]
        if text.isEmpty {
            bytes = Self.document(key, credential) { _, _ in }
        } else {
            do throws(JSONError) {
                bytes = try JSON.read(text) { (value) throws(JSONError) in
                    let object = try value.object()
                    return Self.document(key, credential) { json, isAuths in
                        if isAuths {
                            guard let auths = object["auths"], let auths = try? auths.object() else { return }
                            for (other, entry) in auths.members where !same(other) {
                                json.member(other, entry)
                            }
                        } else {
                            for (name, member) in object.members where name != "auths" {
                                json.member(name, member)
                            }
                        }
                    }
                }
            } catch {
                throw RegistryError(.configuration, "\(path): \(error)")
            }
        }
        try replace(bytes)
        return true
    }

    /// - Parameter rest: writes the other entries (true) or the other members (false).
    private static func document(
        _ key: String, _ credential: Credential?, rest: (inout JSONWriter, Bool) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(.tabs)
        json.object { json in
            json.key("auths")
            json.object { json in
                rest(&json, true)
                if let credential {
                    json.key(key)
                    json.object { Self.write(credential, &$0) }
                }
            }
            rest(&json, false)
        }
        return json.bytes + [0x0a]
    }

    private static func write(_ credential: Credential, _ json: inout JSONWriter) {
        switch credential {
        case .basic(let username, let password):
            json.member("auth", Credential.basicToken(username, password))
        case .identityToken(let token):
            // Docker reads the token only beside an `auth`.
            json.member("auth", Credential.basicToken(CredentialHelper.tokenUser, ""))
            json.member("identitytoken", token)
        case .registryToken(let token): json.member("registrytoken", token)
        }
    }

    /// A reader sees the old file or the new one, and nobody but the owner sees either.
    private func replace(_ bytes: [UInt8]) throws {
        let target = target
        var status = stat()
        if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw RegistryError(.configuration, "write \(path): it is not a regular file")
        }
        let temporary = "\(target).\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            // The umask may only take rights away.
            try file.writeAll(bytes)
            try file.sync()
            if rename(temporary, target) != 0 { throw KernelError("rename", target) }
        } catch {
            unlink(temporary)
            throw RegistryError(.configuration, "write \(path): \(error)")
        }
    }

    /// What is a link stays one: the file may lie in a folder of somebody's own making.
    private var target: String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// How long others may take with the file, in milliseconds.
    private static let lockPatience = 30_000

    /// Reads and writes with nobody in between: two logins at once would keep one of the two. The lock is a file beside
    /// the other, which is there only meanwhile; a lock on the folder could be held by whoever may read that.
    private static func locked<Result>(_ target: String, _ body: () throws -> Result) throws -> Result {
        let path = target + ".lock"
        let lock = try takeLock(path)
        defer {
            unlink(path)
            flock(lock.raw, LOCK_UN)
        }
        return try body()
    }

    private static func takeLock(_ path: String) throws -> FileDescriptor {
        let deadline = monotonicMilliseconds() + lockPatience
        while true {
            let lock: FileDescriptor
            do {
                lock = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            } catch {
                throw RegistryError(.configuration, "\(error)")
            }
            if flock(lock.raw, LOCK_EX | LOCK_NB) != 0 {
                // A file system without locks: as it was before there were any.
                if [ENOLCK, EOPNOTSUPP, EINVAL].contains(errno) { return lock }
                if monotonicMilliseconds() > deadline {
                    throw RegistryError(.configuration, "\(path): another program has it locked for too long")
                }
                usleep(5000)
            } else if isAt(path, lock) {
                // Else who had it before has taken it away: then another one is there, or none.
                return lock
            }
        }
    }

    private static func isAt(_ path: String, _ file: borrowing FileDescriptor) -> Bool {
        var (own, found) = (stat(), stat())
        return fstat(file.raw, &own) == 0 && lstat(path, &found) == 0
            && own.st_dev == found.st_dev && own.st_ino == found.st_ino
    }

    private static func makeFolders(of path: String) throws {
        let names = path.split(separator: "/").dropLast()
        var folder = path.hasPrefix("/") ? "" : "."
        for name in names {
            folder += "/" + name
            if mkdir(folder, 0o700) != 0, Errno.current != .exists {
                throw RegistryError(.configuration, "\(KernelError("make folder", folder))")
            }
        }
    }
}

/// The key of an entry, in the one form in which keys are compared. Docker's were once addresses.
package struct CredentialKey: Equatable {
    package var text: String { host + path }
    /// The registry, as `canonical` gives it.
    package let host: String
    /// `/team/app`, of what is for a part of the registry; else empty.
    package let path: String

    package init(_ key: String) {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            // An address is the registry's; its path is that of the API.
            rest = rest.prefix { $0 != "/" }
        }
        while rest.hasSuffix("/") { rest.removeLast() }
        let host = rest.prefix { $0 != "/" }
        let path = rest[host.endIndex...]
        self.host = Self.canonical(String(host))
        self.path = path == "/v1" || path == "/v2" ? "" : String(path)
    }

    /// How a file calls it, as Docker's tools do.
    var name: String { path.isEmpty ? Self.server(host) : text }

    /// One name of a registry that has several.
    package static func canonical(_ host: String) -> String {
        switch host.lowercased() {
        case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com": "docker.io"
        case let host: host
        }
    }

    /// `host/a/b`, `host/a`, `host`.
    package static func candidates(host: String, path: String) -> [String] {
        var names = path.split(separator: "/")
        var keys: [String] = []
        while !names.isEmpty {
            keys.append(([Substring(host)] + names).joined(separator: "/"))
            names.removeLast()
        }
        return keys + [host]
    }

    /// What Docker calls a registry in its file, and to its helpers.
    package static func server(_ host: String) -> String {
        host == "docker.io" ? "https://index.docker.io/v1/" : host
    }
}
