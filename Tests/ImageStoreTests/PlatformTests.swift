import ImageStore
import OCISpec
import Testing

@Suite struct PlatformTests {
    private static let anything = try! Digest("sha256:" + String(repeating: "0", count: 64))

    private static func choose(_ wanted: String?, _ offered: [String]) -> String? {
        let manifests = offered.map { text in
            Descriptor(mediaType: .ociManifest, digest: anything, size: 1, platform: platform(text))
        }
        return PlatformMatch(wanted.map(platform)).choose(manifests)?.platform?.description
    }

    private static func platform(_ text: String) -> Platform {
        let parts = text.split(separator: "/").map(String.init)
        return Platform(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
    }

    @Test(
        arguments: [
            ("linux/arm64", ["linux/amd64", "linux/arm64/v8"], "linux/arm64/v8"),
            ("linux/aarch64", ["linux/arm64"], "linux/arm64"),
            ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
            ("linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"),
            ("linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
            ("linux/amd64", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"),
            ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v3"], "linux/amd64/v3"),
            ("linux/x86_64", ["linux/amd64"], "linux/amd64"),
            ("Linux/ARM64", ["linux/arm64"], "linux/arm64"),
        ] as [(String, [String], String)])
    func choosesTheBest(_ wanted: String, _ offered: [String], _ chosen: String) {
        #expect(Self.choose(wanted, offered) == chosen)
    }

    @Test(
        arguments: [
            ("linux/arm/v6", ["linux/arm/v7"]), ("linux/amd64", ["windows/amd64"]),
            ("linux/amd64/v3", ["linux/amd64"]),
            ("linux/riscv64", ["linux/amd64", "linux/arm64"]), ("linux/amd64", []),
        ] as [(String, [String])])
    func choosesNothingThatDoesNotFit(_ wanted: String, _ offered: [String]) {
        #expect(Self.choose(wanted, offered) == nil)
    }

    @Test func thisMachineTakesItsOwn() {
        let own = PlatformMatch.host().description
        #expect(Self.choose(nil, ["linux/s390x", "unknown/unknown", own]) == own)
        #expect(Self.choose(nil, ["unknown/unknown"]) == nil)
    }
}
