import CLinux
import Glibc
import LinuxKernel

/// How the pages of a program's file, and of its libraries', are mapped into it.
package enum CodePages {
    /// From here on a page is mapped when it is needed, and it alone. Otherwise the kernel maps the fifteen around it, too,
    /// most of which nobody needs: 15 MB of code were resident in an agent with idle pods.
    ///
    /// A range that is registered with userfaultfd(2) for asynchronous write protection is exempt from that (Linux 6.7);
    /// nothing is protected, and nobody is told of faults. With older kernels, and where the call is not allowed, all is
    /// as before.
    package static func mapSingly() {
        let flags = Int(O_CLOEXEC | O_NONBLOCK) | UserFault.userModeOnly
        let raw = clinux_syscall(Int(SYS_userfaultfd), flags, 0, 0, 0, 0, 0)
        guard raw >= 0 else { return }
        var interface = UserFault.Interface()
        guard UserFault.ask(raw, UserFault.Interface.request, &interface) else {
            close(Int32(raw))
            return
        }
        for mapping in fileMappings() {
            var registration = UserFault.Registration(start: mapping.start, length: mapping.length)
            // One that is refused is mapped as before.
            _ = UserFault.ask(raw, UserFault.Registration.request, &registration)
        }
        // The descriptor stays open as long as the process lives: its end would be that of the registrations.
        unmap()
    }

    /// Takes the code out of this process's page tables. Most of it was needed for a start, or for work that is over; what
    /// is needed again comes back from the page cache. Code is never written to, so nothing is lost (madvise(2),
    /// MADV_DONTNEED).
    package static func unmap() {
        for mapping in fileMappings() where mapping.isCode {
            madvise(
                UnsafeMutableRawPointer(bitPattern: UInt(mapping.start)), Int(mapping.length), MADV_DONTNEED)
        }
    }

    private struct Mapping {
        let start: UInt64
        let length: UInt64
        let isCode: Bool
    }

    /// - Returns: none where /proc is not there: it is only a matter of memory.
    private static func fileMappings() -> [Mapping] {
        guard let maps = try? FileDescriptor.readFile("/proc/self/maps", limit: 4 << 20) else { return [] }
        return maps.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // `FROM-TO r-xp OFFSET DEVICE INODE PATH` (proc_pid_maps(5)).
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard words.count == 6, words[5].contains(UInt8(ascii: "/")) else { return nil }
            let ends = words[0].split(separator: UInt8(ascii: "-")).compactMap {
                UInt64(String(decoding: $0, as: UTF8.self), radix: 16)
            }
            guard ends.count == 2 else { return nil }
            return Mapping(
                start: ends[0], length: ends[1] - ends[0], isCode: words[1].elementsEqual("r-xp".utf8))
        }
    }
}

/// Of userfaultfd(2) and linux/userfaultfd.h what is needed here.
private enum UserFault {
    /// UFFD_USER_MODE_ONLY
    static let userModeOnly = 1

    /// struct uffdio_api
    struct Interface {
        /// UFFDIO_API: _IOWR(0xAA, 0x3F, struct uffdio_api)
        static let request = 0xC018_AA3F
        var api: UInt64 = 0xAA
        /// UFFD_FEATURE_WP_ASYNC
        var features: UInt64 = 1 << 15
        var requests: UInt64 = 0
    }

    /// struct uffdio_register
    struct Registration {
        /// UFFDIO_REGISTER: _IOWR(0xAA, 0x00, struct uffdio_register)
        static let request = 0xC020_AA00
        var start: UInt64
        var length: UInt64
        /// UFFDIO_REGISTER_MODE_WP
        var mode: UInt64 = 1 << 1
        var requests: UInt64 = 0
    }

    static func ask<Argument>(_ descriptor: Int, _ request: Int, _ argument: inout Argument) -> Bool {
        withUnsafeMutablePointer(to: &argument) {
            clinux_syscall(Int(SYS_ioctl), descriptor, request, Int(bitPattern: $0), 0, 0, 0)
        } >= 0
    }
}
