import GRPCCore
import NodeAgent
import Testing

@Suite struct RuntimeErrorTests {
    /// Only what a runtime answered about one pod of many is a reason to ask for each by itself.
    @Test(arguments: [
        (RPCError.Code.unknown, true), (.notFound, true), (.internalError, true), (.unimplemented, false),
        (.unavailable, false), (.deadlineExceeded, false), (.cancelled, false),
    ])
    func whatMayBeAboutOneOfMany(code: RPCError.Code, isIt: Bool) {
        let error = RuntimeError(call: "ListPodSandboxStats", code: code, message: "")
        #expect(error.isAboutOneOfMany == isIt)
    }
}
