import CRIService
import ContainerCLI
import LinuxKernel
import Testing

struct ConfigurationTests {
    @Test func defaultFileChangesNothing() throws {
        #expect(try CRIConfiguration(toml: ConfigurationText.defaultFile, file: "f") == CRIConfiguration())
        #expect(try CRIConfiguration(toml: "", file: "f") == CRIConfiguration())
    }

    /// Every key of the default file can be used as it stands there, and says the default.
    @Test func defaultFileSaysTheDefaults() throws {
        let lines = ConfigurationText.defaultFile.split(separator: "\n", omittingEmptySubsequences: false)
        let used = lines.map { $0.hasPrefix("#") && !$0.hasPrefix("# ") ? $0.dropFirst() : $0 }
        let configuration = try CRIConfiguration(toml: used.joined(separator: "\n"), file: "f")
        var expected = CRIConfiguration()
        expected.runtimes["runc"] = CRIConfiguration.Runtime()
        expected.runtimes["runc"]?.program = "/usr/bin/runc"
        #expect(configuration == expected)
        for key in ConfigurationKeys.all { #expect(used.contains("\(key.name) = \(key.defaultValue)")) }
    }

    @Test func valuesOfAllKindsAreRead() throws {
        let text = """
            root = "/srv/swiftlet"
            network = "cni"
            oom_score_adj = -500
            enable_selinux = true
            default_runtime = "crun"
            pinned_images = ["registry.example/base/*", "busybox"]
            [log]
            level = "debug"
            format = "json"
            [cni]
            bin_dirs = [
                "/a", # one
                "/b",
            ]
            [streaming]
            idle_timeout = "1h30m"
            [limits]
            exec_output = "512KiB"
            [builtin_network]
            pod_cidrs = ["10.85.0.0/16", "fd00:85::/64"]
            [runtimes.crun]
            program = "/usr/bin/crun"
            arguments = ["--debug"]
            pod_annotations = ["run.oci.*", "example.com/tier"]
            container_annotations = []
            """
        let configuration = try CRIConfiguration(toml: text, file: "f")
        #expect(configuration.root == "/srv/swiftlet")
        #expect(configuration.imageStore == "/srv/swiftlet/images")
        #expect(configuration.network == .cni)
        #expect(configuration.oomScoreAdjustment == -500)
        #expect(configuration.enableSELinux)
        #expect(configuration.log.level == .debug && configuration.log.format == .json)
        #expect(configuration.cni.programFolders == ["/a", "/b"])
        #expect(configuration.streaming.idleTimeout == .seconds(5400))
        #expect(configuration.limits.execOutput == ByteSize(bytes: 512 << 10))
        #expect(configuration.builtinNetwork.podCIDRs == ["10.85.0.0/16", "fd00:85::/64"])
        #expect(configuration.runtimes["crun"]?.arguments == ["--debug"])
        #expect(configuration.runtimes["crun"]?.annotations.pod == ["run.oci.*", "example.com/tier"])
        #expect(configuration.runtimes["crun"]?.annotations.container == [])
    }

    @Test(arguments: [("900ms", 900), ("1500ms", 1500), ("2m", 120_000), ("1ns", 1), ("1000001ns", 2)])
    func timesInMilliseconds(text: String, milliseconds: Int) throws {
        let configuration = try CRIConfiguration(toml: "timeouts.cni = \"\(text)\"", file: "f")
        #expect(configuration.timeouts.cni.inMilliseconds == milliseconds)
    }

    @Test func everyMistakeIsToldWithItsLine() {
        let text = """
            root = "relative"
            stat = "/run/swiftlet"
            # a comment
            pinned_images = [
                "fine",
                7,
            ]
            metrics = "127.0.0.1:10257"

            [log]
            level = "loud"
            colour = true

            [streaming]
            port = 70000
            [limits]
            exec_output = "1GiB"
            [runtimes.crun]
            programm = "/usr/bin/crun"
            """
        #expect(
            problems(text) == [
                "f:1: root: \"relative\" is not an absolute path",
                "f:2: unknown key stat: is state meant?",
                "f:4: pinned_images: a list of texts is wanted, and one of it is an integer",
                "f:8: metrics is a table of keys: [metrics]",
                "f:11: log.level: \"loud\" is none of \"trace\", \"debug\", \"info\", \"notice\", \"warning\","
                    + " \"error\", \"critical\"",
                "f:12: unknown key log.colour",
                "f:15: streaming.port: 70000 is not between 0 and 65535",
                "f:17: limits.exec_output: an answer of the CRI holds 16 MiB at most",
                "f:19: unknown key runtimes.crun.programm: is program meant?",
            ])
    }

