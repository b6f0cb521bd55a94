import PodProbes
import Testing

extension ProbeTests {
    /// Where paths and redirects lead.
    @Suite struct Targets {
        private func target(_ path: String = "/") -> HTTPTarget {
            var get = HTTPGet(host: "10.0.0.7", port: 8080)
            get.path = path
            return HTTPTarget(get)
        }

        @Test(
            arguments: [
                ("/", "/"), ("", "/"), ("healthz", "/healthz"), ("/a?b=c&d=%20", "/a?b=c&d=%20"),
                ("/a b", "/a%20b"), ("/ü", "/%C3%BC"), ("/a#b", "/a"), ("/a\r\nHost: x", "/a%0D%0AHost:%20x"),
                ("/a/../b", "/a/../b"),
            ])
        func aProbesPathIsSentEncoded(_ path: String, _ sent: String) {
            #expect(target(path).path == sent)
        }

        @Test(
            arguments: [
                ("/x", "http://10.0.0.7:8080/x"), ("x", "http://10.0.0.7:8080/a/x"),
                ("../x?q", "http://10.0.0.7:8080/x?q"), ("./", "http://10.0.0.7:8080/a/"),
                ("../../..", "http://10.0.0.7:8080/"), ("?z", "http://10.0.0.7:8080/a/b?z"),
                ("#end", "http://10.0.0.7:8080/a/b?q"), ("", "http://10.0.0.7:8080/a/b?q"),
                ("http://10.0.0.7", "http://10.0.0.7/"), ("https://u:p@h:44/x", "https://h:44/x"),
                ("HTTP://[::1]:80?y", "http://[::1]:80/?y"), ("//other/x/", "http://other/x/"),
                ("x:y", nil), ("ftp://h/x", nil), ("http://", nil), ("http://h:99999/", nil),
                ("http://h:x/", nil), ("http:path", nil), ("a/b:c", "http://10.0.0.7:8080/a/a/b:c"),
            ] as [(String, String?)])
        func aRedirectIsResolved(_ location: String, _ result: String?) {
            #expect(target("/a/b?q").resolving(location)?.description == result)
        }
    }
}
