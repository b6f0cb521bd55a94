import Glibc
import LinuxKernel
import OCISpec
import RegistryClient
import Testing

@Suite struct CredentialFileTests {
    private func file(_ text: String) throws -> (CredentialFile, TemporaryFolder) {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        return (try CredentialFile(try folder.write("config.json", text)), folder)
    }

    private func user(_ file: CredentialFile, _ host: String, _ path: String = "") -> String? {
        if case .credential(.basic(let user, _)) = file.find(host: host, path: path) { user } else { nil }
    }

    private func auth(_ user: String) -> String { Credential.basicToken(user, "secret") }

    @Test func prefersTheMostSpecificKey() throws {
        let (file, _) = try file(
            """
            {"auths": {"r.example": {"auth": "\(auth("host"))"},
                       "r.example/team": {"auth": "\(auth("team"))"},
                       "r.example/team/app": {"auth": "\(auth("app"))"}}}
            """)
        #expect(user(file, "r.example", "team/app") == "app")
        #expect(user(file, "r.example", "team/app/deep") == "app")
        #expect(user(file, "r.example", "team/other") == "team")
        #expect(user(file, "r.example", "teamwork") == "host")
        #expect(user(file, "other.example", "team/app") == nil)
    }

    @Test(arguments: [
        "https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io",
    ])
    func knowsTheNamesOfDockerHub(_ key: String) throws {
        let (file, _) = try file("{\"auths\": {\"\(key)\": {\"auth\": \"\(auth("hub"))\"}}}")
        #expect(user(file, "docker.io", "library/busybox") == "hub")
    }

    @Test func anEmptyHelperMeansTheFile() throws {
        let (file, _) = try file(
            """
            {"credsStore": "test", "credHelpers": {"r.example": "", "empty.example": ""},
             "auths": {"r.example": {"auth": "\(auth("me"))"}}}
            """)
        #expect(user(file, "r.example", "team/app") == "me")
        #expect(file.find(host: "empty.example", path: "") == nil)
        #expect(file.helper(host: "r.example") == nil)
        #expect(file.helper(host: "other.example")?.program == "test")
    }

    @Test func readsTokens() throws {
        let (file, _) = try file(
            """
            {"auths": {"a.example": {"auth": "\(auth("x"))", "identitytoken": "T"},
                       "b.example": {"registrytoken": "R"}, "c.example": null}}
            """)
        guard case .credential(.identityToken("T")) = file.find(host: "a.example", path: ""),
            case .credential(.registryToken("R")) = file.find(host: "b.example", path: "")
        else { throw Missing() }
        #expect(file.find(host: "c.example", path: "") == nil)
    }

