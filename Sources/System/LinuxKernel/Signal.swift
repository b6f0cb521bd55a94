import Glibc

/// A signal by its number or name, as `kill` commands take it.
public struct Signal: RawRepresentable, Equatable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    public static let kill = Signal(rawValue: SIGKILL)
    public static let terminate = Signal(rawValue: SIGTERM)

    /// `9`, `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3`, `RTMAX-1`.
    public init?(parsing text: String) {
        if let number = Int32(text) {
            guard (1...64).contains(number) else { return nil }
            self.rawValue = number
            return
        }
        var name = text.utf8.map { (97...122).contains($0) ? $0 - 32 : $0 }[...]
        if name.starts(with: "SIG".utf8) { name = name.dropFirst(3) }
        let plain = String(decoding: name, as: UTF8.self)
        if plain.hasPrefix("RTMIN") || plain.hasPrefix("RTMAX") {
            let base: Int32 = plain.hasPrefix("RTMIN") ? 34 : 64
            let rest = plain.dropFirst(5)
            guard rest.isEmpty || rest.first == "+" || rest.first == "-",
                let offset = rest.isEmpty ? 0 : Int32(rest),
                (34...64).contains(base + offset)
            else { return nil }
            self.rawValue = base + offset
            return
        }
        for number: Int32 in 1...31 where Self.name(number) == plain {
            self.rawValue = number
            return
        }
        switch plain {
        case "IOT": self.rawValue = SIGABRT
        case "CLD": self.rawValue = SIGCHLD
        case "POLL": self.rawValue = SIGIO
        default: return nil
        }
    }

    /// `SIGKILL`; `SIGRTMIN+3` for a real-time signal.
    public var name: String {
        rawValue < 32 ? "SIG" + Self.name(rawValue) : "SIGRTMIN+\(rawValue - 34)"
    }

    private static func name(_ number: Int32) -> String {
        switch number {
        case SIGHUP: "HUP"
        case SIGINT: "INT"
        case SIGQUIT: "QUIT"
        case SIGILL: "ILL"
        case SIGTRAP: "TRAP"
        case SIGABRT: "ABRT"
        case SIGBUS: "BUS"
        case SIGFPE: "FPE"
        case SIGKILL: "KILL"
        case SIGUSR1: "USR1"
        case SIGSEGV: "SEGV"
        case SIGUSR2: "USR2"
        case SIGPIPE: "PIPE"
        case SIGALRM: "ALRM"
        case SIGTERM: "TERM"
        case SIGSTKFLT: "STKFLT"
        case SIGCHLD: "CHLD"
        case SIGCONT: "CONT"
        case SIGSTOP: "STOP"
        case SIGTSTP: "TSTP"
        case SIGTTIN: "TTIN"
        case SIGTTOU: "TTOU"
        case SIGURG: "URG"
        case SIGXCPU: "XCPU"
        case SIGXFSZ: "XFSZ"
        case SIGVTALRM: "VTALRM"
        case SIGPROF: "PROF"
        case SIGWINCH: "WINCH"
        case SIGIO: "IO"
        case SIGPWR: "PWR"
        case SIGSYS: "SYS"
        default: "\(number)"
        }
    }
}
