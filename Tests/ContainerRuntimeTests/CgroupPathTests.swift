import ContainerRuntime
import Glibc
import OCISpec
import Testing

struct CgroupPathTests {
    @Test(arguments: [
        ("/a/b", "/a/b"), ("a/b", "/a/b"), ("//a///b/", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"),
        ("a/b/../../c", "/c"), ("/system.slice:x:y", "/system.slice:x:y"), ("", "/the-id"),
    ])
    func clean(path: String, expected: String) throws {
        #expect(try CgroupPath(cgroupsPath: path, id: "the-id").text == expected)
    }

    @Test func withoutPathTheGroupIsNamedAsTheContainer() throws {
        #expect(try CgroupPath(cgroupsPath: nil, id: "c1").text == "/c1")
    }

    @Test(arguments: ["..", "/..", "/../../etc", "a/../..", "/a/../../b", "/", ".", "/a/..", "a\0b"])
    func refused(path: String) {
        #expect(throws: CgroupError.self) { try CgroupPath(cgroupsPath: path, id: "c1") }
    }

    @Test func recordSurvivesJSON() throws {
        let record = CgroupRecord(
            unified: "/sys/fs/cgroup/unified/c1",
            legacy: ["memory": "/sys/fs/cgroup/memory/c1", "cpu,cpuacct": "/sys/fs/cgroup/cpu,cpuacct/c1"])
        var writer = JSONWriter()
        writer.value(record)
        #expect(try CgroupRecord(json: writer.bytes) == record)
        let unified = CgroupRecord(unified: "/sys/fs/cgroup/c1")
        var second = JSONWriter()
        second.value(unified)
        #expect(String(decoding: second.bytes, as: UTF8.self) == #"{"unified":"/sys/fs/cgroup/c1"}"#)
        #expect(try CgroupRecord(json: second.bytes) == unified)
    }

    @Test(
        .enabled(if: access("/sys/fs/cgroup", F_OK) == 0),
        arguments: [
            ("/sys/fs/cgroup/unified/c1", "unified/c1"), ("/sys/fs/cgroup", "/sys/fs/cgroup"),
            ("/sys/fs/cgroup//c1", "c1"), ("/sys/fs/cgroup///unified//c1", "unified//c1"),
            ("/sys/fs/cgroup/", "/sys/fs/cgroup/"), ("/sys/fs/cgroup//", "/sys/fs/cgroup//"),
            ("/sys/fs/cgroups/c1", "/sys/fs/cgroups/c1"), ("/mnt/sys/fs/cgroup/c1", "/mnt/sys/fs/cgroup/c1"),
        ])
    func lookupsBeginAtTheFolderOfAllHierarchies(path: String, found: String) {
        let (folder, rest) = CgroupRoot().find(path) { ($0, String(cString: $1)) }
        #expect(rest == found)
        #expect((folder == AT_FDCWD) == (rest == path))
    }

    // MARK: Below the caller's groups

    /// With the caller in the same group of every hierarchy.
    private static let table = Array(
        """
        8:pids:/svc/run
        4:memory:/
        3:cpu,cpuacct:/svc/run
        2:freezer:/not/mounted
        0::/svc/run
        """.utf8)
    /// Made anew for each test: it holds a descriptor.
    private static var layout: CgroupLayout { CgroupLayout(unified: "/cg/unified", legacyRoot: "/cg") }

    private func callerGroups(_ table: [UInt8], mounts: String) throws -> CallerGroups {
        try CallerGroups(table, Self.layout, isThere: { _ in false }) {
            () throws(CgroupError) in Array(mounts.utf8)
        }
    }

    @Test func callerIsWhereTheKernelSays() throws {
        let groups = try callerGroups(Self.table, mounts: "1 2 0:3 / /cg/unified rw - cgroup2 cgroup2 rw\n")
        #expect(groups.unified == "/svc/run")
        #expect(groups.legacy.map(\.controllers) == ["pids", "memory", "cpu,cpuacct", "freezer"])
        #expect(groups.legacy.map(\.path) == ["/svc/run", "", "/svc/run", "/not/mounted"])
    }

    /// The table of mounts takes longer to read than all else here.
    @Test func mountsAreReadOnlyWhereTheGroupIsNotSeen() throws {
        var asked: [String] = []
        let groups = try CallerGroups(Self.table, Self.layout) {
            asked.append($0)
            return true
        } mounts: { () throws(CgroupError) in
            Issue.record("the mounts were read")
            return []
        }
        #expect(groups.unified == "/svc/run")
        #expect(
            asked == [
                "/cg/pids/svc/run", "/cg/cpu,cpuacct/svc/run", "/cg/freezer/not/mounted",
                "/cg/unified/svc/run",
            ])
    }

    /// A container without a cgroup namespace, whose view begins at its own group, and one whose caller is outside of
    /// what is mounted.
    @Test func callerBelowWhatIsMounted() throws {
        let groups = try callerGroups(
            Self.table,
            mounts: """
                1 2 0:3 / /cg/unified rw - cgroup2 cgroup2 rw
                4 1 0:3 /svc /cg/unified rw - cgroup2 cgroup2 rw
                5 2 0:4 /svc/run /cg/pids rw - cgroup cgroup rw,pids
                6 2 0:5 /sv /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
                """)
        #expect(groups.unified == "/run")
        #expect(groups.legacy.map(\.path) == ["", "", "", "/not/mounted"])
        let outside = try callerGroups(Array("0::/../other\n".utf8), mounts: "")
        #expect(outside.unified == "" && outside.legacy.isEmpty)
    }

    @Test func mountTable() {
        let table = Array(
            """
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            35 31 0:32 / /cgroups/my\\040memory rw,nosuid shared:9 master:2 - cgroup cgroup rw,memory,hugetlb
            36 31 0:33 / /cgroups/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
            41 31 0:38 / /mnt/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
            42 31 0:39 / /later rw,relatime - cgroup2 cgroup2 rw
            """.utf8)
        #expect(CgroupMounts.find(type: "cgroup2", option: nil, in: table) == "/mnt/unified")
        #expect(CgroupMounts.find(type: "cgroup", option: "hugetlb", in: table) == "/cgroups/my memory")
        #expect(CgroupMounts.find(type: "cgroup", option: "cpuacct", in: table) == "/cgroups/cpu")
        #expect(CgroupMounts.find(type: "cgroup", option: "pids", in: table) == nil)
        #expect(CgroupMounts.find(type: "cgroup", option: "cpu", in: []) == nil)
    }
}
