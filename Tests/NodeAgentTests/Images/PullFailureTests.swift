import GRPCCore
import NodeAgent
import Testing

@Suite struct PullFailureTests {
    /// In the kubelet's words; the first word of the message counts, whatever its code is.
    @Test(arguments: [RPCError.Code.unknown, .unavailable])
    func runtimesSayWhy(code: RPCError.Code) {
        func failure(_ message: String) -> ContainerFailure {
            ContainerFailure(pulling: "a.io/x", RuntimeError(call: "PullImage", code: code, message: message))
        }
        #expect(
            failure("RegistryUnavailable: connect: refused")
                == ContainerFailure(
                    .registry,
                    "image pull failed for a.io/x because the registry is unavailable: connect: refused"))
        #expect(
            failure("SignatureValidationFailed")
                == ContainerFailure(
                    .signature, "image pull failed for a.io/x because the signature validation failed"))
        #expect(failure("no such manifest").reason == .pull)
        #expect(failure("not RegistryUnavailable").reason == .pull)
    }
}
