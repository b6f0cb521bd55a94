import Glibc
import LinuxKernel
import Testing

/// Containers whose ids are other ones on the host: `--userns`, `--uidmap`, `--gidmap`.
struct UserNamespaceTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    /// The host's id of root in a container with this output of uid_map.
    private func first(_ map: String) throws -> UInt32 {
        let words = map.split(separator: " ").map(String.init)
        try #require(words.count == 3 && words[0] == "0" && words[2] == "65536", "\(map)")
        return try #require(UInt32(words[1]))
    }

    private func owner(_ path: String) throws -> UInt32 {
        try FileDescriptor.open(path, O_PATH | O_NOFOLLOW).status().st_uid
    }

    @Test func rootInThereIsNobodyOnTheHost() throws {
        defer { withExtendedLifetime(self) {} }
        let script = """
            cat /proc/self/uid_map; id -u; stat -c %u /bin/busybox; touch /made; stat -c %u /made /etc/hosts
            ip -o -4 addr show dev eth0 | grep -c inet; mount -t tmpfs none /mnt 2>&1 | grep -c . || true
            """
        let run = try host.check(
            "run", "--name", "c", "--userns", "auto", "-v", "data:/data", "-w", "/new/place", "busybox", "sh",
            "-c",
            script
                + "\necho x > /data/x; stat -c %u /new/place /data/x; hostname > /dev/null; ls /sys > /dev/null"
        )
        let lines = run.lines
        let root = try first(lines[0])
        #expect(root >= 0x8000_0000)
        #expect(lines.dropFirst() == ["0", "0", "0", "0", "1", "1", "0", "0"], "\(lines)")
        let id = try host.id(of: "c")
        #expect(try owner(host.root + "/default/containers/\(id)/upper/made") == root)
        #expect(try owner(host.root + "/default/volumes/data/_data/x") == root)
        #expect(try host.inspect("c", "HostConfig", "UsernsMode") == "private")
        // Its layers on the disk are as they were.
        let snapshot = try #require(try folderNames(host.root + "/images/snapshots").first)
        #expect(try owner(host.root + "/images/snapshots/\(snapshot)/bin/busybox") == 0)
    }

    @Test func eachHasIdsOfItsOwn() throws {
        defer { withExtendedLifetime(self) {} }
        for name in ["one", "two"] {
            try host.check("run", "-d", "--name", name, "--userns", "auto", "busybox", "sleep", "1000")
        }
        func map(_ name: String) throws -> UInt32 {
            try first(try host.check("exec", name, "cat", "/proc/self/uid_map").line)
        }
        let (one, two) = (try map("one"), try map("two"))
        #expect(one != two && (one > two ? one - two : two - one) >= 65_536)
        #expect(try owner("/proc/\(try host.pid(of: "one"))") == one)
        // What is copied in belongs to its root, running or not.
        try host.check("cp", "/etc/hostname", "one:/copied")
        #expect(try host.check("exec", "one", "stat", "-c", "%u:%g", "/copied").line == "0:0")
        try host.check("stop", "-t", "0", "one")
        try host.check("cp", "/etc/hostname", "one:/late")
        try host.check("start", "one")
        #expect(try map("one") == one)
        #expect(
            try host.check("exec", "one", "stat", "-c", "%u", "/late", "/copied").lines == ["0", "0"])
        // A range is free again when its container is gone.
        try host.check("rm", "-f", "one")
        try host.check(
            "create", "--name", "three", "--userns", "auto", "busybox", "cat", "/proc/self/uid_map")
        #expect(try first(try host.check("start", "-a", "three").line) == one)
    }

    @Test(arguments: ["none", "host"]) func idsOfTheUsersChoice(network: String) throws {
        defer { withExtendedLifetime(self) {} }
        let run = try host.check(
            "run", "--rm", "--network", network, "--uidmap", "0:100000:1000", "--uidmap", "1000:5000:1",
            "--gidmap", "0:200000:65536", "--user", "1000:7", "busybox", "sh", "-c",
            "cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; ls /sys > /dev/null && echo sys")
        #expect(
            run.lines.map { $0.split(separator: " ").joined(separator: " ") }
                == ["0 100000 1000", "1000 5000 1", "0 200000 65536", "1000", "7", "sys"], "\(run.lines)")
    }

    static let refusals: [([String], String)] = [
        (["--userns", "keep-id"], "ordinary user"), (["--userns", "wrong"], "unknown user namespace"),
        (["--userns", "private"], "needs --uidmap"), (["--userns", "auto:keys=1"], "unknown parameter"),
        (["--userns", "auto", "--uidmap", "0:1:1"], "exclude each other"),
        (["--userns", "auto", "--pid", "host"], "--pid host"),
        (["--uidmap", "1:1000:10"], "id 0"),
        (["--uidmap", "0:1000:10", "--uidmap", "5:5000:10"], "overlaps"),
        (["--uidmap", "0:x:1"], "CONTAINER_ID:HOST_ID"), (["--uidmap", "0:4294967295:1"], "beyond"),
    ]

    @Test func whatMakesNoSense() throws {
        defer { withExtendedLifetime(self) {} }
        for (options, words) in Self.refusals {
            let result = try host.run(["run", "--rm", "--network", "none"] + options + ["busybox", "true"])
            #expect(result.code == 125 && result.error.contains(words), "\(options): \(result.error)")
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        }
        #expect(try host.check("ps", "-aq").output.isEmpty)
        #expect(try folderNames(host.root + "/default/containers").isEmpty)
    }
}
