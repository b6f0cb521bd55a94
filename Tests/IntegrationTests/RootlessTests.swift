import Glibc
import LinuxKernel
import OCISpec
import Testing

extension RuntimeTests {
    /// Containers of an ordinary user.
    @Suite struct Rootless {
        @Test func aUserRunsAContainerWithItsOwnId() throws {
            try withUser { user in
                let output = try user.run(
                    "id -u; id -g; hostname; touch /made; echo x >/dev/null && ls -l /dev/null | cut -c1; cat /proc/self/uid_map"
                )
                #expect(output.err == "")
                #expect(output.code == 0)
                #expect(output.lines.prefix(4) == ["0", "0", "swiftlet", "c"])
                let map = output.lines.last?.split(separator: " ").map(String.init)
                #expect(map == ["0", "\(User.id)", "1"])
                // From outside: the file is the user's, and so is all that the runtime keeps.
                #expect(try owner("\(user.bundleFolder)/rootfs/made") == User.id)
                #expect(try owner("\(user.runtimeFolder)/swiftlet-oci") == User.id)
                var status = stat()
                try #require(stat("\(user.runtimeFolder)/swiftlet-oci", &status) == 0)
                #expect(status.st_mode & 0o7777 == 0o1700)
            }
        }

        @Test func subordinateIdsAreMapped() throws {
            try withUser { user in
                let output = try user.run("touch /made; chown 33:34 /made; ls -ln /made; id -G; id -u") {
                    $0.linux?.uidMappings = User.mappings
                    $0.linux?.gidMappings = User.mappings
                    $0.process?.capabilities?.bounding = ["CAP_CHOWN", "CAP_SETUID"]
                    $0.process?.capabilities?.effective = ["CAP_CHOWN", "CAP_SETUID"]
                    $0.process?.capabilities?.permitted = ["CAP_CHOWN", "CAP_SETUID"]
                    $0.process?.user.additionalGids = [7, 8]
                }
                #expect(output.err == "")
                #expect(output.code == 0)
                #expect(output.lines.first?.split(separator: " ").dropFirst(2).prefix(2) == ["33", "34"])
                #expect(output.lines.dropFirst() == ["0 7 8", "0"])
                #expect(try owner("\(user.bundleFolder)/rootfs/made") == User.subordinate + 32)
            }
        }

        @Test func idsOfOthersAreRefused() throws {
            try withUser { user in
                let output = try user.run("true") {
                    $0.linux?.uidMappings = [.init(containerID: 0, hostID: 0, size: 1)]
                }
                #expect(output.code == 1)
                #expect(output.err.contains("linux.uidMappings: newuidmap: "))
                #expect(output.err.split(separator: "\n").count == 1)
                let alone = try user.run("true") { $0.linux?.namespaces.removeAll { $0.type == .user } }
                #expect(alone.code == 1)
                #expect(alone.err.contains("needs a user namespace"))
            }
        }

