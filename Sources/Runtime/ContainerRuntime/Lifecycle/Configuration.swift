import OCISpec

/// A config.json as it was read. Its filter of system calls, the largest part of most, stays text until it is
/// known that no compiled form of it is in the cache.
struct Configuration {
    let bytes: [UInt8]
    /// Without `linux.seccomp`: see `compileFilter`.
    let spec: RuntimeSpec
    private let path: String
    private let seccomp: ArraySlice<UInt8>?

    /// - Parameter path: of the file, for messages.
    init(json bytes: [UInt8], path: String) throws {
        let (spec, seccomp) = try context(path) { try RuntimeSpec.decodeExceptSeccomp(json: bytes) }
        self.bytes = bytes
        self.spec = spec
        self.path = path
        self.seccomp = seccomp
    }

    /// The container's filter; nil when it has none.
    /// - Throws: also what is wrong with `linux.seccomp` itself.
    func compileFilter(cacheFolder: String, log: Log) throws -> SeccompFilter? {
        guard let seccomp else { return nil }
        return try SeccompCompiler.filter(
            forText: seccomp, cacheFolder: cacheFolder, warn: { log.warning($0) },
            decode: { try context(path) { try RuntimeSpec.validatedSeccomp(json: bytes) } })
    }
}
