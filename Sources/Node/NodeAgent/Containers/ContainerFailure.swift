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
        case imageName = "InvalidImageName"
        case inspection = "ImageInspectError"
        case crashLoop = "CrashLoopBackOff"
        case sandbox = "CreatePodSandboxError"
    }

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    package var description: String { "\(reason.rawValue): \(message)" }
}
