import OCISpec
import Testing

private let hash = String(repeating: "0123456789abcdef", count: 4)
private let digest = "sha256:" + hash

@Suite("Image documents")
struct ImageTests {
    @Test("digests")
    func digests() throws {
        let short = try Digest(digest)
        #expect(short.algorithm == .sha256 && short.hex == hash && short.description == digest)
        #expect(short.short == "0123456789ab")
        let long = try Digest("sha512:" + hash + hash)
        #expect(long.algorithm == .sha512 && long.hex.utf8.count == 128)
        #expect(Digest(.sha256, hex: hash) == short && Digest(.sha512, hex: hash) == nil)
        #expect(Digest(.sha256, hex: hash.uppercased()) == nil)
        #expect(short < long && !(long < short) && Set([short, long, short]).count == 2)
    }

    private static let notDigests: [(text: String, reason: String)] = {
        let short = "expected 64 lower-case hexadecimal digits after the colon"
        return [
            ("", "expected algorithm:hash"), (hash, "expected algorithm:hash"),
            ("md5:0123", "only sha256 and sha512 are supported"),
            (":\(hash)", "only sha256 and sha512 are supported"),
            ("SHA256:\(hash)", "only sha256 and sha512 are supported"),
            ("sha256:", short), ("sha256:\(hash.dropLast())", short), ("sha256:\(hash)0", short),
            ("sha256:\(hash.uppercased())", short), ("sha256:../\(hash.dropFirst(3))", short),
            ("sha512:\(hash)", "expected 128 lower-case hexadecimal digits after the colon"),
        ]
    }()

    @Test("bad digests", arguments: notDigests)
    func badDigests(text: String, reason: String) {
        #expect(throws: DigestError.self) { try Digest(text) }
        let error = failure { () throws(JSONError) in try decode("[\"\(text)\"]", as: [Digest].self) }
        #expect(error?.description == "[0]: not a digest: \(quoted(text)) (\(reason))")
    }

