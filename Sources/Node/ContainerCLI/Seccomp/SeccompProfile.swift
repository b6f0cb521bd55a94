import Glibc
import LinuxKernel
import OCISpec

/// A profile of system calls as Docker writes them: rules that hold depending on capabilities, architecture
/// and kernel. `resolve` makes of it the filter of one container, in the form of the runtime specification.
public struct SeccompProfile: Equatable, Sendable {
    /// When a rule is taken up.
    public struct Condition: Equatable, Sendable {
        /// All of these, by their `CAP_` names.
        public var capabilities: [String]
        /// One of these, in Go's names.
        public var architectures: [String]
        public var minimumKernel: KernelVersion?

        public init(
            capabilities: [String] = [], architectures: [String] = [], minimumKernel: KernelVersion? = nil
        ) {
            self.capabilities = capabilities
            self.architectures = architectures
            self.minimumKernel = minimumKernel
        }
    }

    public struct Rule: Equatable, Sendable {
        public var syscall: RuntimeSpec.Seccomp.Syscall
        public var includes: Condition
        public var excludes: Condition

        public init(
            _ syscall: RuntimeSpec.Seccomp.Syscall, includes: Condition = Condition(),
            excludes: Condition = Condition()
        ) {
            self.syscall = syscall
            self.includes = includes
            self.excludes = excludes
        }
    }

    /// The filter without the rules: default action, architectures, flags, listener.
    public var frame: RuntimeSpec.Seccomp
    public var rules: [Rule]

    public init(frame: RuntimeSpec.Seccomp, rules: [Rule]) {
        self.frame = frame
        self.rules = rules
    }

    /// - Parameter capabilities: the container's bounding set.
    public func resolve(
        capabilities: [String], architecture: String = Self.nativeArchitecture, kernel: KernelVersion
    ) -> RuntimeSpec.Seccomp {
        let held = Set(capabilities)
        var filter = frame
        filter.syscalls = rules.compactMap { rule in
            let includes = rule.includes
            let excludes = rule.excludes
            if !includes.capabilities.allSatisfy(held.contains) { return nil }
            if !includes.architectures.isEmpty, !includes.architectures.contains(architecture) { return nil }
            if let minimum = includes.minimumKernel, kernel < minimum { return nil }
            if excludes.capabilities.contains(where: held.contains) { return nil }
            if excludes.architectures.contains(architecture) { return nil }
            if let minimum = excludes.minimumKernel, kernel >= minimum { return nil }
            return rule.syscall
        }
        return filter
    }

    /// This machine, in Go's word.
    public static var nativeArchitecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            #error("the architectures of the default filter are known for x86_64 and arm64")
        #endif
    }
}

/// `major.minor` of a kernel release.
public struct KernelVersion: Comparable, Equatable, Sendable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// The numbers at the beginning of `6.1.0-13-amd64` or `4.8`.
    public init?(_ release: String) {
        let numbers = release.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard numbers.count > 1, let major = Int(numbers[0]),
            let minor = Int(numbers[1].prefix { $0.isWholeNumber })
        else { return nil }
        self.init(major, minor)
    }

    /// The running kernel.
    public static var running: KernelVersion {
        KernelVersion(runningRelease) ?? KernelVersion(0, 0)
    }

    /// What `uname -r` prints.
    public static var runningRelease: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    public var description: String { "\(major).\(minor)" }
}

// MARK: Profiles in files

extension SeccompProfile {
    /// Reads a profile, with every word checked: an unknown action or operator is an error and not a hole.
    public init(file path: String) throws(UsageError) {
        let bytes: [UInt8]
        do throws(KernelError) {
            // Looked at before it is opened: to open a FIFO or a device may wait for ever, or do something.
            let place = try FileDescriptor.open(path, O_PATH)
            guard try place.status().st_mode & S_IFMT == S_IFREG else {
                throw KernelError("read", path, .invalidArgument)
            }
            bytes = try FileDescriptor.open(place.procPath, O_RDONLY | O_NONBLOCK).readToEnd(limit: 4 << 20)
        } catch {
            let reason = error.errno == .invalidArgument ? "is not a regular file" : "\(error.errno)"
            throw UsageError("seccomp profile \(path): \(reason)")
        }
        do throws(JSONError) {
            self = try JSON.read(bytes) { (json) throws(JSONError) in try SeccompProfile(from: json) }
        } catch {
            throw UsageError("seccomp profile \(path): \(error)")
        }
    }

    init(from json: JSONValue) throws(JSONError) {
        // The frame has the members of the runtime specification; only the rules differ.
        let object = try json.object()
        frame = RuntimeSpec.Seccomp(defaultAction: try object.required("defaultAction"))
        frame.defaultErrnoRet = try object.optional("defaultErrnoRet")
        frame.architectures = try object.list("architectures")
        frame.flags = try object.optional("flags")
        frame.listenerPath = try object.text("listenerPath")
        frame.listenerMetadata = try object.text("listenerMetadata")
        if frame.architectures.isEmpty, let map = object["archMap"] {
            frame.architectures = try Self.architectures(of: map)
        }
        rules = []
        guard let syscalls = object["syscalls"] else { return }
        for element in try syscalls.elements() { rules.append(try Rule(from: element)) }
    }

    /// The native architecture with those that run beside it.
    private static func architectures(of map: JSONValue) throws(JSONError) -> [RuntimeSpec.Seccomp
        .Architecture]
    {
        for element in try map.elements() {
            let entry = try element.object()
            let native: RuntimeSpec.Seccomp.Architecture = try entry.required("architecture")
            if native == Self.native { return [native] + (try entry.list("subArchitectures")) }
        }
        return [native]
    }

    static var native: RuntimeSpec.Seccomp.Architecture {
        #if arch(x86_64)
            .x86_64
        #else
            .aarch64
        #endif
    }
}

extension SeccompProfile.Rule {
    fileprivate init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        var names: [String] = try object.list("names")
        // The older form has one name a rule.
        if let name = try object.text("name") { names.append(name) }
        if names.isEmpty { throw json.error("a rule without names") }
        self.init(
            RuntimeSpec.Seccomp.Syscall(
                names: names, action: try object.required("action"),
                errnoRet: try object.optional("errnoRet"),
                args: try object.list("args")),
            includes: try SeccompProfile.Condition(from: object["includes"]),
            excludes: try SeccompProfile.Condition(from: object["excludes"]))
    }
}

extension SeccompProfile.Condition {
    fileprivate init(from json: JSONValue?) throws(JSONError) {
        self.init()
        guard let json else { return }
        let object = try json.object()
        capabilities = try object.list("caps")
        architectures = try object.list("arches")
        if let text = try object.text("minKernel") {
            guard let version = KernelVersion(text) else {
                throw json.error("unknown kernel version '\(text)'")
            }
            minimumKernel = version
        }
    }
}
