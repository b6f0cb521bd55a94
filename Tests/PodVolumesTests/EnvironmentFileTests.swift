import Glibc
import KubernetesAPI
import PodVolumes
import Testing

struct EnvironmentFileTests {
    @Test(arguments: [
        ("A='one'\nB='two'\n", "two"), ("B='first'\nB='second'", "first"), ("  \tB='two'", "two"),
        ("\n# B='no'\n   # comment\n\t\nB='two'", "two"), ("B='two' # said so\r\n", "two"),
        ("B='#no comment $A ${A} \\n \"x\"'", "#no comment $A ${A} \\n \"x\""),
        ("B='one\n  two\n\n# three'\nA='x'", "one\n  two\n\n# three"), ("B=''", ""), ("B= 'two'", ""),
        ("B=\t", ""), ("A='x\nB=no\n'\nB='two'", "two"), ("B='a=b=c'", "a=b=c"),
        ("export B='two'\nB='x'", "x"),
        // Whatever comes after it.
        ("B='two'\nbroken", "two"),
    ])
    func `a value is what a shell would read`(text: String, value: String) throws {
        #expect(try EnvironmentFile.value(of: "B", in: Array(text.utf8)) == value)
    }

    @Test(arguments: ["", "A='x'\n", "BB='x'\nb='y'", "# B='x'", "A='\nB=two'"])
    func `a key that is not there is told apart from an empty value`(text: String) throws {
        #expect(try EnvironmentFile.value(of: "B", in: Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("A='x'\nbroken\nB='y'", "line 2: there is no '='"), ("='x'", "line 1: there is no name"),
        ("B ='x'", "line 1: there is a blank before '='"),
        ("\nB=x", "line 2: the value is not in single quotes"),
        ("B=\"x\"", "line 1: the value is not in single quotes"),
        ("B=", "line 1: the value is not in single quotes"),
        ("B='x'y", "line 1: there is something behind the closing quote"),
        ("A='x\ny' z\nB='x'", "line 2: there is something behind the closing quote"),
        ("A='x'\nB='y\nz\n", "line 2: the quote is not closed"),
    ])
    func `what is wrong is told with its line`(text: String, reason: String) {
        #expect(throws: VolumeFailure(reason)) {
            try EnvironmentFile.value(of: "B", in: Array(text.utf8))
        }
    }

    // MARK: In a volume

    private func value(
        _ key: String = "B", path: String = "env", volume: String = "v", _ prepare: (String) throws -> Void
    ) async throws -> String? {
        let node = try TestNode()
        let pod = makePod([emptyDir("v")])
        let mounts = try await node.manager().mount(pod)
        try prepare(node.volume(pod, "empty-dir", "v"))
        return try mounts.variable(FileKeySelector(volumeName: volume, path: path, key: key))
    }

    private func reason(
        _ key: String = "B", volume: String = "v", _ prepare: (String) throws -> Void
    ) async -> String {
        do {
            return "no error: \(try await value(key, volume: volume, prepare) ?? "nil")"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a file of a volume is read`() async throws {
        let value = try await value(path: "a/env") {
            mkdir($0 + "/a", 0o755)
            try write($0 + "/a/env", "B='two'\n")
        }
        #expect(value == "two")
        #expect(try await self.value { _ in } == nil)
        #expect(try await self.value { try write($0 + "/env", "A='x'") } == nil)
    }

    @Test func `no link leads out of it`() async throws {
        let secret = "/tmp/swiftlet-environment-\(getpid())"
        try write(secret, "B='secret'")
        defer { unlink(secret) }
        #expect(try await value { symlink(secret, $0 + "/env") } == nil)
        // One that stays within it does.
        let value = try await value {
            try write($0 + "/other", "B='two'")
            symlink("/other", $0 + "/env")
        }
        #expect(value == "two")
    }

    @Test func `nobody is waited for, and nothing without end is read`() async {
        let place = "file env in volume \"v\": "
        #expect(await reason { mkfifo($0 + "/env", 0o644) } == place + "it is not a regular file")
        #expect(await reason { mkdir($0 + "/env", 0o755) } == place + "it is not a regular file")
        // Whose opening would fail: it is not even tried.
        #expect(
            await reason { mknod($0 + "/env", S_IFSOCK | 0o644, 0) } == place + "it is not a regular file")
        let long = await reason {
            try write($0 + "/env", "B='x'")
            truncate($0 + "/env", 1 << 40)
        }
        #expect(long.hasPrefix(place) && long.contains("file too large"))
        let value = String(repeating: "x", count: 32 * 1024 + 1)
        #expect(
            await reason { try write($0 + "/env", "B='\(value)'") } == place
                + "the value of B has 32769 bytes, and may have 32768")
        #expect(
            await reason(String(repeating: "B", count: 129)) { _ in }
                == "the key of fileKeyRef has 129 bytes, and may have 128")
        #expect(
            await reason(volume: "w") { _ in } == "cannot find the volume \"w\" referenced by fileKeyRef")
    }
}
