import Glibc

/// Sockets that this process has open. (Libraries open other files when they like.)
func openSockets() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        var status = stat()
        if stat("/proc/self/fd/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { count += 1 }
    }
    return count
}

/// Waits for what comes a moment later.
func eventually(
    within limit: Duration = .seconds(10), _ condition: () -> Bool
) async -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        if ContinuousClock.now > end || Task.isCancelled { return false }
        // The only error is the cancellation that the loop looks at.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}
