import Glibc
import Logging
import NodeAgent
import Synchronization
import Testing

/// What an agent makes of a manifest that is empty when it starts.
@Suite(.timeLimit(.minutes(2))) struct ManifestFolderTests {
    private let folder = TemporaryFolder()

    private static let pod =
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}"#

    init() throws {
        #expect(mkdir(folder.file("manifests"), 0o755) == 0)
    }

    private func write(_ text: String) throws { try writeFile(folder.file("manifests/a.json"), text) }

    /// Looks as an agent does, from its start until it has said what is waited for.
    private func look(until holds: @escaping @Sendable (SourceState) -> Bool) async throws -> SourceState {
        let states = Mutex<[SourceState]>([])
        let source = ManifestFolder(
            path: folder.file("manifests"), record: folder.file("record"),
            reader: ManifestReader(nodeName: "node"), interval: .milliseconds(50), log: Logger(label: "test"))
        let task = Task { await source.run { state in states.withLock { $0.append(state) } } }
        _ = await eventually(within: .seconds(60)) { states.withLock { $0.contains(where: holds) } }
        task.cancel()
        await task.value
        return try #require(states.withLock { $0.first(where: holds) })
    }

    @Test func `a file that had pods may have them again`() async throws {
        try write(Self.pod)
        _ = try await look { $0.pods.count == 1 }
        try write("")
        // Not only the next agent knows it.
        for _ in 0..<2 {
            let state = try await look { !$0.problems.isEmpty }
            #expect(state.mayHaveMore)
            #expect(
                state.problems == [
                    "\(folder.file("manifests/a.json")): the file is empty, and changes nothing: its pods go with the file"
                ])
        }
        try write("# nothing\n")
        #expect(try await look { !$0.mayHaveMore }.pods.isEmpty)
        try write("")
        #expect(try await !look { !$0.problems.isEmpty }.mayHaveMore)
    }

    @Test func `a file that was never more than empty has none`() async throws {
        try write("")
        for _ in 0..<2 {
            let state = try await look { !$0.problems.isEmpty }
            #expect(!state.mayHaveMore)
            #expect(state.problems == ["\(folder.file("manifests/a.json")): the file is empty"])
        }
    }

    @Test func `one that is emptied before it was ever whole may have pods`() async throws {
        try write(Self.pod)
        _ = try await look { $0.pods.count == 1 }
        try write(String(Self.pod.dropLast(4)))
        #expect(try await look { !$0.problems.isEmpty }.mayHaveMore)
        try write("")
        #expect(try await look { !$0.problems.isEmpty }.mayHaveMore)
    }

    @Test(arguments: ["", "{}", "[1]", "[\"a"])
    func `where the record cannot be read, every file may have had pods`(record: String) async throws {
        try write("")
        try writeFile(folder.file("record"), record)
        #expect(try await look { !$0.problems.isEmpty }.mayHaveMore)
    }
}
