import RegistryClient
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("https://Registry.Example/v2/", "https://registry.example/v2/"),
        ("http://localhost:5000", "http://localhost:5000/"),
        ("https://a.example:443/x?y=%2F&z", "https://a.example/x?y=%2F&z"),
        ("https://[::1]:5000/a#b", "https://[::1]:5000/a"),
        ("https://a.example?n=1", "https://a.example/?n=1"),
    ])
    func readsAddresses(_ text: String, _ shown: String) throws {
        #expect(try #require(WebAddress(text)).text == shown)
    }

    @Test(arguments: [
        "ftp://a.example/", "https://", "https:///path", "a.example/path", "https://user@a.example/",
        "https://a.example:0/", "https://a.example:70000/", "https://a.example/a b",
        "https://a.example/a\r\nX: y", "https://[::1/", "",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test(arguments: [
        ("https://other.example/x", "https://other.example/x"),
        ("//other.example/x", "https://other.example/x"),
        ("/v2/y?z=1", "https://a.example/v2/y?z=1"),
        ("z", "https://a.example/v2/x/z"),
        ("?n=2", "https://a.example/v2/x/list?n=2"),
    ])
    func resolvesReferences(_ reference: String, _ expected: String) throws {
        let base = try #require(WebAddress("https://a.example/v2/x/list?n=1"))
        #expect(base.resolve(reference)?.text == expected)
    }

    @Test func refusesReferencesToOtherSchemes() throws {
        let base = try #require(WebAddress("https://a.example/v2/"))
        #expect(base.resolve("file:///etc/passwd") == nil)
        #expect(base.resolve("javascript:x") == nil)
    }

    @Test func escapesWhatIsAddedToQueries() throws {
        let base = try #require(WebAddress("https://a.example/u?state=%3D"))
        let address = base.adding(query: [("digest", "sha256:ab"), ("from", "a/b")])
        #expect(address.text == "https://a.example/u?state=%3D&digest=sha256%3Aab&from=a%2Fb")
        #expect(address.description == "https://a.example/u")
    }

    @Test(arguments: [
        ("localhost", true), ("127.0.0.1", true), ("127.8.9.1", true), ("[::1]", true), ("a.localhost", true),
        ("127.evil.example", false), ("10.0.0.1", false), ("[::2]", false), ("localhost.example", false),
    ])
    func knowsThisMachine(_ host: String, _ expected: Bool) {
        #expect(WebOrigin.isLoopback(host: host) == expected)
    }
}

@Suite struct ProxyTests {
    private func proxy(_ environment: [String: String], _ address: String) throws -> String? {
        let origin = try #require(WebAddress(address)).origin
        return try ProxyEnvironment(environment).proxy(for: origin).map { "\($0.host):\($0.port)" }
    }

    @Test func choosesByScheme() throws {
        let environment = ["HTTP_PROXY": "http://plain:1", "https_proxy": "secure:2"]
        #expect(try proxy(environment, "http://a.example/") == "plain:1")
        #expect(try proxy(environment, "https://a.example/") == "secure:2")
        #expect(try proxy(["HTTP_PROXY": "http://plain:1"], "https://a.example/") == nil)
        #expect(
            try proxy(["HTTPS_PROXY": "upper:1", "https_proxy": "lower:2"], "https://a.example/") == "upper:1"
        )
    }

    @Test func leavesThisMachineAlone() throws {
        for host in ["localhost:5000", "127.0.0.1", "[::1]:5000"] {
            #expect(try proxy(["HTTPS_PROXY": "p:1"], "https://\(host)/") == nil)
        }
    }

    @Test(arguments: [
        ("a.example", "https://a.example/", true), ("a.example", "https://b.a.example/", true),
        ("a.example", "https://ba.example/", false), (".a.example", "https://a.example/", false),
        (".a.example", "https://b.a.example/", true), ("*.a.example", "https://b.a.example/", true),
        ("x, A.example ,y", "https://a.example/", true), ("*", "https://a.example/", true),
        ("a.example:443", "https://a.example/", true), ("a.example:444", "https://a.example/", false),
        ("10.1.0.0/16", "https://10.1.2.3/", true), ("10.1.0.0/16", "https://10.2.2.3/", false),
        ("10.1.2.3", "https://10.1.2.3:5000/", true), ("10.1.2.3:80", "https://10.1.2.3:5000/", false),
        ("fd00::/8", "https://[fd12::1]/", true), ("fd00::/8", "https://[fe80::1]/", false),
    ])
    func knowsExceptions(_ exceptions: String, _ address: String, _ isDirect: Bool) throws {
        let found = try proxy(["HTTPS_PROXY": "p:1", "NO_PROXY": exceptions], address)
        #expect((found == nil) == isDirect)
    }

    @Test func readsNamesAndPasswords() throws {
        let origin = try #require(WebAddress("https://a.example/")).origin
        let found = try ProxyEnvironment(["HTTPS_PROXY": "http://me:p%40ss@p.example:3128/"]).proxy(
            for: origin)
        #expect(found?.userInfo == "me:p@ss")
        #expect(found?.port == 3128)
        for (value, port) in [("http://p", 80), ("p", 80), ("https://p", 443), ("socks5://p", 1080)] {
            #expect(try ProxyEnvironment(["HTTPS_PROXY": value]).proxy(for: origin)?.port == port)
        }
    }

    @Test func refusesProxiesItCannotUse() throws {
        let origin = try #require(WebAddress("https://a.example/")).origin
        for value in ["ftp://p.example", "http://", "http://p example"] {
            let error = #expect(throws: RegistryError.self) {
                try ProxyEnvironment(["HTTPS_PROXY": value]).proxy(for: origin)
            }
            #expect(error?.kind == .configuration)
        }
    }
}

