import Glibc

/// A program's environment, with one entry for each name.
enum Environment {
    static func ofThisProcess() -> [String] {
        var entries: [String] = []
        var next = Glibc.environ
        while let entry = next.pointee {
            entries.append(String(cString: entry))
            next += 1
        }
        return entries
    }

    /// Of entries with the same name the last one stays, in its place.
    /// - Parameter entries: `NAME=value`; what comes before the first `=` counts.
    static func merged(_ entries: [String]) -> [String] {
        // A table of positions plus one, open addressed: the library's dictionary would cost more than the start of
        // a process has to spare.
        var size = 16
        while size < 2 * entries.count { size *= 2 }
        var table = [Int32](repeating: 0, count: size)
        // Empty as long as there is no duplicate, as nearly always.
        var isLast: [Bool] = []
        for index in entries.indices {
            var slot = hash(ofName: entries[index]) & (size - 1)
            while table[slot] != 0, !haveSameName(entries[Int(table[slot]) - 1], entries[index]) {
                slot = (slot + 1) & (size - 1)
            }
            if table[slot] != 0 {
                if isLast.isEmpty { isLast = [Bool](repeating: true, count: entries.count) }
                isLast[Int(table[slot]) - 1] = false
            }
            table[slot] = Int32(index + 1)
        }
        if isLast.isEmpty { return entries }
        var merged: [String] = []
        for index in entries.indices where isLast[index] { merged.append(entries[index]) }
        return merged
    }

    private static let sign = UInt8(ascii: "=")

    /// FNV-1a.
    private static func hash(ofName entry: String) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in entry.utf8 {
            if byte == sign { break }
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return Int(truncatingIfNeeded: hash >> 1)
    }

    private static func haveSameName(_ one: String, _ other: String) -> Bool {
        var rest = other.utf8.makeIterator()
        for byte in one.utf8 {
            let next = rest.next()
            if byte == sign { return next == sign }
            if next != byte { return false }
        }
        return rest.next() == nil
    }
}
