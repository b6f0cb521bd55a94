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
        unmapCode()
    }

    /// Takes the program's code out of this process's page tables. The kernel has put sixteen pages there for each one
    /// that was needed, most of them for a start or for work that is over; what is needed again comes back from the page
    /// cache. Code is never written to, so nothing is lost (madvise(2), MADV_DONTNEED).
    private static func unmapCode() {
        do {
            let maps = try FileDescriptor.readFile("/proc/self/maps", limit: 4 << 20)
            for line in maps.split(separator: UInt8(ascii: "\n")) {
                let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
                // `FROM-TO r-xp OFFSET DEVICE INODE PATH` (proc_pid_maps(5)).
                guard words.count == 6, words[1].elementsEqual("r-xp".utf8),
                    words[5].contains(UInt8(ascii: "/"))
                else { continue }
                let ends = words[0].split(separator: UInt8(ascii: "-")).compactMap {
                    UInt(String(decoding: $0, as: UTF8.self), radix: 16)
                }
                guard ends.count == 2 else { continue }
                madvise(UnsafeMutableRawPointer(bitPattern: ends[0]), Int(ends[1] - ends[0]), MADV_DONTNEED)
            }
        } catch {
            // Without /proc the code stays where it is: it is only a matter of memory.
        }
    }
}
