import Glibc
import LinuxKernel
import NodeAgent
import Testing

@Suite struct LogLinksTests {
    private let folder = TemporaryFolder()

    @Test func `names are those that collectors of logs take apart`() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        #expect(
            LogLinks.name(pod: "web-node", namespace: "default", container: "c", id: id)
                == "web-node_default_c-\(id).log")
        let long = LogLinks.name(
            pod: String(repeating: "p", count: 253), namespace: "default", container: "c", id: id)
        #expect(long == String(repeating: "p", count: 251) + ".log")
    }

    @Test func `a link is made once, and goes when its log has gone`() throws {
        let (logs, links) = (folder.file("logs"), folder.file("links"))
        for path in [logs, links] { _ = try check("make", path) { mkdir(path, 0o755) } }
        for name in ["here", "gone"] {
            try writeFile("\(logs)/\(name)", name)
            for _ in 1...2 { try LogLinks.make("\(links)/\(name).log", to: "\(logs)/\(name)") }
        }
        // Of somebody else: another agent's, a file, no log.
        try LogLinks.make(links + "/other.log", to: folder.file("other-logs/gone"))
        try LogLinks.make(links + "/other", to: logs + "/gone")
        try writeFile(links + "/file.log", "")
        _ = try check("remove", logs) { unlink(logs + "/gone") }
        try LogLinks.removeDead(in: links, to: logs)
        let left = try FileDescriptor.listing(of: links).map(\.name).sorted()
        #expect(left == ["file.log", "here.log", "other", "other.log"])
        #expect(try FileDescriptor.readFile(links + "/here.log", limit: 100) == Array("here".utf8))
        try LogLinks.removeDead(in: folder.file("nowhere"), to: logs)
    }

    @Test func `a folder that is not there has no links`() {
        #expect(throws: KernelError.self) { try LogLinks.make(folder.file("none/a.log"), to: "/log") }
    }
}
