import OCISpec

/// What a pod's shim tells of the pod.
public struct PodStatus: Equatable, Sendable {
    /// The shim's process id.
    public var shim: Int32
    /// Process id of the pod's init, whose pid namespace (`/proc/PID/ns/pid`) containers join; nil without one, and
    /// after its end.
    public var initProcess: Int32?
    /// The namespaces that are pinned.
    public var namespaces: [PodNamespace]

    public init(shim: Int32, initProcess: Int32? = nil, namespaces: [PodNamespace] = []) {
        self.shim = shim
        self.initProcess = initProcess
        self.namespaces = namespaces
    }
}

extension PodStatus: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        shim = try object.required("shimPid")
        initProcess = try object.optional("initPid")
        namespaces = try object.list("namespaces")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("shimPid", shim)
            json.optional("initPid", initProcess)
            json.nonEmpty("namespaces", namespaces)
        }
    }
}
