import ContainerRuntime
import Glibc
import OCISpec
import Testing

/// A configuration's profile as it stands in the document.
@Suite struct SeccompTextTests {
    private func document(_ seccomp: String) -> [UInt8] {
        let linux = #"{"seccomp":\#(seccomp),"maskedPaths":["/a"]}"#
        return Array(#"{"ociVersion":"1.3.0","linux":\#(linux),"hostname":"h"}"#.utf8)
    }

    @Test(arguments: [
        #"{"syscalls":[{}]}"#, #"{"syscalls":[{ }]}"#, "{\n\t\"defaultAction\" : \"A\", \"a\" : [ ] }",
        #"{"syscalls":[[1,2],[{"b":{}}]]}"#, #"{"defaultAction":"}]\"" }"#, #"{"syscalls": [ [ [ 1 ] ] ] }"#,
        #"{"syscalls": [ [ [ ] ] ] , "b": "x" }"#, #"{"syscalls":[null]}"#, #"{"syscalls":[-1.5e3] }"#,
        #"{"defaultAction":"SCMP_ACT_NONE","syscalls":{"names":[true]}}"#,
    ])
    func theTextIsWhatStandsThere(_ text: String) throws {
        let (spec, seccomp) = try RuntimeSpec.decodeExceptSeccomp(json: document(text))
        #expect(seccomp.map { String(decoding: $0, as: UTF8.self) } == text)
        #expect(spec.linux?.seccomp == nil)
        #expect(spec.linux?.maskedPaths == ["/a"])
        #expect(spec.hostname == "h")
    }

    @Test func withoutOne() throws {
        // The last three as runc has it.
        for text in [
            "null", "{}", #"{"defaultAction":"","syscalls":[]}"#, #"{"architectures":["SCMP_ARCH_X86"]}"#,
        ] {
            #expect(try RuntimeSpec.decodeExceptSeccomp(json: document(text)).seccomp == nil)
            #expect(try RuntimeSpec(json: document(text)).linux?.seccomp == nil)
        }
        #expect(try RuntimeSpec.decodeExceptSeccomp(json: Array(#"{"ociVersion":"1"}"#.utf8)).seccomp == nil)
        let error = #expect(throws: JSONError.self) {
            try RuntimeSpec.validatedSeccomp(json: document("null"))
        }
        #expect(error?.description == "linux.seccomp: missing")
    }

    @Test func theFirstDocumentCounts() throws {
        let profile = #"{"defaultAction":"SCMP_ACT_ALLOW"}"#
        let bytes = document(profile) + Array("\n}{ more".utf8)
        let (spec, text) = try RuntimeSpec.decodeExceptSeccomp(json: bytes)
        #expect(spec.hostname == "h")
        #expect(text.map { String(decoding: $0, as: UTF8.self) } == profile)
        #expect(try RuntimeSpec.validatedSeccomp(json: bytes).defaultAction == .allow)
        #expect(throws: JSONError.self) { try RuntimeSpec(json: bytes) }
        #expect(throws: JSONError.self) {
            try RuntimeSpec.decodeExceptSeccomp(json: Array(bytes.dropFirst()))
        }
    }

    @Test func otherPartsAreDecodedAsEver() throws {
        var spec = RuntimeSpec()
        spec.linux = RuntimeSpec.Linux()
        spec.linux?.maskedPaths = ["/a"]
        spec.linux?.seccomp = Profiles.large
        let (decoded, text) = try RuntimeSpec.decodeExceptSeccomp(json: spec.json())
        #expect(text.map(Array.init) == Profiles.large.json())
        #expect(try RuntimeSpec.validatedSeccomp(json: spec.json()) == Profiles.large)
        spec.linux?.seccomp = nil
        #expect(decoded == spec)
    }

    @Test func errorsAreThoseOfTheWholeDocument() {
        let wrongType = #expect(throws: JSONError.self) {
            try RuntimeSpec.decodeExceptSeccomp(json: document("[]"))
        }
        #expect(wrongType?.description == "linux.seccomp: expected an object, found an array")
        let unknown = #expect(throws: JSONError.self) {
            try RuntimeSpec.validatedSeccomp(json: document(#"{"defaultAction":"SCMP_ACT_NONE"}"#))
        }
        #expect(
            unknown?.description == #"linux.seccomp.defaultAction: unknown seccomp action "SCMP_ACT_NONE""#)
        let invalid = #expect(throws: JSONError.self) {
            try RuntimeSpec.validatedSeccomp(json: document(#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#))
        }
        #expect(invalid?.path == "linux.seccomp.defaultAction")
    }

    @Test func aProfileThatDoesNotPassIsNotKept() throws {
        let folder = "/tmp/swiftlet-seccomp-\(getpid())-text"
        defer { rmdir(folder) }
        let bytes = document(#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#)
        let text = try #require(try RuntimeSpec.decodeExceptSeccomp(json: bytes).seccomp)
        for _ in 0..<2 {
            #expect(throws: JSONError.self) {
                try SeccompCompiler.filter(forText: text, cacheFolder: folder) { _ in
                } decode: {
                    try RuntimeSpec.validatedSeccomp(json: bytes)
                }
            }
        }
        #expect(access(folder, F_OK) != 0)
    }
}
