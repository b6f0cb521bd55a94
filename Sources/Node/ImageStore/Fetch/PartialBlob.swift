import CLinux
import Glibc
import LinuxKernel
import OCISpec

/// The file of a blob that is being fetched: `partial/ALG-HEX` in the store.
///
/// It outlives who fetches it: the next one goes on where it ended, and another pull that needs the same blob at
/// the same time reads it as it grows. Nothing in it counts before the digest of the whole was seen to be right.
///
/// Who appends holds the file's write lock, who relies on it a read lock: so it stays where it is until it is
/// moved to its place. The locks are the open file's (fcntl(2), "Open file description locks"): the kernel drops
/// them with the process, and two pulls of one process exclude each other, too. One more, behind all that a file may
/// hold, shows by its place that whoever appends is at work.
final class PartialBlob: Sendable {
    let file: SharedFile
    /// Below the store's folder.
    let path: String
    private let identity: stat

    private init(_ file: SharedFile, path: String) throws {
        self.file = file
        self.path = path
        identity = try file.descriptor.status()
    }

    /// What a file's name says; nil for one that is not of the store's making.
    private static func digest(_ name: String) -> OCISpec.Digest? {
        let parts = name.split(separator: "-", maxSplits: 1)
        // How it is wrong does not matter.
        return parts.count == 2 ? try? OCISpec.Digest("\(parts[0]):\(parts[1])") : nil
    }

    static func name(_ digest: OCISpec.Digest) -> String { "\(digest.algorithm.rawValue)-\(digest.hex)" }

    /// Opens the file of a blob, which is made when it is missing.
    static func open(_ digest: OCISpec.Digest, in folder: StoreFolder) throws -> PartialBlob {
        try open("partial/\(name(digest))", O_RDWR | O_CREAT, in: folder)
    }

    private static func open(_ path: String, _ flags: Int32, in folder: StoreFolder) throws -> PartialBlob {
        let file = try folder.root.openAt(path, flags | O_NOFOLLOW, mode: 0o600)
        return try PartialBlob(SharedFile(file, name: "\(folder.path)/\(path)"), path: path)
    }

    /// Bytes that are there.
    func size() throws -> Int64 { Int64(try file.descriptor.status().st_size) }

    /// Whether the file still has its name: between its opening and its locking somebody may have moved it to its
    /// place or removed it.
    func isInPlace(_ folder: StoreFolder) -> Bool {
        isSame(path, in: folder)
    }

    /// Whether `path` names this file.
    func isSame(_ path: String, in folder: StoreFolder) -> Bool {
        var now = stat()
        return fstatat(folder.root.raw, path, &now, AT_SYMLINK_NOFOLLOW) == 0
            && now.st_ino == identity.st_ino && now.st_dev == identity.st_dev
    }

    // MARK: Locks

    /// The right to append.
    /// - Returns: false when somebody else has it, or relies on the file.
    func tryWriteLock() throws -> Bool { try lock(F_WRLCK) }

    /// The assurance that nobody removes it. Whoever held the write lock gives it up.
    func tryReadLock() throws -> Bool { try lock(F_RDLCK) }

    func unlock() throws { _ = try lock(F_UNLCK) }

    private func lock(_ type: Int32) throws -> Bool { try lock(type, 0, Self.beats) }

    /// - Parameter length: bytes; 0: to the end of all that there may be.
    private func lock(_ type: Int32, _ start: Int64, _ length: Int64) throws -> Bool {
        do {
            _ = try request(F_OFD_SETLK, type, start, length)
            return true
        } catch {
            if error.errno == .again || error.errno == .accessDenied { return false }
            throw error
        }
    }

    /// - Returns: what the kernel made of the request.
    private func request(
        _ command: Int32, _ type: Int32, _ start: Int64, _ length: Int64
    ) throws(KernelError) -> flock {
        var request = flock()
        request.l_type = Int16(type)
        request.l_whence = Int16(SEEK_SET)
        request.l_start = off_t(start)
        request.l_len = off_t(length)
        _ = try check("lock", file.name) {
            withUnsafeMutablePointer(to: &request) {
                clinux_fcntl(file.descriptor.raw, command, Int(bitPattern: $0))
            }
        }
        return request
    }

    // MARK: Signs of life

    /// Where beats are: behind all that a file may hold, and the locks above.
    private static let beats: Int64 = 1 << 62

    /// Shows that whoever appends is at work, by another lock's place. It is in the kernel's memory alone: no disk keeps
    /// it waiting, and nothing of it outlives the process.
    func beat() throws {
        let place = Self.beats + Int64(monotonicMilliseconds())
        _ = try lock(F_WRLCK, place, 1)
        // Those before only now: whoever looks sees one of them.
        _ = try lock(F_UNLCK, Self.beats, place - Self.beats)
    }

    func endBeats() throws { _ = try lock(F_UNLCK, Self.beats, 0) }

    /// The last beat of whoever appends: another one each time that he has shown life, nil when he never had to.
    func lastBeat() throws -> Int64? {
        let found = try request(F_OFD_GETLK, F_WRLCK, Self.beats, 0)
        return Int32(found.l_type) == F_UNLCK ? nil : Int64(found.l_start)
    }

    /// What `size` and `lastBeat` say of a blob; nil when nobody has begun to fetch it.
    static func signs(of digest: OCISpec.Digest, in folder: StoreFolder) throws -> (
        size: Int64, beat: Int64?
    )? {
        do {
            let partial = try open("partial/\(name(digest))", O_RDWR, in: folder)
            return (try partial.size(), try partial.lastBeat())
        } catch let error as KernelError where error.errno == .noEntry {
            return nil
        }
    }

    // MARK: Content

    /// Begins anew: what is there is not what it should be.
    func clear() throws {
        _ = try check("truncate", file.name) { ftruncate(file.descriptor.raw, 0) }
    }

    /// Removes the file.
    func discard(_ folder: StoreFolder) {
        if isInPlace(folder) { unlinkat(folder.root.raw, path, 0) }
    }
}

// MARK: - Those that nobody finished

extension PartialBlob {
    /// Seconds after which a download that nobody went on with is removed, as with containerd.
    static let lifetime: Int64 = 24 * 3600

    /// What is being fetched, and what was not fetched to its end, by digest.
    static func all(in folder: StoreFolder) throws -> [StoreUsage.Download] {
        try folder.names(in: "partial").sorted().compactMap { name in
            guard let digest = digest(name) else { return nil }
            do {
                let partial = try open("partial/\(name)", O_RDWR, in: folder)
                let isFree = try partial.tryWriteLock()
                return StoreUsage.Download(digest: digest, bytes: try partial.size(), isActive: !isFree)
            } catch let error as KernelError where error.errno == .noEntry {
                // It has become a whole one meanwhile.
                return nil
            }
        }
    }

    /// Removes files that nobody has touched for `age` seconds and nobody uses.
    /// - Returns: bytes that became free.
    @discardableResult
    static func removeAbandoned(in folder: StoreFolder, age: Int64 = lifetime) throws -> Int64 {
        var freed: Int64 = 0
        for name in try folder.names(in: "partial") {
            do {
                let partial = try open("partial/\(name)", O_RDWR, in: folder)
                guard now() - Int64(partial.identity.st_mtim.tv_sec) >= age, try partial.tryWriteLock() else {
                    continue
                }
                partial.discard(folder)
                freed += Int64(partial.identity.st_blocks) * 512
            } catch let error as KernelError where error.errno == .noEntry {
                continue
            }
        }
        return freed
    }
}
