import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// Where mounts end up when one changes what the next one's path means.
    @Suite struct MountPlaces {
        /// `..` is taken out of a destination with links followed inside the root, and never leads out of it.
        @Test func destinationsThatLeadUp() throws {
            try withHost { host in
                let file = "\(host.folder)/file"
                try Files.write(file, "bound\n")
                let output = try host.run(
                    "grep -o ' /m[^ ]* ' /proc/self/mounts; cat /m5/f; ls -d /nosuch* /x 2>/dev/null; ls /deep",
                    writable: true
                ) {
                    _ = try? host.shell(
                        "cd \(host.folder)/b-c/rootfs && mkdir -p deep/a/b && ln -s deep/a/b link && ln -s /../../../deep/a abs"
                    )
                    for destination in [
                        "/tmp/../m1", "/../../../m2", "/nosuch/../m3", "/nosuch1/nosuch2/../../m4/.",
                        // Out of the folder that the link leads to: /deep/a, and /deep.
                        "/link/../in-a", "/abs/../in-deep",
                    ] {
                        $0.mounts.append(.init(destination: destination, type: "tmpfs", source: "tmpfs"))
                    }
                    $0.mounts.append(
                        .init(destination: "/a/b/../../m5/f", type: "bind", source: file, options: ["bind"]))
                }
                #expect(
                    output.lines.prefix(5).sorted() == [" /m1 ", " /m2 ", " /m3 ", " /m4 ", " /m5/f "],
                    "\(output)")
                #expect(output.lines.dropFirst(5) == ["bound", "a", "in-deep"], "\(output)")
                #expect(Files.exists("\(host.folder)/b-c/rootfs/deep/a/in-a"))
                for name in ["m1", "m2", "m3", "m4", "m5"] { #expect(!Files.exists("/\(name)")) }
                // By this way, too, nothing comes over /proc.
                for destination in ["/tmp/../proc", "/x/../proc/sys"] {
                    let refused = try host.run("true", name: "p") {
                        $0.mounts.append(.init(destination: destination, type: "tmpfs", source: "tmpfs"))
                    }
                    #expect(refused.code == 1 && refused.err.contains("proc"), "\(refused)")
                }
            }
        }

        /// Its processes would not see such a mount, and with a link nobody sees it in the configuration either.
        @Test func nothingIsMountedOverTheRoot() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                let bundle = try host.bundle("true", writable: true)
                try host.shell("ln -s / \(bundle)/rootfs/up && ln -s .. \(bundle)/rootfs/etc/up")
                let config = try RuntimeSpec(json: FileDescriptor.readFile("\(bundle)/config.json"))
                func run(_ mounts: RuntimeSpec.Mount...) throws -> Output {
                    var spec = config
                    spec.mounts += mounts
                    let text = String(decoding: spec.json(.tabs), as: UTF8.self)
                    try Files.write("\(bundle)/config.json", text)
                    return try host.oci("run", "--bundle", bundle, host.id())
                }
                for place in ["/", "//", "/.", "/x/..", "/up", "/up/.", "/etc/up", "/etc/up/../up"] {
                    for (type, options) in [("tmpfs", []), ("bind", ["bind"]), ("cgroup", [])] {
                        let refused = try run(
                            .init(destination: place, type: type, source: data, options: options))
                        #expect(
                            refused.code == 1 && refused.lines.isEmpty
                                && refused.err.contains("mount \(place): this is the root itself"),
                            "\(place) \(type): \(refused)")
                    }
                }
                let proc = try run(.init(destination: "/", type: "proc", source: "proc"))
                #expect(proc.code == 1 && proc.err.contains("this is the root itself"), "\(proc)")
                // The root in another place, and what the root's mount is to be like.
                let fine = try run(
                    .init(destination: "/x", type: "bind", source: "\(bundle)/rootfs", options: ["bind"]),
                    .init(destination: "/x", type: "tmpfs", source: "tmpfs"),
                    .init(destination: "/", type: "tmpfs", source: "tmpfs", options: ["remount", "ro"]))
                #expect(fine.code == 0, "\(fine)")
            }
        }

        /// `remount` changes what is there, and puts no second file system on top.
        @Test func aRemountChangesTheMountThatIsThere() throws {
            try withHost { host in
                let output = try host.run(
                    "grep -c ' /dev/shm ' /proc/self/mounts; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; touch /dev/shm/x 2>&1; cat /data/f; touch /data/f 2>&1; grep -c ' /data ' /proc/self/mounts",
                    writable: true
                ) {
                    _ = try? host.shell(
                        "mkdir -p \(host.folder)/b-c/rootfs/data && echo kept > \(host.folder)/b-c/rootfs/data/f"
                    )
                    $0.mounts += [
                        .init(
                            destination: "/dev/shm", type: "tmpfs", source: "shm",
                            options: ["remount", "size=1m"]),
                        .init(
                            destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]),
                        .init(
                            destination: "/data", type: "tmpfs", source: "tmpfs", options: ["remount", "ro"]),
                    ]
                }
                #expect(
                    output.lines == ["1", "1024", "kept", "touch: /data/f: Read-only file system", "1"],
                    "\(output)")
                let none = try host.run("true", name: "n") {
                    $0.mounts.append(
                        .init(destination: "/etc", type: "tmpfs", source: "x", options: ["remount", "ro"]))
                }
                #expect(none.code == 1 && none.err.contains("nothing is mounted there"), "\(none)")
            }
        }

        /// With `bind`, too, as after mount(8): flags of the mount that is there. Its file system, which may be the
        /// host's, and what is not named stay as they are.
        @Test func aRemountOfABindChangesTheMountThatIsThere() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                let output = try host.run(
                    "for place in /own /data /dev; do grep \" $place \" /proc/self/mountinfo; touch $place/x 2>&1; done; true",
                    writable: true
                ) {
                    func change(_ place: String, _ options: [String]) -> RuntimeSpec.Mount {
                        .init(
                            destination: place, type: "none", source: "none", options: ["remount"] + options)
                    }
                    $0.mounts += [
                        .init(destination: "/own", type: "tmpfs", source: "tmpfs", options: ["noexec"]),
                        change("/own", ["bind", "ro", "nosuid", "size=64k"]),
                        .init(
                            destination: "/data", type: "bind", source: data, options: ["bind", "nodev"]),
                        change("/data", ["rbind", "ro"]),
                        change("/dev", ["bind", "ro", "noexec"]),
                    ]
                }
                // 36 35 98:0 ROOT MOUNT-POINT OPTIONS ... - TYPE SOURCE SUPER-OPTIONS
                let lines = output.lines
                try #require(output.code == 0 && lines.count == 6, "\(output)")
                for (index, (place, options)) in [
                    ("/own", ["ro", "nosuid", "noexec"]), ("/data", ["ro", "nodev"]),
                    ("/dev", ["ro", "nosuid", "noexec"]),
                ].enumerated() {
                    let found = lines[2 * index].split(separator: " ")[5].split(separator: ",").map(
                        String.init)
                    #expect(Set(options).isSubset(of: found), "\(lines)")
                    #expect(lines[2 * index].split(separator: " ").last?.hasPrefix("rw") == true, "\(lines)")
                    #expect(!lines[2 * index].contains("size=64k"))
                    #expect(lines[2 * index + 1] == "touch: \(place)/x: Read-only file system")
                }
                try Files.write("\(data)/host", "writes on")
                let none = try host.run("true", name: "n") {
                    $0.mounts.append(
                        .init(
                            destination: "/etc", type: "none", source: "none",
                            options: ["remount", "bind", "ro"]))
                }
                #expect(none.code == 1 && none.err.contains("nothing is mounted there"), "\(none)")
            }
        }

        /// As in images whose /etc/resolv.conf is a service's: what the links lead to is made, in the root.
        @Test func linksThatLeadNowhere() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try Files.write("\(data)/file", "seen\n")
                let output = try host.run(
                    "cat /links/file /made/file /links/folder/file /links/deep/x/file; readlink /links/file; grep -c ' /links/tmpfs' /proc/self/mounts; grep -c ' /away/tmpfs tmpfs' /proc/self/mounts",
                    writable: true
                ) {
                    _ = try? host.shell(
                        "cd \(host.folder)/b-c/rootfs && mkdir links && ln -s ../../../made/file links/file && ln -s /away/folder links/folder && ln -s /away/deep links/deep && ln -s ../away/tmpfs links/tmpfs"
                    )
                    for (source, place) in [("\(data)/file", "file"), (data, "folder"), (data, "deep/x")] {
                        $0.mounts.append(
                            .init(
                                destination: "/links/\(place)", type: "bind", source: source,
                                options: ["bind"]))
                    }
                    $0.mounts.append(.init(destination: "/links/tmpfs", type: "tmpfs", source: "tmpfs"))
                }
                #expect(
                    output.lines == ["seen", "seen", "seen", "seen", "../../../made/file", "0", "1"],
                    "\(output)")
                #expect(!Files.exists("/made") && !Files.exists("/away"))
                let loop = try host.run("true", name: "l", writable: true) {
                    _ = try? host.shell("ln -s loop \(host.folder)/b-l/rootfs/loop")
                    $0.mounts.append(
                        .init(destination: "/loop", type: "bind", source: data, options: ["bind"]))
                }
                #expect(loop.code == 1 && loop.err.contains("symbolic links"), "\(loop)")
            }
        }

        /// That of the folder below; where there was none everybody may write.
        @Test func theModeOfATmpfs() throws {
            try withHost { host in
                let output = try host.run(
                    "stat -c %a /there /new /new/deep /said /sticky; grep ' /new ' /proc/self/mounts",
                    writable: true
                ) {
                    _ = try? host.shell(
                        "cd \(host.folder)/b-c/rootfs && mkdir -m 750 there && mkdir -m 1777 sticky && mkdir said"
                    )
                    for (place, options) in [
                        ("/there", []), ("/new", []), ("/new/deep", ["size=1m"]), ("/said", ["mode=711"]),
                        ("/sticky", ["ro"]),
                    ] {
                        $0.mounts.append(
                            .init(destination: place, type: "tmpfs", source: "tmpfs", options: options))
                    }
                }
                #expect(output.lines.prefix(5) == ["750", "1777", "1777", "711", "1777"], "\(output)")
                #expect(output.lines.last?.contains("mode=") == false, "\(output)")
            }
        }

        /// Folders beside each other, some of which are there, one of which is a link to the folder that they lie in.
        @Test func mountsSideBySide() throws {
            try withHost { host in
                let output = try host.run(
                    "cd /side; ls; touch a/x b/x 2>&1; grep -c ' /side' /proc/self/mountinfo; grep -o ' /side[^ ]* [^ ]*' /proc/self/mountinfo",
                    writable: true
                ) {
                    _ = try? host.shell(
                        "cd \(host.folder)/b-c/rootfs && mkdir -p side/there && ln -s . side/link && echo kept > side/there/old"
                    )
                    for name in ["a", "there", "b", "link", "c", "e/"] {
                        $0.mounts.append(
                            RuntimeSpec.Mount(
                                destination: "/side/\(name)", type: "tmpfs", source: "tmpfs",
                                options: ["nosuid", "noexec", "nosymfollow", "noatime", "size=8k"]))
                    }
                }
                // The link covers the folder: what comes later lies in its file system.
                #expect(
                    output.out == """
                        c
                        e
                        touch: a/x: No such file or directory
                        touch: b/x: No such file or directory
                        6
                         /side/a rw,nosuid,noexec,noatime,nosymfollow
                         /side/there rw,nosuid,noexec,noatime,nosymfollow
                         /side/b rw,nosuid,noexec,noatime,nosymfollow
                         /side rw,nosuid,noexec,noatime,nosymfollow
                         /side/c rw,nosuid,noexec,noatime,nosymfollow
                         /side/e rw,nosuid,noexec,noatime,nosymfollow

                        """, "\(output)")
            }
        }
    }
}
