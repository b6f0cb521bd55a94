import CLinux
import Glibc
import LinuxKernel

/// The layers of an image below a certain point, read as overlayfs would show them merged. Looking things up
/// here needs no mount, and nothing outside the layers' folders can be reached: every path is opened with
/// openat2(2) below one layer's root and without following any link.
struct LayerStack: Sendable {
    /// Roots of the topmost layers, the topmost first.
    private let top: [SharedFile]
    /// Those below, which may still be on their way.
    private let rest: LowerLayers

    /// - Parameter layers: the topmost first.
    init(layers: [SharedFile]) {
        self.init(top: layers, rest: LowerLayers([]))
    }

    /// - Parameters:
    ///   - top: what is there.
    ///   - rest: what lies below it. Only who looks further than `top` waits for it.
    init(top: [SharedFile] = [], rest: LowerLayers) {
        self.top = top
        self.rest = rest
    }

    /// The same with one layer more on top.
    func under(_ layer: SharedFile) -> LayerStack {
        LayerStack(top: [layer] + top, rest: rest)
    }

    /// Roots of all layers, the topmost first.
    func layers() throws -> [SharedFile] { try top + rest.layers() }

    /// Root of the topmost layer; nil without any.
    func first() throws -> SharedFile? { try top.first ?? rest.first() }

    /// Something in the merged view, and the topmost layer that has it.
    struct Found {
        let layer: SharedFile
        let status: stat

        var type: mode_t { status.st_mode & S_IFMT }
        var isDirectory: Bool { type == S_IFDIR }
        var isSymlink: Bool { type == S_IFLNK }
    }

    /// What the merged view has at `path`, whose last component is not followed. The components before it are
    /// taken as they are: a link among them hides what is below, as a file does.
    func find(_ path: LayerPath) throws -> Found? {
        let (found, isFinal) = try find(path, in: top)
        return isFinal ? found : try find(path, in: try rest.layers()).found
    }

    /// - Returns: whether layers below those do not matter any more.
    private func find(_ path: LayerPath, in layers: [SharedFile]) throws -> (found: Found?, isFinal: Bool) {
        for layer in layers {
            switch try Self.probe(layer, path) {
            case .found(let status):
                return (Self.isWhiteout(status) ? nil : Found(layer: layer, status: status), true)
            case .hidden: return (nil, true)
            case .absent: continue
            }
        }
        return (nil, false)
    }

    private enum Probe {
        case found(stat)
        /// Not there, and what is above ends the search: an opaque folder, a whiteout or no folder at all.
        case hidden
        case absent
    }

    private static func probe(_ layer: SharedFile, _ path: LayerPath) throws -> Probe {
        if let status = try status(layer, path) { return .found(status) }
        for ancestor in path.ancestors {
            guard let folder = try open(layer, ancestor, O_PATH) else { return .absent }
            if try folder.status().st_mode & S_IFMT != S_IFDIR || isOpaque(folder) { return .hidden }
        }
        return .absent
    }

    /// Metadata of what one layer has at `path`.
    static func status(_ layer: SharedFile, _ path: LayerPath) throws -> stat? {
        guard let file = try open(layer, path, O_PATH) else { return nil }
        return try file.status()
    }

    /// Opens what one layer has at `path`, not following any link; nil when it is not there.
    static func open(_ layer: SharedFile, _ path: LayerPath, _ flags: Int32) throws -> FileDescriptor? {
        do {
            return try path.withCString {
                try layer.descriptor.openInRoot($0, flags | O_NOFOLLOW, noLinks: true)
            }
        } catch let error as KernelError {
            switch error.errno {
            case .noEntry, .notDirectory, .loop: return nil
            default: throw KernelError("open", path.description, error.errno)
            }
        }
    }

    /// The target of the link that one layer has at `path`.
    static func readLink(_ layer: SharedFile, _ path: LayerPath) throws -> [UInt8] {
        guard let link = try open(layer, path, O_PATH) else {
            throw KernelError("read link", path.description, .noEntry)
        }
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            // The empty path means the link that the descriptor was opened on.
            let length = readlinkat(link.raw, "", buffer.baseAddress!, buffer.count)
            if length < 0 { throw KernelError("read link", path.description) }
            return buffer[..<length].map { UInt8(bitPattern: $0) }
        }
    }

    /// overlayfs marks a removed name by a character device 0:0.
    static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    static let opaqueAttribute = "trusted.overlay.opaque"

    static func isOpaque(_ folder: borrowing FileDescriptor) -> Bool {
        var value: UInt8 = 0
        // By path: a descriptor opened with O_PATH takes no attribute calls.
        return getxattr(folder.procPath, opaqueAttribute, &value, 1) == 1 && value == UInt8(ascii: "y")
    }
}
