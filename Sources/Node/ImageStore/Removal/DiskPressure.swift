import Glibc
import LinuxKernel
import OCISpec

/// How full a file system is, as users without privileges see it.
public struct DiskSpace: Sendable, Equatable {
    /// Bytes.
    public var capacity: Int64
    /// Bytes that are left.
    public var available: Int64
    /// How many files there can be; 0 where the file system sets no number.
    public var fileCapacity: Int64
    /// How many more there can be.
    public var availableFiles: Int64

    public init(capacity: Int64, available: Int64, fileCapacity: Int64 = 0, availableFiles: Int64 = 0) {
        self.capacity = capacity
        self.available = available
        self.fileCapacity = fileCapacity
        self.availableFiles = availableFiles
    }

    /// Rounded as the kubelet does it: 100 less the percentage that is left, rounded down.
    public var usedPercent: Int { Self.percent(available, of: capacity) }
    /// The same of the files' number.
    public var usedFilesPercent: Int { Self.percent(availableFiles, of: fileCapacity) }

    private static func percent(_ available: Int64, of capacity: Int64) -> Int {
        capacity > 0 ? 100 - Int(Double(available) / Double(capacity) * 100) : 0
    }
}

/// What a collection may take and when.
public struct CollectionPolicy: Sendable, Equatable {
    /// Percentage of the file system's bytes, or of its files, in use from which on images go; nil: never for that
    /// reason.
    public var high: Int?
    /// Percentage of either down to which they go.
    public var low: Int
    /// Seconds for which an image has to be unused before it goes for want of space.
    public var minimumAge: Int64
    /// Seconds after which an unused image goes in any case; nil: never.
    public var maximumAge: Int64?

    /// The kubelet's numbers: 85, 80, two minutes.
    public init(high: Int? = 85, low: Int = 80, minimumAge: Int64 = 120, maximumAge: Int64? = nil) {
        self.high = high
        self.low = low
        self.minimumAge = minimumAge
        self.maximumAge = maximumAge
    }

    fileprivate func check() throws {
        guard let high else { return }
        guard 1...100 ~= high, 0...100 ~= low, low < high else {
            throw ImageError.invalid(
                "marks \(high) and \(low): wanted are percentages, the low one below the high one")
        }
    }
}

/// What a collection did.
public struct CollectionResult: Sendable, Equatable {
    public let removed: PruneResult
    /// Before and after it.
    public let before: DiskSpace
    public let after: DiskSpace
    /// Bytes that should have gone and could not: all other images are in use, pinned or too young.
    public let missing: Int64
    /// The same in files.
    public let missingFiles: Int64
}

extension ImageStore {
    /// How full the store's file system is.
    public func diskSpace() throws -> DiskSpace {
        var info = statvfs()
        if fstatvfs(folder.root.raw, &info) != 0 { throw KernelError("statvfs", folder.path) }
        let block = Int64(info.f_frsize)
        return DiskSpace(
            capacity: Int64(info.f_blocks) * block, available: Int64(info.f_bavail) * block,
            fileCapacity: Int64(info.f_files), availableFiles: Int64(info.f_favail))
    }

    /// Removes unused images: those that nobody used for too long; and when the disk is fuller than the high mark, in
    /// bytes or in files, the least recently used ones until it is emptier than the low mark.
    ///
    /// An image is used when a container is made from it, and as long as there is one. Each goes in a transaction of
    /// its own: lookups wait for one at most, and whoever is killed has removed whole images.
    ///
    /// - Parameters:
    ///   - inUse: lists the containers there are; asked when no new one can come.
    ///   - space: looks how full the disk is.
    public func collectImages(
        _ policy: CollectionPolicy = CollectionPolicy(), inUse: () throws -> [ContainerUse],
        space: (() throws -> DiskSpace)? = nil
    ) throws -> CollectionResult {
        try policy.check()
        try removeLeftovers()
        let space = space ?? diskSpace
        let before = try space()
        var removed = PruneResult(events: [], reclaimed: 0)
        func removeOldest(unusedSince limit: Int64) throws -> Bool {
            let done = try removing(inUse: inUse) { database, use in
                try oldest(try Catalog.images(database), use, unusedSince: limit).map {
                    try Self.remove(database, $0)
                }
            }
            removed = PruneResult(
                events: removed.events + (done.result ?? []), reclaimed: removed.reclaimed + done.freed)
            return done.result != nil
        }
        if let age = policy.maximumAge {
            while try removeOldest(unusedSince: now() - age) {}
        }
        var (missing, missingFiles): (Int64, Int64) = (0, 0)
        if let high = policy.high, max(before.usedPercent, before.usedFilesPercent) >= high {
            // Downloads that nobody goes on with are worth less than any image.
            let freed = try PartialBlob.removeAbandoned(in: folder, age: policy.minimumAge)
            removed = PruneResult(events: removed.events, reclaimed: removed.reclaimed + freed)
        }
        let state = try space()
        let free = Int64(100 - policy.low)
        if let high = policy.high, state.usedPercent >= high {
            let target = state.capacity / 100 * free
            let freed = removed.reclaimed
            // By our own count, too: file systems are in no hurry to say that something is free.
            func isEnough() throws -> Bool {
                try removed.reclaimed - freed >= target - state.available || space().available >= target
            }
            while try !isEnough(), try removeOldest(unusedSince: now() - policy.minimumAge) {}
            if try !isEnough() { missing = target - state.available - (removed.reclaimed - freed) }
        }
        if let high = policy.high, state.usedFilesPercent >= high {
            // Of files nobody keeps a count but the file system.
            let target = Int64(Double(state.fileCapacity) / 100 * Double(free))
            func isEnough() throws -> Bool { try space().availableFiles >= target }
            while try !isEnough(), try removeOldest(unusedSince: now() - policy.minimumAge) {}
            missingFiles = target - (try space()).availableFiles
        }
        return CollectionResult(
            removed: removed, before: before, after: try space(), missing: max(0, missing),
            missingFiles: max(0, missingFiles))
    }

    /// The unused image whose last use is the longest ago, if that was before `limit`. Those in use are used now.
    private func oldest(
        _ images: [ImageRecord], _ use: StoreUse, unusedSince limit: Int64
    ) throws -> ImageRecord? {
        var found: (image: ImageRecord, use: Int64)?
        for image in images {
            if use.includes(image) {
                StoreFolder.noteUse(try StoreFolder.openBlob(image.id, in: folder.root))
                continue
            }
            if image.isPinned { continue }
            let last = folder.lastUse(of: image.id)
            if last <= limit, found.map({ last < $0.use }) != false { found = (image, last) }
        }
        return found?.image
    }
}