        @Test func theWholeLifeOfAContainer() throws {
            try withUser { user in
                try user.background { $0.process?.oomScoreAdj = 321 }
                #expect(try user.oci("state", user.container).out.contains("\"running\""))
                let exec = try user.oci(
                    "exec", user.container, "sh", "-c",
                    "id -u; cat /proc/self/oom_score_adj; readlink /proc/1/ns/user; readlink /proc/self/ns/user; ls /proc | grep -c '^1$'"
                )
                #expect(exec.err == "")
                #expect(exec.lines.prefix(2) == ["0", "321"])
                #expect(exec.lines.count == 5)
                #expect(Set(exec.lines.dropFirst(2).prefix(2)).count == 1)
                #expect(try user.oci("exec", user.container, "sh", "-c", "exit 9").code == 9)
                for command in [
                    ["ps"], ["pause"], ["resume"], ["update", "--pids-limit", "5"], ["events", "--stats"],
                ] {
                    let output = try user.start(command + [user.container]).wait()
                    #expect(output.code == 1)
                    #expect(output.err.contains("has no control groups"))
                }
                #expect(try user.oci("delete", user.container).err.contains("not stopped"))
                #expect(try user.oci("kill", "--all", user.container, "KILL").code == 0)
                #expect(
                    try eventually { try user.oci("state", user.container).out.contains("\"stopped\"") })
                #expect(try user.oci("delete", user.container).code == 0)
                #expect(
                    Files.names(in: "\(user.runtimeFolder)/swiftlet-oci").allSatisfy { $0.hasPrefix(".") })
            }
        }

        @Test func createAndStartAreTwoSteps() throws {
            try withUser { user in
                let bundle = try user.bundle("echo started >/proc/1/fd/1; sleep 60")
                #expect(try user.oci("create", "--bundle", bundle, user.container).code == 0)
                #expect(try user.oci("state", user.container).out.contains("\"created\""))
                #expect(try user.oci("start", user.container).code == 0)
                #expect(try user.oci("state", user.container).out.contains("\"running\""))
                #expect(try user.oci("delete", "--force", user.container).code == 0)
            }
        }

        @Test func limitsNeedGroups() throws {
            try withUser { user in
                let output = try user.run("true") {
                    $0.linux?.resources = .init()
                    $0.linux?.resources?.pids = .init(limit: 10)
                }
                #expect(output.code == 1)
                #expect(output.err.contains("linux.resources: this user may make no control groups"))
                #expect(output.err.split(separator: "\n").count == 1)
                // Device rules need none: what the user may not open, its container may not.
                let devices = try user.run("echo fine") {
                    $0.linux?.resources = .init()
                    $0.linux?.resources?.devices = [.init(allow: false, access: .all)]
                }
                #expect(devices.out == "fine\n")
                let forced = try user.oci(
                    "--rootless=false", "run", "--bundle", try user.bundle("true"), user.container)
                #expect(forced.code == 1)
                #expect(forced.err.contains("permission denied"))
            }
        }

        /// A group that was handed over: the container has its own below it, by its path or as the caller is in it.
        @Test(arguments: [true, false])
        func aDelegatedGroupIsUsed(byPath: Bool) throws {
            try withUser { user in
                let layout =
                    Files.exists("/sys/fs/cgroup/cgroup.controllers")
                    ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified"
                let group = "\(layout)/\(user.host.prefix)-delegated"
                try Files.makeFolder(group)
                defer { rmdir(group) }
                defer { rmdir("\(group)/own") }
                try Files.makeFolder("\(group)/own")
                for file in ["", "/cgroup.procs", "/own/cgroup.procs"] {
                    try #require(chown(group + file, User.id, User.id) == 0)
                }
                user.ownGroup = "\(group)/own"
                let name = byPath ? "c" : user.container
                try user.background {
                    $0.linux?.cgroupsPath = byPath ? "/\(user.host.prefix)-delegated/c" : nil
                }
                let pid = try #require(try user.pid())
                #expect(try Files.value("\(group)/\(name)/cgroup.procs") == "\(pid)")
                #expect(try user.oci("pause", user.container).code == 0)
                #expect(try Files.value("\(group)/\(name)/cgroup.freeze") == "1")
                #expect(try user.oci("resume", user.container).code == 0)
                #expect(try user.oci("exec", "--detach", user.container, "sleep", "50").code == 0)
                #expect(try user.oci("ps", user.container).lines.count == 3)
                #expect(try user.oci("delete", "--force", user.container).code == 0)
                #expect(!Files.exists("\(group)/\(name)"))
            }
        }

        /// As podman and rootlesskit start a runtime: as the root of a user namespace of theirs.
        @Test func theRootOfAUserNamespaceRunsAContainer() throws {
            try withUser { user in
                user.wrapper = ["unshare", "--user", "--map-root-user", "--mount"]
                let output = try user.run("id -u; ls -l /dev/null | cut -c1; touch /made && echo made") {
                    $0.linux?.namespaces.removeAll { $0.type == .user }
                    $0.linux?.uidMappings = []
                    $0.linux?.gidMappings = []
                }
                #expect(output.err == "")
                #expect(output.lines == ["0", "c", "made"])
                #expect(try owner("\(user.bundleFolder)/rootfs/made") == User.id)
            }
        }

        /// Namespaces in each other: the user's, and in it the container's own.
        @Test func aUserNamespaceInAUserNamespace() throws {
            try withUser { user in
                user.wrapper = ["unshare", "--user", "--map-root-user", "--mount"]
                let plain = try user.run("cat /proc/self/uid_map; unshare -U true && echo third") {
                    $0.linux?.uidMappings = [.init(containerID: 0, hostID: 0, size: 1)]
                    $0.linux?.gidMappings = [.init(containerID: 0, hostID: 0, size: 1)]
                }
                #expect(plain.err == "")
                #expect(plain.lines.last == "third")
                #expect(plain.lines.first?.split(separator: " ") == ["0", "0", "1"])
            }
        }

        @Test func bindsAreMadeWithTheUsersRights() throws {
            try withUser { user in
                let secret = "\(user.host.folder)/secret"
                try Files.write(secret, "for root alone", mode: 0o600)
                try Files.write("\(user.host.folder)/open", "for all")
                let output = try user.run("cat /open; cat /secret") {
                    $0.mounts.append(
                        .init(
                            destination: "/open", type: "bind", source: "\(user.host.folder)/open",
                            options: ["bind", "ro"]))
                    $0.mounts.append(
                        .init(destination: "/secret", type: "bind", source: secret, options: ["bind"]))
                }
                #expect(output.out == "for all")
                #expect(output.err.contains("/secret"))
                #expect(output.code != 0)
            }
        }

        private func owner(_ path: String) throws -> UInt32 {
            var status = stat()
            try #require(lstat(path, &status) == 0, "\(path)")
            return status.st_uid
        }
    }
}

