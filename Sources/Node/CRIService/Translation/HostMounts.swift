import LinuxKernel

/// The node's mounts, as this process sees them (proc_pid_mountinfo(5)).
struct HostMounts {
    struct Entry: Equatable {
        var point: String
        /// Mounts below it appear in its peers, and theirs here.
        var isShared: Bool
        /// Mounts of its master appear here.
        var isSlave: Bool
    }

    let entries: [Entry]

    static func read() throws(KernelError) -> HostMounts {
        HostMounts(try FileDescriptor.readFile("/proc/self/mountinfo"))
    }

    init(_ mountinfo: [UInt8]) {
        entries = mountinfo.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 6 else { return nil }
            // Optional fields end at a dash.
            let optional = fields[6...].prefix { !$0.elementsEqual("-".utf8) }
            return Entry(
                point: Self.unescaped(fields[4]),
                isShared: optional.contains { $0.starts(with: "shared:".utf8) },
                isSlave: optional.contains { $0.starts(with: "master:".utf8) })
        }
    }

    /// The mount that a path without links lies in.
    func containing(_ path: String) -> Entry? {
        // Of two at the same place the later one covers the other.
        entries.enumerated().filter { isPrefix($0.element.point, of: path) }
            .max { ($0.element.point.utf8.count, $0.offset) < ($1.element.point.utf8.count, $1.offset) }?
            .element
    }

    private func isPrefix(_ point: String, of path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }

    /// Spaces, tabs, line ends and backslashes stand as `\040`.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"),
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                result.append(code)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
