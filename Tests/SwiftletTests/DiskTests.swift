import Glibc
import LinuxKernel
import OCISpec
import Testing

/// What things take on the disk, and what goes from there.
struct DiskTests {
    let host: Host

    init() throws { host = try Host.withBusybox() }

    /// A line of `system df`, by its type.
    private func line(_ type: String) throws -> [String: String] {
        let lines = try host.check("system", "df", "--format", "json").lines
        let found = try #require(lines.first { $0.contains("\"Type\":\"\(type)\"") })
        // Words without quotes in them, by turns names and values.
        let words = found.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter {
            $0.offset % 2 == 1
        }
        .map { String($0.element) }
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) })
    }

    private func recorded(_ container: String) throws -> String {
        let id = try host.inspect(container, "Id")
        return host.root + "/default/containers/\(id)/usage.json"
    }

    @Test func theOverviewCountsEverything() throws {
        let table = try host.check("system", "df").lines
        #expect(table.count == 5 && table[0].hasPrefix("TYPE"))
        #expect(
            ["Images", "Containers", "Local Volumes", "Downloads"].enumerated().allSatisfy {
                table[$0 + 1].hasPrefix($1)
            })
        var images = try line("Images")
        #expect(images["TotalCount"] == "1" && images["Active"] == "0")
        #expect(images["Reclaimable"] == "\(images["Size"]!) (100%)")
        #expect(try line("Containers")["Size"] == "0B")

        try host.check(
            "run", "--name", "c", "-v", "data:/data", "busybox", "dd", "if=/dev/zero", "of=/data/x", "bs=1M",
            "count=1")
        images = try line("Images")
        #expect(images["Active"] == "1" && images["Reclaimable"] == "0B (0%)")
        #expect(try line("Local Volumes")["Size"]?.hasPrefix("1.0") == true)
        #expect(try line("Local Volumes")["Reclaimable"] == "0B (0%)")
        let details = try host.check("system", "df", "-v").output
        for part in [
            "Images space usage:", "Unpacked layers", "CONTAINER ID", "SHARED SIZE", "VOLUME NAME", "data",
        ] {
            #expect(details.contains(part), "\(part)")
        }
        let json = try host.check("system", "df", "-v", "--format", "json").line
        #expect(json.hasPrefix("{\"Images\":[{") && json.contains("\"Snapshots\":[{"))
        try host.check("rm", "c")
        #expect(try line("Local Volumes")["Reclaimable"]?.hasSuffix("(100%)") == true)
    }

    /// A number holds until the container runs again or somebody copies into it: no walk at each call.
    @Test func aContainerIsMeasuredOnceAfterEachRun() throws {
        let script = "head -c 1000000 /dev/zero >> /file"
        try host.check("run", "--name", "c", "busybox", "sh", "-c", script)
        #expect(try line("Containers")["Size"]?.hasPrefix("1.0") == true)
        let record = try recorded("c")
        // Another number, to see that nobody counts again.
        var text = String(decoding: try FileDescriptor.readFile(record), as: UTF8.self)
        let range = try #require(text.firstRange(of: #""bytes":1"#))
        text.replaceSubrange(range, with: #""bytes":7"#)
        try FileDescriptor.writeFile(record, text)
        #expect(try line("Containers")["Size"]?.hasPrefix("7.0") == true)
        #expect(try line("Containers")["Reclaimable"]?.hasSuffix("(100%)") == true)

        try host.check("start", "c")
        try host.check("wait", "c")
        #expect(try line("Containers")["Size"]?.hasPrefix("2.0") == true)
        try host.check("cp", "/etc/passwd", "c:/copied")
        #expect(access(record, F_OK) != 0)
        #expect(try line("Containers")["Size"]?.hasPrefix("2.0") == true)
        try host.check("rm", "c")
        #expect(try line("Containers")["TotalCount"] == "0")
    }

    @Test func holesAndFurtherNamesCountNothing() throws {
        let script = """
            mkdir /d; head -c 500000 /dev/zero > /d/a; ln /d/a /d/b; ln -s /d/a /d/c
            dd if=/dev/zero of=/d/hole bs=1 count=1 seek=100M; i=0
            mkdir /deep; cd /deep; while [ $i -lt 200 ]; do mkdir ddddddddddddddddddddddddd; cd -P ddddddddddddddddddddddddd; i=$((i+1)); done
            head -c 500000 /dev/zero > file
            """
        try host.check("run", "--name", "c", "busybox", "sh", "-c", script)
        // Two files of half a megabyte, and 200 folders of a block each.
        let size = try #require(try line("Containers")["Size"])
        #expect(size.hasPrefix("1.8") || size.hasPrefix("1.9"), "\(size)")
        #expect(size.hasSuffix("MB"), "\(size)")
    }

    @Test func throwAwayContainersAreVolatile() throws {
        func options(_ container: String) throws -> String {
            let id = try host.inspect(container, "Id")
            let table = String(
                decoding: try FileDescriptor.readFile("/proc/self/mountinfo", limit: 4 << 20), as: UTF8.self)
            return String(try #require(table.split(separator: "\n").first { $0.contains("/\(id)/rootfs ") }))
        }
        try host.check("run", "-d", "--rm", "--name", "away", "busybox", "sleep", "100")
        try host.check("run", "-d", "--name", "kept", "busybox", "sleep", "100")
        #expect(try options("away").contains("volatile"))
        #expect(try !options("kept").contains("volatile"))
        for container in ["away", "kept"] {
            let line = try options(container)
            #expect(line.contains("redirect_dir=nofollow") && !line.contains("metacopy=on"), "\(line)")
        }
    }

    /// Where there are such quotas, the virtual machine's suite looks at what they do (`storage_limit`).
    @Test func aLimitThatNobodyEnforcesIsRefused() throws {
        let refusal = try host.checkFails(125, "run", "--storage-opt", "size=1m", "busybox", "true")
        #expect(refusal.contains("enforces no project quota"), "\(refusal)")
        #expect(try folderNames(host.root + "/default/containers").isEmpty)
        for (option, part) in [("size=1k", "64k"), ("size=x", "'x'"), ("shape=round", "shape=round")] {
            #expect(
                try host.checkFails(125, "run", "--storage-opt", option, "busybox", "true").contains(part))
        }
    }

    @Test func imagesArePinnedAndCollected() throws {
        try host.check("tag", "busybox", "box")
        try host.check("image", "pin", "box")
        #expect(try host.checkFails(1, "rmi", "box").contains("pinned"))
        #expect(
            try host.checkFails(
                1, "image", "gc", "--high", "1", "--low", "0", "--min-age", "0s", "--max-age", "0s"
            )
            .contains("in use, pinned"))
        #expect(try host.check("images").lines.count == 3)
        #expect(try host.check("image", "prune", "-f", "--all").output.contains("Total reclaimed space: 0B"))
        try host.check("image", "unpin", "box")
        // Built long ago, but not a hundred years.
        #expect(
            try host.check("image", "prune", "-f", "--all", "--filter", "until=876000h").output.contains(
                "space: 0B"))
        #expect(try host.checkFails(1, "image", "prune", "-f", "--filter", "color=red").contains("color=red"))
        #expect(try host.checkFails(1, "image", "gc", "--high", "50", "--low", "60").contains("50 and 60"))
        #expect(try host.checkFails(1, "image", "gc", "--min-age", "soon").contains("soon"))
        #expect(try host.check("image", "gc", "--high", "100").output == "Total reclaimed space: 0B\n")
        try host.check("create", "--name", "c", "busybox")
        #expect(
            try host.check("image", "gc", "--high", "100", "--max-age", "0s").output
                == "Total reclaimed space: 0B\n")
        try host.check("rm", "c")
        sleep(1)
        let gone = try host.check("image", "gc", "--high", "100", "--max-age", "0s").output
        #expect(gone.contains("untagged: box:latest") && gone.contains("deleted: sha256:"))
        #expect(try host.check("images", "-q").output.isEmpty)
    }
}
