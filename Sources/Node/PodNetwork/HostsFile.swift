import Glibc
import LinuxKernel

/// A pod's hosts(5) file, in which a line for each of its addresses is ours and all others are not.
public enum HostsFile {
    /// Ends our lines, so that they are found again when the pod comes back with other addresses.
    private static let mark = "\t# own"

    /// Puts the addresses in, in place of those of before. The file is written in place: it is mounted.
    public static func set(_ path: String, addresses: [IPAddress], names: [String]) throws(KernelError) {
        let file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW)
        let text = String(decoding: try file.readToEnd(limit: 1 << 20), as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasSuffix(mark) }.map(String.init)
        while lines.last == "" { lines.removeLast() }
        lines += addresses.map { "\($0)\t" + names.joined(separator: " ") + mark }
        _ = try check("seek in", path) { lseek(file.raw, 0, SEEK_SET) }
        _ = try check("truncate", path) { ftruncate(file.raw, 0) }
        try file.writeAll(lines.map { $0 + "\n" }.joined())
    }
}
