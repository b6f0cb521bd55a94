import CRIProtocol
import GRPCCore
import Glibc
import ImageStore
import ImageTransfer
import Logging
import NIOPosix
import OCISpec
import RegistryClient
import Synchronization

/// What the image service has to know of those who make containers.
public struct ContainerLedger: Sendable {
    /// The containers there are, of whatever kind, with the images that they need. Blocks.
    public var uses: @Sendable () throws -> [ContainerUse]
    /// Where containers' writable layers are, and what they take. Blocks.
    public var written: @Sendable () throws -> WrittenSpace

    public struct WrittenSpace: Sendable {
        public var folder: String
        public var bytes: Int64
        public var inodes: Int64

        public init(folder: String, bytes: Int64 = 0, inodes: Int64 = 0) {
            self.folder = folder
            self.bytes = bytes
            self.inodes = inodes
        }
    }

    public init(
        uses: @escaping @Sendable () throws -> [ContainerUse],
        written: @escaping @Sendable () throws -> WrittenSpace
    ) {
        self.uses = uses
        self.written = written
    }
}

/// The CRI's ImageService on the image store that the command line uses, too.
public final class ImageService: CRIImageService.SimpleServiceProtocol {
    private let store: ImageStore
    private let folder: String
    private let containers: ContainerLedger
    private let messages: ImageMessages
    private let pulls: MetricHistogram
    private let log: Logger
    private let settings: Mutex<Settings>
    private let runningPulls = Atomic(0)
    private let chunk: Int

    private struct Settings: Sendable {
        var pull: PullSettings
        var pinned: PinnedImages
        var downloads: Int
    }

