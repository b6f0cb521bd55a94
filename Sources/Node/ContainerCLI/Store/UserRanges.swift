import Glibc
import LinuxKernel
import OCISpec

/// Chooses the ids of containers with `--userns auto`: of the ranges that belong to the user `containers` in
/// /etc/subuid and /etc/subgid (subuid(5)), as podman takes them, else of the upper half of all ids, which no system
/// gives to users.
package struct UserRanges {
    private let layout: StateLayout
    private let folder: String

    /// - Parameter folder: where subuid and subgid are.
    package init(_ layout: StateLayout, folder: String = "/etc") {
        self.layout = layout
        self.folder = folder
    }

    /// Ids that are nobody's, and the lock under which that stays true until a container's record names them.
    package struct Claim: ~Copyable {
        package let maps: UserMaps
        private let lock: FileDescriptor

        fileprivate init(maps: UserMaps, lock: consuming FileDescriptor) {
            self.maps = maps
            self.lock = lock
        }
    }

    /// - Parameter size: how many; they stand for the container's ids from 0 on.
    package func claim(_ size: UInt32) throws -> Claim {
        try makeFolders(layout.containers)
        let path = layout.root + "/user-ranges.lock"
        let lock = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        _ = try check("lock", path) { flock(lock.raw, LOCK_EX) }
        var taken: [UserMaps] = []
        for layout in try layout.allNamespaces() {
            taken += try ContainerStore(layout).all().compactMap(\.userMaps)
        }
        let maps = UserMaps(
            uids: [try range(of: size, in: "subuid", besides: taken.flatMap(\.uids))],
            gids: [try range(of: size, in: "subgid", besides: taken.flatMap(\.gids))])
        return Claim(maps: maps, lock: lock)
    }

    private func range(
        of size: UInt32, in file: String, besides taken: [RuntimeSpec.IDMapping]
    ) throws -> RuntimeSpec.IDMapping {
        let path = folder + "/" + file
        let pools = try Self.pools(HostFiles.hostFile(path))
        for pool in pools {
            if let first = Self.free(size, in: pool, besides: taken) {
                return RuntimeSpec.IDMapping(containerID: 0, hostID: first, size: size)
            }
        }
        throw UsageError(
            "--userns auto: no \(size) ids in a row are free for containers (user 'containers' in \(path))")
    }

    /// The last id is the kernel's "no id".
    package static let usualPool: Range<UInt32> = 0x8000_0000..<0xffff_0000

    /// The ranges of the user `containers`.
    /// - Parameter text: lines of USER:FIRST:COUNT.
    package static func pools(_ text: String) throws(UsageError) -> [Range<UInt32>] {
        var pools: [Range<UInt32>] = []
        for line in text.split(separator: "\n") where line.hasPrefix("containers:") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, let first = UInt32(parts[1]), let count = UInt32(parts[2]),
                UInt64(first) + UInt64(count) <= UInt64(UInt32.max)
            else { throw UsageError("the line '\(line)' is not USER:FIRST:COUNT, as subuid(5) wants it") }
            pools.append(first..<first + count)
        }
        return pools.isEmpty ? [usualPool] : pools
    }

    /// The first id of a range that overlaps no other one.
    package static func free(
        _ size: UInt32, in pool: Range<UInt32>, besides taken: [RuntimeSpec.IDMapping]
    ) -> UInt32? {
        var first = UInt64(pool.lowerBound)
        for other in taken.sorted(by: { $0.hostID < $1.hostID }) {
            if UInt64(other.hostID) >= first + UInt64(size) { break }
            first = max(first, UInt64(other.hostID) + UInt64(other.size))
        }
        return first + UInt64(size) <= UInt64(pool.upperBound) ? UInt32(first) : nil
    }
}

/// The ids that a new container gets; ones that were chosen for it are its own while this value lives.
struct ClaimedIDs: ~Copyable {
    /// Nil: the host's.
    let maps: UserMaps?
    private let claim: UserRanges.Claim?

    init(_ option: UserNamespaceOption, _ layout: StateLayout) throws {
        switch option {
        case .host:
            maps = nil
            claim = nil
        case .mapped(let maps):
            self.maps = maps
            claim = nil
        case .automatic(let size):
            let claim = try UserRanges(layout).claim(size)
            maps = claim.maps
            self.claim = consume claim
        }
    }
}