    @Test(arguments: [
        "streaming.address = \"127.0.0.2\"", "streaming.address = \"::1\"",
        "streaming.address = \"localhost\"",
        "[streaming]\naddress = \"10.0.0.1\"\ntls_cert_file = \"/c\"\ntls_key_file = \"/k\"",
    ])
    func streamsAreServedOnLoopbackOrWithTLS(text: String) { #expect(problems(text) == []) }

    @Test(arguments: [
        ("default_runtime = \"runc\"", "f:1: default_runtime: there is no runtime \"runc\""),
        (
            "\n[streaming]\ntls_cert_file = \"/c\"",
            "f:3: streaming.tls_cert_file: needs streaming.tls_key_file, too"
        ),
        (
            "root = \"/r\"\n[streaming]\nport = 10010\naddress = \"0.0.0.0\"",
            "f:4: streaming.address: \"0.0.0.0\" is no loopback address: needs streaming.tls_cert_file"
        ),
        ("streaming.address = \"::\"", "f:1: streaming.address: \"::\" is no loopback address"),
        (
            "streaming.address = \"node.example\"",
            "f:1: streaming.address: \"node.example\" is no loopback address"
        ),
        (
            "[runtimes.swiftlet]\nprogram = \"/p\"",
            "f:1: runtimes.swiftlet: this name is the built-in runtime's"
        ),
        ("[runtimes.other]", "f:1: runtimes.other: needs a program"),
        (
            "[runtimes.crun]\nprogram = \"/p\"\npod_annotations = [\"a\", \"*.b\"]",
            "f:3: runtimes.crun.pod_annotations: \"*.b\" is neither a name nor the beginning of one"
        ),
        ("root = ", "f:1: "), ("[log]\nlevel = \"info\"\nlevel = \"info\"", "f:3: "),
        (
            "streaming.base_url = \"node.example\"",
            "f:1: streaming.base_url: \"node.example\" is not http://HOST:PORT or https://HOST:PORT"
        ),
        (
            "streaming.base_url = \"https://node.example/\"",
            "f:1: streaming.base_url: \"https://node.example/\" ends with a slash"
        ),
        ("[metrics]\naddress = \"10257\"", "f:2: metrics.address: \"10257\" is not HOST:PORT"),
        (
            "[builtin_network]\npod_cidrs = [\"10.1.0.0/16\", \"10.2.0.0/16\"]",
            "f:2: builtin_network.pod_cidrs: there are two ranges of one family"
        ),
        (
            "builtin_network.pod_cidrs = [\"127.5.0.0/16\"]",
            "f:1: builtin_network.pod_cidrs: 127.5.0.0/16 is no range for pods: addresses of 127.0.0.0/8 are loopback"
        ),
        ("oom_score_adj = \"much\"", "f:1: oom_score_adj: a whole number is wanted, not a string"),
        ("timeouts.cni = \"0s\"", "f:1: timeouts.cni: the time has to be longer than nothing"),
        ("limits.exec_output = 0", "f:1: limits.exec_output: the size has to be more than nothing"),
        ("root = \"/a\\u0000b\"", "f:1: root: a text with a zero character is of no use here"),
        ("pinned_images = [\"a\", \"b\\U00000000\"]", "f:1: pinned_images: a text with a zero character"),
        ("\n[runtimes.\"a\\u0000\"]\nprogram = \"/p\"", "f:2: runtimes: \"a\u{ffff}\" is no name"),
        ("\n[runtimes.\"..\"]\nprogram = \"/p\"", "f:2: runtimes: \"..\" is no name"),
        ("\n[runtimes.\"\"]\nprogram = \"/p\"", "f:2: runtimes: \"\" is no name"),
        ("\n[runtimes.\"a/b\"]\nprogram = \"/p\"", "f:2: runtimes: \"a/b\" is no name"),
        ("pinned_images = [\"UPPER\"]", "f:1: pinned_images: 'UPPER' is not an image name"),
    ])
    func wrongFilesAreRefused(text: String, problem: String) {
        let found = problems(text)
        #expect(found.count == 1 && found.first?.hasPrefix(problem) == true, "\(found)")
    }

    @Test func aFileThatIsNamedHasToBeThere() {
        #expect(throws: ConfigurationError.self) { try CRIConfiguration.read("/nowhere/config.toml") }
    }

    /// For `swiftlet config check`: a daemon says at its start what it does without.
    @Test func filesThatAreNotThereAreFound() throws {
        let folder = try ScratchFolder()
        let profile = try folder.write("profile.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}")
        let text = """
            [seccomp]
            default_profile = "\(profile)"
            [streaming]
            tls_cert_file = "/nowhere/c"
            tls_key_file = "\(folder.path)"
            [runtimes.absent]
            program = "/nowhere/runtime"
            [runtimes.plain]
            program = "\(profile)"
            [runtimes.good]
            program = "/bin/sh"
            """
        #expect(problems(text) == [])
        let file = try folder.write("config.toml", text)
        let error = #expect(throws: ConfigurationError.self) {
            try CRIConfiguration.read(file, reading: .all)
        }
        #expect(
            error?.problems.map { "\($0.line): \($0.text)" } == [
                "4: streaming.tls_cert_file: \"/nowhere/c\": no such file or directory",
                "5: streaming.tls_key_file: \"\(folder.path)\" is no file",
                "7: runtimes.absent.program: \"/nowhere/runtime\": no such file or directory",
                "9: runtimes.plain.program: \"\(profile)\": permission denied",
            ])
    }

    /// A daemon that does not start names the line, too.
    @Test func filesThatAreNotWhatTheyShouldBeAreFound() throws {
        let folder = try ScratchFolder()
        let other = try folder.write("other", "root:x:0:0:root:/root:/bin/sh\n")
        let streams = "[streaming]\ntls_cert_file = \"\(other)\"\ntls_key_file = \"\(other)\"\n"
        let file = try folder.write(
            "config.toml",
            "[seccomp]\ndefault_profile = \"\(other)\"\n\(streams)[registry]\npolicy_file = \"\(other)\"\n")
        func found(_ files: NamedFiles) -> [String] {
            do {
                _ = try CRIConfiguration.read(file, reading: files)
                return []
            } catch { return error.problems.map { "\($0.line): \($0.text)" } }
        }
        #expect(found(.none) == [])
        let all = found(.all)
        #expect(all.count == 3)
        #expect(
            all.first?.hasPrefix("2: seccomp.default_profile: seccomp profile \(other): ") == true, "\(all)")
        #expect(
            all.dropFirst().first?.hasPrefix("4: streaming.tls_cert_file: use certificate \(other) with key ")
                == true,
            "\(all)")
        #expect(
            all.last?.hasPrefix("7: registry.policy_file: ") == true && all.last?.contains(other) == true,
            "\(all)")
        #expect(found(.ofStart) == Array(all.prefix(2)))
        #expect(found(.live) == Array(all.prefix(1)))
        let source = ConfigurationSource(file: file)
        #expect(throws: ConfigurationError.self) { try source.read(reading: .ofStart) }
    }

    @Test func flagsGoBeforeTheFile() throws {
        let folder = try ScratchFolder()
        let file = try folder.write("config.toml", "root = \"/one\"\nstate = \"/two\"\n")
        let source = ConfigurationSource(file: file) { $0.root = "/three" }
        let configuration = try source.read()
        #expect(configuration.root == "/three" && configuration.socketPath == "/two/cri.sock")
    }

    @Test func socketsAreNamedAsForCrictl() throws {
        #expect(
            try CRIConfiguration(toml: "listen = \"unix:///run/a.sock\"", file: "f").socketPath
                == "/run/a.sock")
        #expect(try CRIConfiguration(toml: "listen = \"/run/a.sock\"", file: "f").socketPath == "/run/a.sock")
        #expect(
            problems("listen = \"tcp://127.0.0.1:99\"") == [
                "f:1: listen: \"tcp://127.0.0.1:99\" is no unix socket"
            ])
        #expect(problems("listen = \"unix://a.sock\"") == ["f:1: listen: \"a.sock\" is not an absolute path"])
        // A long path goes by its folder's descriptor, beside which a long name has no room.
        let long = String(repeating: "long", count: 30)
        #expect(problems("listen = \"/\(long)/a.sock\"") == [])
        #expect(
            problems("listen = \"/run/\(long)\"") == [
                "f:1: listen: the path of a socket has at most 107 bytes, or else its file's name 88"
            ])
    }

    /// docs/configuration.md has the table that the code has.
    @Test func documentationIsTrue() throws {
        let parts = #filePath.split(separator: "/").dropLast(3)
        let path = "/" + parts.joined(separator: "/") + "/docs/configuration.md"
        let text = String(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
        #expect(text.contains(ConfigurationText.documentation))
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try CRIConfiguration(toml: text, file: "f")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}
