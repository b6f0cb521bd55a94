/// Extended attributes in which ids are written, for a layer: with the ids that they have inside of the container, as
/// its files have them. What does not look like the kernel's own format stays as it is.
extension TarOutput.LayerForm {
    /// - Parameters:
    ///   - name: of the attribute, without its last zero.
    ///   - value: as the host's root reads it.
    package func attribute(_ name: String, _ value: [UInt8]) -> [UInt8] {
        switch name {
        case "security.capability": capability(value)
        case "system.posix_acl_access", "system.posix_acl_default": accessList(value)
        default: value
        }
    }

    /// `vfs_ns_cap_data` (linux/capability.h): the version's byte, flags and masks are those of version 2, and behind
    /// them is the root of the user namespace in which the file has the capabilities. Where that is the container's,
    /// any container's is meant, which is what version 2 says.
    private func capability(_ value: [UInt8]) -> [UInt8] {
        guard value.count == 24, value[3] == 3 else { return value }
        let root = user(value[20...].littleEndian)
        var inside = Array(value[..<20])
        if root == 0 { inside[3] = 2 } else { inside += root.littleEndianBytes }
        return inside
    }

    /// `posix_acl_xattr_header` and entries (linux/posix_acl_xattr.h): tag, rights, and the id of a named user or group.
    private func accessList(_ value: [UInt8]) -> [UInt8] {
        guard value.count >= 4, value.count % 8 == 4, value[..<4].littleEndian == 2 else { return value }
        var inside = Array(value[..<4])
        for start in stride(from: 4, to: value.count, by: 8) {
            let id = value[(start + 4)..<(start + 8)]
            inside += value[start..<(start + 4)]
            switch value[start] {
            case 0x02: inside += user(id.littleEndian).littleEndianBytes
            case 0x08: inside += group(id.littleEndian).littleEndianBytes
            default: inside += id
            }
        }
        return inside
    }
}

extension ArraySlice<UInt8> {
    fileprivate var littleEndian: UInt32 { reversed().reduce(0) { $0 << 8 | UInt32($1) } }
}

extension UInt32 {
    fileprivate var littleEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }
}
