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
        try ids().compactMap(definition).sorted { $0.created > $1.created }
    }

    /// What a container was made as. One whose file is damaged is still there, and must hide no other: of it, what is
    /// known without the file.
    /// - Returns: nil while it is being made or removed.
    public func definition(_ id: String) throws -> ContainerDefinition? {
        let folder = layout.container(id)
        do {
            return try ContainerDefinition.read(in: folder)
        } catch is StateFileError {
            // It is written last, and again only for a new name or in place of a damaged one.
            let made = try FileDescriptor.open(folder + "/" + ContainerDefinition.fileName, O_PATH).status()
                .st_mtim
            let name = try folderEntries(layout.names).first { try owner(of: $0) == id }
            return .damaged(
                id: id, name: name ?? String(id.prefix(12)),
                created: Timestamp(seconds: Int64(made.tv_sec), nanoseconds: Int32(made.tv_nsec)))
        }
    }

    /// The container that a word names: by its full id, its name, or the beginning of its id.
    public func find(_ word: String) throws -> ContainerDefinition {
        if word.utf8.count == 64, let found = try definition(word) { return found }
        if isIdentifier(word), let id = try owner(of: word), let found = try definition(id) { return found }
        if !word.isEmpty, word.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) {
            let matches = try ids().filter { $0.hasPrefix(word) }.compactMap(definition)
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
        ///
        /// Nothing is synced, neither this nor the bundle: that would cost each start of a container some milliseconds
        /// of its disk's, and saves none from a machine that is cut off, which ends them all. What is then found empty
        /// counts as the record of a container that has ended, and can be removed (`definition`, `LiveStatus.found`,
        /// `Supervision.forCleanup`).
        public func commit(_ definition: ContainerDefinition) throws(KernelError) {
            try definition.write(in: folder)
        }

        /// Lets the shim have the lock, at once and whatever processes are just being started.
        public func release() { lock.release() }

        /// Takes everything back.
        public func discard() throws(KernelError) {
            unlink(layout.names + "/" + name)
            try removeTree(folder)
        }
    }

    /// Claims a name, or a new one, and makes the folder.
    /// - Throws: when another container has the name.
    public func draft(name: String?) throws -> Draft {
        try makeFolders(layout.containers)
        spreadSubfolders(of: layout.containers)
        // The names themselves, one file each, lie together; so away from what others remove.
        spreadSubfolders(of: layout.containers.splitAtLastComponent.parent)
        for folder in [layout.names, layout.volumes] { try makeFolders(folder) }
        for _ in 0..<64 {
            let id = Self.newID()
            let folder = layout.container(id)
            // Nobody but root may look into a container's files, setuid programs among them.
            if mkdir(folder, 0o700) != 0 { throw KernelError("mkdir", folder) }
            do {
                // Without its lock it may just be swept, as what a crash left.
                guard let lock = try Self.lock(ofNew: folder) else { continue }
                let claimed = try claim(name, for: id)
                return Draft(id: id, name: claimed, layout: layout, lock: lock)
            } catch {
                try removeTree(folder)
                throw error
            }
        }
        throw UsageError("each new container's folder in \(layout.containers) is locked by somebody else")
    }

    private static func lock(ofNew folder: String) throws(KernelError) -> ContainerLock? {
        do throws(KernelError) {
            return try ContainerLock.tryTake(folder: folder)
        } catch {
            if error.errno == .noEntry { return nil }
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
        if try definition(id) != nil { return true }
        if access(folder, F_OK) != 0 { return false }
        return try ContainerLock.tryTake(folder: folder) == nil
    }

    private func retire(_ name: String, of holder: String) throws(KernelError) {
        let path = layout.names + "/" + name
        let aside = layout.names + "/." + Self.newID()
        if Glibc.rename(path, aside) != 0 {
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

    // MARK: Changing

    /// Calls `body` while nobody else changes what the container was made as: two who read, change and write at once
    /// would undo each other's changes. The lock file is its shim's as long as it runs, so that this lock (flock(2)) is
    /// one on the folder itself, held no longer than a change takes.
    /// - Throws: for a container that is gone.
    func change<Result>(_ container: ContainerDefinition, _ body: () throws -> Result) throws -> Result {
        let folder = try open(container)
        _ = try check("lock", layout.container(container.id)) { flock(folder.raw, LOCK_EX) }
        defer { flock(folder.raw, LOCK_UN) }
        return try body()
    }

    private func open(_ container: ContainerDefinition) throws -> FileDescriptor {
        do throws(KernelError) {
            return try FileDescriptor.open(layout.container(container.id), O_RDONLY | O_DIRECTORY)
        } catch {
            if error.errno == .noEntry { throw UsageError("no such container: \(container.name)") }
            throw error
        }
    }

    /// Gives a container another name, whether it runs or not. Whoever is killed in the middle leaves it with both.
    /// - Returns: what it is now.
    /// - Throws: when another container has the name, and for a container that is gone, or has a third name, meanwhile.
    public func rename(_ container: ContainerDefinition, to name: String) throws -> ContainerDefinition {
        try checkContainerName(name)
        return try change(container) { try exchangeName(container, name) }
    }

    private func exchangeName(
        _ container: ContainerDefinition, _ name: String
    ) throws -> ContainerDefinition {
        guard let present = try definition(container.id), present.name == container.name else {
            throw UsageError("no such container: \(container.name)")
        }
        if name == container.name { throw UsageError("container \(name) has this name already") }
        if present.isDamaged {
            throw UsageError("container \(container.name) is damaged and can only be removed")
        }
        // A link to this very container is what an earlier attempt left.
        if let holder = try claim(name, for: container.id), holder != container.id {
            throw UsageError("the name '\(name)' is in use by container \(holder.prefix(12))")
        }
        var renamed = present
        renamed.name = name
        do throws(KernelError) {
            try renamed.replace(in: layout.container(container.id))
        } catch {
            unlink(layout.names + "/" + name)
            if error.errno == .noEntry { throw UsageError("no such container: \(container.name)") }
            throw error
        }
        try forget(container)
        return renamed
    }

    // MARK: Removing

    /// Gives a name free after its container was removed.
    public func forget(_ definition: ContainerDefinition) throws(KernelError) {
        if try owner(of: definition.name) == definition.id { unlink(layout.names + "/" + definition.name) }
    }

    /// Removes what crashes left: folders without a definition that nobody is working on.
    /// - Parameter failed: is told of each that cannot be removed, and the others go; nil: the first one is thrown.
    /// - Returns: their ids.
    public func sweepDrafts(failed: ((_ id: String, _ error: any Error) -> Void)? = nil) throws -> [String] {
        var removed: [String] = []
        for id in try ids() {
            do {
                if try sweepDraft(id) { removed.append(id) }
            } catch {
                guard let failed else { throw error }
                failed(id, error)
            }
        }
        return removed
    }

    private func sweepDraft(_ id: String) throws -> Bool {
        let folder = layout.container(id)
        guard try definition(id) == nil else { return false }
        // Somebody's file, that has the name of a container.
        if unlink(folder) == 0 { return true }
        guard let lock = try Self.lock(ofNew: folder) else { return false }
        // Whoever had the lock until now may have written it.
        guard try definition(id) == nil else { return false }
        // Whoever made it may have been killed between the mount of its root and its definition.
        try RootfsMount(
            lower: [], upper: folder + "/upper", work: folder + "/work", target: folder + "/rootfs"
        ).unmount()
        try OwnNamespaces(in: folder).remove()
        // Or before it could take mounted images away again: see `ImageMount` of the CRI's service.
        for name in try folderEntries(folder + "/images") {
            umount2(folder + "/images/" + name, Int32(MNT_DETACH))
        }
        try removeTree(folder)
        _ = consume lock
        return true
    }

    // MARK: Mending

    /// Puts a definition in the place of one that is damaged.
    public func mend(_ definition: ContainerDefinition) throws(KernelError) {
        try definition.write(in: layout.container(definition.id))
    }
}
