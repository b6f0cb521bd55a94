import CRIProtocol
import Glibc
import LinuxKernel

/// A mount of a container whose source is (a folder of) an image. Before the container is made, the caller has to
/// mount the image and call `attach`.
public struct ImageMount: Equatable, Sendable {
    public var image: CRIImageSpec
    /// In the image; empty: all of it.
    public var subPath: String
    /// The folder on the host from which the container's mount is made.
    public var place: String
    /// In the container.
    public var destination: String

    /// Binds the image's folder to its place. A link in the image leads to nothing outside of it.
    /// - Parameter root: of the image.
    public func attach(from root: borrowing FileDescriptor) throws {
        let source: FileDescriptor
        do throws(KernelError) {
            source = try root.openInRoot(subPath.isEmpty ? "." : subPath, O_PATH)
        } catch {
            throw TranslationError.invalid(
                "config.mounts[\(destination)].image_sub_path", "\(subPath) in \(image.image): \(error.errno)"
            )
        }
        let target = try FileDescriptor.open(place, O_PATH | O_DIRECTORY)
        guard try source.status().st_mode & S_IFMT == S_IFDIR else {
            throw TranslationError.invalid(
                "config.mounts[\(destination)].image_sub_path", "\(subPath) in \(image.image) is not a folder"
            )
        }
        let mount = try Mount.clone(of: source, recursive: true, name: place)
        // The image's files are everybody's: nothing is written to them by this way either.
        try mount.setAttributes(
            MountAttributes(setting: MountAttributes.readOnly), recursive: true, propagation: .private,
            name: place)
        try mount.attach(on: target, name: place)
    }
}
