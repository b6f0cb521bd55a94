import ContainerCLI
import ContainerShim
import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import Testing

/// Containers, names and volumes on disk.
struct StoreTests {
    private struct Fixture {
        let folder: TemporaryFolder
        let layout: StateLayout
        let store: ContainerStore

        init() throws {
            folder = try TemporaryFolder()
            layout = StateLayout(root: folder.path + "/lib", state: folder.path + "/run")
            store = ContainerStore(layout)
        }

        func make(_ name: String?) throws -> ContainerDefinition {
            let draft = try store.draft(name: name)
            let definition = ContainerDefinition(
                id: draft.id, name: draft.name, created: .now, image: "test", imageID: "sha256:0",
                platform: "linux/amd64",
                command: ["/bin/true"])
            try draft.commit(definition)
            return definition
        }
    }

    @Test func findsByIDNameAndPrefix() throws {
        let fixture = try Fixture()
        let one = try fixture.make("one")
        let two = try fixture.make(nil)
        #expect(one.id.utf8.count == 64 && one.id != two.id)
        for word in [one.id, "one", String(one.id.prefix(12)), String(one.id.prefix(20))] {
            #expect(try fixture.store.find(word) == one)
        }
        #expect(try fixture.store.find(two.name) == two)
        #expect(try fixture.store.all().map(\.id) == [two.id, one.id])
        for word in ["three", "", "zzz", "../one", "one/"] {
            #expect(throws: UsageError.self) { try fixture.store.find(word) }
        }
    }

