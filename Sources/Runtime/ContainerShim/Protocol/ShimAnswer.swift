import OCISpec

/// What a shim answers to one request.
public enum ShimAnswer: Equatable, Sendable {
    case done
    /// The process runs (or, after `create`, waits). `exec` is the number of a process started by `exec`.
    case started(pid: Int32, exec: UInt64?)
    case attached
    case exited(ExitReport)
    case status(LiveStatus)
    case pod(PodStatus)
    case failed(ShimFailure)
}

/// How a process ended.
public struct ExitReport: Equatable, Sendable {
    /// 0…255; 128 + the signal's number for a process that a signal ended.
    public var exitCode: Int32
    /// The kernel's OOM killer ended a process of the container.
    public var oomKilled: Bool
    /// Nil for a process that `exec` started, and where the start failed.
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp
    /// Why the shim, not the program, ended it: the line of a failed start.
    public var error: String?

    public init(
        exitCode: Int32, oomKilled: Bool, startedAt: Timestamp? = nil, finishedAt: Timestamp,
        error: String? = nil
    ) {
        self.exitCode = exitCode
        self.oomKilled = oomKilled
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.error = error
    }
}

/// Why a request was not carried out.
public struct ShimFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: String, JSONWord {
        public static let noun: StaticString = "failure"
        /// The shim does not know that container or process.
        case notFound
        /// Not possible in the container's present state.
        case wrongState
        /// The program is not in the container (exit code 127 for a command line).
        case commandNotFound
        /// The program is there but cannot be executed (126).
        case commandNotExecutable
        /// The request makes no sense.
        case badRequest
        /// It took longer than it may.
        case timedOut
        /// The kernel or the runtime refused.
        case refused
    }

    public var kind: Kind
    /// One line: what was tried, on what, and why it failed.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }

    /// What a command line exits with, as docker does: 127 not found, 126 not executable, 125 all else.
    public var exitCode: Int32 {
        switch kind {
        case .commandNotFound: 127
        case .commandNotExecutable: 126
        default: 125
        }
    }
}

extension ExitReport: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        exitCode = try object.required("exitCode")
        oomKilled = try object.flag("oomKilled")
        startedAt = try object.optional("startedAt")
        finishedAt = try object.required("finishedAt")
        error = try object.text("error")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("exitCode", exitCode)
            json.flag("oomKilled", oomKilled)
            json.optional("startedAt", startedAt)
            json.member("finishedAt", finishedAt)
            json.optional("error", error)
        }
    }
}

extension ShimFailure: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        kind = try object.required("kind")
        message = try object.required("message")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind)
            json.member("message", message)
        }
    }
}

/// Everything that a shim sends after its greeting.
public enum ShimMessage: Equatable, Sendable {
    case answer(number: UInt64, ShimAnswer)
    case event(ShimEvent)
}

extension ShimMessage: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        if let event = object["event"] {
            self = .event(try ShimEvent(from: event))
            return
        }
        let number: UInt64 = try object.required("number")
        let answer: ShimAnswer
        if let failure: ShimFailure = try object.optional("failed") {
            answer = .failed(failure)
        } else if let report: ExitReport = try object.optional("exited") {
            answer = .exited(report)
        } else if let status: LiveStatus = try object.optional("status") {
            answer = .status(status)
        } else if let pod: PodStatus = try object.optional("pod") {
            answer = .pod(pod)
        } else if let pid: Int32 = try object.optional("pid") {
            answer = .started(pid: pid, exec: try object.optional("exec"))
        } else if try object.flag("attached") {
            answer = .attached
        } else {
            answer = .done
        }
        self = .answer(number: number, answer)
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .event(let event):
                json.member("event", event)
            case .answer(let number, let answer):
                json.member("number", number)
                switch answer {
                case .done: break
                case .started(let pid, let exec):
                    json.member("pid", pid)
                    json.optional("exec", exec)
                case .attached: json.member("attached", true)
                case .exited(let report): json.member("exited", report)
                case .status(let status): json.member("status", status)
                case .pod(let pod): json.member("pod", pod)
                case .failed(let failure): json.member("failed", failure)
                }
            }
        }
    }
}
