import CRIProtocol
import ImageStore
import OCISpec
import Synchronization

/// Images of the store as the CRI tells of them: one for each id, with all its names.
final class ImageMessages: Sendable {
    private let store: ImageStore
    /// Who the image's programs run as. A configuration never changes, so its file is read once.
    private let users = Mutex<[Digest: ImageUser]>([:])

    init(_ store: ImageStore) {
        self.store = store
    }

    /// - Parameter records: of one id or of many.
    /// - Returns: without those that somebody has removed meanwhile.
    func messages(_ records: [ImageRecord], pinned: PinnedImages) throws -> [CRIImage] {
        var order: [Digest] = []
        var byID: [Digest: [ImageRecord]] = [:]
        for record in records {
            if byID[record.id] == nil { order.append(record.id) }
            byID[record.id, default: []].append(record)
        }
        return try order.compactMap { id in
            do {
                return try message(id, byID[id]!, pinned)
            } catch let error as ImageError where error.kind == .notFound {
                return nil
            }
        }
    }

    /// Forgets what it knows of images that are gone.
    /// - Parameter records: all there are.
    func keepOnly(_ records: [ImageRecord]) {
        let ids = Set(records.map(\.id))
        users.withLock { users in users = users.filter { ids.contains($0.key) } }
    }

    private func message(
        _ id: Digest, _ records: [ImageRecord], _ pinned: PinnedImages
    ) throws -> CRIImage {
        var image = CRIImage()
        image.id = "\(id)"
        image.repoTags = Set(records.flatMap(\.names)).map(\.description).sorted()
        image.repoDigests = Set(records.flatMap(\.digests)).map(\.description).sorted()
        // Layers are shared by all the records.
        image.size = UInt64(max(0, records.map(\.size).max() ?? 0))
        image.pinned = records.contains { $0.isPinned || pinned.contain($0) }
        switch try user(records[0]) {
        case .unsaid: break
        case .number(let uid):
            image.uid = CRIInt64Value()
            image.uid.value = uid
        case .name(let name): image.username = name
        }
        return image
    }

    private func user(_ record: ImageRecord) throws -> ImageUser {
        if let known = users.withLock({ $0[record.id] }) { return known }
        let user = ImageUser(try store.configuration(record).config.user ?? "")
        users.withLock { $0[record.id] = user }
        return user
    }
}

/// `USER` of an image: the kubelet compares it with runAsNonRoot.
enum ImageUser: Sendable, Equatable {
    /// Root, then.
    case unsaid
    case number(Int64)
    case name(String)

    /// - Parameter text: a name or a number, perhaps with a group behind a colon.
    init(_ text: String) {
        let user = text.prefix { $0 != ":" }
        if user.isEmpty {
            self = .unsaid
        } else if let number = Int64(user), number >= 0 {
            self = .number(number)
        } else {
            self = .name(String(user))
        }
    }
}
