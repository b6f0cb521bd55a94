import Glibc
import LinuxKernel
import Testing

/// What is tested in Python runs when a suite here calls it, and else never.
@Suite struct PythonTests {
    private static let tests = String(
        #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 })

    @Test func `every class of the agent's tests is called`() throws {
        let called = try Self.called(in: "SwiftletTests/Agent/AgentTests.swift")
        let written = try Self.classes(in: "AgentClient")
        #expect(!called.isEmpty && !written.isEmpty)
        for name in written.subtracting(called).sorted() {
            Issue.record("nobody calls Tests/AgentClient/test_\(name): AgentTests lacks it")
        }
        for name in called.subtracting(written).sorted() {
            Issue.record("AgentTests calls test_\(name), which is not in Tests/AgentClient")
        }
    }

    /// These are called by modules, with all classes of each.
    @Test func `every module of the CRI's tests is called`() throws {
        let called = try Self.quoted(Self.text("SwiftletTests/CRI/CRIClientTests.swift"))
        let written = try Set(Self.classes(in: "CRIClient").map { "test_" + $0.prefix { $0 != "." } })
        #expect(!written.isEmpty)
        for name in written.subtracting(called).sorted() {
            Issue.record("nobody calls Tests/CRIClient/\(name).py: CRIClientTests lacks it")
        }
    }

    /// `MODULE.CLASS` of each class that has a test, without the `test_` before the module.
    private static func classes(in folder: String) throws -> Set<String> {
        var result: Set<String> = []
        for file in try FileDescriptor.listing(of: "\(tests)/\(folder)").map(\.name)
        where file.hasPrefix("test_") && file.hasSuffix(".py") {
            var name: Substring?
            for line in try text("\(folder)/\(file)").split(separator: "\n") {
                if line.hasPrefix("class ") {
                    name = line.dropFirst(6).prefix { $0 != "(" && $0 != ":" }
                } else if line.hasPrefix("    def test_"), let name {
                    result.insert("\(file.dropFirst(5).dropLast(3)).\(name)")
                }
            }
        }
        return result
    }

    /// The same of what a suite calls: `run("test_MODULE.CLASS")`, with each of its arguments for `\(suite)`.
    private static func called(in file: String) throws -> Set<String> {
        var result: Set<String> = []
        for test in try text(file).split(separator: "@Test").dropFirst() {
            var words = quoted(test)
            guard let call = words.firstIndex(where: { $0.hasPrefix("test_") }).map({ words.remove(at: $0) })
            else { continue }
            let name = call.dropFirst(5)
            guard name.hasSuffix("\\(suite)") else {
                result.insert(String(name))
                continue
            }
            let before = name.dropLast("\\(suite)".count)
            result.formUnion(words.map { "\(before)\($0)" })
        }
        return result
    }

    private static func quoted(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    private static func text(_ file: String) throws -> String {
        String(decoding: try FileDescriptor.readFile("\(tests)/\(file)", limit: 1 << 20), as: UTF8.self)
    }
}
