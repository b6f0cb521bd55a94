import Glibc
import LinuxKernel

/// What went through a network device since it was made (proc_pid_net(5), `/proc/net/dev`).
public struct DeviceCounters: Equatable, Sendable {
    public var name: String
    public var receivedBytes: UInt64
    public var receivedPackets: UInt64
    public var receiveErrors: UInt64
    public var receiveDrops: UInt64
    public var sentBytes: UInt64
    public var sentPackets: UInt64
    public var sendErrors: UInt64
    public var sendDrops: UInt64

    /// Of all devices of a pinned network namespace, the loopback one left out.
    public static func all(in namespace: String) throws(KernelError) -> [DeviceCounters] {
        let text = try PinnedNamespace.enter(namespace) { () throws(KernelError) in
            try FileDescriptor.readFile("/proc/thread-self/net/dev")
        }
        return parse(text)
    }

    /// Two lines of headings, then `name: sixteen numbers`.
    static func parse(_ text: [UInt8]) -> [DeviceCounters] {
        text.split(separator: UInt8(ascii: "\n")).dropFirst(2).compactMap { line in
            guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else { return nil }
            let name = String(decoding: line[..<colon].drop { $0 == 0x20 }, as: UTF8.self)
            let numbers = line[(colon + 1)...].split(separator: 0x20).compactMap {
                UInt64(String(decoding: $0, as: UTF8.self))
            }
            guard name != "lo", numbers.count == 16 else { return nil }
            return DeviceCounters(
                name: name, receivedBytes: numbers[0], receivedPackets: numbers[1],
                receiveErrors: numbers[2], receiveDrops: numbers[3], sentBytes: numbers[8],
                sentPackets: numbers[9], sendErrors: numbers[10], sendDrops: numbers[11])
        }
    }
}