    @Test func keepsPasswordsWithColons() throws {
        let credential = try Credential(auth: Credential.basicToken("me", "a:b"))
        #expect(credential == .basic(username: "me", password: "a:b"))
        #expect(try Credential(auth: "bWU6cHc") == .basic(username: "me", password: "pw"))
        // What base64(1) has broken into lines of 76, and its last end of line.
        let long = Credential.basicToken("me", String(repeating: "p", count: 100))
        let broken = long.prefix(76) + "\r\n" + long.dropFirst(76) + "\n"
        #expect(
            try Credential(auth: String(broken))
                == .basic(username: "me", password: String(repeating: "p", count: 100)))
        #expect(try Credential(auth: "bW\nU6cHc\n") == .basic(username: "me", password: "pw"))
        #expect(try Credential() == nil)
        #expect(throws: RegistryError.self) { try Credential(auth: "!") }
        #expect(throws: RegistryError.self) { try Credential(auth: Base64.encode("nocolon".utf8)) }
    }

    @Test func takesTheMostSpecificMember() throws {
        #expect(
            try Credential(username: "u", password: "p", identityToken: "i", registryToken: "r")
                == .registryToken("r"))
        #expect(try Credential(username: "u", password: "p", identityToken: "i") == .identityToken("i"))
        #expect(
            try Credential(username: "u", password: "p", auth: "x") == .basic(username: "u", password: "p"))
    }

    /// CRI's AuthConfig, with containerd's meaning.
    @Test func credentialsOfAPullAreForTheirServerAlone() throws {
        let me = Credential.basic(username: "u", password: "p")
        func given(_ server: String, _ registry: String) throws -> Credential? {
            try Credential(registry: registry, serverAddress: server, username: "u", password: "p")
        }
        for (server, registry) in [
            ("", "r.example"), ("r.example", "r.example"), ("https://r.example", "r.example"),
            ("https://r.example/v2/", "r.example"), ("http://localhost:5000", "localhost:5000"),
            ("https://index.docker.io/v1/", "docker.io"), ("registry-1.docker.io", "docker.io"),
            ("R.example", "r.example"), ("r.example/", "r.example"),
        ] {
            #expect(try given(server, registry) == me, "\(server)")
        }
        for (server, registry) in [
            ("other.example", "r.example"), ("r.example:5000", "r.example"), ("r.example", "r.example:5000"),
            ("https://r.example.evil.example/r.example", "r.example"), ("docker.io", "r.example"),
        ] {
            #expect(try given(server, registry) == nil, "\(server)")
        }
        #expect(throws: RegistryError.self) { try given("https://", "r.example") }
        #expect(throws: RegistryError.self) { try given("a b", "r.example") }
        #expect(
            try Credential(registry: "r", serverAddress: "", username: "u", password: "p", identityToken: "t")
                == me)
        #expect(
            try Credential(registry: "r", serverAddress: "", identityToken: "t", registryToken: "")
                == .identityToken("t"))
        #expect(try Credential(registry: "r", serverAddress: "", registryToken: "t") == .registryToken("t"))
        #expect(
            try Credential(registry: "r", serverAddress: "", auth: Credential.basicToken("u", "p")) == me)
        #expect(try Credential(registry: "r", serverAddress: "") == nil)
    }

    @Test func saysWhichFileIsMalformed() throws {
        let error = #expect(throws: RegistryError.self) { try file("{\"auths\": 3}") }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains("config.json: auths: ") == true)
    }

    @Test func changesItsOwnEntriesOnly() throws {
        let (file, folder) = try file(
            """
            {"HttpHeaders": {"X": "1"}, "auths": {"a.example": {"auth": "\(auth("a"))", "email": "e"},
             "https://r.example/v1/": {"auth": "\(auth("old"))"}}, "detachKeys": "ctrl-p"}
            """)
        try file.write(.basic(username: "new", password: "p"), for: "r.example")
        let changed = try CredentialFile(file.path)
        #expect(user(changed, "r.example") == "new")
        #expect(user(changed, "a.example") == "a")
        #expect(changed.auths.count == 2)
        for word in ["HttpHeaders", "detachKeys", "\"email\""] {
            #expect(try folder.read("config.json").contains(word))
        }
        #expect(try changed.write(nil, for: "r.example"))
        let removed = try CredentialFile(file.path)
        #expect(user(removed, "r.example") == nil)
        #expect(try removed.write(nil, for: "r.example") == false)
    }

    @Test func makesAFileThatOnlyItsOwnerReads() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = "\(folder.path)/deep/er/config.json"
        let before = umask(0)
        defer { umask(before) }
        try CredentialFile(path).write(.identityToken("T"), for: "r.example")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        guard
            case .credential(.identityToken("T")) = try CredentialFile(path).find(host: "r.example", path: "")
        else { throw Missing() }
    }

    @Test func writesThroughALink() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let target = try folder.write("real.json", "{}")
        let link = "\(folder.path)/link.json"
        #expect(symlink(target, link) == 0)
        try CredentialFile(link).write(.basic(username: "u", password: "p"), for: "r.example")
        #expect(try folder.read("real.json").contains("r.example"))
        var status = stat()
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
}

@Suite struct CredentialStoreTests {
    /// A helper in a folder, and an environment that finds it.
    private func helper(_ script: String, config: String) throws -> (CredentialStore, TemporaryFolder) {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("bin/docker-credential-test", "#!/bin/sh\n\(script)\n", mode: 0o755)
        try folder.write("config.json", config)
        let environment = [
            "PATH": "\(folder.path)/bin:/usr/bin:/bin", "HOME": folder.path, "DOCKER_CONFIG": folder.path,
            "XDG_RUNTIME_DIR": "\(folder.path)/run", "FOLDER": folder.path,
        ]
        return (CredentialStore(environment: environment, configuration: testConfiguration()), folder)
    }

