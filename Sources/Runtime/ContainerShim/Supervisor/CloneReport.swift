import ContainerRuntime
import LinuxKernel
import OCISpec

/// What a short-lived clone of the shim tells about its work.
struct CloneReport: Equatable {
    /// The process that it made, a child of the shim.
    var process: ProcessIdentity?
    /// Where that container's control groups are.
    var cgroup: CgroupRecord?
    var failure: ShimFailure?

    init(process: ProcessIdentity? = nil, cgroup: CgroupRecord? = nil) {
        self.process = process
        self.cgroup = cgroup
    }

    init(_ error: any Error) {
        failure = ShimFailure(error)
    }
}

extension CloneReport: JSONDecodable, JSONEncodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        if let pid: Int32 = try object.optional("pid") {
            process = ProcessIdentity(pid: pid, start: try object.required("start"))
        }
        cgroup = try object.optional("cgroup")
        failure = try object.optional("failure")
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.optional("pid", process?.pid)
            json.optional("start", process?.start)
            json.optional("cgroup", cgroup)
            json.optional("failure", failure)
        }
    }
}

extension ShimFailure {
    /// The kind that a client can act on, and the error's line.
    init(_ error: any Error) {
        if let failure = error as? ShimFailure {
            self = failure
            return
        }
        let kind: Kind =
            switch (error as? RuntimeError)?.kind {
            case .programNotFound: .commandNotFound
            case .programNotExecutable: .commandNotExecutable
            case .noSuchContainer: .notFound
            case .wrongState, .alreadyExists: .wrongState
            case .other, nil: .refused
            }
        self.init(kind, "\(error)")
    }
}
