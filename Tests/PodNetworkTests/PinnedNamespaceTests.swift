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

    @Test func oneInStoreIsPinned() throws {
        let folder = "/tmp/swiftlet-pinned-\(UInt64.random(in: 0 ... .max))"
        try #require(mkdir(folder, 0o700) == 0)
        let (first, second) = (folder + "/first", folder + "/second")
        defer {
            for path in [first, second] { try? PinnedNamespace.remove(path) }
            rmdir(folder)
        }
        let spare = try SpareNamespace()
        let own = try FileDescriptor.open("/proc/self/ns/net", O_RDONLY).status().st_ino
        try PinnedNamespace.make(
            at: first, sysctls: ["net.ipv4.ip_unprivileged_port_start": "7"], from: spare)
        try PinnedNamespace.make(at: second)
        let numbers = try [first, second].map { (path: String) in
            try FileDescriptor.open(path, O_RDONLY).status().st_ino
        }
        #expect(Set(numbers + [own]).count == 3)
        for (path, start) in [(first, "7"), (second, "1024")] {
            let seen = try PinnedNamespace.enter(path) { () throws(KernelError) in
                try FileDescriptor.readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
            }
            #expect(String(decoding: seen, as: UTF8.self) == start + "\n")
        }
    }

    /// Nothing is known then, and least of all that it is gone.
    @Test func whatCannotBeFoundOut() {
        let endless = "/" + String(repeating: "a/", count: Int(PATH_MAX))
        let error = #expect(throws: KernelError.self) { try PinnedNamespace.exists(at: endless) }
        #expect(error?.errno.rawValue == ENAMETOOLONG)
    }
}
