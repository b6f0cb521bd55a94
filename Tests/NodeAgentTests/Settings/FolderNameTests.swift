import KubernetesAPI
import NodeAgent
import Testing

/// Folders of pods, named with what others say.
@Suite struct FolderNameTests {
    private let settings = AgentSettings(nodeName: "n")

    @Test(arguments: ["", ".", "..", "/", "a/b", "../a", "/../../victim", "a\0"])
    func `what leads elsewhere is no name`(uid: String) {
        #expect(throws: FolderNameError.self) { try settings.folder(ofPod: uid) }
    }

    @Test func `a folder is that of its pod`() throws {
        let pod = TestPod().pod
        #expect(try settings.folder(ofPod: "uid").hasSuffix("/pods/uid"))
        #expect(try settings.logFolder(of: pod).hasSuffix("/default_pod_uid"))
    }

    @Test func `a log folder's name has an end`() throws {
        var pod = TestPod().pod
        pod.metadata.name = String(repeating: "n", count: 255 - "default__uid".count)
        #expect(try settings.logFolder(of: pod).hasSuffix("n_uid"))
        pod.metadata.name += "n"
        #expect {
            try settings.logFolder(of: pod)
        } throws: {
            "\($0)".hasSuffix("has 256 bytes: a file's name has 255 at most")
        }
    }

    @Test func `a log folder has one name`() {
        var pod = TestPod().pod
        pod.metadata.uid = "/../../victim"
        #expect(throws: FolderNameError.self) { try settings.logFolder(of: pod) }
    }
}
