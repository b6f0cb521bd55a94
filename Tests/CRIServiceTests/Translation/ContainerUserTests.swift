import CRIProtocol
import CRIService
import Testing

@Suite struct ContainerUserTests {
    /// What the CRI and the image say, and who runs.
    struct Case: Sendable {
        var user: Int64?
        var name = ""
        var group: Int64?
        var image = ""
        var supplemental: [Int64] = []
        var policy = CRISupplementalGroupsPolicy.merge
        var uid: UInt32
        var gid: UInt32
        var groups: [UInt32]
    }

    @Test(arguments: [
        Case(uid: 0, gid: 0, groups: [0]),
        Case(image: "alice", uid: 1000, gid: 1001, groups: [1001, 50, 29]),
        Case(image: "1000", uid: 1000, gid: 1001, groups: [1001, 50, 29]),
        Case(image: "1000:7", uid: 1000, gid: 7, groups: [7, 50, 29]),
        Case(image: "alice:staff", uid: 1000, gid: 50, groups: [50, 29]),
        Case(image: "7777", uid: 7777, gid: 0, groups: [0]),
        Case(image: "1000:", uid: 1000, gid: 1001, groups: [1001, 50, 29]),
        Case(image: ":staff", uid: 0, gid: 50, groups: [50]),
        Case(user: 1000, image: "root", uid: 1000, gid: 1001, groups: [1001, 50, 29]),
        Case(
            user: 1000, group: 3000, supplemental: [4000], uid: 1000, gid: 3000, groups: [3000, 50, 29, 4000]),
        Case(
            user: 1000, group: 3000, supplemental: [4000], policy: .strict, uid: 1000, gid: 3000,
            groups: [3000, 4000]),
        Case(user: 1000, policy: .strict, uid: 1000, gid: 1001, groups: [1001]),
        Case(name: "alice", group: 5, uid: 1000, gid: 5, groups: [5, 50, 29]),
        Case(user: 0, supplemental: [10, 10], uid: 0, gid: 0, groups: [0, 10]),
        Case(user: 2_147_483_647, uid: 2_147_483_647, gid: 0, groups: [0]),
        // A user whose name is digits is nobody's number.
        Case(user: 4242, uid: 4242, gid: 0, groups: [0]),
        Case(image: "4242", uid: 4242, gid: 0, groups: [0]),
    ])
    func whoRuns(_ expected: Case) throws {
        let bench = try TranslationBench()
        if let user = expected.user { bench.container.linux.securityContext.runAsUser.value = user }
        if let group = expected.group { bench.container.linux.securityContext.runAsGroup.value = group }
        bench.container.linux.securityContext.runAsUsername = expected.name
        bench.container.linux.securityContext.supplementalGroups = expected.supplemental
        bench.container.linux.securityContext.supplementalGroupsPolicy = expected.policy
        bench.image.user = expected.image
        let plan = try bench.plan()
        let user = try #require(plan.spec.process?.user)
        #expect(user.uid == expected.uid)
        #expect(user.gid == expected.gid)
        #expect(user.additionalGids == expected.groups)
        #expect(plan.user.uid == Int64(expected.uid))
        #expect(plan.user.gid == Int64(expected.gid))
        #expect(plan.user.supplementalGroups == expected.groups.map(Int64.init))
    }

    private static let context = "config.linux.security_context"

    /// CVE-2024-40635: numbers beyond 31 bits wrap around, 4294967296 to root.
    @Test(arguments: [-1, 2_147_483_648, 4_294_967_295, 4_294_967_296, Int64.max, Int64.min])
    func numbersThatWrapAround(_ number: Int64) throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.runAsUser.value = number
        #expect(
            try bench.refusal().description
                == "\(Self.context).run_as_user: \(number) is out of range, 0 to 2147483647")
        bench.container.linux.securityContext.runAsUser.value = 1
        bench.container.linux.securityContext.runAsGroup.value = number
        #expect(
            try bench.refusal().description
                == "\(Self.context).run_as_group: \(number) is out of range, 0 to 2147483647")
        bench.container.linux.securityContext.runAsGroup.value = 1
        bench.container.linux.securityContext.supplementalGroups = [1, number]
        #expect(
            try bench.refusal().description
                == "\(Self.context).supplemental_groups[1]: \(number) is out of range, 0 to 2147483647")
    }

    @Test func moreGroupsThanAProcessCanHave() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.supplementalGroups = (0..<70_000).map { Int64($0) }
        #expect(
            try bench.refusal().description
                == "\(Self.context).supplemental_groups: 70000 groups: a process has 65536 at most")
        bench.container.linux.securityContext.supplementalGroups = (0..<65_536).map { Int64($0) }
        #expect(try bench.plan().spec.process?.user.additionalGids.count == 65_536)
    }

    @Test(arguments: [
        "4294967296", "2147483648", "-1", "99999999999999999999", "1000:4294967296", "4294967296:0",
    ])
    func numbersOfTheImageThatWrapAround(_ user: String) throws {
        let bench = try TranslationBench()
        bench.image.user = user
        let error = try bench.refusal()
        #expect(error.kind == .invalidArgument)
        #expect(error.description.hasPrefix("USER of the image"))
        #expect(error.description.hasSuffix("is out of range, 0 to 2147483647"))
    }

    @Test func namesThatTheImageDoesNotHave() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.runAsUsername = "mallory"
        #expect(
            try bench.refusal().description
                == "\(Self.context).run_as_username: user 'mallory' is not in the container's /etc/passwd")
        bench.container.linux.securityContext.runAsUsername = ""
        bench.image.user = "alice:nobodies"
        #expect(
            try bench.refusal().description
                == "USER of the image: group 'nobodies' is not in the container's /etc/group")
    }

    @Test func contradictions() throws {
        let bench = try TranslationBench()
        bench.container.linux.securityContext.runAsGroup.value = 1000
        #expect(try bench.refusal().description == "\(Self.context).run_as_group: is given without a user")
        bench.container.linux.securityContext.runAsUser.value = 1000
        bench.container.linux.securityContext.runAsUsername = "alice"
        #expect(
            try bench.refusal().description == "\(Self.context).run_as_username: is given beside run_as_user")
    }
}
