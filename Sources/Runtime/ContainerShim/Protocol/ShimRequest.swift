import LinuxKernel
import OCISpec

/// What a client can ask of a shim. Containers are named by their id; a shim may keep several.
public enum ShimRequest: Equatable, Sendable {
    /// Takes a container under supervision and creates it, waiting for `start`. `folder` holds its
    /// `supervision.json` and is its OCI bundle. Answer: `started`.
    case create(container: String, folder: String)
    /// Runs the container's program; creates the container first where that has not been done. With a `folder` the
    /// container is taken under supervision first, as by `create`. Answer: `started`, once the program runs.
    case start(container: String, folder: String? = nil)
    /// Opens the container's streams. Allowed before `start`, so that nothing is missed. Answer: `attached`,
    /// with one descriptor (see `ContainerStreams`).
    case attach(container: String, AttachOptions)
    /// Runs a further process in the container. Descriptors: the process description (the `process` object
    /// of a config.json, a file from its start), then standard input, output and error, each of which the
    /// new process gets as it is; or only the description, with a terminal. Answer: `started`, for a
    /// terminal with its master as descriptor: whoever holds it owns the terminal. Not begun for a client that is gone.
    case exec(container: String, ExecRequest)
    /// The size of the terminal of the container's first process.
    case resize(container: String, TerminalSize)
    /// Sends a signal to the first process, to all processes or to one that `exec` started. SIGKILL and
    /// the container's stop signal, sent to the first process, also end restarting, as a stop does.
    case kill(container: String, signal: Int32, KillTarget)
    /// Ends restarting, sends the signal (nil: the container's own stop signal), and after the time SIGKILL.
    /// `timeout`: seconds, nil for the container's own, negative for no limit. Answer: `exited`.
    case stop(container: String, signal: Int32?, timeout: Int?)
    /// Answer: `exited`, when the process has ended and everything it leaves was cleaned up; at once when it
    /// has ended before. `exec` names a process by the number in its `started` answer; nil is the container.
    case wait(container: String, exec: UInt64?)
    /// Answer: `status`.
    case state(container: String)
    /// Freezes and thaws all processes of the container.
    case pause(container: String)
    case resume(container: String)
    /// Ends restarting, kills what still runs if `force`, and forgets the container; `removeFolder` removes
    /// its folder with everything in it. Answer: `done`, after all of that.
    case delete(container: String, force: Bool, removeFolder: Bool)
    case setRestartPolicy(container: String, RestartPolicy)
    /// Goes on in the file that is at the log's path now: after somebody has renamed the log. Answer: `done`.
    case reopenLog(container: String)
    /// Changes limits of a container that is not stopped; what is left out stays as it is. Answer: `done`.
    case update(container: String, RuntimeSpec.Resources)
    /// Writes the container's processes into images. Answer: `done`.
    case checkpoint(container: String, CheckpointRequest)
    /// Events of all containers from now on, on this connection.
    case subscribe
    /// What a pod's shim knows of the pod itself. Answer: `pod`.
    case podStatus
    /// Ends the shim; refused while a container lives. A pod's shim removes the pod before it answers.
    case shutdown
}

/// Which streams a client wants and what happens when it does not keep up.
public struct AttachOptions: Equatable, Sendable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool
    /// True: the container's output waits for this client, as in a pipeline; nothing is lost. For the one
    /// foreground client of `swiftlet run`. False: a client that falls behind is dropped and output goes on.
    public var lossless: Bool

    public init(stdin: Bool, stdout: Bool = true, stderr: Bool = true, lossless: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.lossless = lossless
    }
}

public struct ExecRequest: Equatable, Sendable {
    /// The process gets a terminal of its own instead of the three descriptors.
    public var terminal: Bool
    /// When nobody waits for it any more, in milliseconds of CLOCK_MONOTONIC: a shim that comes to it later, since it
    /// was stopped, refuses it. Nil: when the client is gone.
    public var beginsBy: Int?

    public init(terminal: Bool, beginsBy: Int? = nil) {
        self.terminal = terminal
        self.beginsBy = beginsBy
    }
}

public enum KillTarget: Equatable, Sendable {
    case first
    case all
    case exec(UInt64)
}

/// A request with the number under which it will be answered.
public struct NumberedRequest: Equatable, Sendable {
    public var number: UInt64
    public var request: ShimRequest

    public init(number: UInt64, request: ShimRequest) {
        self.number = number
        self.request = request
    }
}

extension NumberedRequest: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", number)
            request.encodeMembers(to: &json)
        }
    }
}

