import Glibc
import LinuxKernel

/// One file of a volume whose content comes from objects.
struct ProjectedFile: Equatable, Sendable {
    var content: [UInt8]
    /// Permission bits.
    var mode: mode_t
    /// Nil for root.
    var owner: uid_t?
}

/// The files of a volume whose content comes from objects, by their path in the volume.
struct Payload: Equatable, Sendable {
    private(set) var files: [String: ProjectedFile] = [:]

    /// A file of the same path is replaced, as a later source of a projected volume replaces what an earlier one has.
    mutating func put(_ path: String, _ file: ProjectedFile) throws(VolumeFailure) {
        files[try Self.checked(path)] = file
    }

    mutating func put(_ path: String, _ content: [UInt8], mode: Int32, owner: Int64? = nil)
        throws(VolumeFailure)
    {
        try put(
            path,
            ProjectedFile(
                content: content, mode: mode_t(truncatingIfNeeded: mode) & 0o777,
                owner: owner.map { uid_t(truncatingIfNeeded: $0) }))
    }

    mutating func merge(_ other: Payload) {
        files.merge(other.files) { _, new in new }
    }

    /// The names that users see in the volume's folder, sorted.
    var topLevelNames: [String] {
        Set(files.keys.map { String($0.prefix { $0 != "/" }) }).sorted()
    }

    /// Relative, inside of the volume, and none of the names that the writer has for itself.
    private static func checked(_ path: String) throws(VolumeFailure) -> String {
        let components = path.split(separator: "/", omittingEmptySubsequences: true)
        if path.isEmpty || components.isEmpty {
            throw VolumeFailure("invalid path: must not be empty: \"\(path)\"")
        }
        if path.hasPrefix("/") { throw VolumeFailure("invalid path: must be relative path: \(path)") }
        if components.contains("..") { throw VolumeFailure("invalid path: must not contain '..': \(path)") }
        if components[0].hasPrefix("..") {
            throw VolumeFailure("invalid path: must not start with '..': \(path)")
        }
        if path.utf8.count > 4096 {
            throw VolumeFailure("invalid path: must be less than or equal to 4096 characters")
        }
        if path.utf8.contains(0) { throw VolumeFailure("invalid path: must not contain a NUL: \(path)") }
        if let long = components.first(where: { $0.utf8.count > 255 }) {
            throw VolumeFailure(
                "invalid path: filenames must be less than or equal to 255 characters: \(long)")
        }
        return components.filter { $0 != "." }.joined(separator: "/")
    }
}
