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

    @Test func anUpdateChangesTheSettings() throws {
        try makeGroup("gold", "L3:0=ff;1=ff\n")
        let cache = control {
            $0.closID = "gold"
            $0.l3CacheSchema = "L3:0=f;1=f0"
        }
        #expect(try cache.update(processes: { [7] }) == false)
        // The kernel changes what a line names; an ordinary file begins with it.
        #expect(try read("gold/schemata").hasPrefix("L3:0=f;1=f0\n"))
        let bandwidth = control {
            $0.closID = "gold"
            $0.memBwSchema = "MB:0=50"
        }
        #expect(try bandwidth.update(processes: { [7] }) == false)
        #expect(try read("gold/schemata").hasPrefix("MB:0=50\n"))
        // Who is in the class is there already.
        #expect(try read("gold/tasks") == "")
    }

    /// A container that had no group gets one of its own, as far as an ordinary folder can be one.
    @Test func anUpdateMakesAGroup() throws {
        let control = control { $0.l3CacheSchema = "L3:0=f" }
        #expect(throws: (any Error).self) { try control.update(processes: { [7] }) }
        #expect(access("\(root)/c", F_OK) != 0)
        try makeGroup("c", "")
        #expect(try control.update(processes: { [7] }) == false)
        #expect(try read("c/schemata").hasPrefix("L3:0=f\n"))
        #expect(control.ownFolders == ["\(root)/c"])
    }

    /// Every thread by its own number, those that come meanwhile too; a process that has ended is passed over.
    @Test func anUpdateMovesEveryThread() throws {
        try makeGroup("c", "")
        let proc = "\(root)/proc"
        func makeThread(_ process: Int, _ thread: Int) {
            for folder in ["", "/\(process)", "/\(process)/task", "/\(process)/task/\(thread)"] {
                mkdir(proc + folder, 0o755)
            }
        }
        defer {
            for path in [
                "7/task/7", "7/task/8", "7/task/9", "7/task", "7", "20/task/20", "20/task", "20", "",
            ] {
                rmdir("\(proc)/\(path)")
            }
        }
        makeThread(7, 7)
        makeThread(7, 8)
        var seen: [[String]] = []
        let lists: [[Int32]] = [[7, 10], [7, 20], [7, 20]]
        let control = control { $0.l3CacheSchema = "L3:0=f" }
        try control.moveThreads(
            of: {
                seen.append(try read("c/tasks").isEmpty ? [] : [try read("c/tasks")])
                if seen.count == 2 {
                    makeThread(7, 9)
                    makeThread(20, 20)
                }
                return lists[seen.count - 1]
            }, proc: proc)
        // A third round finds nobody new. An ordinary file keeps the last number only.
        #expect(seen.count == 3)
        #expect(seen[0] == [] && ["7", "8"].contains(seen[1].first))
        #expect(try read("c/tasks").hasPrefix("20"))
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

    /// In the form of runc's `events`; what the kernel does not count is left out.
    @Test func whatIsCountedIsReported() throws {
        func json(_ folder: String?) -> String {
            String(decoding: ResourceControlStatistics(folder: folder, root: root).json(), as: UTF8.self)
        }
        try makeGroup("gold", "    MB:0=50;1=100\n    L3:0=ff;1=ff\n")
        let monitor = "gold/mon_groups/c"
        let data = ["\(monitor)/mon_data/mon_L3_01", "\(monitor)/mon_data/mon_L3_00"]
        let folders = ["gold/mon_groups", monitor, "\(monitor)/mon_data"] + data
        for folder in folders { mkdir("\(root)/\(folder)", 0o755) }
        defer {
            for folder in data {
                for file in ["mbm_total_bytes", "mbm_local_bytes", "llc_occupancy"] {
                    unlink("\(root)/\(folder)/\(file)")
                }
            }
            for folder in folders.reversed() { rmdir("\(root)/\(folder)") }
        }
        let schemata = """
            "l3_cache_schema_root":"L3:0=fffff;1=fffff","l3_cache_schema":"L3:0=ff;1=ff",\
            "mem_bw_schema_root":"MB:0=100;1=100","mem_bw_schema":"MB:0=50;1=100"
            """
        #expect(json(nil) == "{}")
        #expect(json("\(root)/\(monitor)") == "{\(schemata)}")
        for (domain, value) in zip(data, [20, 10]) {
            try write("\(domain)/mbm_total_bytes", "\(value + 1)\n")
            try write("\(domain)/mbm_local_bytes", "\(value)\n")
            try write("\(domain)/llc_occupancy", "\(value * 1000)\n")
        }
        try write("\(data[0])/mbm_total_bytes", "Unavailable\n")
        #expect(
            json("\(root)/\(monitor)") == """
                {\(schemata),\
                "mbm_stats":[{"mbm_total_bytes":11,"mbm_local_bytes":10},{"mbm_local_bytes":20}],\
                "cmt_stats":[{"llc_occupancy":10000},{"llc_occupancy":20000}]}
                """)
        // A group of the container's own is a class, and counts, too.
        #expect(json("\(root)/gold").hasPrefix("{\(schemata)"))
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
        // A program that is run in the container later.
        try control.join(pid: 1234)
        #expect(try read("gold/tasks") == "1234")
        #expect(try read("gold/mon_groups/c/tasks") == "1234")
        #expect(control.ownFolders == ["\(root)/gold/mon_groups/c"])
    }
}
