import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// Mounts, devices and paths.
    @Suite struct View {
        typealias Mount = RuntimeSpec.Mount

        @Test func seesOnlyItsOwnFiles() throws {
            try withHost { host in
                let output = try host.run("ls /; cut -d' ' -f2 /proc/mounts; ls /proc/1/root/; touch /x")
                #expect(output.code == 1)
                #expect(output.err.contains("Read-only file system"))
                #expect(!output.out.contains(host.folder))
                #expect(output.lines.contains("/dev/pts"))
                #expect(!output.lines.contains("boot"))
                // Nothing of the host's is mounted below.
                for mount in output.lines where mount.hasPrefix("/") {
                    #expect(
                        ["/", "/proc", "/dev", "/sys"].contains { mount == $0 || mount.hasPrefix("\($0)/") },
                        "\(mount)")
                }
            }
        }

        @Test func bindsFoldersAndFiles() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try Files.write("\(data)/file", "content")
                let script = """
                    cat /mnt/deep/file; echo; cat /etc/bound; echo
                    echo new > /mnt/deep/made; echo no 2>/dev/null > /mnt/ro/made || echo refused
                    grep -c ' /mnt/ro .*\\bro\\b' /proc/mounts
                    """
                let output = try host.run(script, writable: true) {
                    $0.mounts += [
                        Mount(destination: "/mnt/deep", type: "bind", source: data, options: ["bind"]),
                        Mount(destination: "/etc/bound", source: "\(data)/file", options: ["bind", "ro"]),
                        Mount(
                            destination: "/mnt/ro", type: "none", source: data,
                            options: ["rbind", "ro", "nosuid"]),
                    ]
                }
                #expect(output.lines == ["content", "content", "refused", "1"], "\(output)")
                #expect(try Files.read("\(data)/made") == "new\n")
                #expect(Files.exists("\(host.folder)/b-c/rootfs/etc/bound"))
            }
        }

        @Test func readOnlyCanReachDown() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try host.shell("mkdir \(data)/sub && mount -t tmpfs sub \(data)/sub")
                defer { umount2("\(data)/sub", Int32(MNT_DETACH)) }
                let output = try host.run(
                    "touch /a/sub/x 2>/dev/null || echo ro; touch /b/sub/x && echo rw", writable: true
                ) {
                    $0.mounts += [
                        Mount(destination: "/a", source: data, options: ["rbind", "rro"]),
                        Mount(destination: "/b", source: data, options: ["rbind", "ro"]),
                    ]
                }
                #expect(output.lines == ["ro", "rw"], "\(output)")
                umount2("\(data)/sub", Int32(MNT_DETACH))
            }
        }

        @Test func relativeSourcesAreTheBundles() throws {
            try withHost { host in
                let bundle = try host.bundle("cat /bound", writable: true) {
                    $0.mounts.append(Mount(destination: "/bound", source: "beside", options: ["bind"]))
                }
                try Files.write("\(bundle)/beside", "from the bundle")
                #expect(try host.oci("run", "--bundle", bundle, host.id()).out == "from the bundle")
            }
        }

        @Test func tmpfsWithOptions() throws {
            try withHost { host in
                let output = try host.run(
                    "stat -c %a /t; grep ' /t ' /proc/mounts; touch /t/x && echo ok; df -k /t | tail -1",
                    writable: true
                ) {
                    $0.mounts.append(
                        Mount(
                            destination: "/t", type: "tmpfs", source: "tmpfs",
                            options: ["mode=1770", "size=64k", "noexec", "nosuid"]))
                }
                #expect(output.lines.first == "1770")
                #expect(
                    output.out.contains("noexec") && output.out.contains("nosuid")
                        && output.out.contains("size=64k"))
                #expect(output.lines.contains("ok"))
            }
        }

        /// Options that are no type's own: to mount(2) they are flags.
        @Test func optionsOfEveryFileSystem() throws {
            try withHost { host in
                let types = ["tmpfs", "ramfs", "proc"]
                let output = try host.run("grep ' /m-' /proc/self/mounts", writable: true) {
                    for type in types {
                        // Locks that `mand` once made mandatory are so no more; it is still shown.
                        for option in ["acl", "noacl", "sync", "dirsync", "lazytime", "mand", "nomand"] {
                            $0.mounts.append(
                                Mount(
                                    destination: "/m-\(type)-\(option)", type: type, source: type,
                                    options: [option]))
                        }
                        $0.mounts.append(
                            Mount(
                                destination: "/m-\(type)-acl", type: type, source: type,
                                options: ["remount", "noacl", "nosuid"]))
                        $0.mounts.append(
                            Mount(
                                destination: "/m-\(type)-dirsync", type: type, source: type,
                                options: ["remount", "sync"]))
                        $0.mounts.append(
                            Mount(
                                destination: "/m-\(type)-dirsync", type: type, source: type,
                                options: ["remount", "async", "nolazytime"]))
                    }
                }
                #expect(output.code == 0 && output.err.isEmpty, "\(output)")
                #expect(output.lines.count == 7 * types.count, "\(output)")
                for line in output.lines {
                    // x /m-tmpfs-sync tmpfs rw,sync 0 0
                    let words = line.split(separator: " ")
                    let option = words[1].split(separator: "-")[2]
                    let seen =
                        switch option {
                        case "acl": "nosuid"
                        case "noacl", "nomand": "rw"
                        default: String(option)
                        }
                    let shown = words[3].split(separator: ",").map(String.init)
                    #expect(shown.contains(seen), "\(line)")
                    #expect(shown.contains("sync") == (option == "sync"), "\(line)")
                }
            }
        }

        /// Of a type that some kernels give its options as one text, which it takes or refuses as a whole, and that is
        /// not changed where it can only be read.
        @Test func anOverlayTakesNoNoticeOfACLs() throws {
            try withHost { host in
                try host.shell("cd \(host.folder) && mkdir one two && echo 1 >one/f && echo 2 >two/g")
                let layers = "lowerdir=\(host.folder)/one:\(host.folder)/two"
                let output = try host.run(
                    "cat /acl/f /acl/g /noacl/f; grep -c ' /noacl overlay ro,nosuid' /proc/self/mounts",
                    writable: true
                ) {
                    for option in ["acl", "noacl"] {
                        $0.mounts.append(
                            Mount(
                                destination: "/\(option)", type: "overlay", source: "overlay",
                                options: [layers, option]))
                    }
                    $0.mounts.append(
                        Mount(
                            destination: "/noacl", type: "overlay", source: "overlay",
                            options: ["remount", "ro", "nosuid", "acl"]))
                }
                #expect(output.lines == ["1", "2", "1", "1"], "\(output)")
            }
        }

        @Test func aTmpfsCanBeginWithTheImagesFiles() throws {
            try withHost { host in
                let output = try host.run(
                    "cat /etc/group | wc -l; ls -l /etc/passwd | cut -c1-10; rm /etc/passwd && echo removed; cat /etc/zz*",
                    writable: true
                ) {
                    // A name that is no UTF-8.
                    _ = try? host.shell("echo there > \"$(printf '\(host.folder)/b-c/rootfs/etc/zz\\377')\"")
                    $0.mounts.append(
                        Mount(destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]))
                }
                #expect(output.lines == ["12", "-rw-r--r--", "removed", "there"], "\(output)")
                #expect(Files.exists("\(host.folder)/b-c/rootfs/etc/passwd"))
            }
        }

        @Test func mountsPropagateOnlyAsAsked() throws {
            try withHost { host in
                let shared = "\(host.folder)/shared"
                try Files.makeFolder(shared)
                try host.shell(
                    "mount -t tmpfs it \(shared) && mount --make-shared \(shared) && mkdir \(shared)/in \(shared)/later"
                )
                defer { umount2(shared, Int32(MNT_DETACH)) }
                try host.background(writable: true) {
                    $0.mounts += [
                        Mount(destination: "/slave", source: shared, options: ["rbind", "rslave"]),
                        Mount(destination: "/private", source: shared, options: ["rbind", "rprivate"]),
                    ]
                }
                try host.shell("mount -t tmpfs it \(shared)/later && touch \(shared)/later/seen")
                let seen = try host.ok("exec", host.id(), "ls", "/slave/later", "/private/later")
                #expect(seen.lines == ["/private/later:", "/slave/later:", "seen"])
                try host.delete()
                umount2("\(shared)/later", Int32(MNT_DETACH))
                umount2(shared, Int32(MNT_DETACH))
            }
        }

        @Test func nothingReachesTheHost() throws {
            try withHost { host in
                let output = try host.run(
                    "mount -t tmpfs x /tmp && mount -t tmpfs x /usr && echo mounted", writable: true
                ) {
                    $0.process?.capabilities?.add("CAP_SYS_ADMIN")
                    $0.linux?.rootfsPropagation = .recursiveSlave
                }
                #expect(output.out == "mounted\n", "\(output)")
            }
        }

        @Test func linksInTheImageStayInside() throws {
            try withHost { host in
                let outside = "\(host.folder)/outside"
                try Files.makeFolder(outside)
                let bundle = try host.bundle("ls /link /up", writable: true) {
                    $0.mounts += [
                        Mount(destination: "/link/sub", type: "tmpfs", source: "tmpfs"),
                        Mount(destination: "/up/escape", type: "tmpfs", source: "tmpfs"),
                        Mount(destination: "/filelink", source: "/etc/hostname", options: ["bind"]),
                    ]
                }
                // The links lead to host folders if they are followed in the wrong place.
                let inner = "\(bundle)/rootfs\(outside)"
                try host.shell(
                    """
                    mkdir -p \(inner) && ln -s \(outside) \(bundle)/rootfs/link
                    ln -s ../../../../../../../../..\(host.folder)/outside \(bundle)/rootfs/up
                    ln -s \(outside)/target \(bundle)/rootfs/filelink
                    touch \(inner)/target
                    """)
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 0, "\(output)")
                #expect(Files.names(in: outside) == [])
                #expect(Files.names(in: inner) == ["escape", "sub", "target"])
            }
        }

        @Test(arguments: ["/proc", "/tmp/../proc", "/nosuch/../proc/."])
        func procIsNeverMountedThroughALink(_ destination: String) throws {
            try withHost { host in
                let bundle = try host.bundle("true", writable: true) { spec in
                    for index in spec.mounts.indices where spec.mounts[index].destination == "/proc" {
                        spec.mounts[index].destination = destination
                    }
                }
                try host.shell(
                    "rmdir \(bundle)/rootfs/proc && mkdir \(bundle)/rootfs/fake && ln -s /fake \(bundle)/rootfs/proc"
                )
                let output = try host.oci("run", "--bundle", bundle, host.id())
                #expect(output.code == 1)
                #expect(output.err.contains("/proc: too many levels of symbolic links"), "\(output)")
            }
        }

        @Test func nothingMayCoverProc() throws {
            try withHost { host in
                let output = try host.run("true", writable: true) {
                    $0.mounts.append(Mount(destination: "/proc/self/attr", type: "tmpfs", source: "tmpfs"))
                }
                #expect(output.code == 1)
                #expect(output.err.contains("/proc/self/attr"))
            }
        }

        @Test func maskedPathsAreEmpty() throws {
            try withHost { host in
                let output = try host.run(
                    "wc -c < /etc/passwd; wc -c < /proc/keys; ls /usr | wc -l; touch /usr/x 2>/dev/null || echo ro",
                    writable: true
                ) {
                    $0.linux?.maskedPaths = [
                        "/etc/passwd", "/usr", "/proc/keys", "/not/there", "/bin/sh/not-a-folder",
                    ]
                }
                #expect(output.lines == ["0", "0", "0", "ro"], "\(output)")
            }
        }

        @Test func readOnlyPathsAreReadOnly() throws {
            try withHost { host in
                let output = try host.run(
                    "touch /etc/x 2>/dev/null || echo ro; touch /tmp/x && echo rw; echo 1 2>/dev/null > /proc/sys/kernel/panic || echo ro",
                    writable: true
                ) { $0.linux?.readonlyPaths = ["/etc", "/proc/sys", "/not/there"] }
                #expect(output.lines == ["ro", "rw", "ro"], "\(output)")
            }
        }

        @Test func hasTheDefaultDevicesAndLinks() throws {
            try withHost { host in
                let output = try host.run(
                    "cd /dev; for d in null zero full random urandom tty; do stat -c '%n %F %t:%T %a' $d; done; for l in fd stdin stdout stderr ptmx; do readlink $l; done; echo x > /dev/null && head -c 2 /dev/urandom | wc -c"
                )
                #expect(
                    output.lines == [
                        "null character special file 1:3 666", "zero character special file 1:5 666",
                        "full character special file 1:7 666", "random character special file 1:8 666",
                        "urandom character special file 1:9 666", "tty character special file 5:0 666",
                        "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx",
                        "2",
                    ], "\(output)")
            }
        }

        @Test func makesTheDevicesItIsTold() throws {
            try withHost { host in
                let output = try host.run(
                    "stat -c '%F %t:%T %a %u %g' /dev/mem2 /dev/sub/pipe; cat /dev/mem2 2>&1 | head -c 60; head -c 1 /dev/zero2 | wc -c"
                ) {
                    $0.linux?.devices = [
                        .init(
                            path: "/dev/mem2", type: .character, major: 1, minor: 1, fileMode: 0o640, uid: 3,
                            gid: 4),
                        .init(path: "/dev/sub/pipe", type: .fifo, major: 0, minor: 0, fileMode: 0o600),
                        .init(path: "/dev/zero2", type: .character, major: 1, minor: 5, fileMode: 0o666),
                    ]
                    $0.process?.capabilities?.add("CAP_DAC_OVERRIDE")
                    $0.linux?.resources?.devices.append(
                        .init(allow: false, type: .character, major: 1, minor: 1))
                }
                #expect(
                    output.lines.prefix(2) == ["character special file 1:1 640 3 4", "fifo 0:0 600 0 0"],
                    "\(output)")
                // A node is no permission: the device filter refuses.
                #expect(output.out.contains("Operation not permitted"), "\(output)")
                #expect(output.lines.last == "1")
            }
        }

        /// Of several entries for one path the first one counts, with its owner, as with runc.
        @Test func devicesWithOnePath() throws {
            try withHost { host in
                let output = try host.run("stat -c '%F %t:%T %a %g' /dev/twice /dev/null") {
                    $0.linux?.devices = [
                        .init(
                            path: "/dev/twice", type: .character, major: 1, minor: 5, fileMode: 0o640, gid: 5),
                        .init(path: "/dev/twice", type: .character, major: 1, minor: 3, fileMode: 0o600),
                        .init(path: "/dev/null", type: .character, major: 1, minor: 3, fileMode: 0o644),
                        .init(
                            path: "/dev/null", type: .character, major: 1, minor: 3, fileMode: 0o666, gid: 6),
                        .init(path: "/dev//twice", type: .fifo, major: 0, minor: 0, fileMode: 0o666, gid: 6),
                    ]
                }
                #expect(
                    output.lines == ["character special file 1:5 640 5", "character special file 1:3 644 0"],
                    "\(output)")
            }
        }

        @Test func makesItsWorkingDirectory() throws {
            try withHost { host in
                let seen = try host.run("pwd", writable: true) { $0.process?.cwd = "/made/for/it" }.out
                #expect(seen == "/made/for/it\n")
            }
        }

        @Test func mapsTheIDsOfAMount() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data, mode: 0o777)
                try Files.write("\(data)/file", "x")
                chown("\(data)/file", 1000, 1000)
                let output = try host.run("stat -c '%u %g' /data/file", writable: true) {
                    let map: [RuntimeSpec.IDMapping] = [.init(containerID: 1000, hostID: 2000, size: 1)]
                    $0.mounts.append(
                        Mount(
                            destination: "/data", source: data, options: ["bind", "idmap"], uidMappings: map,
                            gidMappings: map))
                }
                #expect(output.out == "2000 2000\n", "\(output)")
            }
        }

        /// Host ids 1000 … are 2000 … in the container's mount.
        private static let idMap: [RuntimeSpec.IDMapping] = [.init(containerID: 1000, hostID: 2000, size: 2)]

        /// File systems beside the disk's, with another one mounted below: `idmap` is for the first alone.
        @Test(arguments: ["idmap", "ridmap"]) func mapsTheIDsOfATmpfs(_ option: String) throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try host.shell("mount -t tmpfs none \(data)")
                defer { umount2(data, Int32(MNT_DETACH)) }
                try host.shell(
                    """
                    cd \(data) && touch file && chown 1000:1001 file && mkdir below && mount -t tmpfs none below \
                    && touch below/file && chown 1000:1001 below/file
                    """)
                defer { umount2("\(data)/below", Int32(MNT_DETACH)) }
                let output = try host.run(
                    "stat -c '%u %g' /data/file /data/below/file", writable: true
                ) {
                    $0.mounts.append(
                        Mount(
                            destination: "/data", source: data, options: ["rbind", option],
                            uidMappings: Self.idMap, gidMappings: Self.idMap))
                }
                #expect(
                    output.lines == ["2000 2001", option == "ridmap" ? "2000 2001" : "1000 1001"],
                    "\(output)")
            }
        }

        /// The kernel maps an overlay's layers, not the overlay.
        @Test func aFileSystemThatCannotBeMapped() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try host.shell(
                    """
                    cd \(host.folder) && mkdir lower upper work && mount -t tmpfs none upper \
                    && mkdir upper/up upper/work && mount -t overlay \
                    -o lowerdir=lower,upperdir=upper/up,workdir=upper/work none \(data)
                    """)
                defer {
                    umount2(data, Int32(MNT_DETACH))
                    umount2("\(host.folder)/upper", Int32(MNT_DETACH))
                }
                let output = try host.run("true", writable: true) {
                    $0.mounts.append(
                        Mount(
                            destination: "/data", source: data, options: ["bind", "idmap"],
                            uidMappings: Self.idMap, gidMappings: Self.idMap))
                }
                #expect(output.code == 1)
                #expect(output.err.contains("its file system takes no ID mapping"), "\(output)")
            }
        }

        /// Without mappings of its own a mount has those of the container.
        @Test(arguments: ["idmap", "ridmap"]) func aMountTakesTheContainersMappings(_ option: String) throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try Files.write("\(data)/file", "x")
                chown("\(data)/file", 5, 7)
                let mount = Mount(destination: "/home", source: data, options: ["rbind", option])
                let change = { (spec: inout RuntimeSpec) -> Void in
                    spec.linux?.namespaces.append(.init(.user))
                    spec.linux?.uidMappings = [.init(containerID: 0, hostID: 300_000, size: 1000)]
                    spec.linux?.gidMappings = [.init(containerID: 0, hostID: 400_000, size: 1000)]
                    spec.mounts.append(mount)
                }
                let output = try host.run("stat -c '%u %g' /home/file", name: "r", writable: true, change)
                #expect(output.lines == ["5 7"], "\(output)")
                let none = try host.run("true", name: "n", writable: true) { $0.mounts.append(mount) }
                #expect(none.code == 1 && none.err.contains("user namespace"), "\(none)")
            }
        }

        @Test func mapsIDsIntoAUserNamespace() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                try Files.write("\(data)/file", "x")
                chown("\(data)/file", 0, 7)
                let output = try host.run("stat -c '%u %g' /home/file; touch /home/made", writable: true) {
                    let map: [RuntimeSpec.IDMapping] = [.init(containerID: 0, hostID: 300_000, size: 1000)]
                    $0.linux?.namespaces.append(.init(.user))
                    $0.linux?.uidMappings = map
                    $0.linux?.gidMappings = map
                    $0.mounts.append(
                        Mount(
                            destination: "/home", source: data, options: ["bind", "idmap"], uidMappings: map,
                            gidMappings: map))
                }
                #expect(output.lines == ["0 7"], "\(output)")
                // What the container's root makes there is the host's root's.
                var status = stat()
                try #require(stat("\(data)/made", &status) == 0)
                #expect(status.st_uid == 0)
            }
        }

        @Test func aRootThatIsNotPivoted() throws {
            try withHost { host in
                let bundle = try host.bundle("ls / | head -1")
                #expect(try host.oci("run", "--no-pivot", "--bundle", bundle, host.id()).out == "bin\n")
            }
        }
    }
}

extension RuntimeSpec.Capabilities {
    /// Into all sets that matter for a program that root runs.
    mutating func add(_ name: String) {
        bounding.append(name)
        effective.append(name)
        permitted.append(name)
    }
}