private func withUser(_ body: (User) throws -> Void) throws {
    try withHost { host in
        let user = try User(host)
        defer { user.removeAll() }
        try body(user)
    }
}

/// An ordinary user with subordinate ids, known to the programs that it runs in a mount namespace of their own.
private final class User {
    static let id: UInt32 = 40_404
    static let subordinate: UInt32 = 700_000
    static let mappings: [RuntimeSpec.IDMapping] = [
        .init(containerID: 0, hostID: id, size: 1), .init(containerID: 1, hostID: subordinate, size: 1000),
    ]

    let host: Host
    var wrapper: [String] = []
    /// A control group in which the user's programs begin.
    var ownGroup: String?
    private let script: String
    private let program: String

    var container: String { host.id() }
    var runtimeFolder: String { "\(host.folder)/run" }
    var bundleFolder: String { "\(host.folder)/bundle" }

    init(_ host: Host) throws {
        self.host = host
        script = "\(host.folder)/as-user"
        // Wherever the repository is, the user need not be able to go there.
        program = "\(host.folder)/swiftlet-oci"
        try host.shell("cp \(Host.runtime) \(program)")
        try Files.makeFolder("\(host.folder)/run", mode: 0o700)
        try #require(chown("\(host.folder)/run", Self.id, Self.id) == 0)
        let name = "swiftlet-test"
        for file in ["passwd", "subuid", "subgid"] {
            let line =
                file == "passwd"
                ? "\(name):x:\(Self.id):\(Self.id)::/:/bin/sh" : "\(name):\(Self.subordinate):1000"
            let old = Files.exists("/etc/\(file)") ? try Files.read("/etc/\(file)") : ""
            try Files.write("\(host.folder)/\(file)", old + line + "\n")
        }
        try Files.write(
            script,
            """
            #!/bin/sh
            set -e
            for file in passwd subuid subgid; do
                [ -e /etc/$file ] || touch /etc/$file
                mount --bind \(host.folder)/$file /etc/$file
            done
            [ -z "$OWN_GROUP" ] || echo $$ >"$OWN_GROUP/cgroup.procs"
            exec setpriv --reuid \(Self.id) --regid \(Self.id) --clear-groups -- "$@"
            """, mode: 0o755)
    }

    func start(_ arguments: [String]) throws -> RunningProgram {
        try host.start(
            program: ["/usr/bin/unshare", "--mount", script] + wrapper + [program] + arguments,
            environment: ["XDG_RUNTIME_DIR=\(runtimeFolder)", "OWN_GROUP=\(ownGroup ?? "")"])
    }

    func oci(_ arguments: String...) throws -> Output { try start(arguments).wait() }

    /// A bundle as `spec --rootless` makes one, with a root file system that is the user's.
    func bundle(_ script: String, _ change: (inout RuntimeSpec) -> Void = { _ in }) throws -> String {
        let path = try host.bundle(script, writable: true) {
            var spec = RuntimeSpec.rootlessExample(uid: User.id, gid: User.id)
            spec.process?.terminal = false
            spec.process?.args = $0.process?.args ?? []
            spec.process?.env = $0.process?.env ?? []
            spec.root = $0.root
            change(&spec)
            $0 = spec
        }
        try host.shell("chown -R \(User.id):\(User.id) \(path)")
        return path
    }

    func run(_ script: String, _ change: (inout RuntimeSpec) -> Void = { _ in }) throws -> Output {
        try oci("run", "--bundle", try bundle(script, change), container)
    }

    func background(_ change: (inout RuntimeSpec) -> Void = { _ in }) throws {
        let output = try oci("run", "--detach", "--bundle", try bundle("sleep 60", change), container)
        #expect(output.code == 0, "\(output.err)")
    }

    func pid() throws -> Int32? {
        try ContainerState(json: Array(try oci("state", container).out.utf8)).pid
    }

    func removeAll() {
        _ = try? oci("delete", "--force", container)
    }
}
