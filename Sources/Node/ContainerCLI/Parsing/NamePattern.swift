import Glibc

/// `name=` of `ps --filter`: an extended regular expression (regex(7)) that matches somewhere in a name, as with docker.
/// The C library's: Swift's own would be more than all the rest of this module.
public final class NamePattern {
    private let compiled: UnsafeMutablePointer<regex_t>

    public init(parsing text: String) throws(UsageError) {
        let pattern = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        let result = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB)
        if result != 0 {
            var reason = [CChar](repeating: 0, count: 128)
            regerror(result, pattern, &reason, reason.count)
            pattern.deallocate()
            let words = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw UsageError("invalid name '\(text)': \(String(decoding: words, as: UTF8.self))")
        }
        compiled = pattern
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    /// Docker's users may write the slash that its names begin with.
    public func matches(_ name: String) -> Bool {
        regexec(compiled, name, 0, nil, 0) == 0 || regexec(compiled, "/" + name, 0, nil, 0) == 0
    }
}
