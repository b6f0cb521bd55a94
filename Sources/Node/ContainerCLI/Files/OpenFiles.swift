import Glibc

/// How many files this process may have open. Copying, archiving and importing need more than the usual 1,024: a
/// folder on the way down costs two descriptors, a file with several names one, a layer of an image three.
package struct OpenFiles {
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    private let limit: rlimit

    /// Allows as many as the hard limit does. Where even that is refused the present limit has to do: more ends with
    /// EMFILE.
    /// - Returns: what was allowed before. Who starts containers, which inherit it, goes back to that.
    @discardableResult
    package static func allowMany() -> OpenFiles? {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return nil }
        let before = OpenFiles(limit: limit)
        limit.rlim_cur = limit.rlim_max
        return setrlimit(resource, &limit) == 0 ? before : nil
    }

    /// Goes back to this.
    func allow() {
        var limit = limit
        _ = setrlimit(Self.resource, &limit)
    }
}
