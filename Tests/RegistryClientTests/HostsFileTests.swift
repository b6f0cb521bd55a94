import NIOCore
import RegistryClient
import Testing

@Suite struct HostsFileTests {
    private func endpoints(_ domain: String, _ files: [String: String]) throws -> [RegistryEndpoint] {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        for (name, text) in files { try folder.write(name, text) }
        return try EndpointResolver(folders: [folder.path]).endpoints(for: domain)
    }

    @Test func keepsTheOrderOfTheFile() throws {
        let found = try endpoints(
            "docker.io",
            [
                "docker.io/hosts.toml": """
                server = "https://registry-1.docker.io"

                [host."https://z.example"]
                  capabilities = [
                    "pull",
                    "resolve",
                  ]
                [host."https://a.example:5000"]
                  capabilities = ["pull"]
                # [host."https://never.example"]
                [host."m.example"]
                """
            ])
        #expect(
            found.map(\.origin.description) == [
                "https://z.example", "https://a.example:5000", "https://m.example",
                "https://registry-1.docker.io",
            ])
        #expect(found.map(\.isMirror) == [true, true, true, false])
        #expect(found[0].capabilities == [.pull, .resolve])
        #expect(found[1].capabilities == [.pull])
        #expect(found[2].capabilities == .all)
    }

    /// A word of containerd 2.
    @Test func readsThatAServerListsReferrers() throws {
        let found = try endpoints(
            "r.example",
            ["r.example/hosts.toml": "[host.\"https://m.example\"]\ncapabilities = [\"pull\", \"Referrers\"]"]
        )
        #expect(found[0].capabilities == [.pull, .referrers])
        #expect(found[1].capabilities.contains(.referrers))
    }

    @Test func readsEveryMember() throws {
        let found = try endpoints(
            "r.example",
            [
                "r.example/hosts.toml": """
                server = "http://r.example/base"
                ca = "top.pem"
                [host."https://m.example/v2/proxy"]
                  override_path = true
                  skip_verify = true
                  ca = ["/etc/a.pem", "b.pem"]
                  client = [["c.pem", "k.pem"], ["d.pem", ""]]
                  [host."https://m.example/v2/proxy".header]
                    X-One = "1"
                    X-Two = ["2", "3"]
                [host."https://n.example/sub/v2/"]
                  client = "/etc/both.pem"
                """
            ])
        let (first, second, own) = (found[0], found[1], found[2])
        #expect(first.root == "/v2/proxy")
        #expect(first.tls.skipVerify)
        #expect(first.tls.authorities.map { $0.split(separator: "/").last } == ["a.pem", "b.pem"])
        #expect(first.tls.authorities[0] == "/etc/a.pem")
        #expect(first.tls.authorities[1].hasSuffix("/r.example/b.pem"))
        #expect(first.tls.clientPairs.count == 2)
        #expect(first.tls.clientPairs[0].key?.hasSuffix("/r.example/k.pem") == true)
        #expect(first.tls.clientPairs[1].key == nil)
        #expect(first.headers.map { "\($0.name)=\($0.value)" } == ["X-One=1", "X-Two=2", "X-Two=3"])
        #expect(second.root == "/sub/v2")
        #expect(second.tls.clientPairs == [.init(certificate: "/etc/both.pem", key: nil)])
        #expect(own.root == "/base/v2")
        #expect(own.origin.scheme == .http)
        #expect(own.tls.authorities.first?.hasSuffix("/r.example/top.pem") == true)
    }

    @Test(arguments: ["localhost:5000", "localhost_5000_", "_default"])
    func findsTheFolder(_ name: String) throws {
        let found = try endpoints(
            "localhost:5000", ["\(name)/hosts.toml": "server = \"https://found.example\""])
        #expect(found.map(\.origin.host) == ["found.example"])
    }

    @Test func readsHowLongConnectingMayTake() throws {
        let found = try endpoints(
            "r.example",
            [
                "r.example/hosts.toml": """
                dial_timeout = "1m1.5s"
                [host."https://m.example"]
                  dial_timeout = "200ms"
                [host."https://n.example"]
                """
            ])
        #expect(found.map(\.connectTimeout) == [.milliseconds(200), nil, .milliseconds(61_500)])
        for wrong in ["3", "\"3\"", "\"\"", "\"-1s\"", "\"1.2.3s\"", "\"1d\"", "\"s\""] {
            let error = #expect(throws: RegistryError.self) {
                try endpoints("r.example", ["r.example/hosts.toml": "dial_timeout = \(wrong)"])
            }
            #expect(error?.description.contains("dial_timeout") == true)
        }
        #expect(GoDuration.nanoseconds("0") == 0 && GoDuration.nanoseconds("0s") == 0)
        let year: Int64 = 365 * 24 * 3600 * 1_000_000_000
        #expect(GoDuration.nanoseconds("9999999999h") == year)
    }

    @Test func triesServersOfThisMachineThatNameNoScheme() throws {
        let found = try endpoints(
            "r.example",
            [
                "r.example/hosts.toml": """
                server = "localhost:5001"
                [host."127.0.0.1:5000/v2/hub"]
                  override_path = true
                [host."localhost:80"]
                [host."https://localhost:5002"]
                [host."m.example:5000"]
                """
            ])
        #expect(found.map(\.mayBePlain) == [true, false, false, false, true])
        #expect(found.map(\.origin.scheme) == [.https, .http, .https, .https, .https])
        #expect(found[0].root == "/v2/hub")
    }

    @Test func asksTheRegistryItselfWithoutAServer() throws {
        let found = try endpoints("docker.io", ["docker.io/hosts.toml": "[host.\"https://m.example\"]"])
        #expect(found.map(\.origin.host) == ["m.example", "registry-1.docker.io"])
        #expect(try endpoints("docker.io", [:]).map(\.origin.host) == ["registry-1.docker.io"])
    }

    /// As with containerd: what stands outside of the hosts is about the registry, whether it is named there or not.
    @Test func configuresTheRegistryItselfWithoutAServer() throws {
        let found = try endpoints(
            "r.example:5000",
            [
                "r.example:5000/hosts.toml": """
                skip_verify = true
                ca = "top.pem"
                client = "/etc/both.pem"
                [header]
                  X-One = "1"
                [host."https://m.example"]
                """
            ])
        let own = found[1]
        #expect(own.origin.description == "https://r.example:5000" && own.root == "/v2" && !own.isMirror)
        #expect(own.tls.skipVerify && own.tls.authorities.first?.hasSuffix("/r.example:5000/top.pem") == true)
        #expect(own.tls.clientPairs == [.init(certificate: "/etc/both.pem", key: nil)])
        #expect(own.headers.map(\.name) == ["X-One"])
        #expect(!found[0].tls.skipVerify && found[0].headers.isEmpty)
    }

    @Test func keepsTheOrderOfAFileFromWindows() throws {
        let text = "[host.\"https://z.example\"]\r\n[host.\"https://a.example\"]\r\n"
        #expect(
            try endpoints("r.example", ["r.example/hosts.toml": text]).map(\.origin.host)
                == ["z.example", "a.example", "r.example"])
    }

    @Test func readsDockersCertificateFolders() throws {
        let found = try endpoints(
            "r.example:5000",
            ["r.example:5000/ca.crt": "", "r.example:5000/me.cert": "", "r.example:5000/me.key": ""])
        #expect(found[0].tls.authorities.first?.hasSuffix("/ca.crt") == true)
        #expect(found[0].tls.clientPairs.first?.key?.hasSuffix("/me.key") == true)
        // A hosts.toml that is empty says nothing.
        let empty = try endpoints("r.example", ["r.example/ca.crt": "", "r.example/hosts.toml": ""])
        #expect(empty.count == 1 && empty[0].tls.authorities.first?.hasSuffix("/ca.crt") == true)
    }

    /// Where a server of this machine sends us, certificates are looked at, unless somebody has said that they are not.
    @Test func aServerOfThisMachineVouchesForNobodyElse() throws {
        let other = try #require(WebOrigin(.https, authority: "auth.example"))
        let own = try #require(WebOrigin(.https, authority: "127.0.0.1:5001"))
        let unsaid = try endpoints("localhost:5000", [:])[0].tls
        #expect(!unsaid.applied(to: other).skipVerify && unsaid.applied(to: own).skipVerify)
        let said = try endpoints("localhost:5000", ["_default/hosts.toml": "skip_verify = true"])[0].tls
        #expect(said.applied(to: other).skipVerify)
    }

    /// As with Docker and containerd; who says what to trust is believed.
    @Test func looksAtNoCertificatesOnThisMachineUnlessTold() throws {
        for domain in ["localhost:5000", "127.0.0.1:443", "[::1]:5000", "localhost"] {
            #expect(try endpoints(domain, [:])[0].tls.skipVerify, "\(domain)")
        }
        for domain in ["10.0.0.1:5000", "127.evil.example:5000", "a.localhost:5000"] {
            #expect(try !endpoints(domain, [:])[0].tls.skipVerify, "\(domain)")
        }
        func skips(_ text: String, _ files: [String: String] = [:]) throws -> [Bool] {
            let all = files.merging(["_default/hosts.toml": text]) { $1 }
            return try endpoints("localhost:5000", all).map(\.tls.skipVerify)
        }
        #expect(try skips("", ["_default/ca.crt": ""]) == [false])
        #expect(try skips("", ["_default/me.cert": "", "_default/me.key": ""]) == [true])
        #expect(try skips("[host.\"https://127.0.0.1:5001\"]") == [false, true])
        #expect(try skips("server = \"https://localhost:5000\"") == [false])
        #expect(try skips("server = \"localhost:5000\"") == [false])
        #expect(try skips("ca = \"a.pem\"") == [false])
        #expect(try skips("skip_verify = false") == [false])
    }

    @Test func saysThatAFileIsNotThere() throws {
        for line in ["ca = \"/nowhere/a.pem\"", "client = \"/nowhere/a.pem\""] {
            let tls = try endpoints("r.example", ["r.example/hosts.toml": line])[0].tls
            let error = #expect(throws: RegistryError.self) { try tls.configuration(roots: nil) }
            #expect(
                error?.description.hasSuffix("/nowhere/a.pem cannot be read: no such file or directory")
                    == true,
                "\(line): \(error?.description ?? "")")
        }
    }

    /// As with containerd: `http://` beside words about TLS means whichever it is.
    @Test func triesTLSWhereSomethingIsSaidOfIt() throws {
        for line in ["ca = \"a.pem\"", "skip_verify = true", "skip_verify = false", "client = \"a.pem\""] {
            let found = try endpoints(
                "r.example", ["r.example/hosts.toml": "server = \"http://10.0.0.1:5000\"\n" + line])
            #expect(found[0].origin.description == "https://10.0.0.1:5000" && found[0].mayBePlain, "\(line)")
            let port80 = try endpoints(
                "r.example", ["r.example/hosts.toml": "server = \"http://10.0.0.1\"\n" + line])
            #expect(port80[0].origin.description == "http://10.0.0.1" && !port80[0].mayBePlain, "\(line)")
        }
        let plain = try endpoints(
            "r.example", ["r.example/hosts.toml": "server = \"http://10.0.0.1:5000\""])
        #expect(plain[0].origin.scheme == .http && !plain[0].mayBePlain)
    }

    @Test func triesPlainHTTPOnThisMachineOnly() throws {
        #expect(try endpoints("localhost:5000", [:])[0].mayBePlain)
        #expect(try endpoints("127.0.0.1:443", [:])[0].mayBePlain == false)
        #expect(try endpoints("127.0.0.1:80", [:])[0].origin.scheme == .http)
        #expect(try endpoints("10.0.0.1:5000", [:])[0].mayBePlain == false)
    }

    @Test(arguments: [
        ("server = ", "line 1"), ("[host.\"https://a.example\"]\ncapabilities = [\"fly\"]", "\"fly\""),
        ("[host.\"ftp://a\"]", "ftp://a"), ("server = 3", "server"), ("ca = 3\nserver = \"a.example\"", "ca"),
        ("[host.\"https://a.example\"]\nclient = [[\"a\"]]", "client"),
        ("[host.\"https://a.example\"]\nskip_verify = \"yes\"", "skip_verify"),
        ("[host.\"https://a.example\".header]\nX = \"a\\r\\nb\"", "header"), ("host = 1", "host"),
    ])
    func saysWhatIsWrong(_ text: String, _ word: String) throws {
        let error = #expect(throws: RegistryError.self) {
            try endpoints("r.example", ["r.example/hosts.toml": text])
        }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains("hosts.toml: ") == true)
        #expect(error?.description.contains(word) == true)
    }
}

