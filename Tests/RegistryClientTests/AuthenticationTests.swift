import ImageStore
import OCISpec
import RegistryClient
import Synchronization
import Testing

/// How credentials travel: to whom, and to nobody else.
@Suite struct AuthenticationTests {
    private static let blob = pseudoRandomBytes(1000)
    private static let descriptor = layerDescriptor(blob)
    private static let me = Credential.basic(username: "me", password: "secret")
    private static let basic = "Basic " + Credential.basicToken("me", "secret")

    private func fetch(_ repository: Repository) async throws {
        #expect(try await repository.blob(Self.descriptor).collect() == Self.blob)
    }

    /// A registry that wants a token of its own service, `/token`.
    /// - Parameter token: gives the service's answer.
    private static func registry(
        accepts: @escaping @Sendable (String) -> Bool = { $0 == "Bearer T" }, scheme: String = "Bearer",
        token: @escaping FaultServer.Handler = { _ in
            FaultServer.answer(200, json: #"{"token":"T","expires_in":300}"#)
        }
    ) -> FaultServer.Handler {
        { request in
            if request.path == "/token" { return token(request) }
            if accepts(request.headers["authorization"] ?? "") { return FaultServer.answer(200, [:], blob) }
            let realm = "http://\(request.headers["host"]!)/token"
            let scope = "repository:team/app:pull"
            let challenge =
                scheme == "Basic"
                ? "Basic realm=\"r\"" : "Bearer realm=\"\(realm)\",service=\"s v\",scope=\"\(scope)\""
            return FaultServer.answer(
                401, ["WWW-Authenticate": challenge], json: #"{"errors":[{"code":"UNAUTHORIZED"}]}"#)
        }
    }

    // MARK: Basic

    @Test func answersBasicChallenges() async throws {
        let server = Self.registry(accepts: { $0 == Self.basic }, scheme: "Basic")
        try await withRepository(credential: Self.me, server: server) { repository, server in
            try await fetch(repository)
            try await fetch(repository)
            // Asked once, known from then on.
            #expect(server.requests.map { $0.headers["authorization"] } == [nil, Self.basic, Self.basic])
        }
    }

    @Test func endsAfterOneWrongPassword() async throws {
        try await withRepository(
            credential: Self.me, server: Self.registry(accepts: { _ in false }, scheme: "Basic")
        ) { repository, server in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(error.description.contains("the credentials are refused"))
            #expect(server.requests.count == 2)
        }
    }

    @Test func saysThatThereAreNoCredentials() async throws {
        try await withRepository(server: Self.registry(scheme: "Basic")) { repository, server in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(error.description.contains("log in first"))
            #expect(error.codes == ["UNAUTHORIZED"])
            #expect(server.requests.count == 1)
        }
    }

    // MARK: Tokens

    @Test func fetchesATokenAndKeepsIt() async throws {
        try await withRepository(credential: Self.me, server: Self.registry()) { repository, server in
            for _ in 0..<3 { try await fetch(repository) }
            let tokens = server.requests.filter { $0.path == "/token" }
            #expect(tokens.count == 1)
            #expect(
                tokens[0].target
                    == "/token?service=s%20v&scope=repository%3Ateam%2Fapp%3Apull&account=me")
            #expect(tokens[0].headers["authorization"] == Self.basic)
            let others = server.requests.filter { $0.path != "/token" }
            #expect(others.map { $0.headers["authorization"] } == [nil, "Bearer T", "Bearer T", "Bearer T"])
        }
    }

    @Test func fetchesAnonymousTokens() async throws {
        try await withRepository(server: Self.registry()) { repository, server in
            try await fetch(repository)
            let token = try #require(server.requests.first { $0.path == "/token" })
            #expect(token.headers["authorization"] == nil)
            #expect(!token.target.contains("account"))
        }
    }

    @Test func fetchesOneTokenForManyAtOnce() async throws {
        try await withRepository(server: Self.registry()) { repository, server in
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask { _ = try await repository.blob(Self.descriptor).collect() }
                }
                try await group.waitForAll()
            }
            #expect(server.requests.count { $0.path == "/token" } == 1)
        }
    }

    @Test func exchangesIdentityTokens() async throws {
        let server = Self.registry(token: { request in
            request.method == "POST"
                ? FaultServer.answer(200, json: #"{"access_token":"T"}"#) : FaultServer.answer(405)
        })
        try await withRepository(credential: .identityToken("I&D"), server: server) { repository, server in
            try await fetch(repository)
            let token = try #require(server.requests.first { $0.path == "/token" })
            #expect(
                String(decoding: token.body, as: UTF8.self)
                    == "grant_type=refresh_token&service=s%20v&client_id=swiftlet"
                    + "&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=I%26D")
            #expect(token.headers["content-type"] == "application/x-www-form-urlencoded")
            #expect(token.headers["authorization"] == nil)
        }
    }

    @Test func sendsRegistryTokensAsTheyAre() async throws {
        try await withRepository(credential: .registryToken("T"), server: Self.registry()) {
            repository, server in
            try await fetch(repository)
            #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer T"])
        }
    }

    @Test func fetchesAnotherTokenWhenOneExpires() async throws {
        let count = Mutex(0)
        let server = Self.registry(
            accepts: { $0.hasPrefix("Bearer T") },
            token: { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                return FaultServer.answer(200, json: #"{"token":"T\#(number)","expires_in":1}"#)
            })
        try await withRepository(server: server) { repository, server in
            try await fetch(repository)
            try await Task.sleep(for: .milliseconds(1100))
            try await fetch(repository)
            #expect(server.requests.last?.headers["authorization"] == "Bearer T2")
            // Before the registry had to refuse the old one.
            #expect(server.requests.count { $0.path != "/token" } == 3)
        }
    }

    @Test func fetchesAnotherTokenWhenOneIsRevoked() async throws {
        let current = Mutex("T1")
        let server = Self.registry(
            accepts: { authorization in current.withLock { authorization == "Bearer \($0)" } },
            token: { _ in FaultServer.answer(200, json: #"{"token":"\#(current.withLock { $0 })"}"#) })
        try await withRepository(server: server) { repository, _ in
            try await fetch(repository)
            current.withLock { $0 = "T2" }
            try await fetch(repository)
        }
    }

    @Test func endsA401Loop() async throws {
        let count = Mutex(0)
        let server = Self.registry(
            accepts: { _ in false },
            token: { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                return FaultServer.answer(200, json: #"{"token":"T\#(number)"}"#)
            })
        try await withRepository(credential: Self.me, server: server) { repository, server in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(error.description.contains("refused 3 times"))
            #expect(server.requests.count <= 6)
        }
    }

    @Test(arguments: [(401, RegistryError.Kind.unauthorized), (403, .denied), (404, .notFound)])
    func saysThatTheTokenServiceRefuses(_ status: Int, _ kind: RegistryError.Kind) async throws {
        let server = Self.registry(token: { _ in
            FaultServer.answer(status, json: #"{"details":"incorrect username or password"}"#)
        })
        try await withRepository(credential: Self.me, server: server) { repository, _ in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == kind)
            #expect(error.description.contains("token service 127.0.0.1:"))
            #expect(error.description.contains("incorrect username or password"))
        }
    }

    @Test(arguments: ["{}", "<html>", "{\"token\":3}", "{\"token\":\"\"}"])
    func refusesTokensThatAreNone(_ json: String) async throws {
        let server = Self.registry(token: { _ in FaultServer.answer(200, json: json) })
        try await withRepository(server: server) { repository, _ in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .corrupt)
        }
    }

    @Test(arguments: ["", "Negotiate", "Bearer service=x", "Bearer realm=\"/token\""])
    func refusesChallengesItCannotAnswer(_ challenge: String) async throws {
        try await withRepository(
            credential: Self.me,
            server: { _ in
                FaultServer.answer(401, challenge.isEmpty ? [:] : ["WWW-Authenticate": challenge])
            }
        ) { repository, server in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(server.requests.count == 1)
        }
    }

    @Test func prefersTokensWhereBothAreOffered() async throws {
        let registry = Self.registry()
        try await withRepository(
            credential: Self.me,
            server: { request in
                if request.path == "/token" || request.headers["authorization"] != nil {
                    return registry(request)
                }
                let realm = "http://\(request.headers["host"]!)/token"
                return FaultServer.answer(
                    401, ["WWW-Authenticate": "Basic realm=\"r\", Bearer realm=\"\(realm)\""])
            }
        ) { repository, server in
            try await fetch(repository)
            #expect(server.requests.last?.headers["authorization"] == "Bearer T")
        }
    }

    // MARK: To nobody else

    @Test func sendsNoCredentialsBehindARedirect() async throws {
        let storage = try FaultServer { request in
            request.headers["authorization"] == nil
                ? FaultServer.answer(200, [:], Self.blob) : FaultServer.answer(400)
        }
        defer { storage.stop() }
        let registry = Self.registry(accepts: { _ in false })
        try await withRepository(
            credential: Self.me,
            server: { request in
                request.headers["authorization"] == "Bearer T"
                    ? FaultServer.answer(307, ["Location": "http://\(storage.host)/data?signature=x%2Fy"])
                    : registry(request)
            }
        ) { repository, _ in
            try await fetch(repository)
            #expect(storage.requests.map(\.target) == ["/data?signature=x%2Fy"])
        }
    }

    @Test func answersNoChallengeBehindARedirect() async throws {
        let storage = try FaultServer { _ in
            FaultServer.answer(401, ["WWW-Authenticate": "Basic realm=\"give me\""])
        }
        defer { storage.stop() }
        try await withRepository(
            credential: Self.me,
            server: { _ in
                FaultServer.answer(302, ["Location": "http://\(storage.host)/data"])
            }
        ) { repository, _ in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(storage.requests.map { $0.headers["authorization"] } == [nil])
        }
    }

    @Test func followsRedirectsToItselfWithCredentials() async throws {
        let server = Self.registry(accepts: { $0 == Self.basic }, scheme: "Basic")
        try await withRepository(
            credential: Self.me,
            server: { request in
                request.path == "/moved" || request.headers["authorization"] == nil
                    ? server(request) : FaultServer.answer(307, ["Location": "/moved"])
            }
        ) { repository, server in
            try await fetch(repository)
            #expect(server.requests.last?.headers["authorization"] == Self.basic)
        }
    }

    /// As the other clients do; the password stays with the service that the registry named.
    @Test func followsATokenServiceThatMoved() async throws {
        let other = try FaultServer { request in
            FaultServer.answer(200, json: request.headers["authorization"] == nil ? #"{"token":"T"}"# : "{}")
        }
        defer { other.stop() }
        let near = Self.registry(token: { request in
            FaultServer.answer(307, ["Location": "/moved?\(request.target.drop { $0 != "?" }.dropFirst())"])
        })
        try await withRepository(
            credential: Self.me,
            server: { request in
                request.path == "/moved" && request.headers["authorization"] == Self.basic
                    ? FaultServer.answer(200, json: #"{"token":"T"}"#) : near(request)
            }
        ) { repository, server in
            try await fetch(repository)
            #expect(server.requests.contains { $0.path == "/moved" && $0.target.contains("scope=") })
        }
        let far = Self.registry(token: { _ in
            FaultServer.answer(302, ["Location": "http://\(other.host)/t"])
        })
        try await withRepository(credential: Self.me, server: far) { repository, _ in
            try await fetch(repository)
            #expect(other.requests.map { $0.headers["authorization"] } == [nil])
        }
    }

    @Test func endsRedirectLoops() async throws {
        try await withRepository(server: { request in
            FaultServer.answer(307, ["Location": request.path + "x"])
        }) { repository, server in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .limit)
            #expect(server.requests.count == 11)
        }
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://x", "http://a b/"])
    func followsNoOtherSchemes(_ location: String) async throws {
        try await withRepository(server: { _ in FaultServer.answer(302, ["Location": location]) }) {
            repository, _ in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .corrupt)
        }
    }

    /// The proxy is the only way to a host that is not this machine, and hears all that is said to it.
    @Test func sendsNoCredentialsOverPlainHTTP() async throws {
        let proxy = try FaultServer { _ in
            FaultServer.answer(401, ["WWW-Authenticate": "Basic realm=\"r\""])
        }
        defer { proxy.stop() }
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("plain.example/hosts.toml", "server = \"http://plain.example\"")
        var configuration = testConfiguration(environment: ["http_proxy": "http://\(proxy.host)"])
        configuration.hostFolders = [folder.path]
        try await withClient(configuration) { client in
            let repository = try client.repository(
                try ImageReference("plain.example/team/app"), credential: Self.me)
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(error.description.contains("not sent over plain HTTP"))
            #expect(proxy.requests.count == 1)
            #expect(proxy.requests[0].target.hasPrefix("http://plain.example/v2/"))
            #expect(proxy.requests.allSatisfy { $0.headers["authorization"] == nil })
        }
    }

    @Test func sendsNoCredentialsToAPlainTokenServiceElsewhere() async throws {
        try await withRepository(
            credential: Self.me,
            server: { _ in
                FaultServer.answer(
                    401, ["WWW-Authenticate": "Bearer realm=\"http://auth.example/token\",service=\"s\""])
            }
        ) { repository, _ in
            let error = try await registryError { try await fetch(repository) }
            #expect(error.kind == .unauthorized)
            #expect(error.description.contains("http://auth.example over plain HTTP"))
        }
    }
}
