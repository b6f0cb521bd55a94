import OCISpec

/// Kernel parameters of a pod.
enum Sysctls {
    /// What is asked for, by names with dots. Only what belongs to a namespace that is the pod's own.
    ///
    /// A plus sign has no place in a name or a value: other runtimes joined parameters by it, so that the value of a
    /// harmless one could carry `kernel.core_pattern` (CVE-2022-0811).
    static func check(
        _ asked: [String: String], namespaces: Set<RuntimeSpec.Namespace.Kind>
    ) throws(TranslationError) -> SortedMap<String> {
        var checked = SortedMap<String>()
        for (key, value) in asked.sorted(by: { $0.key < $1.key }) {
            let field = "config.linux.sysctls[\(JSONError.quoted(key))]"
            guard key.utf8.allSatisfy(isNameByte), let name = SysctlName(key) else {
                throw .invalid(field, "is not the name of a kernel parameter")
            }
            guard value.utf8.allSatisfy(isValueByte), !value.isEmpty else {
                throw .invalid(field, "the value \(JSONError.quoted(value)) is not allowed")
            }
            if name.name == "kernel.hostname" { throw .invalid(field, "is set by config.hostname, not here") }
            guard let kind = name.namespace else {
                throw .invalid(field, "belongs to no namespace: it would change the node")
            }
            guard namespaces.contains(kind) else {
                throw .invalid(
                    field, "would change the node: the pod has no \(kind.rawValue) namespace of its own")
            }
            guard checked[name.name] == nil else { throw .invalid(field, "is given twice") }
            checked[name.name] = value
        }
        return checked
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }

    /// Numbers, lists of numbers, words such as `cubic`, names of domains. The kernel's lists are parted by tabs.
    private static func isValueByte(_ byte: UInt8) -> Bool {
        isNameByte(byte)
            || [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: ":")].contains(byte)
    }

    /// What pods with a network of their own get unless they ask for something else, as with other runtimes.
    /// - Parameter mapped: the pod has a user namespace: a range of groups must be mapped there, and is left alone.
    static func defaults(mapped: Bool) -> SortedMap<String> {
        mapped
            ? ["net.ipv4.ip_unprivileged_port_start": "0"]
            : [
                "net.ipv4.ip_unprivileged_port_start": "0",
                "net.ipv4.ping_group_range": "0 2147483647",
            ]
    }
}
