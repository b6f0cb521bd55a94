import CLinux
import Glibc

/// A conversation with a part of the kernel (netlink(7)), in the network namespace in which it was begun: the
/// socket stays in that namespace, whichever its thread enters later.
public struct NetlinkSocket: ~Copyable {
    /// Whom it talks to (NETLINK_…).
    public enum Family: Int32, Sendable {
        case route = 0
        case netfilter = 12
    }

    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    public init(_ family: Family) throws(KernelError) {
        socket = FileDescriptor(
            owning: try check("socket", "netlink \(family)") {
                Glibc.socket(
                    AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), family.rawValue)
            })
        // Errors come without the message that they are about.
        var on: Int32 = 1
        let capAck: Int32 = 10
        let netlinkLevel: Int32 = 270
        setsockopt(socket.raw, netlinkLevel, capAck, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends one message and takes what answers it: a dump to its end, an acknowledgement, or one answer.
    public mutating func exchange(
        _ request: NetlinkMessage, _ operation: StaticString, _ object: @autoclosure () -> String
    ) throws(KernelError) -> [NetlinkAnswer] {
        var answers: [NetlinkAnswer] = []
        try exchange(request, operation, object()) { (answer) throws(KernelError) in answers.append(answer) }
        return answers
    }

    /// The same for a dump that may be long: each answer is given away as it comes.
    /// - Throws: also what `body` throws; then answers may be left over, which no later exchange takes for its own.
    public mutating func exchange(
        _ request: NetlinkMessage, _ operation: StaticString, _ object: @autoclosure () -> String,
        _ body: (NetlinkAnswer) throws(KernelError) -> Void
    ) throws(KernelError) {
        sequence += 1
        try send(request.finished(sequence: sequence), operation, object())
        let isDump = request.flags.contains(.dump)
        let isAcknowledged = request.flags.contains(.acknowledge)
        while true {
            for answer in try receive(0, operation, object()) ?? [] where answer.sequence == sequence {
                switch answer.type {
                case NetlinkAnswer.doneType: return
                case NetlinkAnswer.errorType:
                    let errno = answer.errno
                    if errno != 0 { throw KernelError("\(operation)", object(), Errno(rawValue: errno)) }
                    return
                default:
                    try body(answer)
                    if !isDump, !isAcknowledged { return }
                }
            }
        }
    }

    /// Sends several messages in one go. The kernel works on them in order before the call that sends them
    /// returns; those that ask for it are acknowledged.
    /// - Parameter describe: names the message of that index, for an error.
    /// - Throws: the first error.
    public mutating func run(
        _ requests: [NetlinkMessage], _ operation: StaticString, _ describe: (Int) -> String
    ) throws(KernelError) {
        if requests.isEmpty { return }
        let first = sequence + 1
        var bytes: [UInt8] = []
        var missing = 0
        for request in requests {
            sequence += 1
            bytes += request.finished(sequence: sequence)
            if request.flags.contains(.acknowledge) { missing += 1 }
        }
        try send(bytes, operation, describe(0))
        while let answers = try receive(Int32(truncatingIfNeeded: MSG_DONTWAIT), operation, describe(0)) {
            for answer in answers
            where answer.type == NetlinkAnswer.errorType && (first...sequence).contains(answer.sequence) {
                let errno = answer.errno
                if errno != 0 {
                    throw KernelError(
                        "\(operation)", describe(Int(answer.sequence - first)), Errno(rawValue: errno))
                }
                missing -= 1
            }
        }
        if missing > 0 { throw KernelError("\(operation)", describe(0), Errno(rawValue: EBADMSG)) }
    }

    private func send(
        _ bytes: [UInt8], _ operation: StaticString, _ object: @autoclosure () -> String
    ) throws(KernelError) {
        let number = socket.raw
        _ = try check(operation, object()) {
            bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0) }
        }
    }

    /// - Returns: nil when nothing is there and the flags say not to wait.
    private func receive(
        _ flags: Int32, _ operation: StaticString, _ object: @autoclosure () -> String
    ) throws(KernelError) -> [NetlinkAnswer]? {
        let number = socket.raw
        var failure: KernelError?
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            count = 0
            do throws(KernelError) {
                count = try check(operation, object()) {
                    recv(number, buffer.baseAddress, buffer.count, flags)
                }
            } catch {
                failure = error
            }
        }
        if let failure {
            if flags != 0, failure.errno == .again { return nil }
            throw failure
        }
        return NetlinkAnswer.answers(in: bytes[...])
    }
}
