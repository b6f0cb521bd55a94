import Glibc
import LinuxKernel

/// What the C library holds of memory that nobody uses.
package enum FreeMemory {
    /// malloc_trim(3), which its headers do not show to Swift; nil with another C library.
    private static let trim: (@convention(c) (Int) -> Int32)? = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// mallopt(3).
    private static let setOption: (@convention(c) (Int32, Int32) -> Int32)? = dlsym(nil, "mallopt").map {
        unsafeBitCast($0, to: (@convention(c) (Int32, Int32) -> Int32).self)
    }

    /// Lets threads share two pools of memory. Else each of those that unpack layers gets one of its own, which keeps
    /// what it once had. To be called before there are threads.
    static func sharePools() {
        let arenaMaximum: Int32 = -8
        _ = setOption?(arenaMaximum, 2)
    }

    /// Gives it back to the system. For after work that took much, and on a thread that may block: some milliseconds.
    package static func giveBack() {
        _ = trim?(0)
        CodePages.unmap()
    }
}
