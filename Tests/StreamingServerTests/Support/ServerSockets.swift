import Glibc
import LinuxKernel

/// The sockets that a server of this process holds for its clients: those of the port that have an inode.
func openSockets(ofPort port: Int) throws -> Int {
    var count = 0
    for line in try readText("/proc/net/tcp").split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[1].split(separator: ":").last.flatMap({ Int($0, radix: 16) }) == port
        else { continue }
        // 0A listens; what the kernel only remembers has no inode.
        if fields[3] != "0A", fields[9] != "0" { count += 1 }
    }
    return count
}

private func readText(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw TestFailure("open \(path): \(errno)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
