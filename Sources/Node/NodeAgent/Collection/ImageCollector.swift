import CRIProtocol
import KubernetesAPI
import Logging

/// Removes images that nobody uses: for want of space, the one first that was not used for longest, and those that
/// nobody has used for very long (Garbage collection, "Container image lifecycle").
package actor ImageCollector {
    /// Between two looks at how full the disk is.
    private static let interval: Duration = .seconds(300)
    /// The same after one that could not do what it should.
    private static let retry: Duration = .seconds(10)
    /// Between two looks at which images are used: one used only between two looks would seem not to have been.
    private static let noting: Duration = .seconds(30)

    private let runtime: CRIRuntime
    private let meter: NodeMeter
    private let statuses: StatusBook
    private let events: EventRecorder
    private let settings: ImageCollectionSettings
    private let log: Logger
    private var ledger = ImageLedger()
    private var hasFailed = false

    package init(
        runtime: CRIRuntime, meter: NodeMeter, statuses: StatusBook, events: EventRecorder,
        settings: ImageCollectionSettings, log: Logger
    ) {
        self.runtime = runtime
        self.meter = meter
        self.statuses = statuses
        self.events = events
        self.settings = settings
        self.log = log
    }

    /// Works until the task is cancelled.
    package func run() async {
        var next = ContinuousClock.now
        while !Task.isCancelled {
            if ContinuousClock.now >= next {
                await collect()
                // What was too young may go soon.
                next =
                    .now
                    + (hasFailed ? min(Self.interval, max(Self.retry, settings.minimumAge)) : Self.interval)
            } else {
                await noteAgain()
            }
            do {
                try await Task.sleep(for: min(Self.noting, max(.seconds(1), settings.minimumAge / 2)))
            } catch {
                return
            }
        }
    }

    /// Everything that may go, for pods would have to go otherwise.
    package func collectUnused() async {
        do {
            try await note()
            _ = try await remove(ledger.candidates(minimumAge: settings.minimumAge, now: .now), enough: .max)
        } catch {
            log.warning("remove unused images: \(error)")
        }
    }

    private func noteAgain() async {
        do {
            try await note()
        } catch {
            log.debug("list images: \(error)")
        }
    }

    /// Only what fails twice in a row is an event: the runtime may just be coming up.
    private func collect() async {
        do {
            try await collectByAge()
            try await collectForSpace()
            hasFailed = false
        } catch {
            log.warning("image collection: \(error)")
            if hasFailed { events.record(.warning, "ImageGCFailed", "\(error)") }
            hasFailed = true
        }
    }

    private func collectByAge() async throws {
        try await note()
        guard let age = settings.maximumAge else { return }
        _ = try await remove(ledger.outdated(age, now: .now), enough: .max)
    }

    private func collectForSpace() async throws {
        guard let disk = await meter.disks().images?.bytes else { return }
        if disk.capacity <= 0 {
            let message = "invalid capacity \(disk.capacity) on image filesystem"
            events.record(.warning, "InvalidDiskCapacity", message)
            throw CollectionFailure(description: message)
        }
        guard let wanted = settings.excess(disk) else { return }
        log.info(
            "the images' disk is fuller than it may be: remove images",
            metadata: [
                "available": "\(disk.available)", "capacity": "\(disk.capacity)", "wanted": "\(wanted)",
            ])
        let candidates = ledger.candidates(minimumAge: settings.minimumAge, now: .now)
        let freed = try await remove(candidates, enough: wanted)
        if freed < wanted {
            let message =
                "Failed to garbage collect required amount of images. Attempted to free \(wanted) bytes, but only "
                + "found \(freed) bytes eligible to free."
            events.record(.warning, "FreeDiskSpaceFailed", message)
            throw CollectionFailure(description: message)
        }
    }

    /// - Returns: bytes that were freed, as the runtime has the images' sizes.
    private func remove(_ images: [ImageLedger.Image], enough: Int64) async throws -> Int64 {
        var freed: Int64 = 0
        for image in images where freed < enough {
            try Task.checkCancellation()
            do throws(RuntimeError) {
                try await runtime.removeImage(image.id)
            } catch {
                // In use since it was looked at, or held by somebody else: the others are left.
                log.warning("remove image \(image.id): \(error)")
                continue
            }
            log.info("removed an unused image", metadata: ["image": "\(image.id)", "bytes": "\(image.size)"])
            freed += image.size
        }
        return freed
    }

    // MARK: What is there, and what is used

    private func note() async throws {
        let images = try await runtime.imageList()
        var names: Set<String> = []
        for container in try await runtime.containers() {
            names.formUnion([container.image.image, container.imageRef, container.imageID])
        }
        var used = Set(images.filter { names.contains($0.id) || $0.hasName(in: names) }.map(\.id))
        for reference in volumeImages {
            if let image = try await runtime.image(.with { $0.image = reference }) { used.insert(image.id) }
        }
        ledger.note(
            images.map { ImageLedger.Image(id: $0.id, size: Int64(clamping: $0.size), isPinned: $0.pinned) },
            used: used, now: .now)
    }

    /// Images that pods mount as volumes.
    private var volumeImages: Set<String> {
        var result: Set<String> = []
        for pod in statuses.pods where pod.status.phase == .running || pod.status.phase == .pending {
            result.formUnion(pod.spec.volumes.compactMap { $0.image?.reference })
        }
        return result
    }
}

private struct CollectionFailure: Error, CustomStringConvertible {
    let description: String
}

extension CRIImage {
    fileprivate func hasName(in names: Set<String>) -> Bool {
        repoTags.contains { names.contains($0) } || repoDigests.contains { names.contains($0) }
    }
}
