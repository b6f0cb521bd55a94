import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Synchronization
import Testing

struct ObjectVolumeTests {
    private func configVolume(
        _ items: [KeyToPath] = [], mode: Int32? = nil, optional: Bool? = nil, name: String = "app"
    ) -> Volume {
        Volume(
            name: "config",
            configMap: ConfigMapVolumeSource(name: name, items: items, defaultMode: mode, optional: optional))
    }

    @Test func theLayoutIsTheOneThatProgramsKnow() async throws {
        let node = try TestNode()
        node.objects.set(
            file: "a", objects: [configMap("app", ["one": "1", "two": "2"], binary: ["raw": [0, 255]])])
        let pod = makePod([configVolume()])
        let mounts = try await node.manager().mount(pod)
        let path = node.volume(pod, "configmap", "config")
        #expect(mounts.volumes["config"]?.isReadOnly == true)
        #expect(try mounts.mounts(for: pod.spec.containers[0]).first?.isReadOnly == true)
        let data = try #require(linkTarget(path + "/..data"))
        #expect(data.wholeMatch(of: /\.\.\d{4}(_\d\d){5}\.\d+/) != nil)
        #expect(try names(path) == ["..data", data, "one", "raw", "two"].sorted())
        #expect(linkTarget(path + "/one") == "..data/one")
        #expect(try read(path + "/one") == "1")
        #expect(try FileDescriptor.readFile(path + "/raw") == [0, 255])
        #expect(try mode(path + "/one") == 0o644)
        #expect(try mode(path) == 0o777)
        #expect(try mode(path + "/" + data) == 0o755)
    }

    @Test func itemsModesAndOwners() async throws {
        let node = try TestNode()
        node.objects.set(
            file: "a", objects: [configMap("app", ["one": "1", "two": "2"]), secret("s", ["key": "k"])])
        let items = [
            KeyToPath(key: "one", path: "deep/er/uno", mode: 0o400),
            KeyToPath(key: "two", path: "dos", user: 77),
        ]
        let pod = makePod([
            configVolume(items, mode: 0o440),
            Volume(name: "secret", secret: SecretVolumeSource(secretName: "s", defaultMode: 0o600)),
        ]) { $0.spec.securityContext = PodSecurityContext(fsGroup: 4711) }
        _ = try await node.manager().mount(pod)
        let path = node.volume(pod, "configmap", "config")
        #expect(try read(path + "/deep/er/uno") == "1")
        // The group may read: it is what fsGroup is for.
        #expect(try mode(path + "/deep/er/uno") == 0o440)
        #expect(try mode(path + "/deep/er") == 0o2755)
        #expect(try status(path + "/dos").st_uid == 77)
        #expect(try status(path + "/dos").st_gid == 4711)
        #expect(linkTarget(path + "/deep") == "..data/deep")
        let secret = node.volume(pod, "secret", "secret")
        #expect(try isTmpfs(secret))
        #expect(try mode(secret + "/key") == 0o640)
        #expect(try !node.manager().orphans(known: []).isEmpty)
    }

