import OCISpec
import Testing

extension RuntimeTests {
    /// Where mounts end up when one changes what the next one's path means.
    @Suite struct MountPlaces {
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
