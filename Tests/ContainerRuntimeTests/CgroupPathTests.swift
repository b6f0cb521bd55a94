import ContainerRuntime
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