    @Test func asksTheHelperOfARegistry() async throws {
        let (store, folder) = try helper(
            """
            read -r server
            echo "$1 $server" >> "$FOLDER/log"
            echo '{"ServerURL":"x","Username":"me","Secret":"s"}'
            """, config: #"{"credHelpers": {"r.example": "test"}}"#)
        defer { withExtendedLifetime(folder) {} }
        #expect(
            try await store.credential(registry: "r.example", repository: "a/b")
                == .basic(username: "me", password: "s"))
        #expect(try await store.credential(registry: "other.example") == nil)
        #expect(try folder.read("log") == "get r.example\n")
    }

    @Test func asksTheStoreForAll() async throws {
        let (store, folder) = try helper(
            "cat > \"$FOLDER/in\"; echo '{\"Username\":\"<token>\",\"Secret\":\"T\"}'",
            config: #"{"credsStore": "test", "auths": {"https://index.docker.io/v1/": {}}}"#)
        defer { withExtendedLifetime(folder) {} }
        #expect(try await store.credential(registry: "docker.io") == .identityToken("T"))
        #expect(try folder.read("in") == "https://index.docker.io/v1/")
    }

    @Test func takesNoForAnAnswer() async throws {
        let (store, folder) = try helper(
            "echo 'credentials not found in native keychain'; exit 1", config: #"{"credsStore": "test"}"#)
        defer { withExtendedLifetime(folder) {} }
        #expect(try await store.credential(registry: "r.example") == nil)
    }

    @Test(arguments: [
        ("echo broken; exit 3", "broken"), ("echo '{'", "line 2"), ("kill -9 $$", "exit code"),
        ("yes x | head -c 3000000", "too large"),
    ])
    func saysWhichHelperFails(_ script: String, _ word: String) async throws {
        let (store, folder) = try helper(script, config: #"{"credsStore": "test"}"#)
        defer { withExtendedLifetime(folder) {} }
        let error = try await registryError { _ = try await store.credential(registry: "r.example") }
        #expect(error.kind == .configuration)
        #expect(error.description.contains("docker-credential-test"))
        #expect(error.description.contains(word))
    }

    @Test func doesNotWaitForeverForAHelper() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("docker-credential-slow", "#!/bin/sh\nexec sleep 60\n", mode: 0o755)
        let helper = try CredentialHelper("slow", timeout: 100, environment: ["PATH": folder.path + ":/bin"])
        let begin = ContinuousClock.now
        let error = #expect(throws: RegistryError.self) { try helper.get("r.example") }
        #expect(error?.description.contains("no answer in 100 ms") == true)
        #expect(ContinuousClock.now - begin < .seconds(20))
    }

    @Test func refusesNamesThatLeadElsewhere() {
        for name in ["../evil", "", "missing"] {
            #expect(throws: RegistryError.self) {
                try CredentialHelper(name, timeout: 100, environment: ["PATH": "/bin"])
            }
        }
    }

    @Test func savesAndRemovesByTheHelper() async throws {
        let (store, folder) = try helper(
            """
            case "$1" in
            store) cat > "$FOLDER/kept" ;;
            get) cat > /dev/null; [ -e "$FOLDER/kept" ] && echo '{"Username":"me","Secret":"s"}' \
                || { echo 'credentials not found in native keychain'; exit 1; } ;;
            erase) cat > /dev/null; rm "$FOLDER/kept" ;;
            esac
            """, config: #"{"credsStore": "test"}"#)
        defer { withExtendedLifetime(folder) {} }
        try await store.save(.basic(username: "me", password: "s"), for: "r.example")
        #expect(
            try folder.read("kept") == #"{"ServerURL":"r.example","Username":"me","Secret":"s"}"#)
        #expect(try folder.read("config.json") == #"{"credsStore": "test"}"#)
        #expect(try await store.remove(for: "r.example"))
        #expect(try await store.remove(for: "r.example") == false)
        // The protocol of helpers has no parts of registries.
        let error = await #expect(throws: RegistryError.self) {
            try await store.save(.basic(username: "me", password: "s"), for: "r.example/team")
        }
        #expect(error?.description.contains("docker-credential-test") == true)
    }

    /// In all the forms in which users of other tools are used to give it.
    @Test(arguments: [
        ("r.example", "r.example", "r.example"), ("https://r.example", "r.example", "r.example"),
        ("https://r.example/v1/", "r.example", "r.example"),
        ("R.example:5000/", "r.example:5000", "r.example:5000"),
        ("r.example/v2/", "r.example", "r.example"),
        ("docker.io", "docker.io", "https://index.docker.io/v1/"),
        ("https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/"),
        ("r.example/team/app", "r.example", "r.example/team/app"),
    ])
    func takesAddresses(_ place: String, _ registry: String, _ key: String) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = CredentialStore(environment: [:], file: folder.path + "/config.json")
        #expect(CredentialStore.registry(of: place) == registry)
        let mine = Credential.basic(username: "me", password: "s")
        try await store.save(mine, for: place)
        #expect(try CredentialFile(store.ownPath).auths.map(\.key) == [key])
        #expect(try await store.credential(registry: registry, repository: "team/app") == mine)
        let other = try await store.credential(registry: registry, repository: "other")
        #expect(other == (key.hasSuffix("/team/app") ? nil : mine))
        #expect(try await store.remove(for: place))
        #expect(try await store.remove(for: place) == false)
    }

