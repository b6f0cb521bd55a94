import OCISpec

/// A file of the Container Device Interface: what a container needs to use each device of a vendor's
/// (SPEC.md of container-device-interface, versions 0.3 to 1.1).
struct CDISpecification: Equatable {
    /// `vendor.com/class`
    var kind: String
    var devices: [Device]
    /// For a container with any of the devices.
    var edits: CDIEdits

    struct Device: Equatable {
        var name: String
        var edits: CDIEdits
    }
}

/// Changes of a container's configuration.
struct CDIEdits: Equatable {
    var environment: [String] = []
    var deviceNodes: [DeviceNode] = []
    var mounts: [RuntimeSpec.Mount] = []
    var hooks: [Hook] = []
    var additionalGroups: [UInt32] = []
    var intelRdt: RuntimeSpec.IntelRdt?
    var networkDevices: [NetworkDevice] = []

    struct DeviceNode: Equatable {
        var path: String
        /// nil: the same.
        var hostPath: String?
        var type: RuntimeSpec.Device.Kind?
        var major: Int64?
        var minor: Int64?
        var fileMode: UInt32?
        var permissions: String?
        var uid: UInt32?
        var gid: UInt32?
    }

    struct Hook: Equatable {
        enum Point: String, JSONWord {
            static let noun: StaticString = "hook"
            case prestart, createRuntime, createContainer, startContainer, poststart, poststop
        }

        var point: Point
        var hook: RuntimeSpec.Hook
    }

    struct NetworkDevice: Equatable {
        var host: String
        var name: String
    }
}

// MARK: - JSON

extension CDISpecification: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        let version: String = try object.required("cdiVersion")
        // 0.1 and 0.2 were drafts; the minor versions of 1 only add members.
        let parts = version.split(separator: ".")
        guard parts.count == 3, parts[0] == "0" || parts[0] == "1" else {
            throw JSONError(path: "cdiVersion", reason: "version \(JSONError.quoted(version)) is not known")
        }
        kind = try object.required("kind")
        let names = kind.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy(CDIName.isPart) else {
            throw JSONError(path: "kind", reason: "\(JSONError.quoted(kind)) is not a vendor/class")
        }
        devices = try object.list("devices")
        edits = try object.optional("containerEdits", default: CDIEdits())
    }
}

extension CDISpecification.Device: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        name = try object.required("name")
        edits = try object.optional("containerEdits", default: CDIEdits())
    }
}

extension CDIEdits: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        environment = try object.list("env")
        deviceNodes = try object.list("deviceNodes")
        mounts = try object.list("mounts", of: CDIMount.self).map(\.mount)
        hooks = try object.list("hooks")
        additionalGroups = try object.list("additionalGids")
        networkDevices = try object.list("netDevices")
        if let rdt = object["intelRdt"] {
            let object = try rdt.object()
            var edit = RuntimeSpec.IntelRdt()
            edit.closID = try object.text("closID")
            edit.l3CacheSchema = try object.text("l3CacheSchema")
            edit.memBwSchema = try object.text("memBwSchema")
            edit.schemata = try object.list("schemata")
            // The names of version 0.
            let occupancy = try object.flag("enableCMT")
            let bandwidth = try object.flag("enableMBM")
            edit.enableMonitoring = try object.flag("enableMonitoring")
            if occupancy || bandwidth { edit.enableMonitoring = true }
            intelRdt = edit
        }
    }
}

extension CDIEdits.DeviceNode: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        path = try object.required("path")
        hostPath = try object.text("hostPath")
        type = try object.word("type")
        major = try object.optional("major")
        minor = try object.optional("minor")
        fileMode = try object.optional("fileMode")
        permissions = try object.text("permissions")
        uid = try object.optional("uid")
        gid = try object.optional("gid")
    }
}

/// CDI's names of a mount's members.
private struct CDIMount: JSONDecodable {
    let mount: RuntimeSpec.Mount

    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        mount = RuntimeSpec.Mount(
            destination: try object.required("containerPath"), type: try object.text("type") ?? "bind",
            source: try object.required("hostPath"), options: try object.list("options"))
    }
}

extension CDIEdits.Hook: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        point = try json.object().required("hookName")
        hook = try RuntimeSpec.Hook(from: json)
    }
}

extension CDIEdits.NetworkDevice: JSONDecodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        host = try object.required("hostInterfaceName")
        name = try object.required("name")
    }
}

/// `vendor.com/class=device`
struct CDIName: Hashable, CustomStringConvertible {
    let kind: String
    let device: String

    init?(_ text: String) {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isPart), Self.isDevice(halves[1]) else { return nil }
        kind = String(halves[0])
        device = String(halves[1])
    }

    /// A vendor or a class: letters, digits and `_ - .`, with a letter first and no mark last.
    static func isPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first), let last = text.utf8.last,
            isLetter(last) || isDigit(last)
        else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_-.".utf8.contains($0) }
    }

    private static func isDevice(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || isDigit(first), let last = text.utf8.last,
            isLetter(last) || isDigit(last)
        else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_-.:".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    var description: String { "\(kind)=\(device)" }
}
