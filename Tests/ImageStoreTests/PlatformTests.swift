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
            ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v4", "linux/amd64/v2"], "linux/amd64/v2"),
            ("linux/amd64/v3", ["linux/amd64/v4", "linux/amd64"], "linux/amd64"),
            ("linux/amd64/v2", ["linux/amd64/v1"], "linux/amd64/v1"),
            ("linux/arm64/v9", ["linux/arm64/v8"], "linux/arm64/v8"),
            ("linux/x86_64", ["linux/amd64"], "linux/amd64"),
            ("Linux/ARM64", ["linux/arm64"], "linux/arm64"),
        ] as [(String, [String], String)])
    func choosesTheBest(_ wanted: String, _ offered: [String], _ chosen: String) {
        #expect(Self.choose(wanted, offered) == chosen)
    }

    @Test(
        arguments: [
            ("linux/arm/v6", ["linux/arm/v7"]), ("linux/amd64", ["windows/amd64"]),
            ("linux/amd64/v2", ["linux/amd64/v3"]), ("linux/arm64", ["linux/arm/v7"]),
            ("linux/riscv64/rva22u64", ["linux/riscv64"]),
            ("linux/riscv64", ["linux/amd64", "linux/arm64"]), ("linux/amd64", []),
        ] as [(String, [String])])
    func choosesNothingThatDoesNotFit(_ wanted: String, _ offered: [String]) {
        #expect(Self.choose(wanted, offered) == nil)
    }

    @Test func theOnlyOneThatDoesNotSayIsTaken() {
        func manifest(_ size: Int64, _ platform: Platform?) -> Descriptor {
            Descriptor(mediaType: .ociManifest, digest: Self.anything, size: size, platform: platform)
        }
        let match = PlatformMatch(Self.platform("linux/amd64"))
        let arm = manifest(1, Self.platform("linux/arm64"))
        let silent = [manifest(2, nil), manifest(3, Platform(os: "", architecture: ""))]
        for one in silent { #expect(match.choose([arm, one])?.size == one.size) }
        #expect(match.choose([arm] + silent) == nil)
        #expect(match.choose(silent + [manifest(4, Self.platform("linux/amd64"))])?.size == 4)
        #expect(PlatformMatch.offered([arm] + silent) == "linux/arm64")
    }

    @Test func anImageThatDoesNotSayIsTaken() {
        let match = PlatformMatch(Self.platform("linux/arm64"))
        #expect(match.accepts(Platform(os: "", architecture: "")))
        #expect(match.accepts(Platform(os: "linux", architecture: "")))
        #expect(match.accepts(Platform(os: "", architecture: "arm64")))
        #expect(!match.accepts(Platform(os: "windows", architecture: "")))
        #expect(!match.accepts(Platform(os: "", architecture: "amd64")))
    }

    /// The 32-bit sister is for want of anything better, and for machines alone: who asks for 64 bits means that.
    @Test func aMachineTakesItsSister() {
        func chosen(_ machine: String, _ offered: [String]) -> String? {
            let manifests = offered.map { text in
                Descriptor(
                    mediaType: .ociManifest, digest: Self.anything, size: 1, platform: Self.platform(text))
            }
            return PlatformMatch(machine: Self.platform(machine)).choose(manifests)?.platform?.description
        }
        #expect(chosen("linux/arm64", ["linux/arm/v6", "linux/arm/v7", "linux/386"]) == "linux/arm/v7")
        #expect(chosen("linux/arm64", ["linux/arm/v7", "linux/arm64/v8"]) == "linux/arm64/v8")
        #expect(chosen("linux/amd64", ["linux/arm/v7", "linux/386"]) == "linux/386")
        #expect(chosen("linux/amd64", ["linux/386", "linux/amd64"]) == "linux/amd64")
        #expect(chosen("linux/amd64", ["linux/amd64/v2"]) == nil)
    }

    @Test func thisMachineTakesItsOwn() {
        let own = PlatformMatch.host().description
        #expect(Self.choose(nil, ["linux/s390x", "unknown/unknown", own]) == own)
        #expect(Self.choose(nil, ["unknown/unknown"]) == nil)
    }
}
