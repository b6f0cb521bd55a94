import ImageStore
import OCISpec

/// That something is the image of a name: what a signature is made for.
package struct SignedClaim: Equatable, Sendable {
    package let digest: Digest
    /// With a tag when podman or skopeo signed, without one when cosign did; nil in bundles of cosign, which are for a
    /// digest whatever it is called.
    package let reference: ImageReference?
}
