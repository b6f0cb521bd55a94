import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// Volumes: folders that outlive containers. The data of each lies in `_data`, and beside it what is known of it.
///
/// Whoever makes a container holds its volumes until the container's definition names them (`KeptFolder`), and whoever
/// removes a volume looks for containers that have it while nobody can hold it: of the two, one sees the other. A volume
/// comes and goes in one step, by rename(2): what is half made or half removed has a name with a dot in front.
public struct VolumeStore {
    public let folder: String

    public init(_ layout: StateLayout) {
        folder = layout.volumes
    }

    public struct Volume: Equatable, Sendable {
        public var name: String
        /// The folder that containers see.
        public var path: String
        public var created: Timestamp
        public var labels: SortedMap<String>

        /// Nobody has named it: it was made for one container, or `volume create` was given no name.
        public var isAnonymous: Bool { labels[VolumeStore.anonymousLabel] != nil }
    }

    /// What docker calls volumes of this kind.
    public static let driver = "local"
    /// That of docker's, by which its users look for them.
    public static let anonymousLabel = "com.docker.volume.anonymous"

    public func path(of name: String) -> String { folder + "/" + name + "/_data" }

    /// Whoever copies into a volume what an image has in its place locks this file.
    func fillLock(of name: String) -> String { folder + "/" + name + "/fill.lock" }

    // MARK: Looking

    /// All volumes by name.
    public func all() throws -> [Volume] {
        try folderEntries(folder).sorted().compactMap(volume)
    }

    public func find(_ name: String) throws -> Volume {
        guard let volume = try volume(name) else { throw MissingVolume(name: name) }
        return volume
    }

    private func volume(_ name: String) throws(KernelError) -> Volume? {
        guard isIdentifier(name) else { return nil }
        var status = stat()
        if stat(folder + "/" + name, &status) != 0 { return nil }
        let record =
            try VolumeRecord.read(in: folder + "/" + name)
            ?? VolumeRecord(
                created: Timestamp(
                    seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int32(status.st_ctim.tv_nsec)),
                labels: Self.looksAnonymous(name) ? [Self.anonymousLabel: ""] : [:])
        return Volume(name: name, path: path(of: name), created: record.created, labels: record.labels)
    }

