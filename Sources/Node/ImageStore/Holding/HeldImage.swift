import Glibc
import LinuxKernel
import OCISpec

/// An image as a container needs it, which keeps the image's layers from being removed for as long as it lives,
/// or its process.
///
/// To find it takes no database in most cases: the answer to the same question is remembered until something
/// changes in the store (`RememberedAnswers`). A start of a container would else spend a third of its time on
/// opening SQLite, parsing its schema and closing it again.
public struct HeldImage: ~Copyable, Sendable {
    /// Digest of the configuration.
    public let id: Digest
    public let platform: Platform
    public let configuration: ImageConfig
    public let rootFilesystem: RootFilesystem
    /// With tags, of all records that have this id, in their order.
    public let names: [String]
    /// `REPOSITORY@DIGEST`, likewise.
    public let digests: [String]
    /// The topmost snapshot, locked: `SnapshotHold` says what that means.
    private let hold: SnapshotHold?

    /// Finds an image and holds it.
    /// - Parameters:
    ///   - text: as for `ImageStore.resolve`.
    ///   - root: the store's folder, an absolute path; made when it is missing.
    /// - Throws: as `ImageStore.init` and `resolve`.
    public static func find(_ text: String, root: String) throws -> HeldImage {
        let bootID = try BootID.current()
        if let folder = try existing(root), let held = try remembered(text, bootID, folder, root) {
            return held
        }
        let store = try ImageStore(root: root)
        let gate = try StoreGate.forLookup(store.folder.root, root)
        let answer = try store.answer(text, bootID: bootID)
        RememberedAnswers(store.folder.root).remember(answer)
        let held = try hold(answer, store.folder.root, root)
        gate.leave()
        return held
    }

    private static func remembered(
        _ text: String, _ bootID: String, _ folder: borrowing FileDescriptor, _ root: String
    ) throws -> HeldImage? {
        let gate = try StoreGate.forLookup(folder, root)
        guard let answer = RememberedAnswers(folder).find(text, bootID: bootID) else { return nil }
        let held = try hold(answer, folder, root)
        gate.leave()
        return held
    }

    private static func hold(
        _ answer: ImageAnswer, _ folder: borrowing FileDescriptor, _ root: String
    ) throws -> HeldImage {
        var hold: SnapshotHold?
        if let top = answer.snapshots.first {
            do {
                hold = try SnapshotHold.take(folder, top)
            } catch let error as KernelError where error.errno == .noEntry {
                // Nobody removes one from under an image.
                throw ImageError(
                    .store,
                    "image \(answer.id.short): its unpacked layer \(root)/\(StoreFolder.snapshotPath(top)) is missing:"
                        + " 'swiftlet image verify' says what else is")
            }
        }
        let blob = try StoreFolder.openBlob(answer.id, in: folder)
        StoreFolder.noteUse(blob)
        let configuration = try within("image \(answer.id.short): configuration") {
            try ImageConfig(json: try blob.readToEnd(limit: ImportLimits().documentBytes))
        }
        return HeldImage(answer: answer, configuration: configuration, root: root, hold: hold.take())
    }

    private init(
        answer: ImageAnswer, configuration: ImageConfig, root: String, hold: consuming SnapshotHold?
    ) {
        id = answer.id
        platform = answer.platform
        names = answer.names
        digests = answer.digests
        self.configuration = configuration
        rootFilesystem = RootFilesystem(
            numbers: answer.snapshots, topChain: answer.topChain, storePath: root)
        self.hold = hold
    }

    private static func existing(_ root: String) throws(KernelError) -> FileDescriptor? {
        do throws(KernelError) {
            return try FileDescriptor.open(root, O_RDONLY | O_DIRECTORY)
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    /// Lets it go: whoever needs the image by now has said so.
    public consuming func end() {}
}

extension ImageStore {
    fileprivate func answer(_ text: String, bootID: String) throws -> ImageAnswer {
        try catalog.read { database in
            let image = try Self.resolve(database, text)
            let numbers = try image.topChain.map { try Catalog.snapshotNumbers(database, chain: $0) } ?? []
            if let chain = image.topChain, numbers.isEmpty {
                throw ImageError(.notFound, "the unpacked layers \(chain) are not in the image store")
            }
            let all = try Catalog.images(database, id: image.id)
            return ImageAnswer(
                question: text, bootID: bootID, id: image.id, platform: image.platform,
                topChain: image.topChain, snapshots: numbers,
                names: Set(all.flatMap(\.names).map(\.description)).sorted(),
                digests: Set(all.flatMap(\.digests).map(\.description)).sorted())
        }
    }
}
