import Glibc
import KubernetesAPI
import LinuxKernel
import Logging

/// Pods from the manifests in a folder (the kubelet's `staticPodPath`), or from one file.
///
/// A file with an error changes nothing: what it said before stays, and the others are read. An empty file is one with an
/// error, as for the kubelet: who copies a file over another one empties that first. That may just happen while an agent
/// starts: a record tells it which files had pods. One that had none, as far as is known, has none when it is empty.
/// Names that begin with a point are left out, as the kubelet does: editors write such files.
package final class ManifestFolder: PodSource {
    package let name = "file"
    /// As long as this a file may be empty before it is said to be.
    private static let moment: Duration = .seconds(1)

    private let path: String
    private let reader: ManifestReader
    /// Looks without an event, too: a file system may have none.
    private let interval: Duration
    private let record: ManifestRecord
    private let log: Logger

    /// - Parameter record: the path of the file that tells the next agent which manifests had pods.
    package init(
        path: String, record: String, reader: ManifestReader, interval: Duration = .seconds(20), log: Logger
    ) {
        self.path = path
        self.record = ManifestRecord(path: record, log: log)
        self.reader = reader
        self.interval = interval
        self.log = log
    }

    package func run(_ changed: @escaping @Sendable (SourceState) async -> Void) async {
        let wakeup = Wakeup()
        var watch: FolderWatch?
        var files: [String: ManifestFile] = [:]
        var owners: [String: String] = [:]
        var before: [String]?
        record.read()
        while !Task.isCancelled {
            if watch?.isOutdated(path) != false {
                do throws(KernelError) {
                    watch = try FolderWatch(path) { wakeup.signal() }
                } catch {
                    watch = nil
                    // The look below says what is wrong with the folder.
                }
            }
            do {
                let (names, unusable) = try self.names()
                let isNew = look(names, &files)
                let (pods, places, twins) = pods(of: files, &owners)
                let problems = files.keys.sorted().flatMap { files[$0]?.problems ?? [] } + twins + unusable
                if isNew || before == nil || before != problems {
                    for problem in problems where before?.contains(problem) != true {
                        log.error("\(problem)")
                    }
                    // Before one of them begins.
                    let having = Set(places.values.map(\.file))
                    record.keep(files.keys.filter { mayHavePods($0, files, having) }.map(place(of:)))
                    await changed(state(files, pods, places, problems))
                    before = problems
                }
            } catch {
                // Pods stay: a folder that cannot be read is not an empty folder.
                watch = nil
                let problem = "read manifests: \(error)"
                if before != [problem] { log.error("\(problem)") }
                before = [problem]
            }
            let isBrief = watch == nil || files.values.contains { $0.emptySince != nil }
            await wakeup.wait(until: .now + (isBrief ? min(Self.moment, interval) : interval))
        }
        withExtendedLifetime(watch) {}
    }

    /// What belongs to a pod is named with its uid: of two with one uid the one counts that was there before the other,
    /// else the first one by file name.
    /// - Parameter owners: the files by uid. One that is gone has its uid again when it comes back: an editor may have
    ///   renamed it, to write it anew.
    /// - Returns: also a line about each of the others.
    private func pods(
        of files: [String: ManifestFile], _ owners: inout [String: String]
    ) -> (pods: [Pod], places: [String: PodPlace], twins: [String]) {
        let holders = holders(files, owners)
        owners = owners.filter { holders[$0.key] != nil }
        owners.merge(holders.mapValues(\.file)) { before, _ in before }
        var pods: [Pod] = []
        var places: [String: PodPlace] = [:]
        var twins: [String] = []
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            for pod in file.content.pods {
                let uid = pod.metadata.uid
                if let holder = holders[uid], holder.file != name || places[uid] != nil {
                    twins.append(
                        "\(place(of: name)): pod \(pod.fullName) does not run: it has the uid \(uid) of pod "
                            + "\(holder.pod) in \(place(of: holder.file))")
                    continue
                }
                places[uid] = file.content.places[uid]
                pods.append(pod)
            }
        }
        return (pods, places, twins)
    }

    /// The file that each uid belongs to, and the first pod in it that has it.
    private func holders(
        _ files: [String: ManifestFile], _ owners: [String: String]
    ) -> [String: (file: String, pod: String)] {
        var result: [String: (file: String, pod: String)] = [:]
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            // The agent before has said so.
            let isKnown = record.has(place(of: name))
            for pod in file.content.pods {
                let uid = pod.metadata.uid
                if let holder = result[uid] {
                    if holder.file == name || owners[uid] == holder.file { continue }
                    guard owners[uid] == name || isKnown && !record.has(place(of: holder.file)) else {
                        continue
                    }
                }
                result[uid] = (name, pod.fullName)
            }
        }
        return result
    }

    /// Also one of which nobody knows yet what became of those that it had.
    /// - Parameter having: the files whose pods count.
    private func mayHavePods(_ name: String, _ files: [String: ManifestFile], _ having: Set<String>) -> Bool {
        let place = place(of: name)
        return having.contains(place) || files[name]?.mayHaveMore == true && record.has(place)
    }

    private func place(of name: String) -> String { path == name ? name : "\(path)/\(name)" }

    private func state(
        _ files: [String: ManifestFile], _ pods: [Pod], _ places: [String: PodPlace], _ problems: [String]
    ) -> SourceState {
        let contents = files.keys.sorted().compactMap { files[$0]?.content }
        return SourceState(
            source: name, pods: pods, places: places, objects: contents.flatMap(\.objects),
            problems: problems, mayHaveMore: files.values.contains(where: \.mayHaveMore))
    }

    /// Reads what has changed.
    /// - Returns: whether anything has.
    private func look(_ names: Set<String>, _ files: inout [String: ManifestFile]) -> Bool {
        var isNew = false
        for gone in files.keys where !names.contains(gone) {
            files[gone] = nil
            isNew = true
        }
        for name in names {
            let file = place(of: name)
            guard let stamp = FileStamp(file) else {
                // Removed since the list was read, or a folder.
                if files.removeValue(forKey: name) != nil { isNew = true }
                continue
            }
            if let known = files[name], known.stamp == stamp {
                // Another file's event may come sooner.
                guard let since = known.emptySince, .now - since >= Self.moment else { continue }
            }
            isNew = true
            files[name] = read(file, stamp, before: files[name])
        }
        return isNew
    }

    /// - Returns: the files, and a line about each whose name no path can be made with.
    private func names() throws(KernelError) -> (names: Set<String>, unusable: [String]) {
        var status = stat()
        _ = try check("stat", path) { stat(path, &status) }
        if status.st_mode & S_IFMT != S_IFDIR { return ([path], []) }
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        let entries = try folder.listing(of: path).filter { !$0.name.hasPrefix(".") && !$0.isFolder }
        let unusable = entries.filter { !$0.isText }.map {
            "\(path)/\($0.name): the file's name is not UTF-8"
        }
        return (Set(entries.filter(\.isText).map(\.name)), unusable.sorted())
    }

    private static func bytes(of file: String) throws(KernelError) -> [UInt8] {
        let descriptor = try FileDescriptor.open(file, O_RDONLY | O_NONBLOCK)
        do throws(KernelError) {
            return try descriptor.readToEnd(limit: ManifestReader.largestFile)
        } catch {
            throw KernelError("read", file, error.errno)
        }
    }

    private func read(_ file: String, _ stamp: FileStamp, before: ManifestFile?) -> ManifestFile {
        do {
            // Some files of the kernel are regular ones and wait for something to say.
            let bytes = try Self.bytes(of: file)
            if bytes.allSatisfy({ " \t\r\n".utf8.contains($0) }) { return empty(file, stamp, before) }
            var content = reader.read(bytes, from: .file(file), before: before?.content)
            let isUnknown = !content.problems.isEmpty && before?.isUnknown != false
            if !content.problems.isEmpty, let before { content.keep(before.content, isWhole: !isUnknown) }
            return ManifestFile(stamp: stamp, content: content, isUnknown: isUnknown)
        } catch {
            var content = before?.content ?? ManifestReader.Content()
            content.problems = ["\(file): \(error)"]
            return ManifestFile(stamp: stamp, content: content, isUnknown: before?.isUnknown != false)
        }
    }

    /// Told when it stays so: mostly it is about to be written.
    private func empty(_ file: String, _ stamp: FileStamp, _ before: ManifestFile?) -> ManifestFile {
        var content = before?.content ?? ManifestReader.Content()
        content.problems = []
        let isUnknown = before?.isUnknown != false
        if before?.stamp != stamp {
            return ManifestFile(stamp: stamp, content: content, isUnknown: isUnknown, emptySince: .now)
        }
        let isBlank = content.pods.isEmpty && content.objects.isEmpty && !record.has(file)
        content.problems = [
            "\(file): the file is empty" + (isBlank ? "" : ", and changes nothing: its pods go with the file")
        ]
        return ManifestFile(stamp: stamp, content: content, isUnknown: isUnknown, isBlank: isBlank)
    }
}

private struct ManifestFile {
    var stamp: FileStamp
    var content: ManifestReader.Content
    /// It could never be read as a whole.
    var isUnknown: Bool
    /// Set until it is told.
    var emptySince: ContinuousClock.Instant?
    /// Neither is there anything in it now, nor is anything known to have been.
    var isBlank = false
    var mayHaveMore: Bool { isUnknown && !isBlank }
    var problems: [String] { content.problems }
}

/// By what a file that has changed is known.
private struct FileStamp: Equatable {
    private let inode: UInt
    private let size: Int
    private let changed: (Int, Int)

    /// - Returns: nil for what is no file.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        changed = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }

    static func == (a: FileStamp, b: FileStamp) -> Bool {
        a.inode == b.inode && a.size == b.size && a.changed == b.changed
    }
}