    /// Old registries gave the configurations of Docker's images any type, and those of artifacts, too.
    @Test(
        "configurations without a type",
        arguments: ["", "application/octet-stream", "application/json", "text/html", "text/plain"])
    func typeless(name: String) throws {
        let digest = try Digest("sha256:" + String(repeating: "0", count: 64))
        let config = Descriptor(mediaType: MediaType(name), digest: digest, size: 2)
        let docker = ImageManifest(mediaType: .dockerManifest, config: config, layers: [])
        #expect(docker.mayBeImage(as: .dockerManifest))
        #expect(docker.inOCI.config.mediaType == .ociConfig)
        #expect(ImageManifest(mediaType: nil, config: config, layers: []).mayBeImage(as: .dockerManifest))
        #expect(!ImageManifest(config: config, layers: []).mayBeImage(as: .ociManifest))
        #expect(!ImageManifest(mediaType: nil, config: config, layers: []).mayBeImage(as: .ociManifest))
        #expect(ImageConfig.isOne(Array(#"{"rootfs":{}}"#.utf8)))
        for other in ["{}", "[]", "x", ""] { #expect(!ImageConfig.isOne(Array(other.utf8))) }
    }

    @Test("media types")
    func mediaTypes() {
        #expect(MediaType.ociIndex.isIndex && MediaType.dockerIndex.isIndex && !MediaType.ociManifest.isIndex)
        #expect(MediaType.ociManifest.isManifest && MediaType.dockerManifest.isManifest)
        #expect(
            MediaType.ociConfig.isConfig && MediaType.dockerConfig.isConfig && !MediaType.ociEmpty.isConfig)
        #expect(MediaType.ociLayer.layerCompression == MediaType.Compression.none)
        #expect(MediaType.dockerLayer.layerCompression == MediaType.Compression.none)
        #expect(
            MediaType.ociLayerGzip.layerCompression == .gzip
                && MediaType.dockerLayerGzip.layerCompression == .gzip)
        #expect(
            MediaType.ociLayerZstd.layerCompression == .zstd
                && MediaType.dockerLayerZstd.layerCompression == .zstd)
        #expect(
            MediaType.ociConfig.layerCompression == nil && MediaType("text/plain").layerCompression == nil)
        let foreign = MediaType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
        #expect(foreign.layerCompression == .gzip && foreign.isNondistributable)
        let old = MediaType("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")
        #expect(
            old.layerCompression == .zstd && old.isNondistributable
                && !MediaType.ociLayerZstd.isNondistributable)
    }

    @Test(
        "manifests are written as they were read",
        arguments: [
            #"""
            {
              "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
              "artifactType": "a/b",
              "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "digest": "D", "size": 7023
              },
              "layers": [
                {
                  "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "D", "size": 0,
                  "urls": ["https://example.org/x"], "annotations": {"a": "b"}, "data": "e30=",
                  "artifactType": "c/d"
                }
              ],
              "subject": {"mediaType": "x/y", "digest": "D", "size": 1}, "annotations": {"k": "v"}
            }
            """#,
            #"{"schemaVersion": 2, "config": {"mediaType": "x/y", "digest": "D", "size": 1}, "layers": []}"#,
            #"""
            {
              "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
              "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json", "digest": "D", "size": 1
              },
              "layers": [
                {
                  "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": "D",
                  "size": 9223372036854775807
                }
              ]
            }
            """#,
        ])
    func manifests(template: String) throws {
        let text = template.replacing("\"D\"", with: quoted(digest))
        let manifest = try decode(text, as: ImageManifest.self)
        #expect(manifest.config.digest == (try Digest(digest)))
        #expect(try written(manifest) == compact(text))
    }

    @Test("an index is written as it was read")
    func index() throws {
        let text = #"""
            {
              "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
              "manifests": [
                {
                  "mediaType": "application/vnd.oci.image.manifest.v1+json",
                  "digest": "\#(digest)", "size": 7143,
                  "annotations": {"org.opencontainers.image.ref.name": "v1"},
                  "platform": {
                    "architecture": "arm", "os": "linux", "os.version": "1", "os.features": ["f"],
                    "variant": "v7"
                  }
                }
              ],
              "annotations": {"k": "v"}
            }
            """#
        let index = try decode(text, as: ImageIndex.self)
        #expect(index.manifests[0].platform?.description == "linux/arm/v7")
        #expect(Platform(os: "linux", architecture: "amd64").description == "linux/amd64")
        #expect(index.manifests[0].annotations["org.opencontainers.image.ref.name"] == "v1")
        #expect(try written(index) == compact(text))
    }

    @Test(
        "bad manifests",
        arguments: [
            (#"{"mediaType":"x","config":C,"layers":[]}"#, "schemaVersion: missing"),
            (
                #"{"schemaVersion":1,"fsLayers":[]}"#,
                "schemaVersion: Docker's manifests of version 1 are not supported"
            ),
            (#"{"schemaVersion":3,"config":C,"layers":[]}"#, "schemaVersion: expected 2, found 3"),
            (
                #"{"schemaVersion":"2","config":C,"layers":[]}"#,
                "schemaVersion: expected an integer, found a string"
            ),
            (#"{"schemaVersion":2,"layers":[]}"#, "config: missing"),
            (#"{"schemaVersion":2,"config":C}"#, "layers: missing"),
            (
                #"{"schemaVersion":2,"config":C,"layers":[{"mediaType":"x","digest":D}]}"#,
                "layers[0].size: missing"
            ),
            (
                #"{"schemaVersion":2,"config":C,"layers":[{"mediaType":"x","digest":D,"size":-1}]}"#,
                "layers[0].size: -1 is negative"
            ),
            (
                #"{"schemaVersion":2,"config":C,"layers":[{"mediaType":"x","digest":"sha256:1","size":1}]}"#,
                #"layers[0].digest: not a digest: "sha256:1" (expected 64 lower-case hexadecimal digits "#
                    + "after the colon)"
            ),
            (
                #"{"schemaVersion":2,"config":C,"layers":[],"manifests":[]}"#,
                "manifests: an image manifest has none"
            ),
            (
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","config":C,"layers":[]}"#,
                #"mediaType: "application/vnd.oci.image.index.v1+json" is not an image manifest"#
            ),
        ])
    func badManifests(template: String, message: String) {
        let config = #"{"mediaType":"x","digest":"\#(digest)","size":1}"#
        let text = template.replacing(":C,", with: ":\(config),").replacing(":C}", with: ":\(config)}")
            .replacing(":D", with: ":" + quoted(digest))
        #expect(
            failure { () throws(JSONError) in try decode(text, as: ImageManifest.self) }?.description
                == message)
    }

    @Test(
        "bad indexes",
        arguments: [
            (#"{"schemaVersion":2}"#, "manifests: missing"),
            (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "layers: an image index has none"),
            (#"{"schemaVersion":2,"manifests":[],"config":{}}"#, "config: an image index has none"),
            (
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","manifests":[]}"#,
                #"mediaType: "application/vnd.oci.image.manifest.v1+json" is not an image index"#
            ),
        ])
    func badIndexes(text: String, message: String) {
        #expect(
            failure { () throws(JSONError) in try decode(text, as: ImageIndex.self) }?.description == message)
    }

    @Test("image configurations")
    func configurations() throws {
        let text = #"""
            {
              "created": "2024-01-02T03:04:05Z", "author": "me", "architecture": "arm64", "variant": "v8",
              "os": "linux", "os.version": "1", "os.features": ["f"],
              "config": {
                "User": "1000:100", "ExposedPorts": {"53/udp": {}, "80/tcp": {}}, "Env": ["A=b"],
                "Entrypoint": ["/e"], "Cmd": ["c", "d"], "Volumes": {"/data": {}}, "WorkingDir": "/w",
                "Labels": {"k": "v"}, "StopSignal": "SIGINT",
                "Healthcheck": {
                  "Test": ["CMD-SHELL", "true"], "Interval": 30000000000, "Timeout": 1,
                  "StartPeriod": 2, "StartInterval": 3, "Retries": 4
                },
                "Shell": ["/bin/sh", "-c"]
              },
              "rootfs": {"type": "layers", "diff_ids": ["\#(digest)"]},
              "history": [
                {
                  "created": "2024-01-02T03:04:05Z", "created_by": "ADD x", "author": "me", "comment": "c"
                },
                {"created_by": "ENV A=b", "empty_layer": true}
              ]
            }
            """#
        let image = try decode(text, as: ImageConfig.self)
        #expect(image.platform.architecture == "arm64" && image.platform.variant == "v8")
        #expect(image.config.exposedPorts == ["53/udp", "80/tcp"] && image.config.volumes == ["/data"])
        #expect(image.config.user == "1000:100" && image.config.stopSignal == "SIGINT")
        #expect(image.config.healthcheck?.test == ["CMD-SHELL", "true"] && image.history[1].emptyLayer)
        #expect(image.diffIDs == [try Digest(digest)])
        #expect(try written(image) == compact(text))
    }

    @Test("Docker's image configurations, with nulls and more members")
    func dockerConfigurations() throws {
        let image = try decode(
            #"""
            {"architecture":"amd64","os":"linux","docker_version":"20.10","container":"abc","id":"x",
            "parent":"y","config":{"Hostname":"","AttachStdin":false,"ExposedPorts":null,"Env":null,
            "Cmd":["sh"],"Entrypoint":null,"Image":"sha256:x","Volumes":null,"WorkingDir":"","OnBuild":null,
            "Labels":null,"ArgsEscaped":true,
            "Healthcheck":null,"User":""},
            "container_config":{"Cmd":["/bin/sh","-c","#(nop)"]},"rootfs":{"type":"layers"},"history":null}
            """#, as: ImageConfig.self)
        var expected = ImageConfig(platform: Platform(os: "linux", architecture: "amd64"), diffIDs: [])
        expected.config.cmd = ["sh"]
        #expect(image == expected)
    }

    @Test("image configurations that leave out what nobody looks at")
    func shortConfigurations() throws {
        for text in [
            #"{"rootfs":{"diff_ids":["\#(digest)"]}}"#,
            #"{"architecture":"","os":"","rootfs":{"type":"","diff_ids":["\#(digest)"]}}"#,
        ] {
            let image = try decode(text, as: ImageConfig.self)
            #expect(image.diffIDs == [try Digest(digest)])
            #expect(image.platform == Platform(os: "", architecture: ""))
        }
    }

    @Test(
        "bad image configurations",
        arguments: [
            (#"{"architecture":"amd64","os":"linux"}"#, "rootfs: missing"),
            (
                #"{"architecture":"amd64","os":"linux","rootfs":{"type":"base"}}"#,
                #"rootfs: unknown type "base", expected layers"#
            ),
            (
                #"{"architecture":"a","os":"b","rootfs":{"type":"layers"},"config":{"Cmd":"sh"}}"#,
                "config.Cmd: expected an array, found a string"
            ),
            (
                #"{"architecture":"a","os":"b","rootfs":{"type":"layers"},"config":{"ExposedPorts":["80"]}}"#,
                "config.ExposedPorts: expected an object, found an array"
            ),
            (
                #"{"architecture":"a","os":"b","rootfs":{"type":"layers"},"config":{"Env":["A=\u0000"]}}"#,
                "config.Env[0]: contains a NUL character"
            ),
        ])
    func badConfigurations(text: String, message: String) {
        #expect(
            failure { () throws(JSONError) in try decode(text, as: ImageConfig.self) }?.description == message
        )
    }

    @Test("oci-layout and Docker's manifest.json")
    func archives() throws {
        #expect(try decode(#"{"imageLayoutVersion":"1.0.0"}"#, as: ImageLayout.self) == ImageLayout())
        #expect(written(ImageLayout()) == #"{"imageLayoutVersion":"1.0.0"}"#)
        let error = failure { () throws(JSONError) in
            try decode(#"{"imageLayoutVersion":"2.0.0"}"#, as: ImageLayout.self)
        }
        #expect(error?.reason == #"version "2.0.0" of image layouts is not supported"#)

        let text =
            #"[{"Config":"blobs/sha256/ab","RepoTags":["a:1"],"Layers":["x/layer.tar","y/layer.tar"]}]"#
        let entries = try decode(text, as: [DockerArchiveEntry].self)
        #expect(
            entries == [
                DockerArchiveEntry(
                    config: "blobs/sha256/ab", repoTags: ["a:1"], layers: ["x/layer.tar", "y/layer.tar"])
            ])
        #expect(written(entries) == text)
        let untagged = try decode(
            #"[{"Config":"c","RepoTags":null,"Layers":null,"LayerSources":{}}]"#,
            as: [DockerArchiveEntry].self)
        #expect(untagged == [DockerArchiveEntry(config: "c", repoTags: [], layers: [])])
    }
}
