import CLinux
import LinuxKernel
import OCISpec

/// Turns the specification's description of a filter into a program for the kernel.
///
/// libseccomp knows the system calls of each architecture and what rules on them mean together. What it
/// exports is a chain of comparisons, one per call: the kernel needs 0.8 ms to take in Docker's default
/// profile for three architectures, since it tries the program with every call there is. Therefore the
/// exported program is surveyed (FilterSurvey) and written anew as a search tree over ranges of numbers
/// (FilterTree) that gives the same answers, which the kernel takes in nine times faster. All of that
/// takes 10 ms, so finished filters are kept (SeccompCache).
public enum SeccompCompiler {
    /// To be raised when the same profile compiles to another filter than before.
    static let generation: UInt32 = 1

    /// The filter for a profile that passed `RuntimeSpec.validate()`.
    ///
    /// - Parameters:
    ///   - cacheFolder: where filters are kept, made when missing, this user's alone; nil: nowhere.
    ///   - warn: gets a line about what was left out of the filter and about a cache that does not work.
    /// - Throws: a `RuntimeError` for what libseccomp or the kernel cannot filter.
    public static func filter(
        for profile: RuntimeSpec.Seccomp, cacheFolder: String?, warn: (String) -> Void
    ) throws -> SeccompFilter {
        try filter(forText: profile.json()[...], cacheFolder: cacheFolder, warn: warn) { profile }
    }

    /// The filter for a profile given as JSON text, which is decoded only when its filter is not in the
    /// cache: decoding takes longer than all the rest.
    ///
    /// - Parameters:
    ///   - text: identifies the profile; of a file, the bytes of `linux.seccomp` as they stand.
    ///   - decode: the decoded profile; has to throw when it does not pass `RuntimeSpec.validate()`.
    public static func filter(
        forText text: ArraySlice<UInt8>, cacheFolder: String?, warn: (String) -> Void,
        decode: () throws -> RuntimeSpec.Seccomp
    ) throws -> SeccompFilter {
        let filter = try cached(text, in: cacheFolder, warn: warn) { try compile(try decode()) }
        if !filter.unknownNames.isEmpty {
            warn("seccomp: unknown system calls ignored: \(filter.unknownNames)")
        }
        return filter
    }

    private static func cached(
        _ text: ArraySlice<UInt8>, in folder: String?, warn: (String) -> Void,
        compile: () throws -> SeccompFilter
    ) throws -> SeccompFilter {
        guard let folder else { return try compile() }
        let cache = SeccompCache(folder: folder)
        if let found = cache.load(text) { return found }
        let filter = try compile()
        do throws(KernelError) {
            try cache.store(filter, for: text)
        } catch {
            warn("seccomp cache not written: \(error)")
        }
        return filter
    }

    package static func compile(_ profile: RuntimeSpec.Seccomp) throws(RuntimeError) -> SeccompFilter {
        let rules = try SeccompRules(profile)
        let program = FilterTree.rewrite(
            try rules.export(), architectures: rules.architectures.map(\.kernelToken),
            answeringENOSYS: rules.unknownRanges)
        guard program.count <= SeccompFilter.lengthLimit else {
            throw RuntimeError(
                "seccomp: the profile needs a program of \(program.count) instructions, more than the "
                    + "\(SeccompFilter.lengthLimit) that the kernel takes")
        }
        return SeccompFilter(
            program: program.withUnsafeBytes { [UInt8]($0) }, flags: profile.kernelFlags,
            listener: profile.listener, unknownNames: rules.unknownNames)
    }
}

extension RuntimeSpec.Seccomp {
    /// Whether a rule hands calls to the agent. (The default action cannot.)
    private var notifies: Bool { syscalls.contains { $0.action == .notify } }

    fileprivate var listener: SeccompFilter.Listener? {
        guard notifies, let listenerPath else { return nil }
        return SeccompFilter.Listener(path: listenerPath, metadata: listenerMetadata ?? "")
    }

    /// Without a list of flags no mitigation of speculative store bypass is asked for, as in runc and crun.
    fileprivate var kernelFlags: UInt32 {
        var bits: UInt = notifies ? UInt(SECCOMP_FILTER_FLAG_NEW_LISTENER) : 0
        for flag in flags ?? [.allowSpeculation] {
            switch flag {
            // The process that installs the filter has one thread.
            case .threadSync: break
            case .log: bits |= UInt(SECCOMP_FILTER_FLAG_LOG)
            case .allowSpeculation: bits |= UInt(SECCOMP_FILTER_FLAG_SPEC_ALLOW)
            // It says how a call waits for the agent; without a listener the kernel answers EINVAL to it.
            case .waitKillable: bits |= notifies ? UInt(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) : 0
            }
        }
        return UInt32(bits)
    }
}
