import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

/// What a shim has to know about a pod: `pod.json` in the sandbox's folder, written when the pod is defined.
public struct PodSupervision: Equatable, Sendable {
    /// The pod's id, which is the shim's name.
    public var id: String
    /// A kind that is not listed is the host's.
    public var namespaces: [PodNamespace]
    /// Needs a uts namespace, as `domainname`.
    public var hostname: String?
    public var domainname: String?
    /// Kernel parameters of the pod's namespaces, by name (`SysctlName`).
    public var sysctls: SortedMap<String>
    /// Of the user namespace, which owns the other namespaces that are made.
    public var uidMappings: [RuntimeSpec.IDMapping]
    public var gidMappings: [RuntimeSpec.IDMapping]
    /// The group in which the shim places itself, below the root of every cgroup hierarchy; nil: it stays in its
    /// maker's. What is missing of it is made, and removed again by `PodCleanup`.
    public var cgroup: String?
    /// The bundle of the pod's init (`PodInit`), whose pid namespace the containers share; nil: each has its own.
    public var sharedPID: String?
    /// systemd makes the group of the pod's init.
    public var systemdCgroup: Bool

    public init(
        id: String, namespaces: [PodNamespace] = [], hostname: String? = nil, domainname: String? = nil,
        sysctls: SortedMap<String> = [:], uidMappings: [RuntimeSpec.IDMapping] = [],
        gidMappings: [RuntimeSpec.IDMapping] = [], cgroup: String? = nil, sharedPID: String? = nil,
        systemdCgroup: Bool = false
    ) {
        self.id = id
        self.namespaces = namespaces
        self.hostname = hostname
        self.domainname = domainname
        self.sysctls = sysctls
        self.uidMappings = uidMappings
        self.gidMappings = gidMappings
        self.cgroup = cgroup
        self.sharedPID = sharedPID
        self.systemdCgroup = systemdCgroup
    }

    public static let fileName = "pod.json"

    /// - Throws: also for what makes no sense together.
    public static func read(in folder: String) throws -> PodSupervision {
        let path = folder + "/" + fileName
        let bytes = try FileDescriptor.readFile(path, limit: 1 << 20)
        do throws(JSONError) {
            let pod = try PodSupervision(json: bytes)
            try pod.validate()
            return pod
        } catch {
            throw StateFileError(path: path, reason: error)
        }
    }

    /// Replaces the file in one step; to be written before the shim is launched.
    public func write(in folder: String) throws(KernelError) {
        try replaceFile(folder + "/" + Self.fileName, with: json())
    }

    public func namespace(_ kind: PodNamespace.Kind) -> PodNamespace? {
        namespaces.first { $0.kind == kind }
    }
}

/// One namespace of a pod, and where it is pinned.
public struct PodNamespace: Equatable, Sendable {
    public enum Kind: String, JSONWord {
        public static let noun: StaticString = "namespace kind"
        case network, ipc, uts, user
    }

    public var kind: Kind
    /// Absolute.
    public var path: String
    /// The shim makes and pins it, and takes the pin away at the end. False for a network namespace that whoever
    /// made the pod's network has pinned.
    public var isMade: Bool

    public init(_ kind: Kind, path: String, isMade: Bool = true) {
        self.kind = kind
        self.path = path
        self.isMade = isMade
    }
}

// MARK: What makes sense

extension PodSupervision {
    public func validate() throws(JSONError) {
        for index in namespaces.indices { try check(namespaces[index], index) }
        if namespace(.uts) == nil {
            if hostname != nil { throw needs("hostname", .uts) }
            if domainname != nil { throw needs("domainname", .uts) }
        }
        try check(hostname, "hostname")
        try check(domainname, "domainname")
        for (key, value) in sysctls.entries { try check(key, value) }
        try check(uidMappings, "uidMappings")
        try check(gidMappings, "gidMappings")
        if let sharedPID, !isAbsolutePath(sharedPID) {
            throw JSONError(path: "sharedPID", reason: "must be an absolute path")
        }
        if let cgroup, cgroup.leadsUp { throw JSONError(path: "cgroup", reason: "must not contain ..") }
    }

