import CRIProtocol
import CRIService
import GRPCCore
import Glibc
import ImageStore
import LinuxKernel
import Testing

/// Pulls through the CRI from a registry on loopback.
struct ImagePullTests {
    @Test func pullsAnImageAndSaysItsId() async throws {
        let registry = try TestRegistry()
        let host = try ImageHost()
        let layout = try TestImages.layout(in: host.folder)
        try registry.push(layout, as: "team/app:v1")
        let name = "\(registry.host)/team/app:v1"
        try await host.serve { client in
            let id = try await client.pull(name)
            let image = try await client.status(name).image
            #expect(image.id == id && id.hasPrefix("sha256:"))
            #expect(image.repoTags == [name])
            #expect(image.repoDigests.count == 1)
            // What the digest names is the same image.
            let again = try await client.pull(image.repoDigests[0])
            #expect(again == id)
            let count = try await client.list().count
            #expect(count == 1)
        }
        #expect(try host.lines.contains { $0.contains("msg=\"image pulled\"") && $0.contains(name) })
        #expect(host.metrics.text().contains("swiftlet_image_pull_seconds_count{result=\"ok\"} 2"))
    }

    @Test func severalPullsOfOneImageAtOnce() async throws {
        let registry = try TestRegistry()
        let host = try ImageHost { configuration, _ in configuration.images.maximumDownloads = 1 }
        for number in 0..<3 {
            let layout = try TestImages.layout(
                in: host.folder, content: String(repeating: "\(number)", count: 500_000))
            try registry.push(layout, as: "team/app:v\(number)")
        }
        try await host.serve { client in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<12 {
                    group.addTask { try await client.pull("\(registry.host)/team/app:v\(number % 3)") }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(ids.count == 12 && Set(ids).count == 3)
            let count = try await client.list().count
            #expect(count == 3)
        }
        #expect(try host.store.verify().isEmpty)
    }

    @Test func usesTheCallersCredentials() async throws {
        let user = (name: "somebody", password: "secret")
        let registry = try TestRegistry(user: user)
        let host = try ImageHost()
        try registry.push(try TestImages.layout(in: host.folder), as: "team/app:v1", user: user)
        let name = "\(registry.host)/team/app:v1"
        try await host.serve { client in
            var auth = CRIAuthConfig()
            auth.username = user.name
            auth.password = "wrong"
            let wrong = await status { [auth] in try await client.pull(name, auth) }
            #expect(wrong?.code == .unauthenticated)
            let anonymous = await status { try await client.pull(name) }
            #expect(anonymous?.code == .unauthenticated)
            auth.password = user.password
            // For another server it says nothing.
            auth.serverAddress = "other.example"
            let elsewhere = await status { [auth] in try await client.pull(name, auth) }
            #expect(elsewhere?.code == .unauthenticated)
            auth.serverAddress = "https://\(registry.host)/v2/"
            let own = try await client.pull(name, auth).hasPrefix("sha256:")
            #expect(own)
            var encoded = CRIAuthConfig()
            encoded.auth = "c29tZWJvZHk6c2VjcmV0"
            let same = try await client.pull(name, encoded).hasPrefix("sha256:")
            #expect(same)
            // That the image is there by now is no matter for those whom its registry refuses.
            let later = await status { try await client.pull(name) }
            #expect(later?.code == .unauthenticated)
            encoded.auth = "%%%"
            let malformed = await status { [encoded] in try await client.pull(name, encoded) }
            #expect(malformed?.code == .invalidArgument)
        }
        // Nothing of it is in the log.
        #expect(try !host.lines.contains { $0.contains("secret") || $0.contains("c29tZWJvZHk6c2VjcmV0") })
    }

    @Test func failuresHaveTheKubeletsWords() async throws {
        let registry = try TestRegistry()
        let host = try ImageHost { configuration, folder in
            configuration.registry.policyFile = try folder.write(
                "strict.json",
                """
                {"default": [{"type": "insecureAcceptAnything"}],
                 "transports": {"docker": {"\(registry.host)/refused": [{"type": "reject"}]}}}
                """)
        }
        let layout = try TestImages.layout(in: host.folder)
        try registry.push(layout, as: "team/app:v1")
        try registry.push(layout, as: "refused/app:v1")
        let nobody = try freePort()
        try await host.serve { client in
            for name in ["team/app:v2", "team/other:v1"] {
                let missing = await status { try await client.pull("\(registry.host)/\(name)") }
                #expect(missing?.code == .notFound, "\(name): \(String(describing: missing))")
            }
            for name in [
                "UPPER", "registry.example/app@sha256:12", "sha256:" + String(repeating: "0", count: 64),
            ] {
                let malformed = await status { try await client.pull(name) }
                #expect(malformed?.code == .invalidArgument, "\(name)")
            }
            let refused = await status { try await client.pull("\(registry.host)/refused/app:v1") }
            #expect(refused?.code == .unknown)
            #expect(refused?.message.hasPrefix("SignatureValidationFailed: ") == true)
            let unreachable = await status { try await client.pull("127.0.0.1:\(nobody)/team/app:v1") }
            #expect(unreachable?.code == .unknown)
            #expect(unreachable?.message.hasPrefix("RegistryUnavailable: ") == true)
            let isEmpty = try await client.list().isEmpty
            #expect(isEmpty)
        }
    }

    /// A caller that goes ends its pull; what came stays for the next one.
    @Test func aPullEndsWithItsCaller() async throws {
        let host = try ImageHost()
        let silent = try SilentServer()
        let name = "\(silent.host)/team/app:v1"
        try await host.serve { client in
            var request = CRIPullImageRequest()
            request.image.image = name
            var options = CallOptions.defaults
            options.timeout = .seconds(1)
            // Connected from here on.
            _ = try await client.list()
            let begin = ContinuousClock.now
            let late = await status { [request, options] in
                try await client.pullImage(request, options: options)
            }
            #expect(late?.code == .deadlineExceeded || late?.code == .cancelled)
            #expect(ContinuousClock.now - begin < .seconds(5))
            // The service itself has let go of it.
            for _ in 0..<100 where !host.metrics.text().contains("swiftlet_cri_calls_running 0") {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(host.metrics.text().contains("swiftlet_cri_calls_running 0"))
        }
    }
}
