import CRIService
import Glibc
import LinuxKernel
import Testing

@Suite struct CodePagesTests {
    /// The names and flags of what is mapped of files as code (proc_pid_smaps(5)): `uw` is what the kernel goes by.
    private func flagsOfCode() throws -> [String] {
        let text = String(
            decoding: try FileDescriptor.readFile("/proc/self/smaps", limit: 16 << 20), as: UTF8.self)
        var isCode = false
        var result: [String] = []
        for line in text.split(separator: "\n") {
            if line.contains(" r-xp ") || line.contains(" rw-p ") || line.contains(" r--p ") {
                isCode = line.contains(" r-xp ") && line.contains("/")
            }
            if isCode, line.hasPrefix("VmFlags:") { result.append(String(line) + " ") }
        }
        return result
    }

    /// Linux 6.7 has it; before that all goes on as it was.
    @Test func pagesOfCodeAreMappedOneByOne() throws {
        CodePages.mapSingly()
        CodePages.unmap()
        let flags = try flagsOfCode()
        #expect(!flags.isEmpty)
        var name = utsname()
        try #require(uname(&name) == 0)
        let release = withUnsafeBytes(of: name.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        if numbers.lexicographicallyPrecedes([6, 7]) { return }
        #expect(flags.allSatisfy { $0.contains(" uw ") }, "\(flags)")
    }
}
