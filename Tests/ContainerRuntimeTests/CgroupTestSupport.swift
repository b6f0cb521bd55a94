import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec
import Testing

/// Control groups are the business of root alone.
let canChangeCgroups = geteuid() == 0

/// A name for a group that no other test and no other run uses.
func testGroup(_ name: String) -> String { "/swiftlet-test-\(getpid())-\(name)" }

func readText(_ path: String) -> String? {
    guard let bytes = try? FileDescriptor.readFile(path) else { return nil }
    var text = String(decoding: bytes, as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return text
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Makes groups on this host for one test, and takes what is left of them away.
func withCgroup(
    _ name: String, _ resources: RuntimeSpec.Resources = .init(),
    _ body: (inout ContainerCgroup, CgroupLayout) throws -> Void
) throws {
    let layout = try CgroupLayout.detect()
    var group = try ContainerCgroup.create(
        cgroupsPath: testGroup(name), id: "unused", resources: resources, layout: layout)
    defer {
        do {
            if try group.isFrozen() { try group.thaw() }
            try group.kill()
            try group.waitUntilEmpty(within: 5000)
            try group.delete(within: 5000)
        } catch {
            Issue.record(error, "cleaning up")
        }
    }
    try body(&group, layout)
}

/// The folder of the group that has a controller, and its file's name by cgroup version.
func controlFile(_ group: borrowing ContainerCgroup, _ controller: String, v1: String, v2: String) -> String {
    for (hierarchy, path) in group.record.legacy
    where hierarchy.split(separator: ",").contains(where: { $0 == controller }) {
        return "\(path)/\(v1)"
    }
    return "\(group.record.unified)/\(v2)"
}

/// A shell that was made inside a container's groups. Its standard input stays open until `close` is called or
/// the value's life ends.
final class TestShell {
    let pid: pid_t
    private var input: Int32
    private let output: Int32
    private var isReaped = false

    private final class Box {
        let placement: CgroupPlacement
        init(_ placement: consuming CgroupPlacement) { self.placement = placement }
    }

    init(_ script: String, in placement: consuming CgroupPlacement) throws {
        let box = Box(placement)
        let input = try FileDescriptor.pipe().ends()
        let output = try FileDescriptor.pipe().ends()
        let gate = try socketPair().ends()
        defer { for fd in [input.0, output.1, gate.0, gate.1] { close(fd) } }
        self.input = input.1
        self.output = output.0

        let strings: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", script].map { (text: String) in
            strdup(text)
        }
        let argv = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: 5)
        defer {
            strings.forEach { free($0) }
            argv.deallocate()
        }
        // The last two entries end the arguments, and are the empty environment.
        for index in 0..<5 { argv.initializeElement(at: index, to: index < 3 ? strings[index] : nil) }
        let start = argv.baseAddress!
        var options = CloneOptions()
        options.cgroup = box.placement.cloneDescriptor
        let process = try spawnChild(options, gate: gate.0, peer: gate.1) {
            // Other threads of this program are not here: system calls only.
            do { try box.placement.joinLegacy() } catch { return 111 }
            // The threads that run tests block most signals.
            var none = sigset_t()
            sigemptyset(&none)
            sigprocmask(SIG_SETMASK, &none, nil)
            dup2(input.0, 0)
            dup2(output.1, 1)
            execve(start[0]!, start, start + 3)
            return 112
        }
        pid = process.pid
        write(gate.1, "g", 1)
    }

    /// Ends the shell's standard input.
    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// One line of its output, or what comes before the end.
    func line() -> String {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { text.append(byte) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: how it ended.
    func wait() -> LinuxKernel.ExitStatus {
        closeInput()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && Errno.current == .interrupted {}
        isReaped = true
        return LinuxKernel.ExitStatus(waitStatus: status)
    }

    deinit {
        closeInput()
        close(output)
        if !isReaped {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }
}

/// Folders that stand for cgroup hierarchies, for what the kernel of the machine at hand does not show. Files
/// in them keep what was written last, as long as it is not shorter than what was there.
final class FakeHost {
    let root: String

    /// - Parameter controllers: what the root of the version 2 tree offers.
    init(controllers: String) throws {
        var template = Array("/tmp/swiftlet-cgroups-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw KernelError("mkdtemp", "/tmp") }
        root = String(cString: made)
        try folder(unified)
        try write("\(unified)/cgroup.controllers", controllers + "\n")
        try write("\(unified)/cgroup.subtree_control", "\n")
    }

    deinit { Self.remove(root) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        Glibc.remove(path)
    }

    var unified: String { root + "/unified" }
    var layout: CgroupLayout { CgroupLayout(unified: unified, legacyRoot: nil) }
    var hybridLayout: CgroupLayout { hybridLayout(caller: CallerGroups(unified: "")) }

    /// - Parameter caller: in which groups the caller is to be.
    func hybridLayout(caller: CallerGroups) -> CgroupLayout {
        CgroupLayout(unified: unified, legacyRoot: root + "/v1", caller: caller)
    }

    /// A group in the version 2 tree with the files that every group has.
    func group(
        _ path: String, controllers: String = "", subtree: String = "", populated: Int = 0, frozen: Int = 0,
        files: [String] = []
    ) throws {
        let folder = unified + path
        try self.folder(folder)
        try write("\(folder)/cgroup.controllers", controllers + "\n")
        try write("\(folder)/cgroup.subtree_control", subtree + "\n")
        try write("\(folder)/cgroup.events", "populated \(populated)\nfrozen \(frozen)\n")
        try write("\(folder)/cgroup.freeze", "\(frozen)\n")
        try write("\(folder)/cgroup.procs", populated == 1 ? "17\n23\n" : "")
        for file in files { try write("\(folder)/\(file)", "") }
    }

    /// A version 1 group.
    func legacyGroup(_ controller: String, _ path: String, files: [String]) throws {
        try folder("\(root)/v1/\(controller)\(path)")
        for file in files + ["cgroup.procs", "tasks"] {
            try write("\(root)/v1/\(controller)\(path)/\(file)", "")
        }
    }

    func write(_ path: String, _ text: String) throws {
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).writeAll(text)
    }

    func text(_ path: String) -> String? { readText(unified + path) }
    func legacyText(_ path: String) -> String? { readText("\(root)/v1\(path)") }

    private func folder(_ path: String) throws {
        var walked = ""
        for component in path.split(separator: "/") {
            walked += "/" + component
            if mkdir(walked, 0o755) != 0, Errno.current != .exists { throw KernelError("mkdir", walked) }
        }
    }
}
