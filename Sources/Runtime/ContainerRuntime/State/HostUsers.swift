import LinuxKernel

/// The users of /etc/passwd (passwd(5)). getpwuid(3) would load the C library's name service modules, which a
/// static program cannot: users that only a directory service knows are shown by number.
public struct HostUsers {
    private let names: [UInt32: String]

    /// Reads the file; without it there is no name.
    public init() {
        var names: [UInt32: String] = [:]
        let bytes = (try? FileDescriptor.readFile("/etc/passwd", limit: 16 << 20)) ?? []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count > 2, let uid = UInt32(String(decoding: fields[2], as: UTF8.self)),
                names[uid] == nil
            else { continue }
            names[uid] = String(decoding: fields[0], as: UTF8.self)
        }
        self.names = names
    }

    public func name(_ uid: UInt32) -> String? { names[uid] }
}
