import Glibc
import LinuxKernel
import PodNetwork
import Testing

/// Whether a namespace is pinned somewhere.
struct PinnedNamespaceTests {
    @Test func whatIsNone() throws {
        for path in ["/nowhere/at/all", "/etc/passwd", "/etc/passwd/below", "/proc/self/exe"] {
            #expect(try !PinnedNamespace.exists(at: path), "\(path)")
        }
    }

    /// Nothing is known then, and least of all that it is gone.
    @Test func whatCannotBeFoundOut() {
        let endless = "/" + String(repeating: "a/", count: Int(PATH_MAX))
        let error = #expect(throws: KernelError.self) { try PinnedNamespace.exists(at: endless) }
        #expect(error?.errno.rawValue == ENAMETOOLONG)
    }
}
