import ContainerShim
import Foundation
import Glibc
import LinuxKernel
import OCISpec
import PodEngine
import Synchronization
import Testing

struct ShimConnectionTests {
    /// Nobody knows it but who has heard of it too late.
    @Test func aProcessThatBeginsTooLateIsEnded() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/swiftlet-connection-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/pod", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let shim = try HesitantShim(in: folder + "/pod")
        let connection = try ShimConnection(
            state: folder, shim: "pod", poller: Poller(), onEvent: { _ in }, onGone: {})
        defer { connection.close() }
        let exec = ShimRequest.exec(container: "c", ExecRequest(terminal: false))
        let error = await #expect(throws: ShimError.self) {
            _ = try await connection.call(exec, milliseconds: 50)
        }
        guard case .timedOut? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // With this answer that other one comes.
        _ = try await connection.call(.podStatus, milliseconds: 30_000)
        let wanted: [ShimRequest] = [
            .subscribe, exec, .podStatus, .kill(container: "c", signal: SIGKILL, .exec(9)),
            .wait(container: "c", exec: 9),
        ]
        let deadline = monotonicMilliseconds() + 30_000
        while shim.requests.withLock(\.count) < wanted.count, monotonicMilliseconds() < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(shim.requests.withLock(\.self) == wanted)
    }
}

/// Answers an exec when it is asked for something else.
private final class HesitantShim: Sendable {
    let requests = Mutex<[ShimRequest]>([])

    init(in path: String) throws {
        let folder = try FileDescriptor.open(path, O_PATH | O_DIRECTORY)
        let listener = try UnixSocket.listen(in: folder, name: ShimProtocol.socketName).release()
        Thread.detachNewThread { [self] in
            // Ends with its client, at whatever moment: what is missing is seen there.
            try? serve(FileDescriptor(owning: listener))
        }
    }

    private func serve(_ listener: consuming FileDescriptor) throws {
        try listener.setNonBlocking(false)
        guard let client = try UnixSocket.accept(listener) else { return }
        try client.setNonBlocking(false)
        try client.sendPacket(
            ShimGreeting(
                version: ShimProtocol.version, oldestVersion: ShimProtocol.oldestVersion, pid: getpid()
            ).json())
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ShimProtocol.maxMessage, alignment: 16)
        defer { buffer.deallocate() }
        var exec: UInt64?
        while true {
            let (count, _) = try client.receivePacket(into: buffer)
            if count == 0 { return }
            let request = try NumberedRequest(json: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            requests.withLock { $0.append(request.request) }
            var answers: [ShimMessage] = []
            switch request.request {
            case .exec: exec = request.number
            case .podStatus:
                if let exec { answers.append(.answer(number: exec, .started(pid: 7, exec: 9))) }
                answers.append(.answer(number: request.number, .pod(PodStatus(shim: 1))))
            default: answers.append(.answer(number: request.number, .done))
            }
            for answer in answers { try client.sendPacket(answer.json()) }
        }
    }
}
