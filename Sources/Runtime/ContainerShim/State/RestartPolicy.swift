import OCISpec

/// When a container that exited is started again: docker's `--restart`.
public enum RestartPolicy: Equatable, Sendable {
    case no
    /// After a non-zero exit, at most so many times; nil is without limit.
    case onFailure(limit: Int?)
    /// Always, until stopped by the user; and again at the next boot even then.
    case always
    /// Always, until stopped by the user.
    case unlessStopped

    /// `no`, `on-failure`, `on-failure:3`, `always`, `unless-stopped`; empty is `no`.
    public init?(_ text: String) {
        switch text {
        case "", "no": self = .no
        case "on-failure": self = .onFailure(limit: nil)
        case "always": self = .always
        case "unless-stopped": self = .unlessStopped
        default:
            let prefix = "on-failure:"
            guard text.utf8.starts(with: prefix.utf8), let limit = Int(text.dropFirst(prefix.count)),
                limit >= 0
            else { return nil }
            // As docker: zero is no limit.
            self = .onFailure(limit: limit == 0 ? nil : limit)
        }
    }

    /// Whether a container is to be started again.
    /// - Parameters:
    ///   - stoppedByUser: a user stopped or killed it.
    ///   - restarts: how often it was restarted since its last start by a user.
    public func restarts(exitCode: Int32, stoppedByUser: Bool, restarts: Int) -> Bool {
        if stoppedByUser { return false }
        switch self {
        case .no: return false
        case .always, .unlessStopped: return true
        case .onFailure(let limit):
            guard exitCode != 0 else { return false }
            return limit.map { restarts < $0 } ?? true
        }
    }

    /// Whether a container that ended with the host's last boot is started at this one.
    /// An `on-failure` container that a reboot ended counts as failed, as with docker.
    public func startsAtBoot(wasRunning: Bool, stoppedByUser: Bool) -> Bool {
        switch self {
        case .no: false
        case .onFailure: wasRunning
        case .always: true
        case .unlessStopped: !stoppedByUser
        }
    }
}

extension RestartPolicy: CustomStringConvertible {
    /// The form that `init` reads.
    public var description: String {
        switch self {
        case .no: "no"
        case .onFailure(nil): "on-failure"
        case .onFailure(let limit?): "on-failure:\(limit)"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        }
    }
}

extension RestartPolicy: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let text = try json.string()
        guard let policy = RestartPolicy(text) else {
            throw json.error("unknown restart policy \(JSONError.quoted(text))")
        }
        self = policy
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }
}

/// The growing pause before a restart: 100 ms, doubled each time up to a minute, and from the start again
/// after the container ran for ten seconds.
package struct RestartBackOff: Equatable {
    package init() {}

    package static let first = 100
    package static let longest = 60_000
    /// A run of this length counts as success.
    package static let settled = 10_000

    private var next = first

    /// Milliseconds to wait now, after a run of `ran` milliseconds.
    package mutating func pause(afterRunOf ran: Int) -> Int {
        if ran >= Self.settled { next = Self.first }
        let pause = next
        next = min(next * 2, Self.longest)
        return pause
    }
}
