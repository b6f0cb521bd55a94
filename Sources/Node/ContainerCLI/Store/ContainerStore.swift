import ContainerShim
import Glibc
import LinuxKernel

/// The containers of one namespace on disk: a folder for each, and a link for each name.
///
/// A container exists once its folder has a `container.json`. Whoever makes or removes one holds the folder's
/// lock, so that what a crash left half-made can be told from what is being made. A name is a symbolic link
/// to an id: making the link claims the name in one system call, whoever else tries the same.
public struct ContainerStore {
    public let layout: StateLayout

    public init(_ layout: StateLayout) {
        self.layout = layout
    }

    // MARK: Looking

    /// The ids of all folders, made or half-made, unsorted.
    public func ids() throws(KernelError) -> [String] {
        try folderEntries(layout.containers).filter { $0.utf8.count == 64 }
    }

    /// All containers, the newest first.
    public func all() throws -> [ContainerDefinition] {
        try ids().compactMap { try ContainerDefinition.read(in: layout.container($0)) }
            .sorted { $0.created > $1.created }
    }

    /// The container that a word names: by its full id, its name, or the beginning of its id.
    public func find(_ word: String) throws -> ContainerDefinition {
        if word.utf8.count == 64, let found = try ContainerDefinition.read(in: layout.container(word)) {
            return found
        }
        if isIdentifier(word), let id = try owner(of: word),
            let found = try ContainerDefinition.read(in: layout.container(id))
        {
            return found
        }
        if !word.isEmpty, word.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) {
            let matches = try ids().filter { $0.hasPrefix(word) }
                .compactMap { try ContainerDefinition.read(in: layout.container($0)) }
            if matches.count > 1 {
                throw UsageError("several containers have an id that begins with '\(word)'")
            }
            if let found = matches.first { return found }
        }
        throw UsageError("no such container: \(word)")
    }

    /// Whether a word means a container here, or several.
    public func has(_ word: String) -> Bool {
        do {
            _ = try find(word)
            return true
        } catch let error as UsageError {
            return !error.description.hasPrefix("no such container")
        } catch {
            // Whoever asks for it next is told.
            return true
        }
    }

    /// Which id has the name; the container itself may be gone.
    private func owner(of name: String) throws(KernelError) -> String? {
        let path = layout.names + "/" + name
        var buffer = [CChar](repeating: 0, count: 128)
        do throws(KernelError) {
            let count = try check("read link", path) {
                readlink(path, &buffer, buffer.count)
            }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    // MARK: Making

    /// A folder for a container that is being made, with its lock and its name.
    public struct Draft: ~Copyable {
        public let id: String
        public let name: String
        public let folder: String
        private let lock: ContainerLock
        private let layout: StateLayout

        fileprivate init(id: String, name: String, layout: StateLayout, lock: consuming ContainerLock) {
            self.id = id
            self.name = name
            self.folder = layout.container(id)
            self.layout = layout
            self.lock = lock
        }

        /// Makes the container visible. Its lock is free for the shim once this value's life ends.
        public func commit(_ definition: ContainerDefinition) throws(KernelError) {
            try definition.write(in: folder)
        }

        /// Takes everything back.
        public func discard() throws(KernelError) {
            unlink(layout.names + "/" + name)
            try removeTree(folder)
        }
    }

    /// Claims a name, or a new one, and makes the folder.
    /// - Throws: when another container has the name.
    public func draft(name: String?) throws -> Draft {
        for folder in [layout.containers, layout.names, layout.volumes] { try makeFolders(folder) }
        let id = Self.newID()
        let folder = layout.container(id)
        // Nobody but root may look into a container's files, setuid programs among them.
        if mkdir(folder, 0o700) != 0 { throw KernelError("mkdir", folder) }
        do {
            guard let lock = try ContainerLock.tryTake(folder: folder) else {
                throw UsageError("the new container's folder \(folder) is locked by somebody else")
            }
            let claimed = try claim(name, for: id)
            return Draft(id: id, name: claimed, layout: layout, lock: lock)
        } catch {
            try removeTree(folder)
            throw error
        }
    }

    /// 64 hexadecimal digits. Not all of the first twelve are decimal, so that no short id looks like a
    /// number.
    package static func newID() -> String {
        var random = SystemRandomNumberGenerator()
        while true {
            let id = (0..<4).map { _ in
                let digits = String(random.next(), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
            if id.prefix(12).contains(where: { $0.isLetter }) { return id }
        }
    }

    private func claim(_ wanted: String?, for id: String) throws -> String {
        if let wanted {
            if let holder = try claim(wanted, for: id) {
                throw UsageError("the name '\(wanted)' is in use by container \(holder.prefix(12))")
            }
            return wanted
        }
        try sweepNames()
        for attempt in 0..<64 {
            let name = NameGenerator.next() + (attempt < 8 ? "" : String(attempt))
            if try claim(name, for: id) == nil { return name }
        }
        throw UsageError("no free container name was found: give one with --name")
    }

    /// - Returns: the id of the container that has the name already, or nil on success.
    private func claim(_ name: String, for id: String) throws -> String? {
        let path = layout.names + "/" + name
        for _ in 0..<16 {
            if symlink(id, path) == 0 { return nil }
            if Errno.current != .exists { throw KernelError("link", path) }
            guard let holder = try owner(of: name) else { continue }
            if try holds(holder) { return holder }
            // Its container is gone. The link is moved aside before it is removed: of two that do this at
            // once, one moves the other's new link, sees that it is not the old one and puts it back.
            try retire(name, of: holder)
        }
        throw UsageError("the name '\(name)' cannot be claimed")
    }

    /// Whether the container exists or is being made.
    private func holds(_ id: String) throws -> Bool {
        let folder = layout.container(id)
        if try ContainerDefinition.read(in: folder) != nil { return true }
        if access(folder, F_OK) != 0 { return false }
        return try ContainerLock.tryTake(folder: folder) == nil
    }

    private func retire(_ name: String, of holder: String) throws(KernelError) {
        let path = layout.names + "/" + name
        let aside = layout.names + "/." + Self.newID()
        if rename(path, aside) != 0 {
            if Errno.current == .noEntry { return }
            throw KernelError("rename", path)
        }
        if try owner(of: String(aside.dropFirst(layout.names.utf8.count + 1))) == holder {
            unlink(aside)
        } else if link(aside, path) == 0 || Errno.current == .exists {
            unlink(aside)
        } else {
            throw KernelError("restore name", path)
        }
    }

    /// Removes the links of containers that ended with `--rm` while nobody watched, once they are many.
    private func sweepNames() throws {
        let names = try folderEntries(layout.names)
        guard names.count > 64 else { return }
        let present = Set(try ids())
        guard names.count > 2 * present.count else { return }
        for name in names where !name.hasPrefix(".") {
            if let holder = try owner(of: name), !present.contains(holder), try !holds(holder) {
                try retire(name, of: holder)
            }
        }
    }

    // MARK: Removing

    /// Gives a name free after its container was removed.
    public func forget(_ definition: ContainerDefinition) throws(KernelError) {
        if try owner(of: definition.name) == definition.id { unlink(layout.names + "/" + definition.name) }
    }

    /// Removes what crashes left: folders without a definition that nobody is working on.
    /// - Returns: their ids.
    public func sweepDrafts() throws -> [String] {
        var removed: [String] = []
        for id in try ids() {
            let folder = layout.container(id)
            guard try ContainerDefinition.read(in: folder) == nil,
                let lock = try ContainerLock.tryTake(folder: folder)
            else { continue }
            // Whoever made it may have been killed between the mount of its root and its definition.
            try RootfsMount(
                lower: [], upper: folder + "/upper", work: folder + "/work", target: folder + "/rootfs"
            ).unmount()
            try OwnNamespaces(in: folder).remove()
            try removeTree(folder)
            _ = consume lock
            removed.append(id)
        }
        return removed
    }
}