    /// - Parameters:
    ///   - environment: the process's.
    ///   - chunk: images in one message of a stream.
    public init(
        _ store: ImageStore, _ configuration: CRIConfiguration, environment: [String: String],
        containers: ContainerLedger, metrics: MetricsRegistry, log: Logger, chunk: Int = 100
    ) {
        self.store = store
        self.chunk = chunk
        self.containers = containers
        self.log = log
        folder = configuration.imageStore
        messages = ImageMessages(store)
        pulls = metrics.histogram(
            "swiftlet_image_pull_seconds", "How long pulls of images took.", labels: ["result"],
            buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300])
        settings = Mutex(Self.settings(configuration, environment))
        tell(configuration.pinnedImages)
        metrics.collect { [store] in
            // A store that cannot be read shows by failing calls.
            guard let usage = try? store.diskUsage() else { return [] }
            return [
                MetricSample("swiftlet_images", "Images in the store.", Double(usage.images)),
                MetricSample(
                    "swiftlet_image_bytes", "Bytes of the store, packed and unpacked.", Double(usage.total)),
            ]
        }
    }

    private static func settings(
        _ configuration: CRIConfiguration, _ environment: [String: String]
    ) -> Settings {
        let policy = configuration.registry.policyFile
        return Settings(
            pull: PullSettings(
                hostFolders: configuration.registry.certificateFolders,
                policyFile: policy.isEmpty ? nil : policy,
                downloads: DownloadLimit(configuration.images.maximumDownloads),
                // New ones with each reload: the system's certificates are read again.
                connections: RegistryClient(RegistryConfiguration(environment: environment)),
                environment: environment),
            pinned: PinnedImages(configuration.pinnedImages),
            downloads: configuration.images.maximumDownloads)
    }

    /// Takes over what a running daemon can; pulls under way go on as they began.
    public func reload(_ configuration: CRIConfiguration) {
        settings.withLock { settings in
            var new = Self.settings(configuration, settings.pull.environment)
            if new.downloads == settings.downloads { new.pull.downloads = settings.pull.downloads }
            settings = new
        }
        tell(configuration.pinnedImages)
    }

    /// The command line removes images of the same store, and does not read our configuration.
    private func tell(_ pinnedImages: [String]) {
        do {
            try store.setPinnedImages(pinnedImages)
        } catch {
            log.error(
                "the command line does not know which images are pinned", metadata: ["error": "\(error)"])
        }
    }

    private var pinned: PinnedImages { settings.withLock { $0.pinned } }

    // MARK: Listing

    public func listImages(
        request: CRIListImagesRequest, context: ServerContext
    ) async throws -> CRIListImagesResponse {
        var response = CRIListImagesResponse()
        response.images = try await images(request.filter)
        return response
    }

    public func streamImages(
        request: CRIStreamImagesRequest, response: RPCWriter<CRIStreamImagesResponse>, context: ServerContext
    ) async throws {
        for part in try await images(request.filter).parts(of: chunk) {
            var message = CRIStreamImagesResponse()
            message.images = part
            try await response.write(message)
        }
    }

    private func images(_ filter: CRIImageFilter) async throws -> [CRIImage] {
        let wanted = filter.image.image
        return try await blocking { [self] in
            if !wanted.isEmpty {
                return try find(wanted).map { try messages.messages($0, pinned: pinned) } ?? []
            }
            let records = try store.images()
            messages.keepOnly(records)
            return try messages.messages(records, pinned: pinned)
        }
    }

    /// - Returns: nil when there is no such image.
    private func find(_ text: String) throws -> [ImageRecord]? {
        do {
            return try store.resolveAll(text)
        } catch let error as ImageError where error.kind == .notFound {
            return nil
        }
    }

    public func imageStatus(
        request: CRIImageStatusRequest, context: ServerContext
    ) async throws -> CRIImageStatusResponse {
        let name = try Self.name(request.image)
        return try await blocking { [self] in
            var response = CRIImageStatusResponse()
            guard let records = try find(name),
                let image = try messages.messages(records, pinned: pinned).first
            else { return response }
            if request.verbose {
                do {
                    response.info = ["info": try inspection(of: records[0])]
                } catch let error as ImageError where error.kind == .notFound {
                    // Removed meanwhile.
                    return response
                }
            }
            response.image = image
            return response
        }
    }

    /// What `docker image inspect` shows, with the names that the status has.
    private func inspection(of image: ImageRecord) throws -> String {
        var json = JSONWriter()
        try store.inspect(image, isFamiliar: false, into: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func name(_ image: CRIImageSpec) throws -> String {
        if image.image.isEmpty { throw RPCError(code: .invalidArgument, message: "the image has no name") }
        return image.image
    }

    // MARK: Pulling and removing

    public func pullImage(
        request: CRIPullImageRequest, context: ServerContext
    ) async throws -> CRIPullImageResponse {
        let name = try Self.name(request.image)
        let pull = ImagePull(store: store, settings: settings.withLock { $0.pull })
        let begin = ContinuousClock.now
        runningPulls.wrappingAdd(1, ordering: .relaxed)
        defer { endPull() }
        do {
            let image = try await pull.run(name, auth: request.hasAuth ? request.auth : nil)
            let time = ContinuousClock.now - begin
            pulls.observe(time.inSeconds, "ok")
            log.info(
                "image pulled",
                metadata: ["image": "\(name)", "id": "\(image.id)", "seconds": "\(time.shortSeconds)"])
            var response = CRIPullImageResponse()
            response.imageRef = "\(image.id)"
            return response
        } catch {
            pulls.observe((ContinuousClock.now - begin).inSeconds, "failed")
            throw error
        }
    }

    /// Pulls of large layers leave megabytes of free memory behind, which would stay with the daemon: it goes when the
    /// last one is over and its connections are closed.
    private func endPull() {
        guard runningPulls.wrappingSubtract(1, ordering: .relaxed).newValue == 0 else { return }
        Task { [self] in
            try await Task.sleep(for: .seconds(2))
            guard runningPulls.load(ordering: .relaxed) == 0 else { return }
            try await blocking { FreeMemory.giveBack() }
        }
    }

    /// By an id everything that has it goes; by a name that name, and the image with its last one. What a container
    /// was made from stays, as with CRI-O: it would start again without its image's configuration. An image that is not
    /// there is no error.
    public func removeImage(
        request: CRIRemoveImageRequest, context: ServerContext
    ) async throws -> CRIRemoveImageResponse {
        let name = try Self.name(request.image)
        // Deleting files may take long: others must not wait for that.
        let gone = try await onThread { [self] in try remove(name) }
        if !gone.isEmpty {
            log.info("image removed", metadata: ["image": "\(name)", "id": "\(gone[0].id)"])
        }
        return CRIRemoveImageResponse()
    }

    private func remove(_ name: String) throws -> [ImageRecord] {
        guard let records = try find(name) else { return [] }
        // As many manifests as have the id, when it is the id that was given.
        for _ in records {
            do {
                let events = try store.remove(
                    name, allNames: true, pinned: pinned, inUse: try containers.uses())
                if events.isEmpty { break }
            } catch let error as ImageError where error.kind == .notFound {
                break
            }
        }
        return records
    }

    // MARK: Space

    public func imageFsInfo(
        request: CRIImageFsInfoRequest, context: ServerContext
    ) async throws -> CRIImageFsInfoResponse {
        try await blocking { [self] in
            let usage = try store.diskUsage()
            let written = try containers.written()
            var response = CRIImageFsInfoResponse()
            response.imageFilesystems = [
                try ImageFilesystem.usage(of: folder, bytes: usage.total, inodes: usage.inodes)
            ]
            response.containerFilesystems = [
                try ImageFilesystem.usage(of: written.folder, bytes: written.bytes, inodes: written.inodes)
            ]
            return response
        }
    }
}

/// Runs what blocks on a thread for that: the few that tasks share have to go on.
package func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
    -> Result
{
    try await NIOThreadPool.singleton.runIfActive(body)
}
