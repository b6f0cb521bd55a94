import CRIProtocol
import Glibc
import LinuxKernel

/// A mount of a container whose source is (a folder of) an image. Before the container is made, the caller has to
/// mount the image and call `attach`.
public struct ImageMount: Equatable, Sendable {
    public var image: CRIImageSpec
    /// What it is found by: its name, else the reference that a status had.
    public var imageName: String { image.image.isEmpty ? image.imageRef : image.image }
    /// Which of the container's mounts it is.
    public var field: Int
    /// In the image; empty: all of it.
    public var subPath: String
    /// The folder on the host from which the container's mount is made.
    public var place: String
    /// In the container.
    public var destination: String
    /// Whose ids the image's files have; nil: as they lie in the store. An overlay takes no mapping as a whole, so this
    /// is no matter of the container's specification: the layers are mapped before they are one.
    public var ids: UserMappings?

    /// Shows the image's folder at its place, read-only. A link in the image leads to nothing outside of it.
    /// - Parameter whole: mounts all of the image at a path.
    public func attach(_ whole: (_ path: String) throws -> Void) throws {
        try whole(place)
        let part: Mount
        do {
            // Kernels before 6.15 copy only of what is attached.
            part = try copy()
        } catch {
            umount2(place, Int32(MNT_DETACH))
            throw error
        }
        _ = try check("unmount", place) { umount2(place, Int32(MNT_DETACH)) }
        try part.attach(on: try FileDescriptor.open(place, O_PATH | O_DIRECTORY), name: place)
    }

    private func copy() throws -> Mount {
        let field = "config.mounts[\(destination)].image_sub_path"
        let source: FileDescriptor
        do throws(KernelError) {
            source = try FileDescriptor.open(place, O_PATH | O_DIRECTORY)
                .openInRoot(subPath.isEmpty ? "." : subPath, O_PATH)
        } catch {
            throw TranslationError.invalid(field, "\(subPath) in \(imageName): \(error.errno)")
        }
        guard try source.status().st_mode & S_IFMT == S_IFDIR else {
            throw TranslationError.invalid(field, "\(subPath) in \(imageName) is not a folder")
        }
        let mount = try Mount.clone(of: source, recursive: true, name: place)
        // The image's files are everybody's: nothing is written to them by this way either.
        try mount.setAttributes(
            MountAttributes(setting: MountAttributes.readOnly), recursive: true, propagation: .private,
            name: place)
        return mount
    }
}

/// Why an image cannot be a container's volume. The kubelet finds the CRI's word for it at the beginning of the message, and
/// counts such containers.
public struct ImageVolumeFailure: Error, Sendable, CustomStringConvertible {
    public let cause: any Error

    /// Whatever is thrown becomes such a failure.
    static func wrapping<Result>(_ body: () throws -> Result) throws(ImageVolumeFailure) -> Result {
        do { return try body() } catch { throw ImageVolumeFailure(cause: error) }
    }

    public var description: String { "ImageVolumeMountFailed: \(cause)" }
}
