/// Bounds of what a container may answer.
enum ProbeLimits {
    /// Bytes of a body, or of a program's output, that are read and told.
    static let message = 10 << 10
    /// Bytes of a response's status line and headers.
    static let headers = 1 << 20
    /// Bytes of a gRPC message; a health response has two.
    static let grpcMessage = 64 << 10
    /// Redirects that are followed.
    static let redirects = 10
    /// How long a runtime may be silent after a program's time is over (the kubelet's runtimeRequestTimeout).
    static let runtimePatience = Duration.seconds(120)
    /// Attempts to reach the runtime for one exec probe.
    static let execAttempts = 3
}
