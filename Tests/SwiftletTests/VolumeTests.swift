import Glibc
import LinuxKernel
import Testing

/// `volume`, `container prune` and `--volumes-from`.
struct VolumeTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    private func names(_ filters: String...) throws -> [String] {
        let result = try host.run(["volume", "ls", "-q"] + filters.flatMap { ["-f", $0] })
        #expect(result.code == 0, "\(result.error)")
        return result.lines
    }

    // MARK: Volumes

    @Test func madeAndListed() throws {
        #expect(
            try host.check("volume", "create", "--label", "team=x", "--label=bare", "data").line == "data")
        let again = try host.run(["volume", "create", "data"])
        #expect(again.code == 0 && again.output == "data\n" && again.error.isEmpty, "\(again)")
        let other = try host.run(["volume", "create", "--label", "team=y", "data"])
        #expect(other.code == 0 && other.error.contains("keeps its labels"), "\(other)")
        let anonymous = try host.check("volume", "create").line
        #expect(anonymous.utf8.count == 64)
        #expect(try names() == [anonymous, "data"].sorted())
        #expect(try names("name=^da") == ["data"])
        #expect(try names("label=team") == ["data"])
        #expect(try names("label=team=x", "label=bare") == ["data"])
        #expect(try names("label=team=y").isEmpty)
        #expect(try names("label!=team") == [anonymous])
        #expect(try names("driver=nfs").isEmpty)
        try host.check("create", "-v", "data:/data", "busybox")
        #expect(try names("dangling=true") == [anonymous])
        #expect(try names("dangling=0", "driver=local") == ["data"])
        let format = #"{{.Name}} {{.Driver}} {{.Label "team"}} {{.Labels}}"#
        #expect(
            try host.check("volume", "ls", "--format", format, "--filter", "name=data").line
                == "data local x bare=,team=x")
        // The first container that has something in its place fills it.
        try host.check("volume", "create", "etc")
        try host.check("run", "--rm", "-v", "etc:/nowhere", "busybox", "true")
        try host.check("run", "--rm", "-v", "etc:/etc", "busybox", "test", "-s", "/etc/passwd")
    }

    @Test func inspected() throws {
        try host.check("volume", "create", "--label", "team=x", "data")
        let path = host.root + "/default/volumes/data/_data"
        let template = "{{.Mountpoint}} {{.Scope}} {{.Labels.team}} {{.Driver}} {{.Name}} {{len .Options}}"
        #expect(
            try host.check("volume", "inspect", "-f", template, "data").line == "\(path) local x local data 0"
        )
        #expect(try host.inspect("data", "Mountpoint") == path)
        let created = try host.inspect("data", "CreatedAt")
        #expect(created.utf8.count == 20 && created.hasSuffix("Z"), "\(created)")
        let several = try host.run(["volume", "inspect", "nosuch", "data"])
        #expect(several.code == 1 && several.error == "swiftlet: no such volume: nosuch\n", "\(several)")
        #expect(several.output.contains("\"Name\": \"data\"") && several.lines.first == "[")
        // Another thing of its name comes first.
        try host.check("create", "--name", "data", "busybox")
        #expect(try host.inspect("data", "Name") == "/data")
        #expect(
            try host.check("inspect", "--type", "volume", "-f", "{{.Name}}", "data").line == "data")
        #expect(
            try host.checkFails(1, "inspect", "nosuch").contains("no such container, image or volume: nosuch")
        )
    }

    @Test func refusals() throws {
        for (words, part) in [
            (["create", "a/b"], "invalid volume name 'a/b'"), (["create", "-d", "nfs", "x"], "'nfs'"),
            (["create", "--label", "=x", "v"], "'=x'"), (["ls", "-f", "color=red"], "color=red"),
            (["ls", "-f", "dangling=perhaps"], "dangling=perhaps"), (["inspect", "x"], "no such volume: x"),
            (["prune", "-f", "--filter", "name=x"], "name=x"), (["rm", "x"], "no such volume: x"),
        ] {
            let result = try host.run(["volume"] + words)
            #expect(
                result.code == 1 && result.output.filter { !"[]\n".contains($0) }.isEmpty,
                "\(words): \(result)")
            #expect(
                result.error.hasPrefix("swiftlet: ") && result.error.contains(part)
                    && result.error.split(separator: "\n").count == 1, "\(words): \(result)")
        }
        #expect(try names().isEmpty)
        try host.checkFails(125, "volume", "create", "a", "b")
        // What should be gone is gone.
        try host.check("volume", "rm", "-f", "x")
        // What could not be made leaves no volume that nobody knows.
        try host.checkFails(125, "create", "-v", "/data", "--device", "/dev/nosuch", "busybox")
        #expect(try names().isEmpty)
    }

    @Test func pruned() throws {
        try host.check("volume", "create", "named")
        try host.check("volume", "create", "--label", "keep=1", "labelled")
        let script = "head -c 1000000 /dev/zero > /data/x"
        try host.check(
            "run", "--name", "c", "-v", "/data", "-v", "used:/used", "busybox", "sh", "-c", script)
        #expect(try host.check("volume", "prune", "-f").output == "Total reclaimed space: 0B\n")
        let anonymous = try #require(try names().first { $0.utf8.count == 64 })
        try host.check("rm", "c")
        #expect(try host.check("volume", "prune", "-f", "--filter", "label=x").output.contains(": 0B"))
        let gone = try host.check("volume", "prune", "-f").output
        #expect(gone.hasPrefix("Deleted Volumes:\n\(anonymous)\n\nTotal reclaimed space: 1"), "\(gone)")
        #expect(try names() == ["labelled", "named", "used"])

        let asked = try host.run(["volume", "prune", "-a"], input: "n\n")
        #expect(
            asked.output.hasPrefix(
                "WARNING! This will remove all local volumes not used by at least one container.\n"),
            "\(asked)")
        #expect(try names().count == 3)
        try host.check("create", "-v", "used:/x", "busybox")
        let some = try host.check("volume", "prune", "-a", "-f", "--filter", "label!=keep").output
        #expect(some == "Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B\n")
        try host.check("volume", "prune", "-f", "--filter", "all=1")
        #expect(try names() == ["used"])
    }

    // MARK: Containers

    @Test func containersArePruned() throws {
        try host.check("run", "-d", "--name", "runs", "busybox", "sleep", "1000")
        let made = try host.check("create", "-l", "keep=1", "busybox").line
        let script = "head -c 1000000 /dev/zero > /x"
        try host.check("run", "--name", "ended", "-v", "/data", "busybox", "sh", "-c", script)
        let ended = try host.id(of: "ended")
        let nothing = "Total reclaimed space: 0B\n"
        #expect(try host.check("container", "prune", "-f", "--filter", "until=1h").output == nothing)
        #expect(
            try host.run(["container", "prune"], input: "").output.hasPrefix("WARNING! This will remove all"))
        #expect(try host.check("ps", "-aq").lines.count == 3)
        let some = try host.check("container", "prune", "-f", "--filter", "label!=keep").output
        #expect(some.hasPrefix("Deleted Containers:\n\(ended)\n\nTotal reclaimed space: 1"), "\(some)")
        // Its volume stays.
        #expect(try names().count == 1)
        let rest = try host.check("container", "prune", "-f", "--filter", "until=0s").output
        #expect(rest == "Deleted Containers:\n\(made)\n\n" + nothing)
        #expect(try host.check("container", "prune", "-f").output == nothing)
        #expect(try host.check("ps", "-a", "--format", "{{.Names}}").lines == ["runs"])
        #expect(try host.checkFails(1, "container", "prune", "-f", "--filter", "name=x").contains("'name'"))
        #expect(
            try host.checkFails(1, "container", "prune", "-f", "--filter", "until=soon").contains("'soon'"))
    }

    /// Whoever removes what is not used leaves what is about to be.
    @Test func nothingIsPrunedAwayFromARun() throws {
        let result = try host.shell(
            """
            while kill -0 $$ 2> /dev/null && ! test -e \(host.folder)/stop; do
                "$0" container prune -f; "$0" volume prune -a -f; sleep 0.01
            done > \(host.folder)/pruned 2>&1 &
            code=0; i=0
            while [ $i -lt 15 ]; do
                "$0" run -d -v data:/data -v /more busybox true > /dev/null || code=1
                i=$((i+1))
            done
            touch \(host.folder)/stop; wait; echo $code
            """)
        #expect(result.line == "0" && result.error.isEmpty, "\(result)")
        let pruned = try FileDescriptor.readFile(host.folder + "/pruned", limit: 1 << 20)
        #expect(!String(decoding: pruned, as: UTF8.self).contains("swiftlet: "))
    }

    // MARK: --volumes-from

    @Test func volumesOfAnotherContainer() throws {
        try host.check(
            "run", "--name", "a", "-v", "data:/data", "-v", "/own", "-v", host.folder + "/h:/host:ro",
            "--tmpfs",
            "/t", "busybox", "sh", "-c", "echo one > /data/x; echo two > /own/x")
        let script = """
            cat /data/x /own/x; touch /host/y 2> /dev/null || echo ro; touch /data/y && echo rw; test -e /t || echo none
            """
        let shared = try host.run(["run", "--rm", "--volumes-from", "a", "busybox", "sh", "-c", script])
        #expect(shared.lines == ["one", "two", "ro", "rw", "none"], "\(shared)")
        let touch = "touch /data/z 2> /dev/null || touch /own/z 2> /dev/null || echo ro"
        #expect(
            try host.run(["run", "--rm", "--volumes-from=a:ro", "busybox", "sh", "-c", touch]).line == "ro")
        // What is its own comes first, and of others the last.
        let own = [
            "run", "--rm", "--volumes-from", "a", "-v", "other:/data", "busybox", "ls", "/data", "/own",
        ]
        #expect(try host.run(own).lines == ["/data:", "/own:", "x"])
        try host.check("create", "--name", "b", "-v", "of-b:/data", "busybox")
        let both = [
            "run", "--rm", "--volumes-from", "a", "--volumes-from", "b", "busybox", "ls", "/data", "/own",
        ]
        #expect(try host.run(both).lines == ["/data:", "/own:", "x"])
    }

    @Test func sharedVolumesStayAsLongAsSomebodyHasThem() throws {
        try host.check("create", "--name", "a", "-v", "data:/data", "-v", "/own", "busybox", "true")
        try host.check("create", "--name", "b", "--volumes-from", "a", "busybox", "ls", "/own")
        #expect(try host.check("inspect", "-f", "{{.HostConfig.VolumesFrom}}", "b").line == "[a]")
        try host.check("rm", "-v", "a")
        #expect(try names().count == 2)
        #expect(try host.checkFails(1, "volume", "rm", "data").contains("in use by container"))
        try host.check("start", "-a", "b")
        try host.check("rm", "-v", "b")
        #expect(try names() == ["data"])
    }

    @Test func volumesThatCannotBeShared() throws {
        #expect(
            try host.checkFails(125, "create", "--volumes-from", "nosuch", "busybox").contains(
                "no such container: nosuch"))
        try host.check("run", "-d", "--rm", "--name", "away", "-v", "/own", "busybox", "sleep", "1000")
        #expect(try host.checkFails(125, "create", "--volumes-from", "away", "busybox").contains("--rm"))
        for text in ["away:rx", ":ro", "away:"] {
            #expect(
                try host.checkFails(125, "create", "--volumes-from", text, "busybox").contains("'\(text)'"))
        }
        #expect(try host.check("ps", "-aq").lines.count == 1)
    }
}
