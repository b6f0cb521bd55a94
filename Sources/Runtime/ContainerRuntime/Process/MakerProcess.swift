import CLinux
import Glibc
import LinuxKernel

/// Makes a process by way of one in between, which changes itself first, in ways that are for what it makes:
/// enters namespaces whose members the new process is to be born in. That one reports the new one's id, or an
/// error, and ends; the new process is a child of ours.
/// - Parameters:
///   - preparing: runs in the process in between.
///   - making: the same, and makes the new process.
func spawnThroughAnother(
    _ options: CloneOptions, preparing: @escaping () throws -> Void,
    making: @escaping (CloneOptions) throws -> ProcessHandle
) throws -> ProcessHandle {
    let report = try socketPair()
    let theirs = report.write.raw
    let ours = report.read.raw
    var between = CloneOptions()
    between.sibling = options.sibling
    let firstGate = try socketPair()
    let maker = try spawnChild(between, gate: firstGate.write.raw, peer: firstGate.read.raw) {
        do {
            try preparing()
            var inner = options
            // Its maker's parent becomes its parent, so that the one who asked for it reaps it.
            inner.sibling = true
            let process = try making(inner)
            _ = "\(process.pid)".withCString { send(theirs, $0, strlen($0), 0) }
        } catch {
            let text = "!\(error)"
            _ = text.withCString { send(theirs, $0, strlen($0), 0) }
        }
        return 0
    }
    _ = send(firstGate.read.raw, "G", 1, Int32(MSG_NOSIGNAL))
    var buffer = [UInt8](repeating: 0, count: 1024)
    close(report.write.release())
    let count = buffer.withUnsafeMutableBytes { recv(ours, $0.baseAddress, $0.count, 0) }
    if !options.sibling { _ = try maker.wait() }
    guard count > 0 else { throw RuntimeError("join namespaces: the process in between ended") }
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    guard let pid = Int32(text) else { throw RuntimeError(String(text.dropFirst())) }
    return try ProcessHandle.open(pid)
}
