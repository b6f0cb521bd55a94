import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Intel RDT, against folders as the kernel shows them: hardly a machine has it.
@Suite final class ResourceControlTests {
    private let root: String

    init() throws {
        var template = Array("/tmp/swiftlet-resctrl-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        root = String(cString: made)
        try makeGroup("", "L3:0=fffff;1=fffff\nMB:0=100;1=100\n")
    }

    deinit {
        for folder in ["/gold/mon_groups/c", "/gold/mon_groups", "/gold", "/c", ""] {
            for file in ["tasks", "schemata"] { unlink("\(root)\(folder)/\(file)") }
            rmdir(root + folder)
        }
    }

    private func makeGroup(_ name: String, _ schemata: String) throws {
        mkdir("\(root)/\(name)", 0o755)
        try write("\(name)/schemata", schemata)
        try write("\(name)/tasks", "")
    }

    private func write(_ name: String, _ text: String) throws {
        try FileDescriptor.open("\(root)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(text)
    }

    private func read(_ name: String) throws -> String {
        String(decoding: try FileDescriptor.readFile("\(root)/\(name)"), as: UTF8.self)
    }

    private func control(_ change: (inout RuntimeSpec.IntelRdt) -> Void) -> ResourceControl {
        var settings = RuntimeSpec.IntelRdt()
        change(&settings)
        return ResourceControl(settings, id: "c", root: root)
    }

    @Test func joinsAClassThatIsThere() throws {
        try makeGroup("gold", "L3:0=ff;1=ff\n")
        let control = control { $0.closID = "gold" }
        try control.make(pid: 4711)
        #expect(try read("gold/tasks") == "4711")
        // It is not the container's to remove.
        #expect(control.ownFolders == [])
    }

    @Test func aClassWithTheSameSettingsIsShared() throws {
        try makeGroup("gold", "    MB:0=50;1=100\n    L3:0=000ff;1=0ff\n")
        try control {
            $0.closID = "gold"
            $0.l3CacheSchema = "L3:0=ff;1=ff"
            $0.memBwSchema = "MB:0=50"
        }.make(pid: 1)
        #expect(try read("gold/schemata").contains("000ff"))
        for schema in ["L3:0=f", "L3:2=ff", "L2:0=ff"] {
            let error = #expect(throws: RuntimeError.self) {
                try control {
                    $0.closID = "gold"
                    $0.schemata = [schema]
                }.make(pid: 1)
            }
            #expect(
                error?.description.contains("gold") == true && error?.description.contains(schema) == true)
        }
    }

    @Test func aClassThatIsMissingIsAnError() {
        let error = #expect(throws: RuntimeError.self) {
            try control { $0.closID = "silver" }.make(pid: 1)
        }
        #expect(error?.description == "linux.intelRdt.closID: there is no class silver")
    }

    @Test func aClassThatCannotBeMadeLeavesNothing() throws {
        // An ordinary folder has no `schemata` to write into.
        let control = control { $0.l3CacheSchema = "L3:0=f" }
        #expect(throws: (any Error).self) { try control.make(pid: 1) }
        #expect(access("\(root)/c", F_OK) != 0)
        #expect(control.ownFolders == ["\(root)/c"])
        try ResourceControl.remove(control.ownFolders)
    }

    @Test func monitoringHasAFolderOfTheContainer() throws {
        try makeGroup("gold", "L3:0=ff\n")
        try makeGroup("gold/mon_groups", "")
        try makeGroup("gold/mon_groups/c", "")
        let control = control {
            $0.closID = "gold"
            $0.enableMonitoring = true
        }
        try control.make(pid: 99)
        #expect(try read("gold/mon_groups/c/tasks") == "99")
        #expect(control.ownFolders == ["\(root)/gold/mon_groups/c"])
    }
}