@Suite struct ShortNameTests {
    @Test func looksInEachRegistry() throws {
        let search = ["quay.example", "docker.io/library", "r.example:5000/mirror"]
        #expect(
            try ShortNames.candidates("app:1", search: search).map(\.description) == [
                "quay.example/app:1", "docker.io/library/app:1", "r.example:5000/mirror/app:1",
            ])
        #expect(
            try ShortNames.candidates("team/app", search: ["docker.io/library"]).map(\.description) == [
                "docker.io/team/app"
            ])
    }

    @Test func takesCompleteNamesAsTheyAre() throws {
        let names = try ShortNames.candidates("r.example/app", search: ["quay.example"])
        #expect(names.map(\.description) == ["r.example/app"])
    }

    @Test func refusesToSearchNowhere() {
        #expect(throws: RegistryError.self) { try ShortNames.candidates("app", search: []) }
        #expect(throws: RegistryError.self) { try ShortNames.candidates("app", search: ["team"]) }
    }

    /// `unqualified-search-registries` of podman's registries.conf.
    @Test func searchesWherePodmanDoes() throws {
        let folder = try TemporaryFolder()
        let system = "\(folder.path)/etc"
        let environment = ["HOME": "\(folder.path)/home"]
        func found(_ environment: [String: String]) throws -> [String]? {
            try SearchFile.registries(environment: environment, system: system)
        }
        #expect(try found(environment) == nil)
        try folder.write(
            "etc/registries.conf", "unqualified-search-registries = []\n[[registry]]\nprefix = \"x\"")
        #expect(try found(environment) == nil)
        try folder.write(
            "etc/registries.conf", #"unqualified-search-registries = ["a.example", "docker.io"]"#)
        #expect(try found(environment) == ["a.example", "docker.io"])
        try folder.write("etc/registries.conf.d/10.conf", #"unqualified-search-registries = ["b.example"]"#)
        try folder.write("etc/registries.conf.d/20.conf", "[aliases]\n\"x\" = \"docker.io/x\"")
        try folder.write("etc/registries.conf.d/30.txt", "no = ")
        #expect(try found(environment) == ["b.example"])
        try folder.write(
            "home/.config/containers/registries.conf", #"unqualified-search-registries = ["c.example"]"#)
        // The machine's additions come behind the user's file, the user's own behind those.
        #expect(try found(environment) == ["b.example"])
        try folder.write(
            "home/.config/containers/registries.conf.d/1.conf",
            #"unqualified-search-registries = ["d.example"]"#)
        #expect(try found(environment) == ["d.example"])
        let own = try folder.write("own.conf", #"unqualified-search-registries = ["e.example"]"#)
        var configuration = RegistryConfiguration()
        try configuration.readSearchRegistries(environment: ["CONTAINERS_REGISTRIES_CONF": own])
        #expect(configuration.searchRegistries == ["e.example"])
        for text in ["unqualified-search-registries = 1", "unqualified-search-registries = [1]", "a = "] {
            try folder.write("own.conf", text)
            let error = #expect(throws: RegistryError.self) {
                try found(["CONTAINERS_REGISTRIES_CONF": own])
            }
            #expect(error?.description.hasPrefix(own) == true)
        }
    }
}