    @Test(arguments: ["r.example/Team", "r.example/team:v1", "r.example/a b"])
    func refusesWhatNamesNoImages(_ place: String) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = CredentialStore(environment: [:], file: folder.path + "/config.json")
        await #expect(throws: RegistryError.self) {
            try await store.save(.basic(username: "me", password: "s"), for: place)
        }
        #expect(try CredentialFile(store.ownPath).auths.isEmpty)
    }

    private func names(in folder: String) throws -> [String] {
        try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY).listing().map(\.name)
    }

    @Test func loginsAtTheSameTimeAreAllKept() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = CredentialStore(environment: [:], file: folder.path + "/new/config.json")
        let registries = (0..<40).map { "r\($0).example" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for registry in registries {
                group.addTask {
                    try await store.save(.basic(username: "me", password: registry), for: registry)
                }
            }
            try await group.waitForAll()
        }
        #expect(try Set(CredentialFile(store.ownPath).auths.map(\.key)) == Set(registries))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for registry in registries.dropFirst() {
                group.addTask { _ = try await store.remove(for: registry) }
            }
            try await group.waitForAll()
        }
        #expect(try CredentialFile(store.ownPath).auths.map(\.key) == ["r0.example"])
        #expect(try names(in: folder.path + "/new") == ["config.json"])
    }

    /// What was locked by somebody who died is not locked.
    @Test func aLockThatWasLeftIsNone() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("config.json.lock", "")
        let file = try CredentialFile(folder.path + "/config.json")
        #expect(try file.write(.basic(username: "me", password: "s"), for: "r.example"))
        #expect(try names(in: folder.path) == ["config.json"])
    }

    @Test func readsPodmansFileBeforeDockers() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let entry = { (user: String) in
            "{\"auths\": {\"r.example\": {\"auth\": \"\(Credential.basicToken(user, "p"))\"}}}"
        }
        try folder.write("docker/config.json", entry("docker"))
        let environment = [
            "DOCKER_CONFIG": "\(folder.path)/docker", "XDG_RUNTIME_DIR": "\(folder.path)/run",
            "HOME": folder.path,
        ]
        let store = CredentialStore(environment: environment)
        let docker = try await store.credential(registry: "r.example")
        #expect(docker == .basic(username: "docker", password: "p"))
        try folder.write("run/containers/auth.json", entry("podman"))
        let podman = try await store.credential(registry: "r.example")
        #expect(podman == .basic(username: "podman", password: "p"))
        let chosen = try folder.write("chosen.json", entry("chosen"))
        let only = CredentialStore(environment: environment.merging(["REGISTRY_AUTH_FILE": chosen]) { $1 })
        #expect(try await only.credential(registry: "r.example") == .basic(username: "chosen", password: "p"))
        #expect(only.ownPath == chosen)
        #expect(store.ownPath == "\(folder.path)/docker/config.json")
    }
}
