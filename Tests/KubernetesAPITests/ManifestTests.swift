import KubernetesAPI
import Testing

@Suite struct ManifestTests {
    @Test func documentsAndLists() throws {
        let text = """
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: ConfigMap
              metadata: {name: a}
              data: {x: "1"}
            - {apiVersion: v1, kind: Secret, metadata: {name: b}, dat: {}}
            - {kind: Pod}
            ---
            kind: Pod
            metadata: [
            ---
            apiVersion: v1
            kind: PodList
            items:
            - {metadata: {name: c}}
            - {metadata: {name: d}, spec: {x: 1}}
            ---
            apiVersion: example.com/v1
            kind: Widget
            """
        let documents = Manifest.read(Array(text.utf8))
        #expect(documents.map(\.number) == [1, 2, 3, 4])
        let names = documents.map { $0.objects.map { ($0 as? any KubernetesResource)?.metadata.name } }
        #expect(names == [["a", "b"], [], ["c", "d"], []])
        #expect(
            documents.map(\.problems) == [
                [
                    "document 1, line 8: unknown field \"items[1].dat\"",
                    "document 1, line 9: items[2].apiVersion: missing",
                ],
                [
                    "document 2, line 13, column 1: while parsing a flow node, did not find expected node content"
                ],
                ["document 3, line 18: unknown field \"items[1].spec.x\""],
                ["document 4, line 20: no kind \"Widget\" is registered for version \"example.com/v1\""],
            ])
    }

    @Test func filesThatAreNoText() {
        #expect(Manifest.read([0xff, 0xfe]).map(\.problems) == [["the file is not UTF-8"]])
        #expect(Manifest.read([]).isEmpty)
        #expect(Manifest.read(Array("# nothing\n".utf8)).isEmpty)
        #expect(Manifest.read(Array("a: \u{0}".utf8))[0].problems.count == 1)
        #expect(
            Manifest.read(Array("x".utf8))[0].problems == [
                "document 1, line 1: expected an object, found the string \"x\""
            ])
    }

    @Test func linesInsideTextAreKept() throws {
        let text = "apiVersion: v1\r\nkind: ConfigMap\r\ndata:\r\n  a: \"x\u{2028}y\u{85}z\"\r\n"
        let document = Manifest.read(Array(text.utf8))[0]
        let map = try #require(document.objects.first as? ConfigMap)
        #expect(map.data["a"]?.contains("x") == true)
        #expect(document.problems == [])
    }

    /// Whatever becomes of a manifest, it is read or refused; and what is read survives the way through JSON.
    @Test func damagedManifests() throws {
        var random = SplitMix(state: 1)
        let original = Array(PodReadingTests.manifest.utf8)
        let pieces = [
            "&a ", "*a", "<<: ", "---\n", "- ", ": ", "{", "}", "[", "]", "\"", "'", "|\n", "!!int ", "\t",
            "\n", "1e9", "~",
        ]
        var read = 0
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0...(random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 2:
                    bytes.insert(
                        contentsOf: pieces[Int(random.next() % UInt64(pieces.count))].utf8, at: place)
                default: bytes.removeSubrange(place..<min(place + Int(random.next() % 40), bytes.count))
                }
                if bytes.isEmpty { bytes = original }
            }
            for document in Manifest.read(bytes) {
                for case let pod as Pod in document.objects {
                    read += 1
                    _ = pod.withDefaults().validate().description
                    var problems = Problems()
                    let again = Pod(
                        from: try APIValue(json: pod.document.json()), at: .root, reporting: &problems)
                    #expect(again == pod && problems.isEmpty)
                }
            }
        }
        #expect(read > 500)
    }
}

/// Steele, Lea, Flood: the same numbers each time.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
