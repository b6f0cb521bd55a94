import RegistryClient
import Testing

@Suite struct ChallengeTests {
    @Test func readsABearerChallenge() {
        let found = Challenge.parse([
            #"Bearer realm="https://auth.example/token",service="a b",scope="repository:x:pull,push""#
        ])
        #expect(
            found == [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token", "service": "a b",
                        "scope": "repository:x:pull,push",
                    ])
            ])
    }

    @Test func readsSeveralInOneHeaderAndInSeveral() {
        let found = Challenge.parse([
            #"Negotiate, Basic realm="a, b=c", Bearer realm=x , service=y"#, "Digest qop=\"auth\"",
        ])
        #expect(found.map(\.scheme) == ["negotiate", "basic", "bearer", "digest"])
        #expect(found[1].parameters == ["realm": "a, b=c"])
        #expect(found[2].parameters == ["realm": "x", "service": "y"])
    }

    @Test func readsQuotedPairsAndSpaces() {
        let found = Challenge.parse([#"BASIC  Realm = "a\"b\\c" "#])
        #expect(found == [Challenge(scheme: "basic", parameters: ["realm": #"a"b\c"#])])
    }

    @Test func readsTokensOfTheOldForm() {
        let found = Challenge.parse(["Negotiate YWJj/+==, Basic realm=x"])
        #expect(found.map(\.scheme) == ["negotiate", "basic"])
        #expect(found[1].parameters == ["realm": "x"])
    }

    @Test func keepsTheFirstOfTwo() {
        let found = Challenge.parse([#"Bearer realm="https://good.example", realm="https://evil.example""#])
        #expect(found.first?.parameters["realm"] == "https://good.example")
    }

    @Test(arguments: ["", ",,,", "=", "\"", "Bearer realm=\"open", "Basic realm=", "Bearer ,=,"])
    func survivesNonsense(_ header: String) {
        let found = Challenge.parse([header])
        #expect(found.allSatisfy { $0.parameters.isEmpty })
    }
}

@Suite struct TokenScopeTests {
    @Test func unitesActions() throws {
        let scopes = [
            TokenScope.repository("b", ["pull"]), try #require(TokenScope("repository:a:pull")),
            try #require(TokenScope("repository:b:push,pull")),
        ]
        #expect(
            TokenScope.union(scopes).map(\.description) == ["repository:a:pull", "repository:b:pull,push"])
        #expect(TokenScope("nothing") == nil)
        #expect(TokenScope("repository:localhost:5000/x:pull")?.resource == "repository:localhost:5000/x")
    }
}