    /// Who clears what crashes left neither hinders who makes a container nor takes it from him.
    @Test func whatIsBeingMadeIsNotSwept() async throws {
        let fixture = try Fixture()
        let layout = fixture.layout
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let store = ContainerStore(layout)
                for _ in 0..<100 {
                    let draft = try store.draft(name: nil)
                    let definition = ContainerDefinition(
                        id: draft.id, name: draft.name, created: .now, image: "test", imageID: "sha256:0",
                        platform: "linux/amd64", command: [])
                    try draft.commit(definition)
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<200 { _ = try ContainerStore(layout).sweepDrafts() }
                }
            }
            try await group.waitForAll()
        }
        #expect(try fixture.store.all().count == 100)
        #expect(try fixture.store.ids().count == 100)
    }

    @Test func definitionSurvivesItsFile() throws {
        var definition = ContainerDefinition(
            id: String(repeating: "a", count: 64), name: "n", created: Timestamp(seconds: 5, nanoseconds: 7),
            image: "i",
            imageID: "sha256:1", platform: "linux/arm64", command: ["a", "b c"])
        definition.labels = ["k": "v"]
        definition.mounts = [
            .init(
                kind: .volume, name: "v", source: "/s", destination: "/d", readOnly: true,
                propagation: "rprivate")
        ]
        definition.anonymousVolumes = ["x"]
        definition.volumesFrom = ["y:ro"]
        definition.network = .host
        definition.user = "app"
        definition.attachesInput = true
        definition.attached = try AttachOption(parsing: ["stdin", "stderr"])
        definition.removeAfterwards = true
        definition.usesInit = true
        definition.privileged = true
        definition.addedCapabilities = ["A"]
        definition.droppedCapabilities = ["B"]
        definition.securityOptions = ["C"]
        definition.hasStandardProfile = true
        #expect(try ContainerDefinition(json: definition.json()) == definition)
        definition.network = .container(String(repeating: "b", count: 64))
        let joined = definition.json()
        #expect(try ContainerDefinition(json: joined) == definition)
        let wrong = String(decoding: joined, as: UTF8.self).replacing("container:b", with: "bridge:b")
        #expect(throws: JSONError.self) { try ContainerDefinition(json: Array(wrong.utf8)) }
    }

    @Test func aNameBelongsToOneContainer() throws {
        let fixture = try Fixture()
        let first = try fixture.make("name")
        #expect(throws: UsageError.self) { try fixture.make("name") }
        // The refused one left nothing.
        #expect(try fixture.store.ids() == [first.id])
        // A container that a shim removed leaves its link: the name is free nevertheless.
        try removeTree(fixture.layout.container(first.id))
        let second = try fixture.make("name")
        #expect(try fixture.store.find("name") == second)
        try removeTree(fixture.layout.container(second.id))
        try fixture.store.forget(second)
        #expect(access(fixture.layout.names + "/name", F_OK) != 0)
    }

    @Test func aNewName() throws {
        let fixture = try Fixture()
        let first = try fixture.make("first")
        let second = try fixture.make("second")
        let renamed = try fixture.store.rename(first, to: "other")
        #expect(renamed.name == "other" && renamed.id == first.id)
        #expect(try fixture.store.find("other") == renamed)
        #expect(throws: UsageError.self) { try fixture.store.find("first") }
        #expect(try fixture.make("first").id != first.id)
        for name in ["second", "other", "no/name", ""] {
            #expect(throws: UsageError.self) { try fixture.store.rename(renamed, to: name) }
        }
        #expect(try fixture.store.find("second") == second)
        #expect(try folderEntries(fixture.layout.container(first.id)).sorted() == ["container.json", "lock"])
        // What a rename left that was killed after it had claimed the name.
        #expect(symlink(first.id, fixture.layout.names + "/half") == 0)
        #expect(try fixture.store.rename(renamed, to: "half").name == "half")
    }

    /// Of two who found it by its name, one comes too late. No name is left that leads to it and is not its own.
    @Test func ofTwoRenamesOneCounts() throws {
        let fixture = try Fixture()
        let found = try fixture.make("first")
        let renamed = try fixture.store.rename(found, to: "second")
        let error = #expect(throws: UsageError.self) { try fixture.store.rename(found, to: "third") }
        #expect(error?.description == "no such container: first")
        #expect(try folderEntries(fixture.layout.names) == ["second"])
        #expect(try fixture.store.find("second") == renamed)
    }

    /// What else was changed since it was found is not written back.
    @Test func aNewNameChangesNothingElse() throws {
        let fixture = try Fixture()
        let found = try fixture.make("first")
        var changed = found
        changed.labels = ["k": "v"]
        try fixture.store.mend(changed)
        changed.name = "second"
        #expect(try fixture.store.rename(found, to: "second") == changed)
        #expect(try fixture.store.find("second") == changed)
    }

    /// It does not come back, and its name is free.
    @Test func aRemovedContainerGetsNoNewName() throws {
        let fixture = try Fixture()
        let gone = try fixture.make("gone")
        #expect(unlink(fixture.layout.container(gone.id) + "/container.json") == 0)
        let error = #expect(throws: UsageError.self) { try fixture.store.rename(gone, to: "new") }
        #expect(error?.description == "no such container: gone")
        #expect(try folderEntries(fixture.layout.container(gone.id)) == ["lock"])
        #expect(try fixture.make("new").name == "new")
    }

    @Test func aDraftHoldsItsNameAndIsNotSeen() throws {
        let fixture = try Fixture()
        let draft = try fixture.store.draft(name: "mine")
        #expect(try fixture.store.all().isEmpty)
        #expect(throws: UsageError.self) { try fixture.store.find("mine") }
        #expect(throws: UsageError.self) { try fixture.make("mine") }
        #expect(try fixture.store.sweepDrafts() == [])
        try draft.discard()
        #expect(try fixture.make("mine").name == "mine")
    }

    @Test func whatACrashLeftIsSwept() throws {
        let fixture = try Fixture()
        let kept = try fixture.make("kept")
        let id = String(repeating: "b", count: 64)
        try makeFolders(fixture.layout.container(id) + "/upper/deep")
        #expect(symlink(id, fixture.layout.names + "/crashed") == 0)
        #expect(try fixture.store.sweepDrafts() == [id])
        #expect(try fixture.store.ids() == [kept.id])
        #expect(try fixture.make("crashed").name == "crashed")
    }

    /// Killed after it mounted the root: the mount goes, too.
    @Test func aMountThatACrashLeftIsSwept() throws {
        let fixture = try Fixture()
        let id = String(repeating: "d", count: 64)
        let folder = fixture.layout.container(id)
        for name in ["lower", "upper", "work", "rootfs"] { try makeFolders(folder + "/" + name) }
        try RootfsMount(
            lower: [folder + "/lower"], upper: folder + "/upper", work: folder + "/work",
            target: folder + "/rootfs"
        ).mount()
        #expect(try fixture.store.sweepDrafts() == [id])
        #expect(access(folder, F_OK) != 0)
    }

    @Test func linksOfGoneContainersDoNotPileUp() throws {
        let fixture = try Fixture()
        let kept = try fixture.make(nil)
        for number in 0..<100 {
            let id = String(repeating: "c", count: 60) + String(1000 + number)
            #expect(symlink(id, fixture.layout.names + "/gone\(number)") == 0)
        }
        let another = try fixture.make(nil)
        #expect(try fixture.store.find(kept.name) == kept && fixture.store.find(another.name) == another)
        var status = stat()
        #expect(lstat(fixture.layout.names + "/gone5", &status) != 0)
    }

    /// One damaged file hides nobody, and what it was of can be removed.
    @Test(arguments: ["", "{\"id\": 7}"])
    func aDamagedDefinitionIsFoundAndRemoved(text: String) throws {
        let fixture = try Fixture()
        let well = try fixture.make("well")
        let definition = try fixture.make("x")
        let folder = fixture.layout.container(definition.id)
        let path = folder + "/container.json"
        try FileDescriptor.open(path, O_WRONLY | O_TRUNC).writeAll(text)
        let error = #expect(throws: StateFileError.self) { try ContainerDefinition.read(in: folder) }
        #expect(error?.description.contains(path) == true)
        let found = try fixture.store.find("x")
        #expect(found.isDamaged && found.id == definition.id && found.name == "x")
        #expect(Set(try fixture.store.all().map(\.id)) == [well.id, definition.id])
        // It is no draft, and its name is still its own.
        #expect(try fixture.store.sweepDrafts() == [])
        #expect(throws: UsageError.self) { try fixture.make("x") }
        let engine = Engine(fixture.layout)
        let refusal = #expect(throws: UsageError.self) { try engine.start(found) }
        #expect(refusal?.description.contains("is damaged") == true)
        try engine.remove(found, force: false, volumes: true)
        #expect(try fixture.store.all() == [well])
        #expect(try fixture.make("x").name == "x")
    }

    @Test func whoMendsADefinitionGetsItBack() throws {
        let fixture = try Fixture()
        let definition = try fixture.make("x")
        let path = fixture.layout.container(definition.id) + "/container.json"
        try FileDescriptor.open(path, O_WRONLY | O_TRUNC).writeAll("garbage")
        try fixture.store.mend(definition)
        #expect(try fixture.store.find("x") == definition)
    }

    /// What has ended needs no image; what runs needs its layers, where somebody knows them.
    @Test func aDamagedDefinitionKeepsImagesWhileItRuns() throws {
        let fixture = try Fixture()
        let definition = try fixture.make("x")
        let folder = fixture.layout.container(definition.id)
        try FileDescriptor.open(folder + "/container.json", O_WRONLY | O_TRUNC).writeAll("")
        #expect(try Engine(fixture.layout).imageUses() == [])
        var status = LiveStatus(bootID: try BootID.current())
        status.phase = .running
        status.process = try ProcessIdentity.current()
        status.shim = try ProcessIdentity.current()
        try status.write(in: folder)
        func refusal() -> String? {
            #expect(throws: UsageError.self) { try Engine(fixture.layout).imageUses() }?.description
        }
        #expect(refusal()?.contains("container.json is damaged") == true)
        // Its shim was told the layers.
        let layers = [fixture.layout.images + "/snapshots/7", fixture.layout.images + "/snapshots/3"]
        try Supervision(
            rootfs: RootfsMount(
                lower: layers, upper: folder + "/upper", work: folder + "/work", target: folder + "/rootfs")
        ).write(in: folder)
        #expect(
            try Engine(fixture.layout).imageUses() == [
                ContainerUse(container: "x", layers: layers, isRunning: true)
            ])
        // But nobody knows which images it has mounted.
        try makeFolders(folder + "/images/0")
        #expect(refusal()?.contains("container x") == true)
    }

    @Test func aFileAmongTheContainersIsSwept() throws {
        let fixture = try Fixture()
        let kept = try fixture.make("kept")
        let path = fixture.layout.container(String(repeating: "e", count: 64))
        _ = try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600)
        #expect(try fixture.store.sweepDrafts().count == 1)
        #expect(access(path, F_OK) != 0)
        #expect(try fixture.store.ids() == [kept.id])
    }

    @Test func volumes() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        #expect(try volumes.all().isEmpty)
        #expect(try volumes.make("data").isNew)
        #expect(try !volumes.make("data").isNew)
        #expect(try volumes.all().map(\.name) == ["data"])
        var user = ContainerDefinition(
            id: "1", name: "n", created: .now, image: "", imageID: "", platform: "", command: [])
        user.mounts = [.init(kind: .volume, name: "data", source: "", destination: "/d", readOnly: false)]
        #expect(try volumes.remove("data", user: { user }) == .used(by: user))
        #expect(try volumes.remove("other", user: { nil }) == .missing)
        #expect(try volumes.remove("..", user: { nil }) == .missing)
        #expect(try volumes.remove("data", user: { nil }) == .removed(bytes: 0))
        #expect(try volumes.all().isEmpty)
        #expect(throws: MissingVolume.self) { try volumes.find("data") }
    }

    @Test func whatIsKnownOfAVolume() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        let before = Timestamp.now
        _ = try volumes.make("data", labels: ["a": "b"])
        let anonymous = try volumes.makeAnonymous(labels: ["c": "d"]).name
        let found = try volumes.find("data")
        #expect(found.labels == ["a": "b"] && !found.isAnonymous)
        #expect(found.created >= before && found.created <= .now)
        #expect(try volumes.find(anonymous).labels["c"] == "d")
        #expect(try volumes.find(anonymous).isAnonymous)
        // It is no new one.
        _ = try volumes.make("data", labels: ["a": "c"])
        #expect(try volumes.find("data") == found)
        // From before there were records.
        let old = String(repeating: "0a", count: 32)
        for name in [old, "old"] { try makeFolders(volumes.path(of: name)) }
        #expect(try volumes.find(old).isAnonymous)
        #expect(try !volumes.find("old").isAnonymous)
        // What is damaged is not taken for nobody's.
        let record = volumes.folder + "/" + anonymous + "/volume.json"
        try FileDescriptor.open(record, O_WRONLY | O_TRUNC).writeAll("{")
        #expect(try volumes.find(anonymous).labels.isEmpty)
        #expect(try volumes.all().count == 4)
    }

    @Test func aVolumeThatIsHeldStays() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        let held = try volumes.make("data")
        let second = try volumes.make("data")
        held.folder.release()
        #expect(try volumes.remove("data", user: { nil }) == .used(by: nil))
        #expect(throws: UsageError.self) { try Engine(fixture.layout).removeVolume("data") }
        second.folder.release()
        #expect(try volumes.remove("data", user: { nil }) == .removed(bytes: 0))
    }

    /// Of one who makes a container with a volume and one who removes the volume, one sees the other.
    @Test func nobodyLosesAVolumeThatHeHolds() async throws {
        let fixture = try Fixture()
        let layout = fixture.layout
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let volumes = VolumeStore(layout)
                    for _ in 0..<200 {
                        let held = try volumes.make("data")
                        try #require(access(volumes.path(of: "data"), F_OK) == 0)
                        try #require(volumes.find("data").created.seconds > 0)
                        held.folder.release()
                    }
                }
                group.addTask {
                    let volumes = VolumeStore(layout)
                    for _ in 0..<400 { _ = try volumes.remove("data", user: { nil }) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try folderEntries(layout.volumes).allSatisfy { $0 == "data" })
    }

    @Test func halfMadeVolumesAreSwept() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        let (half, made) = ("." + ContainerStore.newID(), "." + ContainerStore.newID())
        // Somebody else's.
        let other = ".snapshot"
        for name in [half, made, other] { try makeFolders(volumes.folder + "/\(name)/_data") }
        let maker = try KeptFolder.hold(volumes.folder + "/" + made)
        #expect(try volumes.all().isEmpty)
        try volumes.sweepDrafts { Issue.record("\($0): \($1)") }
        #expect(try Set(folderEntries(volumes.folder)) == [made, other])
        maker?.release()
        try volumes.sweepDrafts { Issue.record("\($0): \($1)") }
        #expect(try folderEntries(volumes.folder) == [other])
    }

    @Test func prunesVolumesThatNoContainerHas() throws {
        let fixture = try Fixture()
        let engine = Engine(fixture.layout)
        for name in ["used", "free", "kept"] { _ = try engine.volumes.make(name) }
        let draft = try fixture.store.draft(name: "c")
        var definition = ContainerDefinition(
            id: draft.id, name: "c", created: .now, image: "", imageID: "sha256:0", platform: "", command: []
        )
        definition.mounts = [
            .init(kind: .volume, name: "used", source: "/s", destination: "/d", readOnly: false)
        ]
        try draft.commit(definition)
        func prune() throws -> [String] {
            try engine.pruneVolumes(
                where: { $0.name != "kept" }, failed: { Issue.record("\($0): \($1)") }
            ).names
        }
        let refusal = #expect(throws: UsageError.self) { try engine.removeVolume("used") }
        #expect(refusal?.description.contains("in use by container \(definition.shortID)") == true)
        // Nobody knows what one has that runs and whose definition is damaged.
        let damaged = try fixture.make("damaged")
        let folder = fixture.layout.container(damaged.id)
        try FileDescriptor.open(folder + "/container.json", O_WRONLY | O_TRUNC).writeAll("")
        var status = LiveStatus(bootID: try BootID.current())
        status.phase = .running
        status.process = try ProcessIdentity.current()
        status.shim = try ProcessIdentity.current()
        try status.write(in: folder)
        #expect(try prune().isEmpty)
        let doubt = #expect(throws: UsageError.self) { try engine.removeVolume("free") }
        #expect(doubt?.description.contains("container damaged, whose container.json is damaged") == true)
        status.phase = .exited
        status.process = nil
        status.shim = nil
        try status.write(in: folder)
        #expect(try prune() == ["free"])
        #expect(try engine.volumes.all().map(\.name) == ["kept", "used"])
    }

    @Test func aContainerThatIsAboutToStartIsNotPruned() throws {
        let fixture = try Fixture()
        let engine = Engine(fixture.layout)
        let container = try fixture.make("c")
        let held = try KeptFolder.hold(fixture.layout.container(container.id))
        #expect(try engine.prune(container) == nil)
        held?.release()
        #expect(try engine.prune(container) == 0)
        #expect(try engine.prune(container) == nil)
        #expect(try fixture.store.all().isEmpty)
    }

    // MARK: Mount plans

    @Test func plansMountsFromTheOutsideIn() throws {
        let fixture = try Fixture()
        var planner = MountPlanner(volumes: VolumeStore(fixture.layout), ownVolumes: nil)
        let source = fixture.folder.path + "/made/by/v"
        try planner.plan(
            [
                MountRequest(
                    source: .bind(path: source, createMissing: true), target: "/a/b/c", readOnly: true),
                MountRequest(source: .volume(name: "named"), target: "/a"),
                MountRequest(source: .tmpfs(options: ["size=1m"]), target: "/a/b"),
            ], imageVolumes: ["/a", "/image/volume/"])
        let mounts = MountPlanner.ordered(planner.mounts)
        #expect(mounts.map(\.destination) == ["/a", "/a/b", "/image/volume", "/a/b/c"])
        #expect(mounts[3].options == ["rbind", "ro", "rro", "rprivate"])
        #expect(mounts[1].options == ["nosuid", "noexec", "nodev", "size=1m"])
        #expect(planner.points.map(\.kind) == [.bind, .volume, .tmpfs, .volume])
        #expect(planner.anonymousVolumes.count == 1)
        #expect(Set(planner.newVolumes.map(\.target)) == ["/a", "/image/volume"])
        var status = stat()
        #expect(stat(source, &status) == 0)
        // A second container gets the same named volume as it is, once something is in it.
        _ = try FileDescriptor.open(
            VolumeStore(fixture.layout).path(of: "named") + "/x", O_WRONLY | O_CREAT, mode: 0o600)
        var second = MountPlanner(volumes: VolumeStore(fixture.layout), ownVolumes: nil)
        try second.plan([MountRequest(source: .volume(name: "named"), target: "/x")], imageVolumes: [])
        #expect(second.newVolumes.isEmpty && second.mounts[0].source == mounts[0].source)
    }

    /// Also one that was made by hand; of two containers that come with it, one fills it.
    @Test func anEmptyVolumeIsFilledOnce() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        _ = try volumes.make("named")
        try makeFolders(fixture.folder.path + "/root/d/inner")
        let root = try FileDescriptor.open(fixture.folder.path + "/root", O_PATH | O_DIRECTORY)
        var found: [MountPlanner.NewVolume] = []
        for _ in 0..<2 {
            var planner = MountPlanner(volumes: volumes, ownVolumes: nil)
            try planner.plan([MountRequest(source: .volume(name: "named"), target: "/d")], imageVolumes: [])
            found += planner.newVolumes
        }
        #expect(found.count == 2)
        var wasFilled: [Bool] = []
        for volume in found { wasFilled.append(try volume.fill(from: root)) }
        #expect(wasFilled == [true, false])
        #expect(try folderEntries(volumes.path(of: "named")) == ["inner"])
        var planner = MountPlanner(volumes: volumes, ownVolumes: nil)
        try planner.plan([MountRequest(source: .volume(name: "named"), target: "/d")], imageVolumes: [])
        #expect(planner.newVolumes.isEmpty)
    }

    /// They stay while it is made, and what is not made after all leaves none that nobody knows.
    @Test func volumesOfAContainerThatIsNotMade() throws {
        let fixture = try Fixture()
        let volumes = VolumeStore(fixture.layout)
        var planner = MountPlanner(volumes: volumes, ownVolumes: nil)
        try planner.plan(
            [
                MountRequest(source: .volume(name: nil), target: "/a"),
                MountRequest(source: .volume(name: "named"), target: "/b"),
            ], imageVolumes: [])
        for volume in try volumes.all() {
            #expect(try volumes.remove(volume.name, user: { nil }) == .used(by: nil))
        }
        try planner.discard()
        #expect(try volumes.all().map(\.name) == ["named"])
        #expect(try volumes.remove("named", user: { nil }) == .removed(bytes: 0))
    }

    @Test func aMissingMountSourceIsRefused() throws {
        let fixture = try Fixture()
        var planner = MountPlanner(volumes: VolumeStore(fixture.layout), ownVolumes: nil)
        #expect(throws: UsageError.self) {
            try planner.plan(
                [MountRequest(source: .bind(path: "/nowhere/at/all", createMissing: false), target: "/a")],
                imageVolumes: [])
        }
    }
}
