import Glibc
import LinuxKernel
import Testing

/// What lists show, and how.
struct ListTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    @Test func listsOfSome() throws {
        let failed = try host.run([
            "run", "--name", "one", "-l", "a=1", "--network", "none", "busybox", "false",
        ])
        #expect(failed.code == 1 && failed.error.isEmpty, "\(failed)")
        try host.check("create", "--name", "two", "-l", "a=1", "-l", "b", "busybox", "true")
        try host.check("create", "--name", "three", "busybox", "true")
        func names(_ filters: String...) throws -> [String] {
            let words = filters.flatMap { ["--filter", $0] }
            let result = try host.run(["ps", "-a", "--format", "{{.Names}}"] + words)
            #expect(result.code == 0, "\(result.error)")
            return result.lines
        }
        #expect(try names() == ["three", "two", "one"])
        // Of several for one thing one has to match, of labels all.
        #expect(try names("name=one", "name=three") == ["three", "one"])
        #expect(try names("name=^t") == ["three", "two"] && names("name=^/two$") == ["two"])
        #expect(try names("name=^wo$") == [] && names("name=^(one|t.o)$") == ["two", "one"])
        #expect(try names("status=exited", "status=created", "label=a") == ["two", "one"])
        // Nothing is ever in these states here, and docker's users may ask for them.
        #expect(try names("status=dead") == [] && names("status=removing", "status=created").count == 2)
        #expect(try names("label=a=1", "label=b") == ["two"])
        #expect(try names("label!=b") == ["three", "one"] && names("label!=a", "label!=b") == ["three"])
        #expect(try names("label!=a=2").count == 3 && names("label!=a=1") == ["three"])
        #expect(try names("health=none").count == 3 && names("health=healthy") == [])
        #expect(try names("exited=1") == ["one"] && names("exited=0") == [])
        #expect(try names("network=none") == ["one"])
        #expect(try names("before=two") == ["one"] && names("since=two") == ["three"])
        let image = try host.check("images", "-q", "--no-trunc").line
        try host.check("tag", "busybox", "other:1")
        for name in [
            "busybox", "busybox:latest", "docker.io/library/busybox:latest", image,
            String(image.dropFirst(7)),
            String(image.prefix(19)), String(image.dropFirst(7).prefix(12)), "other:1",
        ] {
            #expect(try names("ancestor=\(name)").count == 3, "\(name)")
        }
        #expect(try names("ancestor=busybox:1") == [] && names("ancestor=sha256") == [])
        for wrong in [
            "health=x", "publish=x", "expose=2-1", "publish=80/quic", "exited=x", "since=nobody",
            "network=moon", "status=dead-ish", "name=[",
        ] {
            try host.checkFails(1, "ps", "--filter", wrong)
        }
    }

    @Test func portsAndCommands() throws {
        try host.check(
            "run", "-d", "--name", "web", "-p", "8081:80", "-p", "5353:53/udp", "busybox", "sh", "-c",
            "echo \"one\"\nsleep 1000")
        func names(_ filters: String...) throws -> [String] {
            let words = filters.flatMap { ["--filter", $0] }
            return try host.run(["ps", "--format", "{{.Names}}"] + words).lines
        }
        for filter in [
            "publish=8081", "publish=8000-8100/tcp", "publish=5353/udp", "expose=80", "expose=53/udp",
        ] {
            #expect(try names(filter) == ["web"], "\(filter)")
        }
        for filter in ["publish=80", "publish=5353", "expose=8081", "expose=81-90"] {
            #expect(try names(filter) == [], "\(filter)")
        }
        let command = #""sh -c 'echo \"one\"\nsleep 1000'""#
        #expect(try host.check("ps", "--no-trunc", "--format", "{{.Command}}").line == command)
        #expect(try host.check("ps", "--no-trunc").lines[1].contains(command))
        try host.check("create", "busybox", "true")
        for words in [["-n", "-1"], ["-n=-1"], ["--last", "0"]] {
            #expect(try host.run(["ps", "-q"] + words).lines.count == 1, "\(words)")
        }
        #expect(try host.check("ps", "-q", "-n", "2").lines.count == 2)
    }

    @Test func whatTheyTake() throws {
        try host.check("run", "--name", "c", "busybox", "dd", "if=/dev/zero", "of=/f", "bs=1M", "count=2")
        let sizes = try host.check("ps", "-as").lines
        #expect(sizes[0].contains("SIZE"))
        #expect(sizes[1].contains("MB (virtual "), "\(sizes)")
        #expect(try host.check("ps", "-a", "--format", "{{.Size}}").line.hasPrefix("2."))
        #expect(try host.check("ps", "-a", "--format", "table {{.Size}}").lines[1].hasPrefix("2."))
        let inspected = try host.check("inspect", "-s", "-f", "{{.SizeRw}} {{.SizeRootFs}}", "c").line
        let numbers = inspected.split(separator: " ").compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers[0] >= 2 << 20 && numbers[1] > numbers[0], "\(inspected)")
        #expect(try !host.check("inspect", "c").output.contains("SizeRw"))
    }

    @Test func templates() throws {
        try host.check("create", "--name", "c", "-l", "a=b", "busybox", "true")
        let id = try host.id(of: "c")
        #expect(
            try host.check("ps", "-a", "--format", "{{.Names}}: {{.State}} {{.Label \"a\"}}").line
                == "c: created b")
        try host.check("create", "--name", "d", "-l", "org.team=x,z=9", "busybox", "true")
        #expect(
            try host.check("ps", "-l", "--format", #"{{.Label "org.team"}}|{{.Label "z"}}"#).line == "x,z=9|")
        #expect(
            try host.check("ps", "-l", "--format", #"table {{lower .Names}}\t{{.Label "org.team"}}"#).lines
                == ["NAMES   team", "d       x,z=9"])
        try host.check("rm", "d")
        let table = try host.check("ps", "-a", "--no-trunc", "--format", "table {{.ID}}\\t{{.Names}}").lines
        #expect(table[0].split(separator: " ") == ["CONTAINER", "ID", "NAMES"])
        #expect(table[1].split(separator: " ") == [id[...], "c"])
        #expect(try host.check("images", "--format", "{{.Repository}}:{{.Tag}}").line == "busybox:latest")
        #expect(try host.check("inspect", "-f", "{{.State.Status}} {{.Name}}", "c").line == "created /c")
        #expect(try host.check("inspect", "--format", #"{{index .Config.Labels "a"}}"#, "c").line == "b")
        #expect(try !host.check("version", "--format", "{{.Version}}").line.isEmpty)
        #expect(try host.checkFails(1, "inspect", "-f", "{{.Nothing}}", "c").contains("there is no .Nothing"))
        #expect(try host.checkFails(1, "ps", "--format", "{{.ID").contains("without '}}'"))
        try host.checkFails(125, "ps", "--format", "tabel")
    }

    /// Each form looks at its own kind alone, also where a name is both.
    @Test func inspectsWhatIsAskedFor() throws {
        try host.check("create", "--name", "c", "busybox", "true")
        let image = try host.check("images", "-q", "--no-trunc").line
        #expect(try host.checkFails(1, "image", "inspect", "-f", "{{.Id}}", "c").contains("no such image: c"))
        #expect(
            try host.checkFails(1, "container", "inspect", "-f", "{{.Id}}", "busybox").contains(
                "no such container: busybox"))
        #expect(try host.check("container", "inspect", "-f", "{{.Id}}", "c").line == host.id(of: "c"))
        #expect(try host.check("image", "inspect", "-f", "{{.Id}}", "busybox").line == image)
        try host.check("rename", "c", "busybox")
        #expect(try host.check("image", "inspect", "-f", "{{.Id}}", "busybox").line == image)
        #expect(try host.check("inspect", "-f", "{{.Id}}", "busybox").line != image)
    }

    /// Empty, and not missing, what an image does not set.
    @Test func membersThatAreNotSet() throws {
        try host.check("create", "--name", "c", "busybox", "true")
        let image = "<{{.Config.User}}{{.Variant}}>{{.Config.Healthcheck}}{{json .Config.Volumes}}"
        #expect(try host.check("image", "inspect", "-f", image, "busybox").line == "<><nil>null")
        let container = "{{if .State.Health}}a{{end}}{{.Config.Volumes}}{{len .Config.Entrypoint}}"
        #expect(try host.check("inspect", "-f", container, "c").line == "map[]0")
        for kind in ["image", "container"] {
            let name = kind == "image" ? "busybox" : "c"
            #expect(
                try host.checkFails(1, kind, "inspect", "-f", "{{.Config.Usr}}", name).contains(
                    "there is no .Config.Usr"))
        }
    }

    /// Empty, and not missing, of what does not run or has no addresses.
    @Test(arguments: ["none", "host", "bridge"])
    func addressesThatAreNot(network: String) throws {
        try host.check("create", "--name", "c", "--network", network, "busybox", "true")
        let template = """
            <{{.NetworkSettings.IPAddress}}{{.NetworkSettings.GlobalIPv6Address}}>{{range .NetworkSettings.Networks}}\
            <{{.IPAddress}}{{.Gateway}}{{.MacAddress}}>{{.IPPrefixLen}}{{end}}
            """
        #expect(try host.check("inspect", "-f", template, "c").line == "<><>0")
    }
}
