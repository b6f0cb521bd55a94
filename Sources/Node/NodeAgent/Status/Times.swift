import KubernetesAPI

extension Time {
    /// - Parameter nanoseconds: since 1970, as the CRI has times.
    init(unixNanoseconds nanoseconds: Int64) {
        self.init(
            seconds: nanoseconds / 1_000_000_000, nanoseconds: Int32(nanoseconds % 1_000_000_000))
    }
}

extension ContinuousClock.Instant {
    /// The moment of this clock that was this time of the wall's, as far as the wall's was not changed since.
    init(unixNanoseconds nanoseconds: Int64) {
        self = .now - max(.zero, Time.now - Time(unixNanoseconds: nanoseconds))
    }
}
