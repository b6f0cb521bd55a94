import ContainerCLI
import Glibc
import LinuxKernel

/// Asks for a password on the user's terminal, which does not show it. Whatever ends the question, an answer or a
/// signal, the terminal is then as it was before.
enum PasswordPrompt {
    /// What a user's keys and a shell send to end a program, or to stop it.
    private static let signals = [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP]

    private enum Event {
        case answer(String)
        case signal(Int32)
    }

    /// - Parameter question: asked again when the program goes on after it was stopped.
    static func ask(_ question: String) throws -> String {
        var mask = sigset_t()
        _ = try check("sigprocmask") { sigprocmask(SIG_BLOCK, nil, &mask) }
        defer { sigprocmask(SIG_SETMASK, &mask, nil) }
        // Before the terminal is changed: from then on it is ours to change it back.
        let signals = try SignalDescriptor(Self.signals)
        while true {
            switch try silently({ try event(after: question, signals) }) {
            case .answer(let text): return text
            case .signal(let signal): try takeEffect(signal)
            }
        }
    }

    private static func silently(_ body: () throws -> Event) throws -> Event {
        var before = termios()
        _ = try check("tcgetattr", "the terminal") { tcgetattr(STDIN_FILENO, &before) }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        _ = try check("tcsetattr", "the terminal") { tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) }
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Standard.printError("\n")
        }
        return try body()
    }

    private static func event(
        after question: String, _ signals: borrowing SignalDescriptor
    ) throws -> Event {
        Standard.printError(question)
        var line: [UInt8] = []
        while true {
            var polls = [
                pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            ]
            _ = try check("poll") { poll(&polls, 2, -1) }
            if let signal = try signals.next() { return .signal(signal) }
            if polls[1].revents == 0 { continue }
            var byte: UInt8 = 0
            let count = try check("read", "the terminal") { Int32(read(STDIN_FILENO, &byte, 1)) }
            if count == 0 || byte == UInt8(ascii: "\n") {
                return .answer(String(decoding: line, as: UTF8.self))
            }
            line.append(byte)
        }
    }

    /// What the signal would have done at once. Returns when that is nothing, or when the program was stopped and goes on.
    private static func takeEffect(_ signal: Int32) throws {
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, signal)
        raise(signal)
        _ = try check("sigprocmask") { sigprocmask(SIG_UNBLOCK, &one, nil) }
        _ = try check("sigprocmask") { sigprocmask(SIG_BLOCK, &one, nil) }
    }
}
