import Glibc

/// What the C library holds of memory that nobody uses.
enum FreeMemory {
    /// malloc_trim(3), which its headers do not show to Swift; nil with another C library.
    private static let trim: (@convention(c) (Int) -> Int32)? = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// Gives it back to the system. For after work that took much, and on a thread that may block: some milliseconds.
    static func giveBack() { _ = trim?(0) }
}