    private func check(_ namespace: PodNamespace, _ index: Int) throws(JSONError) {
        func refuse(_ member: String, _ reason: String) -> JSONError {
            JSONError(path: "namespaces[\(index)].\(member)", reason: reason)
        }
        guard isAbsolutePath(namespace.path), !namespace.path.leadsUp else {
            throw refuse(
                "path", "must be an absolute path without .., found \(JSONError.quoted(namespace.path))")
        }
        for other in namespaces[..<index] {
            if other.kind == namespace.kind {
                throw refuse("kind", "\(namespace.kind.rawValue) is given twice")
            }
            if other.path == namespace.path {
                throw refuse("path", "is that of the \(other.kind.rawValue) namespace, too")
            }
        }
        if !namespace.isMade, namespace.kind != .network {
            throw refuse("made", "only a network namespace may be somebody else's")
        }
    }

    /// The kernel's limit, __NEW_UTS_LEN.
    private func check(_ name: String?, _ member: String) throws(JSONError) {
        if let name, name.utf8.count > 64 { throw JSONError(path: member, reason: "is longer than 64 bytes") }
    }

    /// Only parameters of the pod's own namespaces: others would change the host.
    private func check(_ key: String, _ value: String) throws(JSONError) {
        func refuse(_ reason: String) -> JSONError {
            JSONError(path: JSONError.path("sysctls", key), reason: reason)
        }
        guard let name = SysctlName(key) else { throw refuse("is not the name of a kernel parameter") }
        if name.name == "kernel.hostname" { throw refuse("is set by hostname, not here") }
        let kind: PodNamespace.Kind
        switch name.namespace {
        case .ipc: kind = .ipc
        case .network: kind = .network
        case .uts: kind = .uts
        default: throw refuse("would change the host, it belongs to no namespace")
        }
        if namespace(kind) == nil {
            throw refuse("would change the host, the pod has no \(kind.rawValue) namespace")
        }
    }

    private func check(_ mappings: [RuntimeSpec.IDMapping], _ member: String) throws(JSONError) {
        let hasUser = namespace(.user) != nil
        if !hasUser, !mappings.isEmpty { throw needs(member, .user) }
        if hasUser, mappings.isEmpty {
            throw JSONError(path: member, reason: "missing: a new user namespace needs it")
        }
        try checkMappings(mappings, at: member)
    }

    private func needs(_ member: String, _ kind: PodNamespace.Kind) -> JSONError {
        JSONError(path: member, reason: "needs a \(kind.rawValue) namespace")
    }

    private func isAbsolutePath(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }
}

extension PinnedNamespaces {
    init(_ pod: PodSupervision) {
        self.init(pod.namespaces.map { Pin(NamespaceKind($0.kind), path: $0.path, isMade: $0.isMade) })
        hostname = pod.hostname
        domainname = pod.domainname
        sysctls = pod.sysctls
        uidMappings = pod.uidMappings
        gidMappings = pod.gidMappings
    }
}

extension NamespaceKind {
    init(_ kind: PodNamespace.Kind) {
        switch kind {
        case .network: self = .network
        case .ipc: self = .ipc
        case .uts: self = .uts
        case .user: self = .user
        }
    }
}

// MARK: JSON

extension PodSupervision: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        id = try object.required("id")
        namespaces = try object.list("namespaces")
        hostname = try object.text("hostname")
        domainname = try object.text("domainname")
        sysctls = try object.map("sysctls")
        uidMappings = try object.list("uidMappings")
        gidMappings = try object.list("gidMappings")
        cgroup = try object.text("cgroup")
        sharedPID = try object.text("sharedPID")
        systemdCgroup = try object.flag("systemdCgroup")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.nonEmpty("namespaces", namespaces)
            json.optional("hostname", hostname)
            json.optional("domainname", domainname)
            json.nonEmpty("sysctls", sysctls)
            json.nonEmpty("uidMappings", uidMappings)
            json.nonEmpty("gidMappings", gidMappings)
            json.optional("cgroup", cgroup)
            json.optional("sharedPID", sharedPID)
            json.flag("systemdCgroup", systemdCgroup)
        }
    }
}

extension PodNamespace: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        kind = try object.required("kind")
        path = try object.required("path")
        isMade = try object.optional("made") ?? true
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind)
            json.member("path", path)
            if !isMade { json.member("made", false) }
        }
    }
}
