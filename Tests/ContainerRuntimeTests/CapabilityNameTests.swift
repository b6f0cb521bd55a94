import CCapability
import ContainerRuntime
import Testing

@Suite struct CapabilityNameTests {
    /// libcap's table is independent of ours.
    @Test func namesAreThoseOfLibcap() throws {
        #expect(Capability.knownNames.count == 41)
        for (number, name) in Capability.knownNames.enumerated() {
            var value: cap_value_t = -1
            #expect(cap_from_name(name, &value) == 0)
            #expect(value == number)
            #expect(Capability(name: name)?.rawValue == UInt8(number))
            #expect(Capability(rawValue: UInt8(number)).name == name)
        }
        #expect(Capability(rawValue: 41).name == "CAP_41")
    }
}
