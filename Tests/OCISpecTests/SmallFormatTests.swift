import OCISpec
import Testing

@Suite("Small formats")
struct SmallFormatTests {
    @Test(
        "versions",
        arguments: [
            ("1.3.0", [1, 3, 0]), ("1.0.2-dev", [1, 0, 2]), ("0.0.0", [0, 0, 0]),
            ("10.20.30-rc.1+build-5", [10, 20, 30]),
            ("1.0.0+a.b", [1, 0, 0]), ("1.0", nil), ("1.0.0.0", nil), ("01.0.0", nil), ("1.00.0", nil),
            ("1.0.01", nil),
            ("v1.0.0", nil), ("1.0.0-", nil), ("1.0.0-a..b", nil), ("1.0.0-a_b", nil), ("1.0.0 ", nil),
            ("", nil),
            ("1..0", nil), ("-1.0.0", nil), ("99999999999.0.0", nil), ("1.0.0dev", nil),
        ] as [(String, [UInt32]?)])
    func versions(text: String, numbers: [UInt32]?) {
        #expect(SemanticVersion(text).map { [$0.major, $0.minor, $0.patch] } == numbers)
    }

    @Test(
        "lists of numbers",
        arguments: [
            ("", []), ("0", [0...0]), ("0-3,7", [0...3, 7...7]), (" 1 - 2 , 3 ", [1...2, 3...3]),
            ("5-5", [5...5]),
            ("65535", [65_535...65_535]), ("1-", nil), ("-1", nil), ("1,,2", nil), (",", nil), ("1,", nil),
            ("2-1", nil),
            ("1-2-3", nil), ("1 2", nil), ("a", nil), ("65536", nil), ("99999999999999999999", nil),
            ("1\n", nil),
        ] as [(String, [ClosedRange<Int>]?)])
    func numberLists(text: String, ranges: [ClosedRange<Int>]?) {
        #expect(NumberList(text)?.ranges == ranges)
    }

    @Test(
        "names of kernel parameters",
        arguments: [
            ("net.ipv4.ip_forward", "net.ipv4.ip_forward", "net/ipv4/ip_forward"),
            ("net/ipv4/ip_forward", "net.ipv4.ip_forward", "net/ipv4/ip_forward"),
            (
                "net.ipv4.conf.eno2/100.rp_filter", "net.ipv4.conf.eno2/100.rp_filter",
                "net/ipv4/conf/eno2.100/rp_filter"
            ),
            (
                "net/ipv4/conf/eno2.100/rp_filter", "net.ipv4.conf.eno2/100.rp_filter",
                "net/ipv4/conf/eno2.100/rp_filter"
            ),
            ("word", "word", "word"),
            ("", nil, nil), (".a", nil, nil), ("a.", nil, nil), ("a..b", nil, nil), ("a/../b", nil, nil),
            ("a.//.b", nil, nil), ("a/./b", nil, nil), ("/a", nil, nil), ("..", nil, nil),
        ] as [(String, String?, String?)])
    func sysctlNames(text: String, name: String?, path: String?) {
        #expect(SysctlName(text)?.name == name)
        #expect(SysctlName(text)?.path == path)
    }

    @Test(
        "namespaces of kernel parameters",
        arguments: [
            ("kernel.msgmax", .ipc), ("kernel.sem", .ipc), ("kernel.shm_rmid_forced", .ipc),
            ("fs.mqueue.queues_max", .ipc),
            ("net.core.somaxconn", .network), ("kernel.domainname", .uts), ("kernel.hostname", .uts),
            ("kernel.pid_max", nil),
            ("net", nil), ("fs.mqueue", nil), ("kernel.shm", nil),
        ] as [(String, RuntimeSpec.Namespace.Kind?)])
    func sysctlNamespaces(name: String, kind: RuntimeSpec.Namespace.Kind?) {
        #expect(SysctlName(name)?.namespace == kind)
    }
}
