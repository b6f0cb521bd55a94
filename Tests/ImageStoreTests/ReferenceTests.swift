import ImageStore
import Testing

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox", "busybox"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("team/app:v1", "docker.io/team/app:v1", "team/app:v1"),
        ("quay.io/team/app", "quay.io/team/app", "quay.io/team/app"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("UPPER/app", "UPPER/app", "UPPER/app"),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("a--b/c__d.e_f", "docker.io/a--b/c__d.e_f", "a--b/c__d.e_f"),
        ("app:V_1.2-x", "docker.io/library/app:V_1.2-x", "app:V_1.2-x"),
    ])
    func readsAsDockerDoes(_ text: String, _ complete: String, _ familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == complete)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(complete) == reference)
    }

    @Test func readsDigests() throws {
        let hash = String(repeating: "a", count: 64)
        let reference = try ImageReference("busybox:1@sha256:\(hash)")
        #expect(reference.tag == "1")
        #expect(reference.digest?.hex == hash)
        #expect(reference.familiar == "busybox:1@sha256:\(hash)")
        #expect(reference.withDefaultTag == reference)
        #expect(reference.tagged.familiar == "busybox:1")
    }

    @Test func fillsInLatest() throws {
        #expect(try ImageReference("busybox").withDefaultTag.familiar == "busybox:latest")
        #expect(
            try ImageReference("localhost:5000/app").withDefaultTag.familiar == "localhost:5000/app:latest")
    }

    @Test(arguments: [
        "", ":latest", "Busybox", "busy box", "busybox:", "busybox:a b", "busybox:-x", "../../etc", "a//b",
        "/a",
        "a/", "a/.b", "a..b", "a___b", "-a", "a-", "host:port/app", "-host.io/app", "a@sha256:abc", "a@",
        "a@md5:1",
        String(repeating: "a", count: 64), "x/" + String(repeating: "a", count: 255),
        "busybox:" + String(repeating: "t", count: 129), "busybox\n", "b\u{e9}", "[x]:1/a", "[]/a",
    ])
    func refusesInOneLine(_ text: String) {
        let refusal = message { try ImageReference(text) }
        #expect(refusal?.contains("is not an image name") == true)
        #expect(refusal?.contains("\n") == false)
    }
}
