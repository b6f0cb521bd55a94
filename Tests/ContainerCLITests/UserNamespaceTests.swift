import ContainerCLI
import Glibc
import OCISpec
import Testing

/// Which ids `--userns`, `--uidmap` and `--gidmap` mean, and which are chosen.
struct UserNamespaceTests {
    private typealias Map = RuntimeSpec.IDMapping

    @Test func words() throws {
        #expect(try UserNamespaceOption(nil, uidMaps: [], gidMaps: []) == .host)
        #expect(try UserNamespaceOption("host", uidMaps: [], gidMaps: []) == .host)
        #expect(try UserNamespaceOption("auto", uidMaps: [], gidMaps: []) == .automatic(size: 65_536))
        #expect(try UserNamespaceOption("auto:size=1024", uidMaps: [], gidMaps: []) == .automatic(size: 1024))
        let maps = [Map(containerID: 0, hostID: 1000, size: 10), Map(containerID: 20, hostID: 5, size: 1)]
        // One list counts for both.
        for (uids, gids) in [(["0:1000:10", "20:5"], []), ([], ["0:1000:10", "20:5"])] {
            #expect(
                try UserNamespaceOption(nil, uidMaps: uids, gidMaps: gids)
                    == .mapped(UserMaps(uids: maps, gids: maps)))
        }
        #expect(
            try UserNamespaceOption("private", uidMaps: ["0:1:1"], gidMaps: ["0:2:1"])
                == .mapped(
                    UserMaps(
                        uids: [Map(containerID: 0, hostID: 1, size: 1)],
                        gids: [Map(containerID: 0, hostID: 2, size: 1)])))
    }

    @Test(
        arguments: [
            ("auto:size=0", []), ("auto:size=x", []), ("auto:x", []), ("private", []), ("host:x", []),
            ("keep-id", []),
            ("nomap", []), ("pod", []), ("auto", ["0:0:1"]), ("host", ["0:0:1"]), (nil, ["0"]),
            (nil, ["0:1:2:3"]),
            (nil, ["0:1:0"]), (nil, ["0:-1:1"]), (nil, ["1:1:1"]), (nil, ["0:1:5", "4:9:1"]),
            (nil, ["0:1:5", "5:3:1"]), (nil, ["0:4294967290:10"]), (nil, ["@0:1:1"]),
        ] as [(String?, [String])])
    func wrongWords(mode: String?, maps: [String]) {
        #expect(throws: UsageError.self) { try UserNamespaceOption(mode, uidMaps: maps, gidMaps: []) }
    }

    @Test func whoOwnsWhat() {
        let maps = UserMaps(
            uids: [Map(containerID: 0, hostID: 1000, size: 10), Map(containerID: 50, hostID: 7, size: 1)],
            gids: [Map(containerID: 0, hostID: 2000, size: 10)])
        #expect(maps.root == (1000, 2000))
        #expect(maps.host(uid: 9) == 1009 && maps.host(uid: 50) == 7 && maps.host(uid: 10) == nil)
        #expect(maps.owner(uid: 3, gid: 4) == (1003, 2004))
        #expect(maps.owner(uid: 10, gid: 10) == (1000, 2000))
    }

    @Test func theFirstRangeThatIsFree() {
        let taken = [Map(containerID: 0, hostID: 100, size: 50), Map(containerID: 0, hostID: 170, size: 30)]
        func free(_ size: UInt32, _ pool: Range<UInt32>) -> UInt32? {
            UserRanges.free(size, in: pool, besides: taken.reversed())
        }
        #expect(free(100, 0..<1000) == 0)
        #expect(free(101, 0..<1000) == 200)
        #expect(free(20, 100..<1000) == 150 && free(21, 100..<1000) == 200)
        #expect(free(50, 120..<250) == 200 && free(51, 120..<250) == nil)
        #expect(free(10, 120..<160) == 150 && free(11, 120..<160) == nil)
    }

    @Test func rangesOfTheUserContainers() throws {
        #expect(try UserRanges.pools("") == [UserRanges.usualPool])
        #expect(
            try UserRanges.pools("me:100000:65536\ncontainers:500:10\ncontainers:1000:5\n")
                == [500..<510, 1000..<1005])
        for wrong in ["containers:1", "containers:x:1", "containers:4294967295:1"] {
            #expect(throws: UsageError.self) { try UserRanges.pools(wrong) }
        }
    }

    @Test func aClaimTakesWhatNobodyHas() throws {
        let folder = try TemporaryFolder()
        let layout = StateLayout(root: folder.path + "/lib", state: folder.path + "/run")
        for name in ["subuid", "subgid"] {
            _ = try folder.file(name, "containers:\(name == "subuid" ? 1000 : 2000):200\n")
        }
        let ranges = UserRanges(layout, folder: folder.path)
        func claimed() throws -> UserMaps {
            let claim = try ranges.claim(100)
            return claim.maps
        }
        let first = try claimed()
        #expect(
            first
                == UserMaps(
                    uids: [Map(containerID: 0, hostID: 1000, size: 100)],
                    gids: [Map(containerID: 0, hostID: 2000, size: 100)]))
        // Without a record nobody has it.
        #expect(try claimed() == first)
        for _ in 0..<2 {
            let draft = try ContainerStore(layout).draft(name: nil)
            var definition = ContainerDefinition(
                id: draft.id, name: draft.name, created: .now, image: "x", imageID: "x", platform: "x",
                command: [])
            definition.userMaps = try claimed()
            try draft.commit(definition)
        }
        #expect(throws: UsageError.self) { try claimed() }
    }
}
