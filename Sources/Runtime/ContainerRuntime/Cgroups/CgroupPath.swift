/// Where a container's group is, below the mount point of every hierarchy: absolute, without `.`, `..` or
/// doubled slashes, and never the root.
public struct CgroupPath: Equatable, Sendable, CustomStringConvertible {
    public let text: String

    /// `linux.cgroupsPath`, or a group of the container's own when that is absent or empty; a relative path as if
    /// it were absolute (see `CgroupPlaces`).
    /// - Throws: `badPath` for a path that leads out of the tree with `..`, or to its root.
    public init(cgroupsPath: String?, id: String) throws(CgroupError) {
        let path = cgroupsPath.flatMap { $0.isEmpty ? nil : $0 } ?? id
        guard let clean = Self.clean(path) else {
            throw .badPath(path, reason: "leads out of the cgroup tree")
        }
        guard !clean.isEmpty else { throw .badPath(path, reason: "is the root of the cgroup tree") }
        guard !clean.utf8.contains(0) else { throw .badPath(path, reason: "contains a NUL character") }
        text = clean
    }

    /// - Parameter group: empty for the root, else with a leading slash.
    init(_ path: CgroupPath, below group: some StringProtocol) {
        text = group + path.text
    }

    public var description: String { text }

    /// The groups above, from below the root downwards: `/a` and `/a/b` of `/a/b/c`.
    var ancestors: [String] {
        var found: [String] = []
        var index = text.utf8.index(after: text.startIndex)
        while let slash = text.utf8[index...].firstIndex(of: UInt8(ascii: "/")) {
            found.append(String(text[..<slash]))
            index = text.utf8.index(after: slash)
        }
        return found
    }

    /// Resolves `.` and `..` by the text alone; cgroup file systems have no symbolic links.
    /// - Returns: empty for the root, else with a leading slash; nil when `..` leads above the root.
    static func clean(_ path: String) -> String? {
        var components: [Substring.UTF8View] = []
        for component in path.utf8.split(separator: UInt8(ascii: "/"))
        where !component.elementsEqual(".".utf8) {
            if !component.elementsEqual("..".utf8) {
                components.append(component)
            } else if components.popLast() == nil {
                return nil
            }
        }
        var result: [UInt8] = []
        for component in components {
            result.append(UInt8(ascii: "/"))
            result += component
        }
        return String(decoding: result, as: UTF8.self)
    }
}
