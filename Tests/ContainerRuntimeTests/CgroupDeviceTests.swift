import ContainerRuntime
import LinuxKernel
import OCISpec
import Testing

private typealias Rule = RuntimeSpec.DeviceRule

struct CgroupDeviceTests {
    /// Rules as they are written in tests: `+c 1:3 rwm`, `-a`.
    private func rules(_ texts: [String]) -> [Rule] {
        texts.map { text in
            let words = text.split(separator: " ")
            let type: Rule.Kind =
                switch words[0].last {
                case "c": .character
                case "b": .block
                default: .all
                }
            var rule = Rule(allow: text.hasPrefix("+"), type: type)
            if words.count > 1 {
                let numbers = words[1].split(separator: ":")
                rule.major = Int64(numbers[0])
                rule.minor = Int64(numbers[1])
            }
            if words.count > 2 {
                rule.access = []
                if words[2].contains("r") { rule.access.insert(.read) }
                if words[2].contains("w") { rule.access.insert(.write) }
                if words[2].contains("m") { rule.access.insert(.makeNode) }
            }
            return rule
        }
    }

    // MARK: Policy

    @Test func rulesAreCarriedOutInOrder() throws {
        let policy = try DevicePolicy(
            rules(["+b 8:0 rw", "-a", "+c 1:3 r", "+c 1:3 w", "+c 5:0", "-c 5:0 w"]))
        #expect(!policy.allowsByDefault)
        #expect(policy.exceptions.count == 2)
        #expect(policy.exceptions[0].access == [.read, .write])
        #expect(policy.exceptions[1].access == [.read, .makeNode])
        #expect(try DevicePolicy(rules(["-a", "+c 1:3", "+a"])).allowsAll)
        #expect(try DevicePolicy([]).allowsByDefault == false)
        #expect(try DevicePolicy(rules(["+c 1:3", "-c 1:3"])).exceptions.isEmpty)
    }

    @Test(arguments: [
        ["+c *:* rwm", "-c 1:3 r"], ["+c 1:* rw", "-c 1:3 w"], ["+a", "-b 8:* m", "+b 8:1 m"],
    ])
    func holesAreRefused(texts: [String]) {
        let error = #expect(throws: CgroupError.self) { try DevicePolicy(rules(texts)) }
        #expect("\(error!)".contains("cannot punch a hole"))
    }

    @Test func holesInOtherAccessAreFine() throws {
        #expect(try DevicePolicy(rules(["+c *:* m", "-c 1:3 r"])).exceptions.count == 1)
    }

