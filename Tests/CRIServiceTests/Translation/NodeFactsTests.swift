import CRIProtocol
import CRIService
import ContainerCLI
import ContainerRuntime
import LinuxKernel
import OCISpec
import PodEngine
import Testing

struct NodeFactsTests {
    private static let everything = RuntimeClaims(
        """
        {"ociVersionMax": "1.2.0", "mountOptions": ["rro"],
         "linux": {"namespaces": ["user"], "mountExtensions": {"idmap": {"enabled": true}}}}
        """)
    private static let nothing = RuntimeClaims("{\"ociVersionMax\": \"1.0.2\"}")

    @Test func featuresNeedTheNodeAndTheRuntime() {
        func features(
            _ claims: RuntimeClaims? = nil, _ edit: (inout NodeFacts) -> Void = { _ in }
        ) -> [Bool] {
            var facts = NodeFacts()
            facts.kernel = KernelVersion(6, 1)
            edit(&facts)
            let features = CRIRuntimeHandlerFeatures(facts, claims)
            return [features.recursiveReadOnlyMounts, features.userNamespaces]
        }
        #expect(features() == [true, true])
        #expect(features(Self.everything) == [true, true])
        #expect(features(Self.nothing) == [false, false])
        for claims in [nil, Self.everything] {
            #expect(features(claims) { $0.makesUserNamespaces = false } == [true, false])
            #expect(features(claims) { $0.kernel = KernelVersion(5, 12) } == [true, false])
            #expect(features(claims) { $0.kernel = KernelVersion(5, 11) } == [false, false])
        }
    }

    @Test func nodesThatMakeNoUserNamespaces() throws {
        let folder = try ScratchFolder()
        // A kernel that is built without them.
        #expect(try !NodeFacts.makesUserNamespaces(proc: folder.path))
        try folder.write("sys/user/max_user_namespaces", "15000\n")
        #expect(try !NodeFacts.makesUserNamespaces(proc: folder.path))
        try folder.write("self/ns/user", "")
        #expect(try NodeFacts.makesUserNamespaces(proc: folder.path))
        try folder.write("sys/user/max_user_namespaces", "0\n")
        #expect(try !NodeFacts.makesUserNamespaces(proc: folder.path))
    }

    // MARK: What is missing

    private func missing(_ edit: (inout NodeFacts) -> Void) -> [MissingPart] {
        var facts = NodeFacts()
        facts.kernel = KernelVersion(6, 1)
        facts.appArmor = NodeFacts.AppArmor(defaultProfile: "swiftlet-default")
        facts.capabilities = ["CAP_CHOWN", "CAP_KILL"]
        facts.kernelCapabilities = ["CAP_CHOWN", "CAP_KILL"]
        edit(&facts)
        return facts.missingParts
    }

    @Test func whatANodeLacks() {
        #expect(missing { _ in }.isEmpty)
        let cases: [((inout NodeFacts) -> Void, String)] = [
            ({ $0.hasSeccomp = false }, "seccomp"),
            ({ $0.appArmor = nil }, "AppArmor"),
            ({ $0.appArmor?.defaultProfile = nil }, "a default AppArmor profile"),
            ({ $0.appArmor?.problem = "it is not loaded" }, "the default AppArmor profile"),
            ({ $0.wantsSELinux = true }, "SELinux"),
            ({ $0.capabilities = ["CAP_KILL"] }, "capabilities CAP_CHOWN"),
            ({ $0.lowestOOMScore = -100 }, "oom_score_adj below -100"),
            ({ $0.makesUserNamespaces = false }, "user namespaces"),
            ({ $0.kernel = KernelVersion(5, 18) }, "user namespaces"),
            ({ $0.absentControllers = ["cpuset", "io"] }, "controllers cpuset io"),
            ({ $0.legacyControllers = ["cpu", "memory"] }, "cgroup v2 of cpu memory"),
            ({ $0.countsSwap = false }, "limits of swap"),
            ({ $0.countsHugePages = false }, "limits of huge pages"),
        ]
        for (edit, part) in cases {
            let found = missing(edit)
            #expect(found.map(\.part) == [part])
            #expect(found.allSatisfy { !$0.meaning.isEmpty })
        }
        let old = missing { $0.kernel = KernelVersion(5, 11) }
        #expect(old.map(\.part) == ["user namespaces", "recursive read-only mounts"])
    }

    @Test func controllersOfAUnifiedHost() throws {
        let folder = try ScratchFolder()
        try folder.write("cgroup.controllers", "cpu memory hugetlb\n")
        try folder.write("system/memory.swap.max", "max\n")
        var facts = NodeFacts()
        try facts.look(at: CgroupLayout(unified: folder.path, legacyRoot: nil))
        #expect(facts.absentControllers == ["cpuset", "io", "pids"])
        #expect(facts.legacyControllers.isEmpty)
        #expect(facts.countsHugePages && facts.countsSwap)
        try folder.write("cgroup.controllers", "cpu cpuset io memory pids\n")
        try facts.look(at: CgroupLayout(unified: folder.path, legacyRoot: nil))
        #expect(facts.absentControllers.isEmpty)
        #expect(!facts.countsHugePages)
    }
}

extension RuntimeClaims {
    fileprivate init(_ json: String) { try! self.init(json: Array(json.utf8)) }
}
