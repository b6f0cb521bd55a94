import CLinux
import Glibc
import LinuxKernel

/// The folder that one layer is unpacked into, seen together with the layers below it: finds and makes the
/// folders that entries go to.
///
/// A name in an archive means what it would mean to a program inside the image: links among its folders are
/// followed, but inside the image's root (as with chroot), be they in this layer or in a lower one. A layer
/// that writes `lib/x` over a lower `lib -> usr/lib` therefore writes `usr/lib/x`, and the link stays.
/// Folders that the archive has no entry for get the metadata of the lower layer's, since overlayfs would
/// otherwise show ours.
final class LayerFolder {
    let root: SharedFile
    private let lower: LayerStack
    private let merged: LayerStack

    /// Where an entry goes: its folder, open, and the folder's path without links.
    final class Place {
        let folder: FileDescriptor
        let path: LayerPath

        init(_ folder: consuming FileDescriptor, _ path: LayerPath) {
            self.folder = folder
            self.path = path
        }
    }

    // Entries come folder by folder, so the last one is nearly always the one that is asked for.
    private var cached: (given: LayerPath, place: Place)?
    private(set) var times: [(path: LayerPath, accessed: timespec, modified: timespec)] = []
    private(set) var opaque: Set<LayerPath> = []

    init(_ root: SharedFile, below lower: LayerStack) {
        self.root = root
        self.lower = lower
        merged = lower.under(root)
    }

    // MARK: Finding

    /// What the image shows at `path`, this layer included.
    func find(_ path: LayerPath) throws -> LayerStack.Found? {
        try merged.find(path)
    }

    func isThisLayer(_ found: LayerStack.Found) -> Bool { found.layer === root }

    /// Something was removed or became a link: folders have to be looked up again.
    func forget() {
        cached = nil
    }

    /// Opens the folder at `given`, with the missing ones made.
    func place(_ given: LayerPath) throws -> Place {
        if let cached, cached.given == given { return cached.place }
        let found: Place
        if let folder = try LayerStack.open(root, given, O_RDONLY | O_DIRECTORY) {
            found = Place(folder, given)
        } else {
            let path = try resolve(given)
            found = Place(try make(path), path)
        }
        cached = (given, found)
        return found
    }

    /// Follows the links of every component, as far as there is anything.
    func resolve(_ given: LayerPath) throws -> LayerPath {
        var done: [LayerPath] = [.root]
        var rest = Array(given.components.map(Array.init).reversed())
        var links = 0
        while let component = rest.popLast() {
            if component.elementsEqual("..".utf8) {
                // Above the root is the root.
                if done.count > 1 { done.removeLast() }
                continue
            }
            let path = done.last!.appending(component)
            let found = try find(path)
            if let found, found.isSymlink {
                links += 1
                if links > 40 { throw ImageError.corrupt("'\(given)' goes through too many symbolic links") }
                let target = try LayerStack.readLink(found.layer, path)
                if target.first == LayerPath.slash { done = [.root] }
                rest += target.split(separator: LayerPath.slash).map(Array.init)
                    .filter { !$0.elementsEqual(".".utf8) }.reversed()
            } else if found?.isDirectory ?? true {
                done.append(path)
            } else {
                throw ImageError.corrupt("'\(given)' goes through '\(path)', which is not a folder")
            }
        }
        return done.last!
    }

    // MARK: Making folders

    /// Opens the folder at `path`, which has no links in it, and makes what is missing on the way.
    private func make(_ path: LayerPath) throws -> FileDescriptor {
        var folder = try root.descriptor.openAt(".", O_RDONLY | O_DIRECTORY)
        for step in path.ancestors + (path.isRoot ? [] : [path]) {
            folder = try makeOne(step, in: folder)
        }
        return folder
    }

    private func makeOne(_ path: LayerPath, in parent: borrowing FileDescriptor) throws -> FileDescriptor {
        if let folder = try LayerStack.open(root, path, O_RDONLY | O_DIRECTORY) { return folder }
        let wasWhiteout = try LayerStack.status(root, path).map(LayerStack.isWhiteout) ?? false
        let below = wasWhiteout ? nil : try lower(path)
        if wasWhiteout { try TreeRemoval.remove(path.name, in: parent) }
        if withCStringOf(path.name, { mkdirat(parent.raw, $0, 0o755) }) != 0 {
            throw KernelError("make folder", path.description)
        }
        let folder = try withCStringOf(path.name) {
            try parent.openAt($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
        if wasWhiteout { try setOpaque(folder, path) }
        if let below, below.isDirectory {
            try copyMetadata(of: path, in: below.layer, to: folder)
        } else {
            try setMode(folder, 0o755, path)
            remember(path, accessed: timespec(), modified: timespec())
        }
        return folder
    }

    /// What the layers below show at `path`, unless this layer hides it.
    func lower(_ path: LayerPath) throws -> LayerStack.Found? {
        if path.ancestors.contains(where: opaque.contains) { return nil }
        for ancestor in path.ancestors {
            guard let status = try LayerStack.status(root, ancestor) else { break }
            if status.st_mode & S_IFMT != S_IFDIR { return nil }
        }
        return try lower.find(path)
    }

    /// Names that the lower layers show in the root.
    func lowerRootNames() throws -> [[UInt8]] {
        var names: Set<[UInt8]> = []
        for layer in try lower.layers() {
            names.formUnion(try TreeRemoval.names(in: layer.descriptor))
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Gives the root the metadata of the layer below it, for archives without an entry for it.
    func copyRootMetadata() throws {
        if let below = try lower.first() {
            try copyMetadata(of: .root, in: below, to: root.descriptor)
        } else {
            try setMode(root.descriptor, 0o755, .root)
            remember(.root, accessed: timespec(), modified: timespec())
        }
    }

    private func copyMetadata(
        of path: LayerPath, in layer: SharedFile, to folder: borrowing FileDescriptor
    ) throws {
        guard let source = try LayerStack.open(layer, path, O_PATH | O_DIRECTORY) else {
            throw KernelError("open", path.description, .noEntry)
        }
        let status = try source.status()
        if fchown(folder.raw, status.st_uid, status.st_gid) != 0 {
            throw KernelError("chown", path.description)
        }
        let attributes = try FileAttributes(of: source, name: path).read()
        _ = try FileAttributes(of: folder, name: path).write(attributes)
        try setMode(folder, status.st_mode & 0o7777, path)
        remember(path, accessed: status.st_atim, modified: status.st_mtim)
    }

    private func setMode(_ folder: borrowing FileDescriptor, _ mode: mode_t, _ path: LayerPath) throws {
        if fchmod(folder.raw, mode) != 0 { throw KernelError("chmod", path.description) }
    }

    // MARK: Marks and times

    /// overlayfs shows nothing of lower layers in a folder with this mark.
    func setOpaque(_ folder: borrowing FileDescriptor, _ path: LayerPath) throws {
        opaque.insert(path)
        if fsetxattr(folder.raw, LayerStack.opaqueAttribute, "y", 1, 0) != 0 {
            throw KernelError("set attribute \(LayerStack.opaqueAttribute) of", path.description)
        }
    }

    /// A folder's times are set at the end: each child that is made changes them.
    func remember(_ path: LayerPath, accessed: timespec, modified: timespec) {
        times.append((path, accessed, modified))
    }
}
