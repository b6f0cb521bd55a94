import CLinux
import ContainerShim
import Glibc
import LinuxKernel

/// What the writable layer of an overlay changes of the layers below it, as `diff` shows it.
public struct LayerChange: Equatable, Sendable {
    public enum Kind: String, Sendable {
        case added = "A"
        case changed = "C"
        case deleted = "D"
    }

    public let kind: Kind
    /// Absolute, in the container; any bytes but NUL.
    public let path: [UInt8]
}

extension Engine {
    /// What a container has changed of its image's files. Of what is mounted in it nothing is said.
    /// - Parameter body: is told of each, folders before what is in them, by name.
    public func changes(
        of container: ContainerDefinition, _ body: (LayerChange) throws -> Void
    ) throws {
        let supervision = try Supervision.read(in: layout.container(container.id))
        guard let rootfs = supervision.rootfs else {
            throw UsageError("container \(container.name) has no root file system of its own")
        }
        OpenFiles.allowMany()
        var survey = try LayerSurvey(
            upper: rootfs.upper, lowers: rootfs.lower,
            ignoring: try configuration(of: container).mounts.map(\.destination.withoutParents),
            maps: container.userMaps)
        try survey.run()
        try survey.forEachChange(body)
    }
}

/// A walk over an upper folder, which compares it with the lower ones. Everything is looked up by its name in an open
/// folder of the layer's own, without following links: what is a link in one layer may be a folder in another.
package struct LayerSurvey {
    private let maps: UserMaps?
    private var waiting: [Folder]
    private var entries: [Entry] = []
    private var top = 0..<0

    /// A folder of the upper layer that is still to be read.
    private struct Folder {
        /// Of `entries`; nil for the root.
        var entry: Int?
        let place: FolderPlace
        /// The lower layers that show through here, or would if the folder did not hide them, the topmost first.
        let lowers: [FolderPlace]
        let isOpaque: Bool
        /// Paths from here that are passed over.
        let ignored: [ArraySlice<[UInt8]>]
    }

    /// What was found. Only its name is kept: a container can make paths of any length, and as many as it likes.
    private struct Entry {
        let kind: LayerChange.Kind
        let name: FileName
        let parent: Int?
        /// False for a folder that is in the upper layer only for what is in it, as long as nothing of that has changed.
        var isChange: Bool
        /// What is in it, of `entries`.
        var content = 0..<0
    }

    /// - Parameters:
    ///   - lowers: the topmost first.
    ///   - ignoring: absolute paths that are passed over, with all in them.
    ///   - maps: by which the upper layer's owners stand for those of the lower ones.
    package init(upper: String, lowers: [String], ignoring: [String], maps: UserMaps?) throws(KernelError) {
        func place(_ path: String) throws(KernelError) -> FolderPlace {
            FolderPlace(root: try FileDescriptor.open(path, O_PATH | O_DIRECTORY))
        }
        self.maps = maps
        var layers: [FolderPlace] = []
        for path in lowers { layers.append(try place(path)) }
        let ignored = ignoring.map { $0.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)[...] }
        waiting = [
            Folder(place: try place(upper), lowers: layers, isOpaque: false, ignored: ignored)
        ]
    }

    package mutating func run() throws(KernelError) {
        while let folder = waiting.popLast() { try read(folder) }
    }

    /// Calls `body` for each change that was found, folders before what is in them, by name.
    package func forEachChange(_ body: (LayerChange) throws -> Void) throws {
        var path: [UInt8] = []
        var levels = [(rest: top, length: 0)]
        while let (rest, length) = levels.popLast() {
            guard let next = rest.first else { continue }
            levels.append((rest.dropFirst(), length))
            let entry = entries[next]
            if !entry.isChange { continue }
            path.removeSubrange(length...)
            path += [UInt8(ascii: "/")] + entry.name.characters
            try body(LayerChange(kind: entry.kind, path: path))
            levels.append((entry.content, path.count))
        }
    }

    // MARK: One folder

    private typealias OpenFolder = (place: FolderPlace, open: HeldFolder)
    private typealias Found = (entry: Entry, folder: Folder?)

    private mutating func read(_ folder: Folder) throws(KernelError) {
        guard let open = try folder.place.open() else { return }
        var lowers: [OpenFolder] = []
        for place in folder.lowers {
            if let open = try place.open() { lowers.append((place, open)) }
        }
        var seen = Set(folder.ignored.filter { $0.count == 1 }.joined())
        var found: [Found] = []
        for name in try open.folder.listing(of: folder.place.shown).map(FileName.init)
        where seen.insert(name.characters).inserted {
            // It may be gone again.
            guard let status = try open.status(of: name.bytes) else { continue }
            if let next = try compare(name, status, folder, open, lowers) { found.append(next) }
        }
        if folder.isOpaque {
            // What was in the folder that this one has replaced.
            for lower in lowers {
                for name in try lower.open.folder.listing(of: lower.place.shown).map(FileName.init)
                where seen.insert(name.characters).inserted {
                    guard try look(for: name, in: lowers).top != nil else { continue }
                    let entry = Entry(kind: .deleted, name: name, parent: folder.entry, isChange: true)
                    found.append((entry, nil))
                }
            }
        }
        add(found, to: folder.entry)
    }

    private func compare(
        _ name: FileName, _ status: stat, _ folder: Folder, _ open: HeldFolder, _ lowers: [OpenFolder]
    ) throws(KernelError) -> Found? {
        let (below, visible) = try look(for: name, in: lowers)
        if Self.isWhiteout(status) {
            if below == nil { return nil }
            return (Entry(kind: .deleted, name: name, parent: folder.entry, isChange: true), nil)
        }
        var entry = Entry(
            kind: below == nil ? .added : .changed, name: name, parent: folder.entry, isChange: true)
        guard status.st_mode & S_IFMT == S_IFDIR else { return (entry, nil) }
        if let below, below.st_mode == status.st_mode,
            maps?.owner(uid: below.st_uid, gid: below.st_gid) ?? (below.st_uid, below.st_gid)
                == (status.st_uid, status.st_gid)
        {
            entry.isChange = false
        }
        let place = folder.place.folder(name.bytes, in: open)
        let characters = name.characters
        return (
            entry,
            Folder(
                place: place, lowers: visible, isOpaque: folder.isOpaque ? true : try Self.isOpaque(place),
                ignored: folder.ignored.filter { $0.first == characters }.map { $0.dropFirst() })
        )
    }

    /// What has a name below the upper layer.
    /// - Returns: the status of the topmost, nil where nothing is; and the layers in which it is a folder that shows.
    private func look(
        for name: FileName, in lowers: [OpenFolder]
    ) throws(KernelError) -> (top: stat?, visible: [FolderPlace]) {
        var top: stat?
        var visible: [FolderPlace] = []
        for (place, open) in lowers {
            guard let status = try open.status(of: name.bytes) else { continue }
            if Self.isWhiteout(status) { break }
            top = top ?? status
            if status.st_mode & S_IFMT != S_IFDIR { break }
            let folder = place.folder(name.bytes, in: open)
            visible.append(folder)
            if try Self.isOpaque(folder) { break }
        }
        return (top, visible)
    }

    private mutating func add(_ found: [Found], to parent: Int?) {
        let sorted = found.sorted {
            $0.entry.name.characters.lexicographicallyPrecedes($1.entry.name.characters)
        }
        let content = entries.count..<(entries.count + sorted.count)
        if let parent { entries[parent].content = content } else { top = content }
        for (entry, folder) in sorted {
            if var folder {
                folder.entry = entries.count
                waiting.append(folder)
            }
            entries.append(entry)
        }
        guard sorted.contains(where: \.entry.isChange) else { return }
        var above = parent
        while let index = above, !entries[index].isChange {
            entries[index].isChange = true
            above = entries[index].parent
        }
    }

    // MARK: Files

    private static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    /// Whether a folder shows nothing of the layers below its own.
    private static func isOpaque(_ place: FolderPlace) throws(KernelError) -> Bool {
        guard let open = try place.open() else { return false }
        var value: UInt8 = 0
        return fgetxattr(open.folder.raw, "trusted.overlay.opaque", &value, 1) == 1
            && value == UInt8(ascii: "y")
    }
}
