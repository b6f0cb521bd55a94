import NodeAgent
import Testing

@Suite struct NodeLabelsTests {
    @Test func areRead() throws {
        #expect(
            try NodeLabels.read(["disktype=ssd,empty=", "example.com/a=b", "disktype=nvme"])
                == ["disktype": "nvme", "empty": "", "example.com/a": "b"])
        #expect(try NodeLabels.read([]) == [:])
    }

    @Test(arguments: [
        "kubernetes.io/hostname", "topology.kubernetes.io/zone", "node.kubernetes.io/pool",
        "mine.kubelet.kubernetes.io/a", "notkubernetes.io/a",
    ])
    func mayBeSaid(key: String) throws {
        #expect(try NodeLabels.read(["\(key)=x"]) == [key: "x"])
    }

    @Test(arguments: [
        ("disktype", "must be KEY=VALUE"), ("=a", "\"=a\": "), ("a b=c", "\"a b=c\": "),
        ("a=b c", "\"a=b c\": "),
        ("node-role.kubernetes.io/worker=", "\"node-role.kubernetes.io/worker\": in the namespaces"),
        ("k8s.io/a=b", "\"k8s.io/a\": in the namespaces"),
    ])
    func cannotBe(text: String, words: String) {
        let error = #expect(throws: NodeLabels.Invalid.self) { try NodeLabels.read([text]) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
