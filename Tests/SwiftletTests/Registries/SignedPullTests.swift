import Glibc
import LinuxKernel
import Testing

/// Which images a machine's policy lets in, by signatures as cosign makes them.
struct SignedPullTests {
    let host: Host
    let registry: LocalRegistry
    /// With keys and policies.
    private let folder: String

    init() throws {
        host = try Host(ownNetwork: false)
        registry = try LocalRegistry()
        folder = host.folder + "/signing"
        let script = """
            set -e; mkdir -p \(folder); cd \(folder)
            for key in ours theirs; do
                openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $key.pem 2> /dev/null
                openssl pkey -in $key.pem -pubout -out $key.pub
            done
            """
        try LocalRegistry.run("/bin/bash", "-c", script)
        for name in ["app:v1", "app:v2", "other:v1"] {
            try registry.push(layout: try Fixtures.archive("oci/layers") + ":test/layers:latest", as: name)
        }
    }

    /// Puts a signature for `app` into the registry, where cosign puts it: an image of one layer, which is what is
    /// signed, under a tag that names the digest.
    private func sign(with key: String, _ digest: Substring, as reference: String) throws {
        let script = """
            set -e; cd \(folder); rm -rf image; mkdir -p image/blobs/sha256
            put() { hex=$(sha256sum "$1" | cut -d' ' -f1); size=$(stat -c %s "$1"); cp "$1" image/blobs/sha256/$hex; }
            printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},\
            "type":"cosign container image signature"},"optional":null}' '\(reference)' '\(digest)' > payload
            signature=$(openssl dgst -sha256 -sign \(key).pem payload | base64 -w0)
            put payload; payload="\\"digest\\":\\"sha256:$hex\\",\\"size\\":$size"
            printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
                $hex > config
            put config; config="\\"digest\\":\\"sha256:$hex\\",\\"size\\":$size"
            printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":\
            "application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":\
            "application/vnd.dev.cosign.simplesigning.v1+json",%s,"annotations":{"dev.cosignproject.cosign/signature":\
            "%s"}}]}' "$config" "$payload" "$signature" > manifest
            put manifest
            printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":\
            "sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"sig"}}]}' $hex $size > image/index.json
            printf '{"imageLayoutVersion":"1.0.0"}' > image/oci-layout
            skopeo copy -q --preserve-digests --dest-tls-verify=false oci:image:sig \
                docker://\(registry.host)/app:\(digest.replacingColon).sig
            """
        try LocalRegistry.run("/bin/bash", "-c", script)
    }

    /// A policy that lets `app` in by signatures of one key alone, and refuses everything else.
    private func policy(_ key: String) throws -> String {
        let path = "\(folder)/\(key).json"
        let text = """
            {"default": [{"type": "reject"}], "transports": {"docker": {"\(registry.host)/app": [{
              "type": "sigstoreSigned", "keyPath": "\(folder)/\(key).pub"}]}}}
            """
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(text)
        return path
    }

    @Test func onlyWhatIsSignedByTheRightKeyComesIn() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/app:v1"
        let ours = try policy("ours")
        func refusal(_ name: String, _ policy: String) throws -> String {
            let line = try host.checkFails(1, "pull", "-q", "--signature-policy", policy, name)
            #expect(try host.check("images", "-q").output.isEmpty)
            return line
        }
        #expect(try refusal(name, ours).contains("is refused by rule"))
        let raw = try LocalRegistry.run(
            "/usr/bin/skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(name)")
        let digest = raw.split(separator: "\n")[0]
        try sign(with: "theirs", digest, as: name)
        #expect(try refusal(name, ours).contains("ours.pub"))
        try sign(with: "ours", digest, as: "\(registry.host)/app:v2")
        #expect(try refusal(name, ours).contains("not for \(name)"))
        try sign(with: "ours", digest, as: name)
        #expect(try refusal(name, try policy("theirs")).contains("theirs.pub"))
        #expect(try refusal("\(registry.host)/other:v1", ours).contains("refused"))
        #expect(try host.check("pull", "-q", "--signature-policy", ours, name).line == name)
        #expect(try host.check("image", "verify").error.isEmpty)
        // What is there is looked at again.
        let again = try host.checkFails(
            1, "pull", "-q", "--signature-policy", try policy("theirs"), name)
        #expect(again.contains("theirs.pub"))
        // The same bytes under a name that the signature is not for.
        let second = try host.checkFails(
            1, "pull", "-q", "--signature-policy", ours, "\(registry.host)/app:v2")
        #expect(second.contains("refused"))
        #expect(try host.check("images").lines.count == 2)
    }

    /// A bundle of a hundred megabytes that its artifact calls small; the artifact is as large as a registry takes it, in
    /// the form that costs most to be read.
    @Test func whatIsLargeInPlaceOfASignatureIsRefused() throws {
        defer { withExtendedLifetime(self) {} }
        let name = "\(registry.host)/app:v1"
        let script = """
            import hashlib, json, sys, urllib.request
            base = "http://\(registry.host)/v2/app/"
            def send(method, address, data=b"", **headers):
                headers = {name.replace("_", "-"): value for name, value in headers.items()}
                return urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method))
            def blob(data):
                digest = "sha256:" + hashlib.sha256(data).hexdigest()
                place = send("POST", base + "blobs/uploads/").headers["Location"]
                send("PUT", place + "&digest=" + digest, data, Content_Type="application/octet-stream")
                return digest
            kind = "application/vnd.oci.image.manifest.v1+json"
            image = urllib.request.Request(base + "manifests/v1", headers={"Accept": kind}, method="HEAD")
            digest = urllib.request.urlopen(image).headers["Docker-Content-Digest"]
            artifact = json.dumps({
                "schemaVersion": 2, "mediaType": kind,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": blob(b"{}"), "size": 2},
                "layers": [{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                            "digest": blob(bytes(100 << 20)), "size": 1000}]})
            artifact = artifact[:-1] + ', "more": [1' + ",1" * (2040 << 10) + "]}"
            send("PUT", base + "manifests/" + digest.replace(":", "-") + ".sig", artifact.encode(), Content_Type=kind)
            """
        try LocalRegistry.run("/usr/bin/python3", "-c", script)
        let memory = try LargeImage.memory(
            ofPulling: name, by: host, ["--signature-policy", try policy("ours")],
            refusal: "it has 104857600 bytes, not 1000")
        #expect(memory < LargeImage.memoryBound)
        #expect(try host.check("images", "-q").output.isEmpty)
        #expect(try host.check("image", "verify").error.isEmpty)
    }
}

extension Substring {
    fileprivate var replacingColon: String { split(separator: ":").joined(separator: "-") }
}
