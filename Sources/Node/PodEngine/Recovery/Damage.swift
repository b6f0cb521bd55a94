import ContainerCLI
import ContainerRuntime
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import Logging

// Files of pods and containers that are no longer what was written: the machine was cut off, the disk is bad, or
// somebody had a hand in it. What follows from the records is written anew; the rest counts as ended, and can be
// removed like everything else. Each is told once, in a line of its own.
extension PodEngine {
    /// Looks at the files of all that is on record.
    func mendFiles() {
        for entry in registry.sandboxes {
            do { try mendPodFile(of: entry.record) } catch {
                logger.error(
                    "a sandbox is damaged", metadata: ["pod": "\(entry.id)", "error": "\(error)"])
            }
        }
        do { try networks.readPodRanges() } catch {
            logger.error(
                "the ranges that the cluster gave to pods are not known until it tells them again",
                metadata: ["error": "\(error)"])
        }
        do {
            for (sandbox, error) in try networks.damage() {
                logger.error(
                    "how a sandbox was connected cannot be read: the network that there is now will disconnect it",
                    metadata: ["pod": "\(sandbox)", "error": "\(error)"])
            }
        } catch {
            logger.error("the networks' entries cannot be read", metadata: ["error": "\(error)"])
        }
        // Records whose folder is gone are removed later.
        for entry in registry.containers where access(entry.folder, F_OK) == 0 {
            do { try mendDefinition(of: entry) } catch {
                logger.error(
                    "a container is damaged", metadata: entry.about(error))
            }
            do {
                _ = try LiveStatus.written(in: entry.folder)
            } catch {
                logger.error(
                    "the status of a container is damaged: without a shim it counts as ended",
                    metadata: entry.about(error))
            }
            do {
                _ = try Supervision.read(in: entry.folder)
            } catch {
                logger.error(
                    "a container is damaged: it cannot be started any more, only stopped and removed",
                    metadata: entry.about(error))
            }
        }
    }

    // MARK: Pods

    /// Writes `pod.json` anew where it is damaged.
    func mendPodFile(of record: SandboxRecord) throws {
        let folder = layout.sandbox(record.id)
        do {
            _ = try PodSupervision.read(in: folder)
        } catch let damage as StateFileError {
            try podSupervision(record).write(in: folder)
            logger.warning(
                "a damaged file was written anew from the records",
                metadata: ["pod": "\(record.id)", "error": "\(damage)"])
        } catch let error as KernelError where error.errno == .noEntry {
            // It was not made yet, or is removed.
        }
    }

    /// Of a pod without a record only the pins of its namespaces are known, by their places.
    func replaceDamagedPodFile(ofStray name: String) throws {
        let folder = layout.sandbox(name)
        do {
            _ = try PodSupervision.read(in: folder)
        } catch is StateFileError {
            for path in SandboxFiles.allNamespaces(folder) { try PinnedNamespaces.remove(path) }
            try PodSupervision(id: name).write(in: folder)
        } catch let error as KernelError where error.errno == .noEntry {
            // There is nothing but the folder.
        }
    }

    // MARK: Containers

    /// Writes `container.json` anew where it is damaged, so that the container's image stays as long as it.
    private func mendDefinition(of entry: ContainerEntry) throws {
        do {
            _ = try ContainerDefinition.read(in: entry.folder)
        } catch let damage as StateFileError {
            let record = entry.record
            let store = ContainerStore(layout.state)
            guard let images = try record.images ?? findImages(of: record),
                let damaged = try store.definition(entry.id)
            else { throw damage }
            var definition = ContainerDefinition(
                id: entry.id, name: damaged.name, created: damaged.created, image: record.spec.image,
                imageID: record.imageID, platform: images.platform, command: [])
            images.note(in: &definition)
            for (key, value) in record.spec.labels { definition.labels[key] = value }
            try store.mend(definition)
            logger.warning(
                "a damaged file was written anew from the records",
                metadata: entry.about(damage))
        }
    }

    /// For a record of an earlier version.
    /// - Returns: nil where the image is not in the store any more, and where others are mounted: these were written
    ///   nowhere else.
    private func findImages(of record: ContainerRecord) throws -> NeededImages? {
        guard record.mounts.isEmpty else { return nil }
        do {
            let image = try HeldImage.find(record.imageID, root: layout.state.images)
            return NeededImages(
                topChain: image.rootFilesystem.topChain.map { "\($0)" }, platform: "\(image.platform)",
                mounted: [])
        } catch let error as ImageError where error.kind == .notFound {
            return nil
        }
    }

    /// The runtime of a container's pod; nil for the built-in one, and for one that is not configured any more.
    func handler(of container: ContainerEntry) -> RuntimeHandler? {
        guard let sandbox = try? registry.sandbox(container.record.sandboxID) else { return nil }
        return settings.knownRuntime(of: sandbox.record)
    }
}
