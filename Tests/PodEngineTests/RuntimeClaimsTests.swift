import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import PodEngine
import Synchronization
import Testing

/// What programs answer to `features` (runtime-spec, features.md).
struct RuntimeClaimsTests {
    private func claims(_ text: String) throws -> RuntimeClaims { try RuntimeClaims(json: Array(text.utf8)) }

    @Test func ofARuntimeThatHasAll() throws {
        let claims = try claims(
            """
            {"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.0", "mountOptions": ["ro", "rro"],
             "linux": {"namespaces": ["mount", "user"], "mountExtensions": {"idmap": {"enabled": true}}}}
            """)
        #expect(claims.newestVersion == "1.2.0")
        #expect(claims.hasRecursiveReadOnlyMounts && claims.hasUserNamespaces)
    }

    /// As runc 1.1 answers, which maps no mounts.
    @Test func whatIsNotSaidIsNotThere() throws {
        let old = try claims(
            #"{"ociVersionMax": "1.0.2-dev", "mountOptions": ["ro"], "linux": {"namespaces": ["user"]}}"#)
        #expect(!old.hasRecursiveReadOnlyMounts && !old.hasUserNamespaces)
        let least = try claims(#"{"ociVersionMax": "1.0.0"}"#)
        #expect(!least.hasRecursiveReadOnlyMounts && !least.hasUserNamespaces)
        #expect(throws: JSONError.self) { try claims("{}") }
    }

    @Test(arguments: [
        (nil, "1.0.2"), ("nonsense", "1.0.2"), ("1.0.2-dev", "1.0.2-dev"), ("1.2.1", "1.2.1"),
        ("9.0.0", RuntimeSpec.version),
    ])
    func versionsThatARuntimeKnows(newest: String?, version: String) {
        #expect(RuntimeSpec.version(knownTo: newest) == version)
    }

    @Test func programsAreAskedOnce() throws {
        var template = Array("/tmp/swiftlet-claims-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw KernelError("mkdtemp", "/tmp") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["good", "slow", "none", "garbled", "asked"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        func runtime(_ name: String, _ script: String) throws -> RuntimeHandler {
            let file = try FileDescriptor.open("\(folder)/\(name)", O_WRONLY | O_CREAT, mode: 0o700)
            try file.writeAll(Array("#!/bin/sh\n\(script)\n".utf8))
            return RuntimeHandler(program: "\(folder)/\(name)", root: folder, arguments: ["--debug"])
        }
        let reports = Mutex<[String]>([])
        let interviews = RuntimeInterviews(patience: 500) { report in reports.withLock { $0.append(report) } }
        let good = try runtime(
            "good",
            "[ \"$*\" = '--debug features' ] && echo >> \(folder)/asked && echo '{\"ociVersionMax\": \"1.1.0\"}'"
        )
        for _ in 0..<3 { #expect(interviews.claims(of: good)?.newestVersion == "1.1.0") }
        #expect(try FileDescriptor.readFile(folder + "/asked") == [0x0a])
        let slow = try runtime("slow", "sleep 60")
        let begin = ContinuousClock.now
        for _ in 0..<3 { #expect(interviews.claims(of: slow) == nil) }
        #expect(ContinuousClock.now - begin < .seconds(10))
        let none = try runtime("none", "exit 1")
        for _ in 0..<3 { #expect(interviews.claims(of: none) == nil) }
        #expect(interviews.claims(of: try runtime("garbled", "echo '[]'")) == nil)
        #expect(interviews.claims(of: RuntimeHandler(program: folder + "/absent", root: folder)) == nil)
        let told = reports.withLock { $0 }
        #expect(told.count == 3, "\(told)")
        for (index, says) in ["slow", "none", "garbled"].enumerated() where index < told.count {
            #expect(told[index].contains("\(folder)/\(says) does not say"), "\(told)")
        }
    }
}
