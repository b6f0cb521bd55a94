import Glibc
import LinuxKernel

/// One mount that the user wants in a container (`-v`, `--mount`, `--tmpfs`).
public struct MountRequest: Equatable, Sendable {
    public enum Source: Equatable, Sendable {
        /// A path of the host. `createMissing`: as `-v` does; `--mount` refuses a source that is not there.
        case bind(path: String, createMissing: Bool)
        /// A volume; without a name a new one of this container.
        case volume(name: String?)
        /// Memory; options as after `mount -o`.
        case tmpfs(options: [String])
    }

    public var source: Source
    /// Absolute, without `.` and `..`.
    public var target: String
    public var readOnly: Bool
    /// `rprivate`, `rshared` …; only for binds.
    public var propagation: String?
    /// With a bind: without what is mounted below the source.
    public var withoutSubmounts: Bool
    /// With a volume: leave it empty instead of copying what the image has at the target.
    public var noCopy: Bool

    public init(
        source: Source, target: String, readOnly: Bool = false, propagation: String? = nil,
        withoutSubmounts: Bool = false, noCopy: Bool = false
    ) {
        self.source = source
        self.target = target
        self.readOnly = readOnly
        self.propagation = propagation
        self.withoutSubmounts = withoutSubmounts
        self.noCopy = noCopy
    }

    static let propagations: Set<String> = [
        "private", "rprivate", "shared", "rshared", "slave", "rslave",
    ]
}

// MARK: -v

extension MountRequest {
    /// `[SOURCE:]TARGET[:OPTIONS]`. A source that begins with `/` or `.` is a path, else a volume's name.
    public init(volumeOption text: String) throws(UsageError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        func invalid(_ why: String) -> UsageError { UsageError("invalid volume '\(text)': \(why)") }
        switch parts.count {
        case 1:
            self.init(source: .volume(name: nil), target: try Self.target(parts[0], in: text))
            return
        case 2, 3:
            break
        default:
            throw invalid("wanted is [SOURCE:]TARGET[:OPTIONS]")
        }
        let source: Source
        if parts[0].hasPrefix("/") || parts[0].hasPrefix(".") {
            source = .bind(path: absolutePath(parts[0]), createMissing: true)
        } else if parts[0].isEmpty {
            throw invalid("the source is empty")
        } else {
            try VolumeName.check(parts[0])
            source = .volume(name: parts[0])
        }
        self.init(source: source, target: try Self.target(parts[1], in: text))
        guard parts.count == 3 else { return }
        for option in parts[2].split(separator: ",", omittingEmptySubsequences: false) {
            switch option {
            case "ro", "readonly": readOnly = true
            case "rw": readOnly = false
            case "nocopy": noCopy = true
            // SELinux labels and the hints of Docker Desktop: nothing to do here.
            case "z", "Z", "consistent", "cached", "delegated": break
            case let word where Self.propagations.contains(String(word)): propagation = String(word)
            default: throw invalid("unknown option '\(option)'")
            }
        }
        if propagation != nil, case .volume = self.source {
            throw invalid("propagation is for host paths only")
        }
    }

    private static func target(_ path: String, in text: String) throws(UsageError) -> String {
        guard path.hasPrefix("/") else {
            throw UsageError("invalid mount '\(text)': the path in the container '\(path)' is not absolute")
        }
        let clean = normalizedPath(path)
        if clean == "/" {
            throw UsageError("invalid mount '\(text)': the path in the container cannot be '/'")
        }
        return clean
    }
}

// MARK: --mount and --tmpfs

