import KubernetesAPI
import NodeAgent
import Testing

@Suite struct DownwardFactsTests {
    private let facts = DownwardFacts(
        nodeName: "node", hostIPs: ["192.0.2.1", "2001:db8::1"], podIPs: ["10.0.0.2"])

    private var pod: Pod {
        var pod = TestPod().pod
        pod.spec.serviceAccountName = "account"
        pod.metadata.labels = ["b": "a\u{7}\u{1}\"", "B": "ä\u{200b}\n"]
        pod.metadata.annotations = ["a.b/c": "d\te"]
        return pod
    }

    @Test(arguments: [
        ("metadata.name", "pod"), ("metadata.namespace", "default"), ("metadata.uid", "uid"),
        ("metadata.labels['b']", "a\u{7}\u{1}\""), ("metadata.labels['c']", ""),
        ("metadata.annotations['a.b/c']", "d\te"), ("spec.nodeName", "node"),
        ("spec.serviceAccountName", "account"), ("status.hostIP", "192.0.2.1"),
        ("status.hostIPs", "192.0.2.1,2001:db8::1"), ("status.podIP", "10.0.0.2"),
        ("status.podIPs", "10.0.0.2"),
        // As in files: sorted by bytes, and what does not print is escaped.
        ("metadata.labels", #"B="ä\u200b\n""# + "\n" + #"b="a\a\x01\"""#),
    ])
    func `a field has its value`(field: String, value: String) {
        #expect(facts.value(of: field, pod) == value)
    }

    @Test(arguments: ["metadata.labels['']", "spec.host", "status.phase", ""])
    func `what no pod is told has none`(field: String) {
        #expect(facts.value(of: field, pod) == nil)
    }
}
