import ImageStore
import OCISpec
import RegistryClient
import Testing

/// What a token that gives too few rights leads to.
@Suite struct RefusalTests {
    private static let me = Credential.basic(username: "me", password: "secret")

    /// A registry that gives everybody a token, with which nobody may do anything.
    /// - Parameter scope: what it says that it wants.
    private static func registry(scope: String = "repository:team/app:pull") -> FaultServer.Handler {
        { request in
            if request.path == "/token" {
                return FaultServer.answer(200, json: #"{"token":"T","expires_in":300}"#)
            }
            let why = request.headers["authorization"] == nil ? "" : ",error=\"insufficient_scope\""
            let realm = "http://\(request.headers["host"]!)/token"
            return FaultServer.answer(
                401, ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=\"s\",scope=\"\(scope)\"\(why)"],
                json: #"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#)
        }
    }

    private func refusal(
        _ credential: Credential?, _ handler: @escaping FaultServer.Handler
    ) async throws -> (error: RegistryError, tokens: Int) {
        var found: (error: RegistryError, tokens: Int)?
        try await withRepository(credential: credential, server: handler) { repository, server in
            let error = try await registryError { _ = try await repository.manifest(.tag("latest")) }
            found = (error, server.requests.count { $0.path == "/token" })
        }
        guard let found else { throw Missing() }
        return found
    }

    /// Docker's hub tells nobody which repositories there are.
    @Test func aNameThatIsNotThereLooksLikeOneForOthers() async throws {
        let (error, tokens) = try await refusal(nil, Self.registry())
        #expect(error.kind == .unauthorized && error.mayBeElsewhere)
        #expect(
            error.description.contains("there is no such repository, or it wants credentials: log in first"))
        #expect(error.codes == ["UNAUTHORIZED"])
        #expect(tokens == 1)
    }

    @Test func whoeverIsLoggedInIsNotToldToDoSo() async throws {
        let (error, tokens) = try await refusal(Self.me, Self.registry())
        #expect(error.description.contains("there is no such repository, or this user may not do that"))
        #expect(tokens == 1)
    }

    /// What we did not ask for may be given.
    @Test func aTokenForMoreIsAskedFor() async throws {
        let (error, tokens) = try await refusal(
            Self.me, Self.registry(scope: "repository:team/app:pull repository:team/base:pull"))
        #expect(error.kind == .unauthorized)
        #expect(tokens > 1)
    }
}
