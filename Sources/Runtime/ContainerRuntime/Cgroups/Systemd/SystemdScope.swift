import OCISpec

/// The scope of a container: the unit under which systemd keeps its group.
package struct SystemdScope: Equatable, Sendable {
    package let instance: SystemdInstance
    package let unit: String

    package init(_ unit: String, _ instance: SystemdInstance) {
        self.unit = unit
        self.instance = instance
    }
}

extension SystemdScope: JSONDecodable, JSONEncodable {
    package init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        unit = try json.required("unit")
        instance = try json.word("manager") ?? .system
    }

    package func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("unit", unit)
            json.member("manager", instance)
        }
    }
}

/// Where a configuration wants its scope.
package struct SystemdScopeName: Equatable, Sendable {
    package let slice: String
    package let unit: String
    /// The group of the slice below its manager's: `/a.slice/a-b.slice` of `a-b.slice`, empty for the root.
    package let sliceGroup: String

    package var group: String { "\(sliceGroup)/\(unit)" }

    /// Of a container whose configuration names none; engines always do.
    private static let prefix = "swiftlet"

    /// - Parameter cgroupsPath: `linux.cgroupsPath` as runc takes it with this driver, `SLICE:PREFIX:NAME`.
    ///   Without a slice it is that of the manager's services; without a prefix the name stands alone.
    package init(cgroupsPath: String?, id: String, instance: SystemdInstance) throws(CgroupError) {
        var parts: [Substring] = ["", Substring(Self.prefix), Substring(Self.escape(id))]
        let path = cgroupsPath ?? ""
        if !path.isEmpty {
            parts = path.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[2].isEmpty else {
                throw .badPath(path, reason: "has not the form SLICE:PREFIX:NAME that systemd cgroups need")
            }
        }
        slice = parts[0].isEmpty ? (instance == .system ? "system.slice" : "user.slice") : String(parts[0])
        guard let group = Self.expand(slice: slice) else {
            throw .badPath(path, reason: "'\(slice)' is not the name of a slice")
        }
        sliceGroup = group
        // A slice holds other units and no processes.
        if parts[2].hasSuffix(".slice") {
            throw .badPath(path, reason: "names a slice, in which no container can run")
        }
        unit = "\(parts[1].isEmpty ? "" : "\(parts[1])-")\(parts[2]).scope"
        guard Self.isUnitName(unit) else {
            throw .badPath(path, reason: "'\(unit)' is not the name of a unit")
        }
    }

    /// The group of a slice: the dashes of its name are its ancestors (systemd.slice(5)).
    /// - Returns: empty for the root slice `-.slice`; nil for what is not a slice's name.
    package static func expand(slice: String) -> String? {
        let suffix = ".slice"
        guard slice.hasSuffix(suffix), isUnitName(slice) else { return nil }
        let name = slice.dropLast(suffix.utf8.count)
        if name == "-" { return "" }
        var path = ""
        var prefix = ""
        for component in name.split(separator: "-", omittingEmptySubsequences: false) {
            if component.isEmpty { return nil }
            prefix += component
            path += "/\(prefix)\(suffix)"
            prefix += "-"
        }
        return path
    }

    /// What systemd allows: also keeps slashes out of a path that is made of it.
    private static func isUnitName(_ name: String) -> Bool {
        name.utf8.count <= 255 && name.utf8.allSatisfy { isAllowed($0) || $0 == UInt8(ascii: "\\") }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    /// A container's id may have a `+`, a unit's name not: written as systemd-escape(1) does.
    private static func escape(_ id: String) -> String {
        var result = ""
        for byte in id.utf8 {
            if isAllowed(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        return result
    }
}
