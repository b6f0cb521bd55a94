import CRIProtocol
import KubernetesAPI
import NodeAgent
import Testing

@Suite struct RuntimeFeaturesTests {
    private let features = RuntimeFeatures()

    init() {
        var status = CRIStatusResponse()
        for (name, isAble) in [("", true), ("old", false)] {
            var handler = CRIRuntimeHandler()
            handler.name = name
            handler.features.userNamespaces = isAble
            handler.features.recursiveReadOnlyMounts = isAble
            status.runtimeHandlers.append(handler)
        }
        status.features.supplementalGroupsPolicy = true
        features.set(status)
    }

    private func pod(_ handler: String?) -> Pod {
        var pod = TestPod().pod
        pod.spec.hostUsers = false
        pod.spec.runtimeClassName = handler
        return pod
    }

    private func refusal(_ features: RuntimeFeatures, _ pod: Pod) -> String? {
        do {
            try features.checkUsers(of: pod)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func usersOfItsOwnNeedTheHandler() {
        #expect(refusal(features, pod(nil)) == nil)
        #expect(
            refusal(features, pod("old"))
                == "can't set `spec.hostUsers: false`, RuntimeClass handler \"old\" does not support user namespaces"
        )
        #expect(
            refusal(features, pod("none"))
                == "can't set `spec.hostUsers: false`, RuntimeClass handler \"none\" does not support user "
                + "namespaces: the handler \"none\" is not known")
        // containerd 1.6 tells of no handler.
        #expect(
            refusal(RuntimeFeatures(), pod(nil))
                == "can't set `spec.hostUsers: false`, runtime does not support user namespaces: "
                + "the handler \"\" is not known")
        #expect(refusal(RuntimeFeatures(), TestPod().pod) == nil)
    }

    @Test func strictGroupsNeedTheRuntime() {
        var pod = TestPod().pod
        pod.spec.securityContext = PodSecurityContext()
        pod.spec.securityContext?.supplementalGroupsPolicy = .strict
        #expect(features.hasStrictGroups && !RuntimeFeatures().hasStrictGroups)
        let node = NodePredicates(labels: [:], name: "node", hasAppArmor: false)
        #expect(node.refusal(of: pod, hasStrictGroups: true) == nil)
        let failure = node.refusal(of: pod, hasStrictGroups: false)
        #expect(failure?.reason == "SupplementalGroupsPolicyNotSupported")
        pod.spec.securityContext?.supplementalGroupsPolicy = .merge
        #expect(node.refusal(of: pod, hasStrictGroups: false) == nil)
    }

    @Test func theStatusTellsWhatBecameOfIfPossible() {
        var test = TestPod()
        func mount(_ mode: RecursiveReadOnlyMode?, readOnly: Bool = true) -> VolumeMount {
            VolumeMount(name: "v", readOnly: readOnly, recursiveReadOnly: mode, mountPath: "/v")
        }
        test.pod.spec.containers[0].volumeMounts = [
            mount(.ifPossible), mount(.enabled), mount(.disabled), mount(nil), mount(nil, readOnly: false),
        ]
        test.sandbox()
        test.run("a")
        func modes(_ handler: String?) -> [RecursiveReadOnlyMode?] {
            var builder = PodStatusBuilder(
                pod: test.pod, runtime: test.runtime, plan: PodPlan.make(test.pod, test.runtime),
                before: PodStatus(), hostIPs: [], runtimeName: "test", now: .now)
            builder.mountsRecursivelyReadOnly = features.mountsRecursivelyReadOnly(for: pod(handler))
            return builder.make().containerStatuses[0].volumeMounts.map(\.recursiveReadOnly)
        }
        #expect(modes(nil) == [.enabled, .enabled, .disabled, .disabled, nil])
        #expect(modes("old") == [.disabled, .disabled, .disabled, .disabled, nil])
    }
}
