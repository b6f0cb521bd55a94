import ContainerShim

/// The words of `ps` for what a container does.
public enum StatusText {
    /// `Up 5 minutes`, `Exited (0) 3 minutes ago`.
    public static func text(_ status: LiveStatus, now: Timestamp = .now) -> String {
        let up =
            status.startedAt.map { "Up " + HumanUnits.duration(seconds: now.wholeSeconds(since: $0)) } ?? "Up"
        let ago = status.finishedAt.map { " " + HumanUnits.age(of: $0, now: now) } ?? ""
        switch status.phase {
        case .created: return "Created"
        case .running: return up
        case .paused: return up + " (Paused)"
        case .restarting: return "Restarting (\(status.exitCode ?? 0))\(ago)"
        case .exited: return "Exited (\(status.exitCode ?? 0))\(ago)"
        }
    }
}
