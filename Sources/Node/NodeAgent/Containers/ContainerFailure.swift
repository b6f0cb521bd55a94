/// Why a container does not run: the reason and message of its waiting state, as kubectl shows them.
package struct ContainerFailure: Error, Equatable, CustomStringConvertible {
    package var reason: Reason
    package var message: String

    package enum Reason: String, Sendable {
        case configuration = "CreateContainerConfigError"
        case creation = "CreateContainerError"
        case start = "RunContainerError"
        case postStart = "PostStartHookError"
        case preStart = "PreStartHookError"
        case pull = "ErrImagePull"
        case pullBackOff = "ImagePullBackOff"
        case neverPull = "ErrImageNeverPull"
        case registry = "RegistryUnavailable"
        case signature = "SignatureValidationFailed"
        case imageName = "InvalidImageName"
        case inspection = "ImageInspectError"
        case crashLoop = "CrashLoopBackOff"
        case sandbox = "CreatePodSandboxError"

        /// The runtime has the container: it tells how that has ended.
        var isAfterMaking: Bool { self == .start || self == .postStart }
    }

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// A pull that failed. Where the CRI has a word for the reason, the runtime's message begins with it.
    package init(pulling image: String, _ error: any Error) {
        let said = (error as? RuntimeError)?.message ?? "\(error)"
        for (reason, words) in [
            (Reason.registry, "the registry is unavailable"), (.signature, "the signature validation failed"),
        ] where said.hasPrefix(reason.rawValue) {
            let rest = said.dropFirst(reason.rawValue.count)
            self.init(reason, "image pull failed for \(image) because \(words)\(rest)")
            return
        }
        self.init(.pull, "failed to pull and unpack image \"\(image)\": \(error)")
    }

    package var description: String { "\(reason.rawValue): \(message)" }
}