    /// Of a volume from before there were records.
    private static func looksAnonymous(_ name: String) -> Bool {
        name.utf8.count == 64
            && name.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    // MARK: Making

    /// A volume that stays for now.
    public struct Held {
        /// It was made just now.
        public let isNew: Bool
        public let folder: KeptFolder
    }

    /// Makes a volume unless it is there.
    /// - Parameter labels: of a new one.
    public func make(_ name: String, labels: SortedMap<String> = SortedMap()) throws -> Held {
        let volume = folder + "/" + name
        while true {
            if let held = try KeptFolder.hold(volume) {
                // A container comes that may write to it.
                RecordedUsage.forget(in: volume)
                return Held(isNew: try makeFolder(path(of: name), mode: 0o755) == true, folder: held)
            }
            if let held = try makeNew(volume, labels) { return Held(isNew: true, folder: held) }
        }
    }

    /// A volume without a name of anybody's choice.
    public func makeAnonymous(labels: SortedMap<String> = SortedMap()) throws -> (name: String, Held) {
        let name = ContainerStore.newID()
        var labels = labels
        labels[Self.anonymousLabel] = ""
        return (name, try make(name, labels: labels))
    }

    /// - Returns: nil where somebody else was faster.
    private func makeNew(_ volume: String, _ labels: SortedMap<String>) throws -> KeptFolder? {
        try makeFolders(folder)
        let draft = folder + "/." + ContainerStore.newID()
        _ = try makeFolder(draft, mode: 0o711)
        // In between it may have been taken for what a crash left.
        guard let held = try KeptFolder.hold(draft) else { return nil }
        do {
            _ = try makeFolder(draft + "/_data", mode: 0o755)
            try VolumeRecord(created: .now, labels: labels).write(in: draft)
            if rename(draft, volume) == 0 { return held }
            guard [.exists, .notEmpty].contains(Errno.current) else { throw KernelError("rename", draft) }
        } catch {
            try removeTree(draft)
            throw error
        }
        try removeTree(draft)
        return nil
    }

    /// Keeps a volume that is there.
    /// - Returns: nil where it is not.
    func hold(_ name: String) throws(KernelError) -> KeptFolder? {
        try KeptFolder.hold(folder + "/" + name)
    }

    // MARK: Removing

    package enum Removal: Equatable {
        case missing
        /// Nil: by one that is just being made.
        case used(by: ContainerDefinition?)
        /// Bytes that it held, where somebody asked for them.
        case removed(bytes: Int64)
    }

    /// Removes a volume with its data.
    /// - Parameters:
    ///   - milliseconds: for which a container is waited for that is being made with it.
    ///   - measures: it is counted what goes.
    ///   - user: a container that has it; asked when no other one can come.
    package func remove(
        _ name: String, milliseconds: Int = 0, measures: Bool = false, user: () throws -> ContainerDefinition?
    ) throws -> Removal {
        guard isIdentifier(name) else { return .missing }
        let volume = folder + "/" + name
        let claim: KeptFolder
        switch try KeptFolder.claim(volume, milliseconds: milliseconds) {
        case .missing: return .missing
        case .held: return .used(by: try user())
        case .free(let folder): claim = folder
        }
        if let user = try user() { return .used(by: user) }
        let aside = folder + "/." + ContainerStore.newID()
        if rename(volume, aside) != 0 { throw KernelError("rename", volume) }
        // Who waits to use it makes a new one.
        claim.share()
        let bytes = measures ? (try? TreeUsage.measure(aside + "/_data"))?.bytes ?? 0 : 0
        do {
            try removeTree(aside)
        } catch {
            // What stays, as what somebody has mounted in it, is still a volume.
            rename(aside, volume)
            throw error
        }
        // Until here nobody else took it for what a crash left.
        claim.release()
        return .removed(bytes: bytes)
    }

    /// A dot and an id: other names with a dot are somebody else's.
    private static func isDraft(_ name: String) -> Bool {
        name.utf8.count == 65 && name.first == "." && name.dropFirst().allSatisfy(\.isHexDigit)
    }

    /// Removes what crashes left: volumes that were being made or removed.
    /// - Parameter failed: is told of each folder that cannot be removed, and the others go.
    package func sweepDrafts(failed: (_ path: String, _ error: any Error) -> Void) throws {
        for name in try folderEntries(folder) where Self.isDraft(name) {
            let path = folder + "/" + name
            do {
                guard case .free(let claim) = try KeptFolder.claim(path) else { continue }
                try removeTree(path)
                claim.release()
            } catch {
                failed(path, error)
            }
        }
    }
}

/// There is no volume of that name.
public struct MissingVolume: Error, CustomStringConvertible {
    public let name: String

    public var description: String { "no such volume: \(name)" }
}

/// What is known of a volume, in a file beside its data.
private struct VolumeRecord {
    var created: Timestamp
    var labels: SortedMap<String>

    static let fileName = "volume.json"

    /// - Returns: nil for a volume that was made before there were such files.
    static func read(in folder: String) throws(KernelError) -> VolumeRecord? {
        let path = folder + "/" + fileName
        let bytes: [UInt8]
        do throws(KernelError) {
            bytes = try FileDescriptor.readFile(path, limit: 4 << 20)
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
        // Of one that is damaged nothing is known; it is not taken for one that nobody named.
        return (try? VolumeRecord(json: bytes)) ?? VolumeRecord(created: Timestamp(seconds: 0), labels: [:])
    }

    func write(in folder: String) throws(KernelError) {
        try writeDraftFile(folder + "/" + Self.fileName, json(.spaces(2)))
    }
}

extension VolumeRecord: JSONDecodable, JSONEncodable {
    init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        created = try json.required("created")
        labels = try json.map("labels")
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("created", created)
            json.nonEmpty("labels", labels)
        }
    }
}