    @Test func whatIsMissingIsSaidAsByTheKubelet() async throws {
        let node = try TestNode()
        node.objects.set(file: "a", objects: [configMap("app", ["one": "1"]), secret("s", [:])])
        func reason(_ volume: Volume) async -> String {
            await failure { _ = try await node.manager().mount(makePod([volume])) }
        }
        let missing = [KeyToPath(key: "y", path: "y")]
        #expect(await reason(configVolume(name: "x")) == "configmap \"x\" not found")
        #expect(await reason(configVolume(missing)) == "configmap references non-existent config key: y")
        #expect(
            await reason(Volume(name: "v", secret: SecretVolumeSource(secretName: "x")))
                == "secret \"x\" not found")
        #expect(
            await reason(Volume(name: "v", secret: SecretVolumeSource(secretName: "s", items: missing)))
                == "references non-existent secret key: y")
        #expect(await reason(configVolume(missing, optional: true)) == "no error")
        #expect(await reason(configVolume(optional: true, name: "x")) == "no error")
        for (path, problem) in [
            ("../x", "must not contain '..': ../x"), ("/x", "must be relative path: /x"),
            ("..x", "must not start with '..': ..x"), ("a/../x", "must not contain '..': a/../x"),
        ] {
            #expect(
                await reason(configVolume([KeyToPath(key: "one", path: path)])) == "invalid path: \(problem)")
        }
    }

    @Test func updatesComeAllAtOnceAndOnlyWhenSomethingChanged() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        node.objects.set(file: "a", objects: [configMap("app", ["one": "1", "two": "2"])])
        let pod = makePod([configVolume()])
        #expect(try await !manager.update(pod), "not mounted yet")
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "configmap", "config")
        let first = linkTarget(path + "/..data")
        #expect(try await !manager.update(pod))
        #expect(linkTarget(path + "/..data") == first)

        let change = node.objects.set(file: "a", objects: [configMap("app", ["one": "1", "three": "3"])])
        #expect(change.objects == pod.volumeObjects)
        #expect(try await manager.update(pod))
        let second = try #require(linkTarget(path + "/..data"))
        #expect(second != first)
        #expect(try names(path) == ["..data", second, "one", "three"].sorted())
        #expect(try read(path + "/three") == "3")

        // Gone objects leave what is there.
        node.objects.set(file: "a", objects: [])
        #expect(await failure { _ = try await manager.update(pod) } == "configmap \"app\" not found")
        #expect(try read(path + "/three") == "3")
        #expect(linkTarget(path + "/..data") == second)
    }

    @Test func leftoversOfAKilledWriterAreRepaired() async throws {
        let node = try TestNode()
        node.objects.set(file: "a", objects: [configMap("app", ["one": "1", "two": "2"])])
        let pod = makePod([configVolume()])
        _ = try await node.manager().mount(pod)
        let path = node.volume(pod, "configmap", "config")
        let data = try #require(linkTarget(path + "/..data"))
        mkdir(path + "/..2020_01_01_00_00_00.1", 0o755)
        try write(path + "/..2020_01_01_00_00_00.1/half", "")
        symlink("..2020_01_01_00_00_00.1", path + "/..data_tmp")
        unlink(path + "/two")
        _ = try await node.manager().mount(pod)
        #expect(try names(path) == ["..data", data, "one", "two"].sorted())

        // A file that somebody changed is content that is not as it should be.
        try write(path + "/one", "other")
        _ = try await node.manager().mount(pod)
        #expect(try read(path + "/one") == "1")
        unlink(path + "/..data")
        _ = try await node.manager().mount(pod)
        #expect(try read(path + "/two") == "2")
        #expect(try names(path).count == 4)
    }

    @Test func readersSeeOneStateOrTheOther() async throws {
        let node = try TestNode()
        let manager = try node.manager()
        func set(_ number: Int) {
            node.objects.set(
                file: "a", objects: [configMap("app", ["one": "\(number)", "two": "\(number)"])])
        }
        set(0)
        let pod = makePod([configVolume()])
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "configmap", "config")
        let isDone = Mutex(false)
        async let torn: Int = Task.detached {
            var torn = 0
            // A lookup that has read the link when its folder goes finds nothing; the next one does.
            var misses = 0
            var states: Set<String> = []
            while !isDone.withLock({ $0 }) || states.isEmpty {
                // As a program does that wants all files of one state: it holds the folder.
                guard let folder = try? FileDescriptor.open(path + "/..data", O_PATH | O_DIRECTORY) else {
                    misses += 1
                    if misses > 10 { torn += 1 }
                    continue
                }
                misses = 0
                guard let one = try? folder.openAt("one", O_RDONLY).readToEnd(),
                    let two = try? folder.openAt("two", O_RDONLY).readToEnd()
                else { continue }
                if one != two || one.isEmpty { torn += 1 }
                states.insert(String(decoding: one, as: UTF8.self))
                // By their names files are always there, too.
                if !(0..<10).contains(where: { _ in access(path + "/one", F_OK) == 0 }) { torn += 1 }
            }
            return torn
        }.value
        for number in 1...200 {
            set(number)
            #expect(try await manager.update(pod))
        }
        isDone.withLock { $0 = true }
        #expect(await torn == 0)
        #expect(try read(path + "/two") == "200")
    }

    @Test func theFirstFileCountsWhereTwoHaveAnObjectOfOneName() {
        let objects = FolderObjects()
        let key = ObjectKey(.configMap, namespace: "default", name: "app")
        #expect(objects.set(file: "b", objects: [configMap("app", ["from": "b"])]).objects == [key])
        let change = objects.set(file: "a", objects: [configMap("app", ["from": "a"])])
        #expect(change.objects == [key] && change.hidden.isEmpty)
        let hidden = objects.set(file: "b", objects: [configMap("app", ["from": "c"])])
        #expect(hidden.objects.isEmpty && hidden.hidden == [key: "a"])
        #expect(objects.configMap(namespace: "default", name: "app")?.data == ["from": "a"])
        #expect(objects.set(file: "a", objects: []).objects == [key])
        #expect(objects.configMap(namespace: "default", name: "app")?.data == ["from": "c"])
        #expect(objects.configMap(namespace: "other", name: "app") == nil)

        var text = secret("s", ["a": "1", "b": "2"])
        text.stringData = ["b": "3"]
        objects.set(file: "s", objects: [text])
        #expect(objects.secret(namespace: "default", name: "s")?.data == ["a": Bytes("1"), "b": Bytes("3")])
    }
}
