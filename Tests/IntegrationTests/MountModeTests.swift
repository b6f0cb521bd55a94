import Glibc
import OCISpec
import Testing

extension RuntimeTests {
    /// How mounts are, seen from inside, on a host whose mounts are shared, as systemd has them.
    @Suite struct MountModes {
        private typealias Mount = RuntimeSpec.Mount

        /// Runs a bundle where `script` has prepared the host's mounts.
        private func run(_ host: Host, _ bundle: String, after script: String = "true") throws -> [Substring]
        {
            try host.shell(
                """
                unshare -m sh -c 'mount --make-rshared / && \(script) &&
                    \(Host.runtime) --root \(host.state) run --bundle \(bundle) \(host.id())'
                """
            ).split(separator: "\n")
        }

        /// What mountinfo says of a place: the fields between the mount's options and the dash (proc(5)).
        private let propagation = """
            while read a b c d place o rest; do
                case $place in $1) echo $place ${rest%%- *};; esac
            done < /proc/self/mountinfo
            """

        @Test(
            arguments: [
                (nil, "master:"), ("private", ""), ("rprivate", ""), ("slave", "master:"),
                ("rslave", "master:"),
                ("shared", "shared:"), ("rshared", "shared:"), ("unbindable", "unbindable"),
                ("runbindable", "unbindable"),
            ])
        func theRootIsAsTheConfigurationSays(_ mode: String?, _ field: String) throws {
            try withHost { host in
                let bundle = try host.bundle("set /; \(propagation)") {
                    $0.linux?.rootfsPropagation = mode.flatMap { RuntimeSpec.Propagation(rawValue: $0) }
                }
                let seen = try #require(try run(host, bundle).first)
                #expect(field.isEmpty ? seen == "/" : seen.hasPrefix("/ \(field)"), "\(seen)")
            }
        }

        @Test func volumesAreAsTheirOptionsSay() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                let modes = [
                    ("private", ""), ("slave", "master:"), ("shared", "shared:"),
                    ("unbindable", "unbindable"),
                ]
                let bundle = try host.bundle("set '/v*'; \(propagation)", writable: true) {
                    for (mode, _) in modes {
                        $0.mounts.append(
                            Mount(destination: "/v-\(mode)", source: data, options: ["bind", mode]))
                    }
                }
                let seen = try run(host, bundle)
                #expect(seen.count == modes.count, "\(seen)")
                for (line, (mode, field)) in zip(seen, modes) {
                    #expect(
                        field.isEmpty ? line == "/v-\(mode)" : line.hasPrefix("/v-\(mode) \(field)"),
                        "\(line)")
                }
            }
        }

        /// What a volume's options say counts more than what is said of the root and all below it.
        @Test func volumesKeepTheirOwnBelowARootThatSaysOtherwise() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder(data)
                for (root, own) in [("rslave", "rshared"), ("rshared", "rslave"), ("rslave", "rprivate")] {
                    let bundle = try host.bundle("set '/v'; \(propagation)", writable: true) {
                        $0.linux?.rootfsPropagation = RuntimeSpec.Propagation(rawValue: root)
                        $0.mounts.append(Mount(destination: "/v", source: data, options: ["bind", own]))
                    }
                    let seen = try run(host, bundle).first ?? ""
                    #expect(seen.contains("shared:") == (own == "rshared"), "\(root), \(own): \(seen)")
                    #expect(seen.contains("master:") == (own != "rprivate"), "\(root), \(own): \(seen)")
                }
            }
        }

        /// Flags that reach down to the mounts below (mount_setattr(2)); the host's own keep theirs.
        @Test func flagsCanReachDown() throws {
            try withHost { host in
                let data = "\(host.folder)/data"
                try Files.makeFolder("\(data)")
                try Files.makeFolder("\(data)/sub")
                let flags = [
                    "nosuid", "nodev", "noexec", "nosymfollow", "noatime", "nodiratime", "nostrictatime",
                ]
                let script = """
                    while read a place c options rest; do
                        case $place in */sub) echo $place $options;; esac
                    done < /proc/self/mounts
                    cp /bin/busybox /rnodev/sub/true && ln -s true /rnodev/sub/link
                    /rnodev/sub/true && echo runs; /rnoexec/sub/true 2>/dev/null || echo refused
                    cat /rnodev/sub/link > /dev/null && echo followed
                    cat /rnosymfollow/sub/link 2>/dev/null || echo refused
                    """
                let bundle = try host.bundle(script, writable: true) {
                    for flag in flags {
                        $0.mounts.append(
                            Mount(destination: "/r\(flag)", source: data, options: ["rbind", "r\(flag)"]))
                    }
                }
                let record = "grep \(data)/sub /proc/self/mounts"
                let seen = try run(
                    host, bundle,
                    after: """
                        mount -t tmpfs -o strictatime sub \(data)/sub && \(record) > \(host.folder)/before
                        """)
                for (line, flag) in zip(seen, flags) {
                    let words = line.split { $0 == " " || $0 == "," }
                    #expect(words.first == "/r\(flag)/sub", "\(line)")
                    if flag == "nostrictatime" {
                        #expect(words.contains("relatime"), "\(line)")
                    } else {
                        #expect(words.dropFirst().contains { $0 == flag }, "\(line)")
                    }
                }
                #expect(seen.dropFirst(flags.count) == ["runs", "refused", "followed", "refused"], "\(seen)")
                let before = try Files.read("\(host.folder)/before")
                #expect(!before.contains("nosuid") && !before.contains("noexec"), "\(before)")
            }
        }
    }
}
