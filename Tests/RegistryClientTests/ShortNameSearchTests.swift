import ImageStore
import RegistryClient
import Testing

/// A name that may be in several registries.
@Suite struct ShortNameSearchTests {
    private static func names(_ hosts: String...) throws -> [ImageReference] {
        try hosts.map { try ImageReference("\($0)/team/app:v1") }
    }

    @Test func everyReasonIsGiven() async throws {
        let closed = try FaultServer { _ in
            FaultServer.answer(403, json: #"{"errors":[{"code":"DENIED","message":"not for you"}]}"#)
        }
        let empty = try FaultServer { _ in FaultServer.answer(404) }
        defer {
            closed.stop()
            empty.stop()
        }
        // Nobody serves the port in the middle.
        let names = try Self.names(closed.host, "127.0.0.1:1", empty.host)
        try await withClient { client in
            let error = try await registryError {
                _ = try await ShortNameSearch.first(of: names) { name in
                    try await client.repository(name, credential: nil).tags()
                }
            }
            // Who may not see the image of one learns nothing from another that has none.
            #expect(error.kind == .denied && error.status == 403 && error.codes == ["DENIED"])
            let reasons = error.description.split(separator: "; ")
            try #require(reasons.count == 3, "\(error)")
            #expect(reasons[0].contains(closed.host) && reasons[0].contains("not for you"))
            #expect(reasons[1].contains("127.0.0.1:1") && reasons[1].contains("connection refused"))
            #expect(reasons[2].contains(empty.host) && reasons[2].contains("404"))
        }
    }

    @Test func theFirstThatHasItCounts() async throws {
        let names = try Self.names("a.example", "b.example", "c.example")
        var before: [String] = []
        let found = try await ShortNameSearch.first(of: names, passedOver: { before.append($0.description) })
        { name in
            if name.domain == "b.example" { #expect(before == ["a has none"], "told in time") }
            if name.domain == "a.example" { throw RegistryError(.notFound, "a has none") }
            return name.domain
        }
        #expect(found == "b.example")
        #expect(before == ["a has none"])
    }

    /// What a registry has and cannot give now is not taken from another.
    @Test func someFailuresEndIt() async throws {
        let names = try Self.names("a.example", "b.example", "c.example")
        let error = try await registryError {
            _ = try await ShortNameSearch.first(of: names) { name -> String in
                if name.domain == "a.example" { throw RegistryError(.unauthorized, "a wants a login") }
                if name.domain == "b.example" { throw RegistryError(.server, "b fails") }
                return name.domain
            }
        }
        #expect(error.kind == .server && error.description == "a wants a login; b fails")
    }
}
