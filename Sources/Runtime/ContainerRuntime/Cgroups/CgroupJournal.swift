/// What the files of a container's groups had in them before an update wrote there, so that one which fails changes
/// nothing.
package final class CgroupJournal {
    private struct Entry {
        let group: CgroupDirectory
        let file: String
        let content: [UInt8]
    }

    private var entries: [Entry] = []

    /// To be called before a file is written. One that cannot be read, as `memory.reclaim`, has nothing to put back.
    func note(_ file: String, of group: CgroupDirectory) {
        // A group that ceases to be idle gets the usual weight, and not the one that it had.
        if file == "cpu.idle" {
            note("cpu.weight", of: group)
            note("cpu.shares", of: group)
        }
        if entries.contains(where: { $0.group.path == group.path && $0.file == file }) { return }
        var group = group
        group.journal = nil
        guard let content = try? group.readIfThere(file) else { return }
        entries.append(Entry(group: group, file: file, content: content))
    }

    /// Puts back what was there, the last write first: limits that hold one another have the same states on the way
    /// back.
    /// - Returns: what the kernel refuses, one line each: memory that was used meanwhile, for example.
    func undo() -> [String] {
        var refusals: [String] = []
        for entry in entries.reversed() {
            guard let now = try? entry.group.readIfThere(entry.file), now != entry.content else { continue }
            for line in Self.lines(restoring: entry.content, of: entry.file, now: now) {
                if let errno = entry.group.attempt(entry.file, line) {
                    refusals.append(
                        "what was there is not put back: \(entry.group.refusal(entry.file, line, errno))")
                }
            }
        }
        entries = []
        return refusals
    }

    /// What to write, since the kernel takes one line at a time, and reads what it prints itself, with few exceptions.
    package static func lines(restoring content: [UInt8], of file: String, now: [UInt8]) -> [String] {
        let before = lines(of: content)
        // `oom_kill_disable 0`, and what cannot be set.
        if file == "memory.oom_control" { return before.first.map { [String($0.suffix(1))] } ?? [] }
        let known = Set(before.map(key))
        let added = lines(of: now).map(key).filter { !known.contains($0) }.compactMap { unset($0, in: file) }
        if before.isEmpty && added.isEmpty { return ["\n"] }
        return added + before
    }

    /// Of a device that had no line.
    private static func unset(_ device: String, in file: String) -> String? {
        switch file {
        case "io.max": "\(device) rbps=max wbps=max riops=max wiops=max"
        case "io.weight", "io.bfq.weight": "\(device) default"
        case "rdma.max": "\(device) hca_handle=max hca_object=max"
        case let file where file.hasPrefix("blkio.") && file.hasSuffix("_device"): "\(device) 0"
        default: nil
        }
    }

    private static func key(_ line: String) -> String { String(line.prefix { $0 != " " }) }

    private static func lines(of content: [UInt8]) -> [String] {
        content.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
