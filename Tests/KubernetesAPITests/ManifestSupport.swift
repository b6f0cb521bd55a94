import KubernetesAPI
import Testing

/// Reads one object of YAML, which must have no problems.
func read<Object: KubernetesObject>(_ type: Object.Type, _ yaml: String) throws -> Object {
    let document = try #require(YAMLDocument.split(yaml).first)
    var problems = Problems()
    let object = Object(from: try document.value(), at: .root, reporting: &problems)
    #expect(problems.description == "")
    return object
}

/// A pod with one container, then what `lines` say, in the specification's indentation.
func pod(_ lines: String = "", container: String = "") throws -> Pod {
    let inner = container.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    let outer = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    return try read(
        Pod.self,
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: default}
        spec:
          containers:
          - name: main
            image: busybox
        \(inner)
        \(outer)
        """)
}
