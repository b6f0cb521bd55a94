import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Images that go between swiftlet and the field's other tools, by a registry and by archives: what they make runs
/// here, what goes out again is what came in, byte by byte.
struct InteropTests {
    private let busybox = try! Fixtures.archive("oci/busybox")

    @Test func whatSkopeoPushesRuns() throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let registry = peers.registryHost
        let push = { (options: [String], name: String) in
            let target = "docker://\(registry)/\(name)"
            try peers(
                "sh", "-c",
                "skopeo copy -q --dest-tls-verify=false \(options.joined(separator: " ")) "
                    + "oci:\(busybox) \(target)")
        }
        try push([], "skopeo/oci:v1")
        try push(["--format", "v2s2"], "skopeo/docker:v1")
        for name in ["\(registry)/skopeo/oci:v1", "\(registry)/skopeo/docker:v1"] {
            try host.check("pull", "-q", name)
            #expect(try host.check("run", "--rm", "--network", "none", name, "echo", "runs").line == "runs")
            // And out again, into another repository.
            let copy = name.split(separator: ":v1")[0] + "-copy:v1"
            try host.check("push", "-q", name, String(copy))
            #expect(try peers.manifest("docker://\(copy)") == (try peers.manifest("docker://\(name)")))
        }
    }

    @Test func whatBuildahAndPodmanPushRuns() throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let registry = peers.registryHost
        // buildah takes a layout's path for a name, and not every path is one.
        try peers(
            "skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:\(busybox)",
            "docker://\(registry)/base:v1")
        let container = try peers(
            "buildah", "from", "-q", "--tls-verify=false", "docker://\(registry)/base:v1")
        try peers("buildah", "config", "--env", "WHO=buildah", "--cmd", "env", container)
        for (format, name) in [("docker", "app:docker"), ("oci", "app:oci")] {
            try peers("buildah", "commit", "-q", "--format", format, container, name)
            try peers(
                "buildah", "push", "-q", "--tls-verify=false", name, "docker://\(registry)/buildah:\(format)")
            try peers("podman", "push", "-q", "--tls-verify=false", name, "\(registry)/podman:\(format)")
        }
        try peers(
            "podman", "push", "-q", "--tls-verify=false", "--compression-format", "zstd", "app:oci",
            "\(registry)/podman-zstd:oci")
        for name in ["buildah:docker", "buildah:oci", "podman:docker", "podman:oci", "podman-zstd:oci"] {
            let output = try host.check("run", "--rm", "--network", "none", "\(registry)/\(name)")
            #expect(output.lines.contains("WHO=buildah"), "\(name)")
        }
    }

    /// zstd:chunked compresses each file for itself, and has a table of them behind in a frame that zstd skips. What a
    /// registry has in some form already is not compressed anew: each image comes into one of its own.
    @Test(arguments: ["skopeo", "podman", "buildah"], ["zstd", "zstd:chunked"])
    func whatIsPushedByZstdRuns(tool: String, format: String) throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let registry = peers.registryHost
        let name = "\(registry)/theirs/busybox:v1"
        if tool == "skopeo" {
            let plain = "dir:\(peers.folder)/plain"
            try peers("skopeo", "copy", "-q", "--dest-decompress", "oci:\(busybox)", plain)
            try peers(
                "skopeo", "copy", "-q", "--dest-tls-verify=false", "--dest-compress-format", format, plain,
                "docker://\(name)")
        } else {
            try peers("podman", "load", "-q", "-i", try Fixtures.archive("archive/busybox.tar"))
            try peers(
                tool, "push", "-q", "--tls-verify=false", "--compression-format", format, "localhost/busybox",
                "docker://\(name)")
        }
        let manifest = try peers.manifest("docker://\(name)")
        #expect(manifest.contains("\"application/vnd.oci.image.layer.v1.tar+zstd\""), "\(manifest)")
        let hasTable = manifest.contains("\"io.containers.zstd-chunked.manifest-position\"")
        #expect(hasTable == (format == "zstd:chunked"), "\(manifest)")
        try host.check("pull", "-q", name)
        #expect(try host.check("image", "verify", "--deep").error.isEmpty)
        #expect(try host.check("run", "--rm", "--network", "none", name, "echo", "runs").line == "runs")
        let copy = "\(registry)/ours/busybox:v1"
        try host.check("push", "-q", name, copy)
        #expect(try peers.manifest("docker://\(copy)") == manifest)
    }

    @Test func whatWePushTheOthersRead() throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host.withBusybox(ownNetwork: false)
        let name = "\(peers.registryHost)/ours/busybox:v1"
        try host.check("push", "-q", "busybox", name)
        for tool in ["podman", "buildah"] { try peers(tool, "pull", "-q", "--tls-verify=false", name) }
        let digest = try peers(
            "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(name)")
        let known = try peers("podman", "image", "inspect", "--format", "{{.RepoDigests}}", name)
        #expect(known.contains(digest))
        try peers(
            "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://\(name)",
            "oci:\(peers.folder)/layout:v1")
        try peers("umoci", "unpack", "--image", "\(peers.folder)/layout:v1", "\(peers.folder)/bundle")
        #expect(access("\(peers.folder)/bundle/rootfs/bin/busybox", X_OK) == 0)
    }

    @Test func whatWeSaveTheOthersRead() throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let name = "\(peers.registryHost)/team/busybox:v1"
        try peers(
            "skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:\(busybox)", "docker://\(name)")
        try host.check("pull", "-q", name)
        let archive = "\(peers.folder)/saved"
        try host.check("save", "-o", archive + ".oci", "--format", "oci-archive", name)
        try host.check("save", "-o", archive + ".docker", "--format", "docker-archive", name)
        #expect(
            try peers.manifest("oci-archive:\(archive).oci") == (try peers.manifest("docker://\(name)")))
        let id = try host.check("images", "-q", "--no-trunc").line
        for form in ["oci", "docker"] {
            try peers("podman", "load", "-q", "-i", "\(archive).\(form)")
            let read = try peers("podman", "image", "inspect", "--format", "{{.Id}}", name)
            #expect("sha256:" + read == id || form == "docker", "\(form): \(read)")
            try peers("podman", "rmi", name)
        }
    }

    @Test func passwordsAndTLS() throws {
        let peers = try PeerTools(password: "p w:d")
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let registry = peers.registryHost
        let name = "\(registry)/team/busybox:v1"
        let hosts = "\(peers.folder)/hosts"
        mkdir(hosts, 0o755)
        mkdir("\(hosts)/\(registry)", 0o755)
        try PeerTools.write(
            "\(hosts)/\(registry)/hosts.toml",
            "server = \"https://\(registry)\"\nca = \"\(peers.authority)\"\n")
        let auth = "\(peers.folder)/auth.json"
        let options = ["--hosts-dir", hosts, "--authfile", auth]
        func swiftlet(_ arguments: String..., input: String? = nil) throws -> Program.Result {
            try host.run(Array(arguments[..<1]) + options + arguments[1...], input: input)
        }
        #expect(try swiftlet("login", "-u", "me", "--password-stdin", registry, input: "wrong\n").code != 0)
        let login = try swiftlet("login", "-u", "me", "--password-stdin", registry, input: "p w:d\n")
        #expect(login.code == 0, "\(login.error)")
        try peers(
            "sh", "-c",
            "cp \(peers.authority) \(hosts)/\(registry)/ca.crt; exec skopeo copy -q --dest-authfile "
                + "\(auth) --dest-cert-dir \(hosts)/\(registry) oci:\(busybox) docker://\(name)")
        let pull = try swiftlet("pull", "-q", name)
        #expect(pull.code == 0, "\(pull.error)")
        let push = try swiftlet("push", "-q", name, "\(registry)/other/busybox:v1")
        #expect(push.code == 0, "\(push.error)")
        #expect(try host.check("run", "--rm", "--network", "none", name, "echo", "runs").line == "runs")
        try host.check("logout", "--authfile", auth, registry)
        let refused = try swiftlet("pull", "-q", name)
        #expect(refused.code != 0)
        #expect(refused.error.contains("log in first"), "\(refused.error)")
    }

    /// What is signed, and how, is tested beside the client; here: that a refused image does not come in.
    @Test func onlySignedImagesArePulled() throws {
        let peers = try PeerTools()
        defer { withExtendedLifetime(peers) {} }
        let host = try Host(ownNetwork: false)
        let name = "\(peers.registryHost)/team/busybox:v1"
        try peers("skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:\(busybox)", "docker://\(name)")
        let policy = "\(peers.folder)/policy.json"
        let key = "\(peers.folder)/key"
        try peers(
            "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        try peers("openssl", "pkey", "-in", key, "-pubout", "-out", key + ".pub")
        try PeerTools.write(
            policy,
            """
            {"default": [{"type": "reject"}], "transports": {"docker": {"\(peers.registryHost)/team":
             [{"type": "sigstoreSigned", "keyPath": "\(key).pub"}]}}}
            """)
        let refused = try host.checkFails(1, "pull", "--signature-policy", policy, name)
        #expect(refused.contains("it has no signature"), "\(refused)")
        #expect(try host.check("images", "-q").output.isEmpty)
        let other = "\(peers.registryHost)/other/busybox:v1"
        try peers("skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:\(busybox)", "docker://\(other)")
        let elsewhere = try host.checkFails(1, "pull", "--signature-policy", policy, other)
        #expect(elsewhere.contains("images of this scope are rejected"), "\(elsewhere)")
        #expect(try host.check("images", "-q").output.isEmpty)
    }
}