extension ShimRequest {
    fileprivate func encodeMembers(to json: inout JSONWriter) {
        func head(_ name: String, _ container: String) {
            json.member("request", name)
            json.member("container", container)
        }
        switch self {
        case .create(let container, let folder):
            head("create", container)
            json.member("folder", folder)
        case .start(let container, let folder):
            head("start", container)
            json.optional("folder", folder)
        case .attach(let container, let options):
            head("attach", container)
            json.flag("stdin", options.stdin)
            json.flag("stdout", options.stdout)
            json.flag("stderr", options.stderr)
            json.flag("lossless", options.lossless)
        case .exec(let container, let exec):
            head("exec", container)
            json.flag("terminal", exec.terminal)
            json.optional("beginsBy", exec.beginsBy)
        case .resize(let container, let size):
            head("resize", container)
            json.member("rows", size.rows)
            json.member("columns", size.columns)
        case .kill(let container, let signal, let target):
            head("kill", container)
            json.member("signal", signal)
            switch target {
            case .first: break
            case .all: json.member("all", true)
            case .exec(let number): json.member("exec", number)
            }
        case .stop(let container, let signal, let timeout):
            head("stop", container)
            json.optional("signal", signal)
            json.optional("timeout", timeout)
        case .wait(let container, let exec):
            head("wait", container)
            json.optional("exec", exec)
        case .state(let container):
            head("state", container)
        case .pause(let container):
            head("pause", container)
        case .resume(let container):
            head("resume", container)
        case .delete(let container, let force, let removeFolder):
            head("delete", container)
            json.flag("force", force)
            json.flag("removeFolder", removeFolder)
        case .setRestartPolicy(let container, let policy):
            head("setRestartPolicy", container)
            json.member("policy", policy)
        case .reopenLog(let container):
            head("reopenLog", container)
        case .update(let container, let resources):
            head("update", container)
            json.member("resources", resources)
        case .checkpoint(let container, let request):
            head("checkpoint", container)
            json.member("checkpoint", request)
        case .subscribe:
            json.member("request", "subscribe")
        case .podStatus:
            json.member("request", "podStatus")
        case .shutdown:
            json.member("request", "shutdown")
        }
    }
}

extension NumberedRequest: JSONDecodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        number = try object.required("number")
        request = try ShimRequest(from: object)
    }
}

extension ShimRequest {
    fileprivate init(from object: JSONObject) throws(JSONError) {
        let name: String = try object.required("request")
        switch name {
        case "subscribe":
            self = .subscribe
            return
        case "podStatus":
            self = .podStatus
            return
        case "shutdown":
            self = .shutdown
            return
        default: break
        }
        let container: String = try object.required("container")
        switch name {
        case "create":
            self = .create(container: container, folder: try object.required("folder"))
        case "start": self = .start(container: container, folder: try object.optional("folder"))
        case "attach":
            self = .attach(
                container: container,
                AttachOptions(
                    stdin: try object.flag("stdin"), stdout: try object.flag("stdout"),
                    stderr: try object.flag("stderr"), lossless: try object.flag("lossless")))
        case "exec":
            self = .exec(
                container: container,
                ExecRequest(
                    terminal: try object.flag("terminal"), beginsBy: try object.optional("beginsBy")))
        case "resize":
            self = .resize(
                container: container,
                TerminalSize(rows: try object.required("rows"), columns: try object.required("columns")))
        case "kill":
            let target: KillTarget =
                if let exec: UInt64 = try object.optional("exec") {
                    .exec(exec)
                } else {
                    try object.flag("all") ? .all : .first
                }
            self = .kill(container: container, signal: try object.required("signal"), target)
        case "stop":
            self = .stop(
                container: container, signal: try object.optional("signal"),
                timeout: try object.optional("timeout"))
        case "wait":
            self = .wait(container: container, exec: try object.optional("exec"))
        case "state":
            self = .state(container: container)
        case "pause":
            self = .pause(container: container)
        case "resume":
            self = .resume(container: container)
        case "delete":
            self = .delete(
                container: container, force: try object.flag("force"),
                removeFolder: try object.flag("removeFolder"))
        case "setRestartPolicy":
            self = .setRestartPolicy(container: container, try object.required("policy"))
        case "reopenLog":
            self = .reopenLog(container: container)
        case "update":
            self = .update(container: container, try object.required("resources"))
        case "checkpoint":
            self = .checkpoint(container: container, try object.required("checkpoint"))
        default:
            throw object.value.error("unknown request \(JSONError.quoted(name))")
        }
    }
}

extension ShimRequest {
    /// For messages.
    public var name: String {
        switch self {
        case .create: "create"
        case .start: "start"
        case .attach: "attach"
        case .exec: "exec"
        case .resize: "resize"
        case .kill: "kill"
        case .stop: "stop"
        case .wait: "wait"
        case .state: "state"
        case .pause: "pause"
        case .resume: "resume"
        case .delete: "delete"
        case .setRestartPolicy: "setRestartPolicy"
        case .reopenLog: "reopenLog"
        case .update: "update"
        case .checkpoint: "checkpoint"
        case .subscribe: "subscribe"
        case .podStatus: "podStatus"
        case .shutdown: "shutdown"
        }
    }
}
