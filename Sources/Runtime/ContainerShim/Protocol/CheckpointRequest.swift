import ContainerRuntime
import OCISpec

/// How a container is to be written into images (criu(8), `dump`).
public struct CheckpointRequest: Equatable, Sendable {
    /// Folder of the images; made if missing.
    public var imagePath: String
    /// For criu's log; the images' folder without it.
    public var workPath: String?
    /// The container goes on; else it has ended then.
    public var leavesRunning: Bool
    public var tcpEstablished: Bool
    public var fileLocks: Bool
    /// Milliseconds after which it is given up; nil for the shim's own limit, which is also the longest.
    public var timeout: Int?

    public init(
        imagePath: String, workPath: String? = nil, leavesRunning: Bool = true, tcpEstablished: Bool = false,
        fileLocks: Bool = false, timeout: Int? = nil
    ) {
        self.imagePath = imagePath
        self.workPath = workPath
        self.leavesRunning = leavesRunning
        self.tcpEstablished = tcpEstablished
        self.fileLocks = fileLocks
        self.timeout = timeout
    }

    var options: CheckpointOptions {
        var options = CheckpointOptions(imagePath: imagePath)
        options.workPath = workPath
        options.leaveRunning = leavesRunning
        options.tcpEstablished = tcpEstablished
        options.fileLocks = fileLocks
        return options
    }
}

extension CheckpointRequest: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        imagePath = try object.required("imagePath")
        workPath = try object.text("workPath")
        leavesRunning = try object.flag("leavesRunning")
        tcpEstablished = try object.flag("tcpEstablished")
        fileLocks = try object.flag("fileLocks")
        timeout = try object.optional("timeout")
        guard imagePath.utf8.first == UInt8(ascii: "/") else {
            throw json.error("imagePath must be an absolute path")
        }
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("imagePath", imagePath)
            json.optional("workPath", workPath)
            json.flag("leavesRunning", leavesRunning)
            json.flag("tcpEstablished", tcpEstablished)
            json.flag("fileLocks", fileLocks)
            json.optional("timeout", timeout)
        }
    }
}