    @Test func numbersOutOfRange() {
        #expect(throws: CgroupError.self) {
            try DevicePolicy([Rule(allow: true, type: .character, major: 1 << 33, minor: 0)])
        }
    }

    // MARK: Program

    /// What the kernel asks: one device, one access.
    private struct Question {
        let type: Rule.Kind
        let major: UInt32
        let minor: UInt32
        let access: Rule.Access
    }

    /// The rules of `devices.allow` and `devices.deny` in the kernel: who allows must cover the whole access
    /// in one exception, who refuses any part.
    private func expected(_ policy: DevicePolicy, _ question: Question) -> Bool {
        let isException = policy.exceptions.contains { exception in
            let devices = exception.devices
            return (devices.kind == .character) == (question.type == .character)
                && devices.major ?? question.major == question.major
                && devices.minor ?? question.minor == question.minor
                && (policy.allowsByDefault
                    ? !exception.access.isDisjoint(with: question.access)
                    : exception.access.isSuperset(of: question.access))
        }
        return isException != policy.allowsByDefault
    }

    /// Runs the few kinds of instructions that these programs have.
    private func run(_ program: [BpfInstruction], _ question: Question) -> Bool? {
        var access: UInt32 = question.access.contains(.makeNode) ? 1 : 0
        if question.access.contains(.read) { access |= 2 }
        if question.access.contains(.write) { access |= 4 }
        let context = [access << 16 | (question.type == .character ? 2 : 1), question.major, question.minor]
        var registers = [UInt32](repeating: 0xdead, count: 11)
        var next = 0
        while program.indices.contains(next) {
            let instruction = program[next]
            next += 1
            let destination = Int(instruction.registers & 15)
            let source = registers[Int(instruction.registers >> 4)]
            let constant = UInt32(bitPattern: instruction.immediate)
            let value = registers[destination]
            switch instruction.code {
            case 0x61: registers[destination] = context[Int(instruction.offset) / 4]
            case 0xb4: registers[destination] = constant
            case 0xbc: registers[destination] = source
            case 0x54: registers[destination] = value & constant
            case 0x4c: registers[destination] = value | source
            case 0x64: registers[destination] = value << constant
            case 0x74: registers[destination] = value >> constant
            case 0x05: next += Int(instruction.offset)
            case 0x16: if value == constant { next += Int(instruction.offset) }
            case 0x56: if value != constant { next += Int(instruction.offset) }
            case 0x46: if value & constant != 0 { next += Int(instruction.offset) }
            case 0x95: return registers[0] == 1
            default: return nil
            }
        }
        return nil
    }

    private static let policies: [[String]] = [
        [], ["-a"], ["+a"],
        ["-a", "+c *:* m", "+b *:* m", "+c 1:3 rwm", "+c 1:5 rwm", "+c 5:0 rwm", "+c 136:* rwm", "+b 8:1 r"],
        ["+c *:* rwm", "+c 1:3 rwm"],
        ["+b *:* rwm"], ["+c *:* rwm", "+b *:* rwm"],
        ["+c 1:3 r", "+c 1:* w", "+c *:3 m", "+b 1:3 rw", "+b *:* r"],
        ["+a", "-c 1:3 w", "-c 5:* rwm", "-b *:* m", "-c *:5 r"],
        ["+a", "-b *:* rwm", "-c 1:3 rwm"],
        ["+c 4096:1 rwm", "+c 1:1048576 rw", "+c 5:4294967295 m"],
        ["+b 8:1 rw", "+b 8:0 r", "+c 5:0 w", "+c 5:5 wm"],
    ]

    private static let accesses: [Rule.Access] = (1...7).map { Rule.Access(rawValue: $0) }

    @Test(arguments: policies)
    func programDoesWhatThePolicySays(texts: [String]) throws {
        let policy = try DevicePolicy(rules(texts))
        let program = DeviceProgram(policy).instructions
        for type in [Rule.Kind.character, .block] {
            for major in [0, 1, 5, 8, 136, 4095] as [UInt32] {
                for minor in [0, 1, 3, 5, 7, 0xfffff] as [UInt32] {
                    for access in Self.accesses {
                        let question = Question(type: type, major: major, minor: minor, access: access)
                        #expect(
                            run(program, question) == expected(policy, question),
                            "\(type) \(major):\(minor) \(access.rawValue)")
                    }
                }
            }
        }
    }

    @Test(.enabled(if: canChangeCgroups), arguments: policies)
    func kernelAcceptsTheProgram(texts: [String]) throws {
        _ = try BpfDeviceProgram.load(
            DeviceProgram(try DevicePolicy(rules(texts))).instructions, name: "swiftlet_test")
    }

    @Test(.enabled(if: canChangeCgroups)) func manyRules() throws {
        let many = (0..<2000).map { Rule(allow: true, type: .character, major: 1, minor: Int64($0)) }
        _ = try BpfDeviceProgram.load(
            DeviceProgram(try DevicePolicy(many)).instructions, name: "swiftlet_test")
        let tooMany = (0..<8193).map { Rule(allow: true, type: .block, major: 1, minor: Int64($0)) }
        #expect(throws: CgroupError.self) { try DevicePolicy(tooMany) }
    }
}
