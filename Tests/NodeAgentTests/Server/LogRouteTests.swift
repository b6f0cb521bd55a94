import NodeAgent
import Testing

/// `/containerLogs`
@Suite(.serialized, .timeLimit(.minutes(2))) struct LogRouteTests {
    private static let text = """
        2026-01-02T10:00:00Z stdout F one
        2026-01-02T10:00:01Z stderr F two
        2026-01-02T10:00:02Z stdout F three

        """

    private func withLog(_ test: (RunningServer, _ path: String) async throws -> Void) async throws {
        try await withAgentServer { server in
            let path = server.folder.file("0.log")
            try writeFile(path, Self.text)
            server.agent.serve(logAt: path)
            try await test(server, path)
        }
    }

    @Test(
        arguments: [
            ("", "one\ntwo\nthree\n"), ("?tailLines=1", "three\n"), ("?tail=2", "two\nthree\n"),
            ("?tail=all", "one\ntwo\nthree\n"), ("?limitBytes=5", "one\nt"),
            ("?timestamps=true&tailLines=1", "2026-01-02T10:00:02Z three\n"),
            ("?sinceTime=2026-01-02T10%3A00%3A01Z", "two\nthree\n"), ("?sinceSeconds=1", ""),
            ("?stream=Stderr", "two\n"), ("?stream=All&tailLines=1", "three\n"),
            ("?follow=false", "one\ntwo\nthree\n"),
        ])
    func selections(_ query: String, _ expected: String) async throws {
        try await withLog { server, _ in
            let answer = try await server.get("/containerLogs/default/web/nginx\(query)")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("transfer-encoding: chunked\r\n"))
            #expect(answer.unchunkedBody == expected, "\(answer)")
        }
    }

    @Test(
        arguments: [
            ("", 400, #"{"message": "Missing podNamespace."}"#),
            ("/default", 400, #"{"message": "Missing podID."}"#),
            ("/default/web", 400, #"{"message": "Missing container name."}"#),
            ("/default/none/nginx", 404, #"pod "none" does not exist"#),
            ("/default/web/none", 404, #"container "none" not found in pod "web""#),
            ("/default/web/nginx?tailLines=x", 400, #"{"message": "Unable to decode query."}"#),
            ("/default/web/nginx?sinceTime=yesterday", 400, #"{"message": "Unable to decode query."}"#),
            ("/default/web/nginx?tailLines=-1", 422, #"{"message": "Invalid request."}"#),
            ("/default/web/nginx?limitBytes=0", 422, #"{"message": "Invalid request."}"#),
            ("/default/web/nginx?sinceSeconds=0", 422, #"{"message": "Invalid request."}"#),
            (
                "/default/web/nginx?sinceSeconds=9&sinceTime=2026-01-02T10:00:01Z", 422,
                #"{"message": "Invalid request."}"#
            ),
            ("/default/web/nginx?stream=Stdin", 422, #"{"message": "Invalid request."}"#),
            ("/default/web/nginx?stream=Stdout&tailLines=1", 422, #"{"message": "Invalid request."}"#),
            (
                "/default/web/nginx?previous=true", 400,
                #"previous terminated container "nginx" in pod "web" not found"#
            ),
        ])
    func refusals(_ path: String, _ status: Int, _ message: String) async throws {
        try await withLog { server, _ in
            let answer = try await server.get("/containerLogs\(path)")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.hasSuffix("\r\n\r\n\(message)"), "\(answer)")
        }
    }

    @Test func aFileThatIsNotThereIsSaid() async throws {
        try await withAgentServer { server in
            let answer = try await server.get("/containerLogs/default/web/nginx")
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            #expect(answer.contains("open /nowhere: no such file or directory"), "\(answer)")
        }
    }

    @Test func followersGetLinesAsTheyCome() async throws {
        try await withLog { server, path in
            let client = try await server.connect()
            client.send(
                "GET /containerLogs/default/web/nginx?follow=true HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer secret\r\n\r\n")
            #expect(await eventually { client.received.unchunkedBody.hasSuffix("three\n") })
            try writeFile(path, Self.text + "2026-01-02T10:00:03Z stdout F four\n")
            #expect(await eventually { client.received.unchunkedBody.hasSuffix("three\nfour\n") })
            #expect(!client.received.hasSuffix("0\r\n\r\n"))
            server.agent.endContainer()
            #expect(await eventually { client.received.hasSuffix("0\r\n\r\n") })
            #expect(!client.isClosed)
        }
    }

    @Test func aFollowerWhoLeavesIsNoticed() async throws {
        try await withLog { server, _ in
            let client = try await server.connect()
            client.send(
                "GET /containerLogs/default/web/nginx?follow=true HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer secret\r\n\r\n")
            #expect(await eventually { server.agent.waiters == 1 })
            client.close()
            #expect(await eventually { server.agent.waiters == 0 })
            #expect(await eventually { server.server.connections == 0 })
        }
    }
}

extension String {
    /// The body of an answer that came in chunks, as far as it is there.
    var unchunkedBody: String {
        guard let head = firstRange(of: "\r\n\r\n") else { return "" }
        var rest = self[head.upperBound...]
        var body = ""
        while let line = rest.firstRange(of: "\r\n"), let length = Int(rest[..<line.lowerBound], radix: 16),
            length > 0
        {
            let bytes = rest[line.upperBound...].utf8
            guard bytes.count >= length + 2 else { break }
            body += String(decoding: bytes.prefix(length), as: UTF8.self)
            rest = self[bytes.index(bytes.startIndex, offsetBy: length + 2)...]
        }
        return body
    }
}
