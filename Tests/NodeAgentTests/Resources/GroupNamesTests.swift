import KubernetesAPI
import NodeAgent
import Testing

@Suite struct GroupNamesTests {
    private let uid = "8d5a-11"

    @Test func pathsAreTheKubelets() {
        let names = GroupNames(driver: .files, root: "")
        #expect(names.kubepods == "/kubepods")
        #expect(names.of(pod: uid, .burstable) == "/kubepods/burstable/pod8d5a-11")
        #expect(names.of(pod: uid, .bestEffort) == "/kubepods/besteffort/pod8d5a-11")
        #expect(names.of(pod: uid, .guaranteed) == "/kubepods/pod8d5a-11")
        #expect(names.parent(pod: uid, .guaranteed) == "/kubepods/pod8d5a-11")
        #expect(GroupNames(driver: .files, root: "/a/b/").of(.burstable) == "/a/b/kubepods/burstable")
    }

    @Test func slicesAreTheKubelets() {
        let names = GroupNames(driver: .systemd, root: "/")
        #expect(names.kubepods == "kubepods.slice")
        #expect(names.of(pod: uid, .burstable) == "kubepods-burstable-pod8d5a_11.slice")
        #expect(
            names.parent(pod: uid, .burstable)
                == "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8d5a_11.slice")
        #expect(names.of(pod: uid, .guaranteed) == "kubepods-pod8d5a_11.slice")
        #expect(
            GroupNames(driver: .systemd, root: "/my-root").of(.bestEffort)
                == "my_root-kubepods-besteffort.slice")
    }

    @Test(arguments: [PodQOSClass.guaranteed, .burstable, .bestEffort])
    func aGroupTellsItsPod(qos: PodQOSClass) {
        let files = GroupNames(driver: .files, root: "")
        #expect(files.uid(ofChild: "pod8d5a-11", in: qos) == uid)
        #expect(files.uid(ofChild: "burstable", in: qos) == nil)
        let slices = GroupNames(driver: .systemd, root: "")
        #expect(slices.uid(ofChild: slices.of(pod: uid, qos), in: qos) == uid)
        #expect(slices.uid(ofChild: "kubepods-burstable.slice", in: qos) == nil)
        #expect(slices.uid(ofChild: "kubepods-other-pod1.slice", in: qos) == nil)
    }
}