extension MountRequest {
    /// `type=bind|volume|tmpfs,source=…,target=…[,readonly]…`.
    public init(mountOption text: String) throws(UsageError) {
        var type = "volume"
        var source: String?
        var target: String?
        var tmpfs: [String] = []
        var volumeOnly: String?
        var bindOnly: String?
        self.init(source: .volume(name: nil), target: "/")
        for field in try commaSeparated(text) {
            let pair = try KeyValue(parsing: field, what: "mount field")
            func flag() throws(UsageError) -> Bool {
                guard let flag = Bool(parsing: field.contains("=") ? pair.value : "true") else {
                    throw UsageError("invalid mount '\(text)': '\(pair.key)' is true or false")
                }
                return flag
            }
            switch pair.key {
            case "type": type = pair.value
            case "source", "src": source = pair.value
            case "target", "dst", "destination": target = pair.value
            case "readonly", "ro": readOnly = try flag()
            case "consistency": break
            case "bind-propagation":
                guard Self.propagations.contains(pair.value) else {
                    throw UsageError("invalid mount '\(text)': unknown propagation '\(pair.value)'")
                }
                propagation = pair.value
                bindOnly = pair.key
            case "bind-nonrecursive":
                withoutSubmounts = try flag()
                bindOnly = pair.key
            case "bind-recursive":
                guard pair.value == "enabled" || pair.value == "disabled" else {
                    throw UsageError("invalid mount '\(text)': bind-recursive is enabled or disabled")
                }
                withoutSubmounts = pair.value == "disabled"
                bindOnly = pair.key
            case "volume-nocopy":
                noCopy = try flag()
                volumeOnly = pair.key
            case "tmpfs-size": tmpfs.append("size=\(try ByteSize(parsing: pair.value).bytes)")
            case "tmpfs-mode":
                guard UInt16(pair.value, radix: 8) != nil else {
                    throw UsageError("invalid mount '\(text)': tmpfs-mode is an octal number")
                }
                tmpfs.append("mode=\(pair.value)")
            default: throw UsageError("invalid mount '\(text)': unknown field '\(pair.key)'")
            }
        }
        guard let target else { throw UsageError("invalid mount '\(text)': the target is missing") }
        self.target = try Self.target(target, in: text)
        if !tmpfs.isEmpty, type != "tmpfs" {
            throw UsageError("invalid mount '\(text)': tmpfs options with type '\(type)'")
        }
        if let bindOnly, type != "bind" {
            throw UsageError("invalid mount '\(text)': '\(bindOnly)' with type '\(type)'")
        }
        if let volumeOnly, type != "volume" {
            throw UsageError("invalid mount '\(text)': '\(volumeOnly)' with type '\(type)'")
        }
        switch type {
        case "bind":
            guard let source, !source.isEmpty else {
                throw UsageError("invalid mount '\(text)': the source is missing")
            }
            self.source = .bind(path: absolutePath(source), createMissing: false)
        case "volume":
            let name = source.flatMap { $0.isEmpty ? nil : $0 }
            if let name { try VolumeName.check(name) }
            self.source = .volume(name: name)
        case "tmpfs":
            if source != nil { throw UsageError("invalid mount '\(text)': a tmpfs has no source") }
            self.source = .tmpfs(options: tmpfs)
        default:
            throw UsageError("invalid mount '\(text)': unknown type '\(type)'")
        }
    }

    /// `TARGET[:OPTIONS]`.
    public init(tmpfsOption text: String) throws(UsageError) {
        let path = text.prefix { $0 != ":" }
        let options = text[path.endIndex...].dropFirst().split(separator: ",").map(String.init)
        for option in options where !Self.isTmpfsOption(option) {
            throw UsageError("invalid tmpfs '\(text)': unknown option '\(option)'")
        }
        self.init(source: .tmpfs(options: options), target: try Self.target(String(path), in: text))
        readOnly = options.contains("ro")
    }

    private static func isTmpfsOption(_ option: String) -> Bool {
        switch option.prefix(while: { $0 != "=" }) {
        case "size", "nr_inodes", "nr_blocks", "mode", "uid", "gid", "mpol": return option.contains("=")
        case "ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "atime",
            "noatime",
            "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime":
            return true
        default: return propagations.contains(option)
        }
    }
}

/// What a volume may be called.
public enum VolumeName {
    public static func check(_ name: String) throws(UsageError) {
        guard isIdentifier(name) else {
            throw UsageError(
                "invalid volume name '\(name)': letters, digits, '_', '.' and '-' are allowed; a host folder "
                    + "is given as an absolute path")
        }
    }
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, the form of names of containers and volumes.
func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetterOrDigit(first), name.utf8.count <= 128 else { return false }
    return name.utf8.allSatisfy {
        isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
    }
}

func checkContainerName(_ name: String) throws(UsageError) {
    if !isIdentifier(name) {
        throw UsageError("invalid container name '\(name)': letters, digits, '_', '.' and '-' are allowed")
    }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: false
    }
}

/// The fields of one line of comma-separated values; a field in double quotes may hold commas, and `""` in it
/// stands for one quote.
func commaSeparated(_ line: String) throws(UsageError) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var quoted = false
    let bytes = Array(line.utf8)
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\"") {
            if quoted, index < bytes.count, bytes[index] == byte {
                field.append(byte)
                index += 1
            } else {
                quoted.toggle()
            }
        } else if byte == UInt8(ascii: ","), !quoted {
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
        } else {
            field.append(byte)
        }
    }
    if quoted { throw UsageError("invalid value '\(line)': a quote is not closed") }
    return fields + [String(decoding: field, as: UTF8.self)]
}

/// The path without `.`, `..` and doubled slashes, by text alone; a relative one counts from `/`.
public func normalizedPath(_ path: String) -> String {
    var components: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
        if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
}

/// The same path from the root, of one that is relative to the working directory.
public func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return normalizedPath(path) }
    guard let buffer = getcwd(nil, 0) else { return normalizedPath(path) }
    defer { free(buffer) }
    return normalizedPath(String(cString: buffer) + "/" + path)
}
