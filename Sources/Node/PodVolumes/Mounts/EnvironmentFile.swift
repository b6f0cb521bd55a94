import Glibc
import KubernetesAPI
import LinuxKernel

/// A file of variables that a container has left in an emptyDir, for those that start after it (`fileKeyRef`, KEP-3721).
///
/// The form is a part of what a POSIX shell reads: a line for each, `NAME='value'`, where the value may go on over several
/// lines; empty lines, and comments behind `#`. Nothing in a value means anything else than itself.
package enum EnvironmentFile {
    /// Bytes of such a file.
    static let longestFile = 1 << 20
    /// Bytes of a variable's name, and of its value.
    static let longestKey = 128
    static let longestValue = 32 << 10

    /// - Returns: nil: the file has no such key.
    /// - Throws: `VolumeFailure` that names the line, for what is wrong before the key is found.
    package static func value(of key: String, in text: [UInt8]) throws(VolumeFailure) -> String? {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }[...]
        while let line = lines.popFirst() {
            let number = lines.startIndex
            let content = line.drop(while: isBlank)
            if content.isEmpty || content.first == UInt8(ascii: "#") { continue }
            guard let sign = content.firstIndex(of: UInt8(ascii: "=")) else {
                throw VolumeFailure("line \(number): there is no '='")
            }
            let name = content[..<sign]
            guard let last = name.last else { throw VolumeFailure("line \(number): there is no name") }
            if isBlank(last) { throw VolumeFailure("line \(number): there is a blank before '='") }
            let isWanted = name.elementsEqual(key.utf8)
            let rest = content[(sign + 1)...]
            // To a shell, what stands behind a blank is no part of the value.
            if rest.first.map(isBlank) == true {
                if isWanted { return "" }
                continue
            }
            guard rest.first == quote else {
                throw VolumeFailure("line \(number): the value is not in single quotes")
            }
            let value = try quoted(rest.dropFirst(), &lines, startedAt: number)
            if isWanted { return String(decoding: value, as: UTF8.self) }
        }
        return nil
    }

    private static let quote = UInt8(ascii: "'")

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// - Parameter rest: of the line, behind the opening quote.
    private static func quoted(
        _ rest: ArraySlice<UInt8>, _ lines: inout ArraySlice<ArraySlice<UInt8>>, startedAt number: Int
    ) throws(VolumeFailure) -> [UInt8] {
        var value: [UInt8] = []
        var rest = rest
        while true {
            if let end = rest.firstIndex(of: quote) {
                value += rest[..<end]
                let behind = rest[(end + 1)...].drop(while: isBlank)
                if !behind.isEmpty, behind.first != UInt8(ascii: "#") {
                    throw VolumeFailure(
                        "line \(lines.startIndex): there is something behind the closing quote")
                }
                return value
            }
            value += rest + [UInt8(ascii: "\n")]
            guard let next = lines.popFirst() else {
                throw VolumeFailure("line \(number): the quote is not closed")
            }
            rest = next
        }
    }
}

extension PodMounts {
    /// A variable's value out of a file of a volume: a blocking call.
    /// - Returns: nil: there is no such file, or no such key in it.
    /// - Throws: `VolumeFailure`, one line.
    package func variable(_ selector: FileKeySelector) throws(VolumeFailure) -> String? {
        guard case .path(let volume)? = volumes[selector.volumeName]?.source else {
            throw VolumeFailure("cannot find the volume \"\(selector.volumeName)\" referenced by fileKeyRef")
        }
        if selector.key.utf8.count > EnvironmentFile.longestKey {
            throw VolumeFailure(
                "the key of fileKeyRef has \(selector.key.utf8.count) bytes, and may have "
                    + "\(EnvironmentFile.longestKey)")
        }
        let place = "file \(selector.path) in volume \"\(selector.volumeName)\""
        do {
            guard let text = try Self.content(of: selector.path, in: volume) else { return nil }
            let value = try EnvironmentFile.value(of: selector.key, in: text)
            if let count = value?.utf8.count, count > EnvironmentFile.longestValue {
                throw VolumeFailure(
                    "the value of \(selector.key) has \(count) bytes, and may have \(EnvironmentFile.longestValue)"
                )
            }
            return value
        } catch {
            throw VolumeFailure("\(place): \(error)")
        }
    }

    /// Containers write in the volume: whatever is there by that name is looked up within it, and waited for by nobody.
    /// - Returns: nil: nothing is there.
    private static func content(of path: String, in volume: String) throws -> [UInt8]? {
        let root = try FileDescriptor.open(volume, O_PATH | O_DIRECTORY)
        guard let place = try root.openInRootIfThere(path, O_PATH) else { return nil }
        if try place.status().st_mode & S_IFMT != S_IFREG { throw VolumeFailure("it is not a regular file") }
        // Not before: to open a device may do something, and a container that may not open it itself may make its node.
        let file = try FileDescriptor.open(place.procPath, O_RDONLY | O_NONBLOCK)
        return try file.readToEnd(limit: EnvironmentFile.longestFile)
    }
}
