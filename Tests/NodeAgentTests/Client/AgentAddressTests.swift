import LinuxKernel
import NodeAgent
import Testing

@Suite struct AgentAddressTests {
    private let folder = TemporaryFolder()

    @Test(arguments: [
        ("0.0.0.0", "127.0.0.1:10250", "10250\n"), ("::", "127.0.0.1:10250", "10250\n"),
        ("127.0.0.1", "127.0.0.1:10250", "10250\n"), ("10.0.0.7", "10.0.0.7:10250", "10250\n10.0.0.7\n"),
        ("fd00:5::1", "[fd00:5::1]:10250", "10250\nfd00:5::1\n"),
    ])
    func `who listens on one address is asked there`(listens: String, asked: String, text: String) throws {
        let address = AgentAddress(port: 10250, address: listens)
        #expect(address.authority == asked)
        try address.write(in: folder.path)
        #expect(try FileDescriptor.readFile(folder.file("port"), limit: 100) == Array(text.utf8))
        #expect(try AgentAddress.read(in: folder.path) == address)
    }

    @Test func `nobody is asked where no agent has been`() throws {
        #expect(try AgentAddress.read(in: folder.path) == nil)
        try writeFile(folder.file("port"), "none\n")
        #expect(try AgentAddress.read(in: folder.path) == nil)
    }
}
