import CRIProtocol
import CRIService
import Testing

@Suite struct MessagePartsTests {
    private func sandboxes(_ sizes: [Int]) -> [CRIPodSandbox] {
        sizes.enumerated().map { index, size in
            .with {
                $0.id = "\(index)"
                $0.labels = ["big": String(repeating: "x", count: size)]
            }
        }
    }

    @Test func listsAreDividedByNumber() throws {
        #expect(try sandboxes([]).parts().isEmpty)
        let all = sandboxes(Array(repeating: 1, count: 600))
        let parts = try all.parts()
        #expect(parts.map(\.count) == [256, 256, 88])
        #expect(parts.flatMap { $0 } == all)
    }

    /// The longer output is cut, as an error's text is mostly short.
    @Test(arguments: [
        (0, 0), (5, 7), (16 << 20, 0), (0, 16 << 20), (16 << 20, 16 << 20), (16 << 20, 1000),
        (9 << 20, 8 << 20),
    ])
    func outputsOfACommandFitIntoAnAnswer(output: Int, error: Int) throws {
        let kept = ExecAnswer.kept(output: output, error: error)
        var answer = CRIExecSyncResponse()
        answer.stdout.append(contentsOf: [UInt8](repeating: 0x6f, count: kept.output))
        answer.stderr.append(contentsOf: [UInt8](repeating: 0x65, count: kept.error))
        answer.exitCode = -1
        #expect(try (answer.serializedBytes() as [UInt8]).count <= 16 << 20)
        #expect(kept.output <= output && kept.error <= error)
        #expect(kept.output + kept.error == min(output + error, ExecAnswer.mostBytes))
        if min(output, error) <= ExecAnswer.mostBytes / 2 {
            #expect(min(kept.output, kept.error) == min(output, error))
        }
    }

    /// Annotations of 256 KiB are what Kubernetes allows an object.
    @Test func listsAreDividedByBytes() throws {
        let all = sandboxes(Array(repeating: 256 << 10, count: 100) + [10 << 20, 1, 2])
        let parts = try all.parts()
        #expect(parts.flatMap { $0 } == all)
        for part in parts where part.count > 1 {
            let message = CRIStreamPodSandboxesResponse.with { $0.podSandboxes = part }
            #expect(try (message.serializedBytes() as [UInt8]).count < 2 << 20)
        }
        #expect(parts.suffix(2).map(\.count) == [1, 2])
    }
}