@Suite struct RetryTests {
    private let broken = RegistryError(.interrupted, "x")

    @Test func waitsLongerEachTime() {
        let policy = RetryPolicy()
        let delays = (1...4).map { policy.delay(afterAttempt: $0, broken, random: 1) }
        #expect(delays == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4)])
        #expect(policy.delay(afterAttempt: 1, broken, random: 0) == .milliseconds(250))
        #expect(policy.delay(afterAttempt: 5, broken) == nil)
    }

    @Test func givesUpWhatWillNotChange() {
        for kind in [RegistryError.Kind.notFound, .unauthorized, .denied, .corrupt, .unreachable] {
            #expect(RetryPolicy().delay(afterAttempt: 1, RegistryError(kind, "x")) == nil)
        }
    }

    @Test func waitsAsLongAsItIsToldWithinABound() {
        let policy = RetryPolicy()
        let limited = { RegistryError(.rateLimited(retryAfter: $0), "x") }
        #expect(policy.delay(afterAttempt: 1, limited(7)) == .seconds(7))
        #expect(policy.delay(afterAttempt: 1, limited(0)) == policy.firstDelay)
        #expect(policy.delay(afterAttempt: 1, limited(3600)) == nil)
        #expect(policy.delay(afterAttempt: 1, limited(nil)) != nil)
    }

    @Test func readsRetryAfter() {
        #expect(retryAfter("120") == 120)
        #expect(retryAfter(" Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == 7)
        #expect(retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_999) == 0)
        #expect(retryAfter("99999999999999999999") == Int.max / 2)
        #expect(retryAfter("Sunday, 06-Nov-94 08:49:37 GMT", now: 784_111_770) == 7)
        #expect(retryAfter("Sun Nov  6 08:49:37 1994", now: 784_111_770) == 7)
        for odd in [
            "soon", "Sun, 06 Nov -2147483648 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 2147483647 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37:1 GMT", "a b c d e GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            #expect(retryAfter(odd) == nil, "\(odd)")
        }
        #expect(retryAfter(nil) == nil)
    }
}

@Suite struct ErrorBodyTests {
    @Test func showsTheRegistrysWords() throws {
        let body = try #require(
            RegistryErrorBody(
                json: Array(
                    #"{"errors":[{"code":"NAME_UNKNOWN","message":"no\nsuch","detail":{"name":"x"}}]}"#.utf8))
        )
        #expect(body.text == #"no such {"name":"x"} (NAME_UNKNOWN)"#)
        #expect(body.codes == ["NAME_UNKNOWN"])
        #expect(RegistryErrorBody(json: Array(#"{"details":"bad"}"#.utf8))?.text == "bad")
        #expect(RegistryErrorBody(json: Array("<html>".utf8)) == nil)
        #expect(RegistryErrorBody(json: Array("{}".utf8)) == nil)
    }
}
