import OCISpec

/// An OCI runtime with runc's command line, to be used for a container instead of the one that is built in.
public struct RuntimeHandler: Equatable, Sendable {
    /// Absolute path, `/usr/sbin/runc`.
    public var program: String
    /// Where it keeps its containers (`--root`), absolute; best on a tmpfs.
    public var root: String
    /// It has systemd make the control groups (`--systemd-cgroup`).
    public var systemdCgroup: Bool
    /// Further global options.
    public var arguments: [String]

    public init(program: String, root: String, systemdCgroup: Bool = false, arguments: [String] = []) {
        self.program = program
        self.root = root
        self.systemdCgroup = systemdCgroup
        self.arguments = arguments
    }
}

extension RuntimeHandler: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        program = try object.required("program")
        root = try object.required("root")
        systemdCgroup = try object.flag("systemdCgroup")
        arguments = try object.list("arguments")
        for path in [program, root] where path.utf8.first != UInt8(ascii: "/") {
            throw json.error("expected absolute paths, found \(JSONError.quoted(path))")
        }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("program", program)
            json.member("root", root)
            json.flag("systemdCgroup", systemdCgroup)
            json.nonEmpty("arguments", arguments)
        }
    }
}
