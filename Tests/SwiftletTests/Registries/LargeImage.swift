import Testing

/// An image with a layer of half a gigabyte that comes as ten megabytes, and one of sixty megabytes that do not compress.
enum LargeImage {
    /// KiB that a pull may take, whatever the image (64 MB).
    static let memoryBound = 64_000_000 / 1024

    /// What a pull takes of memory at most, in KiB. It is started by a small process: what the kernel counts of a
    /// program begins with the memory of whoever starts it.
    /// - Parameter refusal: words of the line that it has to fail with; nil: it must not fail.
    static func memory(
        ofPulling name: String, by host: Host, _ options: [String] = [], refusal: String? = nil
    ) throws -> Int {
        let script = """
            import resource, subprocess, sys
            code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            sys.exit(code)
            """
        let result = try Program(
            "/usr/bin/python3",
            ["-c", script, try Host.builtProgram("swiftlet"), "pull", "-q"] + options + [name],
            environment: host.environment
        ).finish(seconds: 120)
        #expect(result.code == (refusal == nil ? 0 : 1), "\(result.error)")
        if let refusal {
            #expect(result.error.contains(refusal), "\(result.error)")
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        }
        return try #require(Int(result.line))
    }

    private static let image = MadeImage(
        "large",
        script: """
            python3 -c 'import os, sys
            for _ in range(8000): sys.stdout.buffer.write(os.urandom(1024) + bytes(64512))' > sparse
            openssl enc -aes-128-ctr -K 01 -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                | head -c 60000000 > random || true
            for file in sparse random; do umoci insert --image image:v1 $file /$file; done
            """)

    /// The layout's folder. The image is called `v1`.
    static func layout() throws -> String { try image.layout() }

    /// Puts it into a registry with layers by zstd. skopeo compresses only what is not compressed, and takes what a
    /// registry has already: it has to be one of its own.
    static func push(byZstdTo registry: LocalRegistry, as name: String) throws {
        let plain = registry.folder + "/plain"
        try LocalRegistry.run(
            "/usr/bin/skopeo", "copy", "-q", "--dest-decompress", "oci:\(try layout()):v1", "dir:\(plain)")
        try LocalRegistry.run(
            "/usr/bin/skopeo", "copy", "-q", "--dest-tls-verify=false", "--dest-compress-format", "zstd",
            "dir:\(plain)", "docker://\(registry.host)/\(name)")
    }

    /// Puts it into a registry with layers whose repetitions reach 128 MiB back, which skopeo does not make.
    static func push(withWideWindowsTo registry: LocalRegistry, as name: String) throws {
        let folder = registry.folder + "/wide"
        try LocalRegistry.run(
            "/usr/bin/skopeo", "copy", "-q", "--dest-decompress", "oci:\(try layout()):v1", "dir:\(folder)")
        let script = """
            import hashlib, json, os, subprocess
            os.chdir("\(folder)")
            manifest = json.load(open("manifest.json"))
            for layer in manifest["layers"]:
                plain = layer["digest"].removeprefix("sha256:")
                # From a stream, whose length the program does not know: it says the whole window.
                with open(plain) as file, open("packed", "wb") as packed:
                    subprocess.run(["zstd", "-q", "--long=27"], stdin=file, stdout=packed, check=True)
                with open("packed", "rb") as packed: digest = hashlib.file_digest(packed, "sha256").hexdigest()
                os.rename("packed", digest)
                os.remove(plain)
                layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
                layer["digest"], layer["size"] = "sha256:" + digest, os.path.getsize(digest)
            with open("manifest.json", "w") as file: json.dump(manifest, file)
            """
        try LocalRegistry.run("/usr/bin/python3", "-c", script)
        try LocalRegistry.run(
            "/usr/bin/skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", "dir:\(folder)",
            "docker://\(registry.host)/\(name)")
    }
}
