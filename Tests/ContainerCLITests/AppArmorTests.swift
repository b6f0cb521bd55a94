import CLinux
import ContainerCLI
import ContainerRuntime
import Glibc
import LinuxKernel
import Testing

struct AppArmorTests {
    /// A kernel's list, and a parser that says yes to whatever it is given.
    private struct Bench {
        let folder: TemporaryFolder
        var profiles: AppArmorProfiles

        init(loaded: String, parser: String) throws {
            folder = try TemporaryFolder()
            let list = try folder.file("profiles", loaded).path
            profiles = AppArmorProfiles(
                list: list, parsers: ["/nowhere/apparmor_parser", folder.path + "/parser"])
            let script = try folder.file("parser", "#!/bin/sh\n\(parser)\n").path
            chmod(script, 0o755)
        }

        var given: String? { try? String(contentsOf: folder.path + "/given") }
    }

    /// Only who has the right asks the parser.
    private var mayLoad: Bool {
        get throws {
            Capability.members(of: try CapabilitySets.permittedHere()).contains { $0.name == "CAP_MAC_ADMIN" }
        }
    }

    @Test func profilesAreFoundByTheirWholeName() throws {
        let bench = try Bench(loaded: "a (enforce)\n/usr/bin/man (complain)\na//b (enforce)\n", parser: "")
        for name in ["a", "/usr/bin/man", "a//b"] { #expect(try bench.profiles.has(name)) }
        for name in ["", "a ", "/usr/bin/ma", "b", "a/"] { #expect(try !bench.profiles.has(name)) }
        #expect(try !AppArmorProfiles(list: "/nowhere").has("a"))
    }

    @Test func theStandardProfileIsLoadedOnce() throws {
        let bench = try Bench(
            loaded: "other (enforce)\n",
            parser: """
                cd "${0%/*}" && echo "$@" >>words && cat >given && echo 'swiftlet-default (enforce)' >>profiles
                """)
        #expect(try bench.profiles.offersStandard() == mayLoad)
        #expect(bench.given == nil)
        for _ in 0..<2 { #expect(try bench.profiles.provideStandard() == mayLoad) }
        guard try mayLoad else { return }
        #expect(try bench.profiles.has("swiftlet-default") && bench.profiles.has("other"))
        #expect(
            bench.given?.hasPrefix("profile swiftlet-default flags=(attach_disconnected,mediate_deleted) {\n")
                == true)
        #expect(bench.given?.hasSuffix("\n}\n") == true)
        #expect(try String(contentsOf: bench.folder.path + "/words") == "--replace --skip-cache\n")
    }

    @Test func anAdministratorsOwnOfThatNameStays() throws {
        let bench = try Bench(loaded: "swiftlet-default (complain)\n", parser: "exit 1")
        #expect(try bench.profiles.offersStandard() && bench.profiles.provideStandard())
    }

    @Test func whatTheParserComplainsOfIsTold() throws {
        guard try mayLoad else { return }
        let bench = try Bench(loaded: "", parser: "echo one; echo 'syntax error' >&2; exit 3")
        let error = try #require(throws: AppArmorError.self) { try bench.profiles.provideStandard() }
        #expect(
            error.description.hasSuffix("/parser does not load the profile swiftlet-default: syntax error"))
        // One that says yes and does nothing.
        let idle = try Bench(loaded: "", parser: "exit 0")
        #expect(throws: AppArmorError.self) { try idle.profiles.provideStandard() }
    }

    /// As the kernel shows it to a user namespace's root: there, and not to be opened.
    @Test func aListThatIsNotForUsIsHidden() throws {
        let bench = try Bench(loaded: "", parser: "")
        #expect(try !bench.profiles.areHidden)
        #expect(try !AppArmorProfiles(list: "/nowhere").areHidden)
        chmod(bench.profiles.list, 0)
        // Of this thread alone; with it go the capabilities that pass over a file's mode (capabilities(7)).
        let own = geteuid()
        _ = clinux_syscall(Int(SYS_setfsuid), own == 0 ? 65534 : Int(own), 0, 0, 0, 0, 0)
        defer { _ = clinux_syscall(Int(SYS_setfsuid), Int(own), 0, 0, 0, 0, 0) }
        #expect(try bench.profiles.areHidden)
    }

    @Test func withoutAParserAndWithoutTheKernelsFilesThereIsNone() throws {
        var bench = try Bench(loaded: "", parser: "exit 0")
        bench.profiles.parsers.removeLast()
        #expect(try !bench.profiles.offersStandard() && !bench.profiles.provideStandard())
        bench = try Bench(loaded: "", parser: "exit 0")
        bench.profiles.list = "/nowhere/profiles"
        #expect(try !bench.profiles.offersStandard() && !bench.profiles.provideStandard())
    }
}

extension String {
    fileprivate init(contentsOf path: String) throws {
        self.init(decoding: try FileDescriptor.readFile(path), as: UTF8.self)
    }
}
