import CLinux
import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Testing

struct HostPathTests {
    /// The reason why there is no such volume; "no error" where there is one.
    private func attempt(_ node: TestNode, _ path: String, _ type: HostPathType?) async throws -> String {
        let manager = try node.manager()
        let pod = makePod([Volume(name: "host", hostPath: HostPathVolumeSource(path: path, type: type))])
        let reason = await failure {
            let mounts = try await manager.mount(pod)
            #expect(mounts.volumes["host"]?.source == .path(path))
        }
        try await manager.unmount(uid: pod.metadata.uid)
        return reason
    }

    @Test func typesAreCheckedInTheKubeletsWords() async throws {
        let node = try TestNode()
        let host = node.host
        let folder = node.makeHostFolder("folder")
        try write(host + "/file", "host")
        mkfifo(host + "/fifo", 0o600)
        symlink("folder", host + "/link")
        mknod(host + "/null", S_IFCHR | 0o600, dev_t(clinux_makedev(1, 3)))
        mknod(host + "/block", S_IFBLK | 0o600, dev_t(clinux_makedev(7, 250)))
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array((host + "/socket").utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)

        let types: [(HostPathType, fits: String, noun: String)] = [
            (.directory, folder, "a directory"), (.file, host + "/file", "a file"),
            (.socket, host + "/socket", "a socket file"), (.charDevice, host + "/null", "a character device"),
            (.blockDevice, host + "/block", "a block device"),
        ]
        for (type, fits, noun) in types {
            #expect(try await attempt(node, fits, type) == "no error")
            for other in types.map({ $0.fits }) + [host + "/fifo", host + "/missing"] where other != fits {
                #expect(
                    try await attempt(node, other, type)
                        == "hostPath type check failed: \(other) is not \(noun)")
            }
        }
        #expect(try await attempt(node, host + "/link", .directory) == "no error")
        #expect(!exists(host + "/missing"))

        for type: HostPathType? in [nil, .unset] {
            #expect(try await attempt(node, host + "/missing", type) == "no error")
            #expect(try await attempt(node, host + "/fifo", type) == "no error")
        }
        #expect(!exists(host + "/missing"))
        #expect(try await attempt(node, folder, "Tape") == "Tape is an invalid volume type")
    }

    @Test func whatIsMissingIsMadeAndStays() async throws {
        let node = try TestNode()
        let host = node.host
        #expect(try await attempt(node, host + "/new/folder", .directoryOrCreate) == "no error")
        #expect(try mode(host + "/new/folder") == 0o755)
        #expect(try await attempt(node, host + "/new/folder", .directoryOrCreate) == "no error")
        #expect(try await attempt(node, host + "/new/file", .fileOrCreate) == "no error")
        #expect(try mode(host + "/new/file") == 0o644)
        try write(host + "/new/file", "kept")
        #expect(try await attempt(node, host + "/new/file", .fileOrCreate) == "no error")
        #expect(try read(host + "/new/file") == "kept")
        #expect(
            try await attempt(node, host + "/new/file", .directoryOrCreate)
                == "hostPath type check failed: \(host)/new/file is not a directory")
        #expect(
            try await attempt(node, host + "/new/folder", .fileOrCreate)
                == "hostPath type check failed: \(host)/new/folder is not a file")
        #expect(
            try await attempt(node, host + "/none/file", .fileOrCreate)
                == "open \(host)/none/file: no such file or directory")
    }

    @Test func pathsThatLeadElsewhereAreRefused() async throws {
        let node = try TestNode()
        #expect(
            try await attempt(node, "/tmp/../etc", .directory)
                == "invalid HostPath `/tmp/../etc`: must not contain '..'")
        #expect(try await attempt(node, "etc", nil) == "invalid HostPath `etc`: must be an absolute path")
    }

    @Test func theGroupIsNotPutOntoTheHostsFiles() async throws {
        let node = try TestNode()
        let folder = node.makeHostFolder("folder")
        let pod = makePod([Volume(name: "host", hostPath: HostPathVolumeSource(path: folder))]) {
            $0.spec.securityContext = PodSecurityContext(fsGroup: 4711)
        }
        _ = try await node.manager().mount(pod)
        #expect(try status(folder).st_gid == 0)
        #expect(try mode(folder) == 0o755)
    }
}
