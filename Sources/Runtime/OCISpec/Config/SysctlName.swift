/// The name of a kernel parameter (sysctl.d(5)): parts separated by dots, a slash inside a part
/// standing for a dot, or the other way round, decided by which comes first.
public struct SysctlName: Equatable, Sendable {
    /// With dots between the parts, `net.ipv4.conf.eno2/100.rp_filter`.
    public let name: String
    /// Below `/proc/sys`, `net/ipv4/conf/eno2.100/rp_filter`. Never leaves it: no part is empty, `.`
    /// or `..`.
    public let path: String

    /// Nil when a part is empty, `.` or `..`.
    public init?(_ text: String) {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        let separator = text.utf8.first { $0 == dot || $0 == slash } ?? dot
        var path: [UInt8] = []
        var partStart = 0
        func partIsValid(_ part: ArraySlice<UInt8>) -> Bool {
            !part.isEmpty && !part.elementsEqual([dot]) && !part.elementsEqual([dot, dot])
        }
        for byte in text.utf8 {
            if byte == separator {
                guard partIsValid(path[partStart...]) else { return nil }
                path.append(slash)
                partStart = path.count
            } else {
                path.append(byte == slash ? dot : byte)
            }
        }
        guard partIsValid(path[partStart...]) else { return nil }
        self.path = String(decoding: path, as: UTF8.self)
        let swapped = path.map { $0 == slash ? dot : $0 == dot ? slash : $0 }
        name = String(decoding: swapped, as: UTF8.self)
    }

    /// The kind of namespace that the parameter belongs to; nil: it is the whole host's.
    public var namespace: RuntimeSpec.Namespace.Kind? {
        switch name {
        case "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
            "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced":
            return .ipc
        case "kernel.domainname", "kernel.hostname":
            return .uts
        default:
            if name.utf8.starts(with: "fs.mqueue.".utf8) { return .ipc }
            return name.utf8.starts(with: "net.".utf8) ? .network : nil
        }
    }
}
