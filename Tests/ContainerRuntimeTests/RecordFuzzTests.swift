import ContainerRuntime
import Glibc
import OCISpec
import Testing

/// Records of containers with every byte changed in turn: a damaged disk must not crash whoever reads them.
@Suite struct FuzzingRecords {
    @Test func everyByte() throws {
        let text = """
            {"ociVersion":"1.3.0","id":"c","bundle":"/b","rootfs":"/b/rootfs","pid":4711,"startTime":99,\
            "bootID":"x","created":"2026-11-23T00:00:00Z","annotations":{"a":"b"},"cgroup":{"unified":\
            "/sys/fs/cgroup/c","legacy":{"memory":"/sys/fs/cgroup/memory/c"}},"resourceControl":["/r/c"]}
            """
        let document = Array(text.utf8)
        #expect(try ContainerRecord(json: document).json() == document)
        let isSoak = getenv("SWIFTLET_SOAK") != nil
        for place in document.indices {
            let values: [UInt8] =
                isSoak ? Array(0...255) : [0, 0xff, UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "9")]
            for value in values {
                var damaged = document
                damaged[place] = value
                do throws(JSONError) {
                    let read = try ContainerRecord(json: damaged)
                    #expect(try ContainerRecord(json: read.json()) == read)
                } catch {
                    #expect(!error.description.utf8.contains(10))
                }
            }
            // Cut off here.
            #expect(throws: JSONError.self) { try ContainerRecord(json: Array(document[..<place])) }
        }
    }
}
