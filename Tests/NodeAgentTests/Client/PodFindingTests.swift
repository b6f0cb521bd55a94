import KubernetesAPI
import NodeAgent
import Testing

/// Which pod a word means.
@Suite struct PodFindingTests {
    private let pods: [Pod] = [("default", "twin", "11"), ("other", "twin", "12"), ("other", "lone", "2a")]
        .map {
            var pod = Pod()
            pod.metadata.namespace = $0.0
            pod.metadata.name = $0.1 + "-node"
            pod.metadata.uid = $0.2
            pod.spec.nodeName = "node"
            return pod
        }

    private func found(_ name: String, in namespace: String? = nil) -> String {
        do {
            return try pods.find(name, namespace: namespace).fullName
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: ["lone", "lone-node", "other/lone", "other/lone-node", "2"])
    func byNameAndByID(word: String) {
        #expect(found(word) == "other/lone-node")
    }

    @Test func ofTwoTheNamespaceSaysWhich() {
        for word in ["twin", "twin-node"] {
            #expect(
                found(word) == "2 pods are called \(word): say which, default/twin-node or other/twin-node")
            #expect(found(word, in: "other") == "other/twin-node")
            #expect(found("other/" + word) == "other/twin-node")
        }
    }

    @Test(arguments: ["", "nobody", "default/lone", "twin-nod"])
    func whatIsNotThere(word: String) {
        #expect(found(word) == "pods \"\(word)\" not found")
    }
}
