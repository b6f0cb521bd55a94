import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel

/// Waits for a process in the foreground: signals go on to it, and where it has a terminal of its own, what
/// is typed here and what it prints are carried over.
final class Foreground {
    /// Where the runtime sends the terminal's master, for `StandardStreams.terminal`.
    private(set) var consoleSocket: Int32?
    private var ourSocket: Int32 = -1
    private let signals: Int32
    private var savedMode: termios?
    private var isToldToEnd = false

    init(usesTerminal: Bool, becomesSubreaper: Bool = true) throws {
        var all = sigset_t()
        sigfillset(&all)
        _ = try check("block signals") { sigprocmask(SIG_SETMASK, &all, nil) }
        signals = try check("signalfd") {
            signalfd(-1, &all, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        }
        // What the container leaves behind comes to us and not to init.
        if becomesSubreaper { _ = clinux_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
        if usesTerminal {
            let ends = try socketPair().ends()
            ourSocket = ends.0
            consoleSocket = ends.1
        }
    }

    deinit {
        restoreTerminal()
        close(signals)
    }

    /// - Returns: the shell's exit code of the process.
    func wait(for started: StartedProcess, notifySocket: NotifySocket? = nil) throws -> Int32 {
        let process = try ProcessHandle.open(started.pid)
        var master: Int32 = -1
        if let consoleSocket {
            close(consoleSocket)
            master = try ConsoleSocket.receive(ourSocket)
            try FileDescriptor(owning: dup(master)).setNonBlocking(true)
            let input = FileDescriptor(owning: dup(0))
            if input.isTerminal {
                savedMode = try input.makeTerminalRaw()
                resize(master)
            }
        }
        defer { restoreTerminal() }
        var input = TerminalFlow(from: master >= 0 ? 0 : -1, to: master)
        var output = TerminalFlow(from: master, to: master >= 0 ? TerminalFlow.openOutput() : -1)
        while true {
            // No array: the library would make a class for it first.
            func watch(_ descriptor: Int32) -> pollfd {
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            }
            var polls = (
                watch(process.descriptor.raw), watch(signals), input.awaited, output.awaited,
                watch(notifySocket?.descriptor ?? -1)
            )
            _ = try check("poll") {
                withUnsafeMutableBytes(of: &polls) {
                    poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 5, -1)
                }
            }
            if polls.4.revents != 0 { pass(notifySocket, started) }
            if polls.3.revents != 0 { output.advance() }
            if polls.2.revents != 0, !output.isAtEnd { input.advance() }
            if polls.1.revents != 0 { try forwardSignals(process, master) }
            if polls.0.revents != 0 {
                try finish(&output, process, master)
                return try process.wait().code
            }
            if output.isAtEnd { input = TerminalFlow(from: -1, to: -1) }
        }
    }

    /// What the program printed last may still lie in the terminal. It waits for whoever reads our output,
    /// unless we were told to end.
    private func finish(
        _ output: inout TerminalFlow, _ process: borrowing ProcessHandle, _ master: Int32
    ) throws {
        while output.hasMore {
            var polls = [output.awaited, pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
            _ = try check("poll") { poll(&polls, 2, isToldToEnd ? 0 : -1) }
            if polls[1].revents != 0 { try forwardSignals(process, master) }
            if polls[0].revents != 0 {
                output.advance()
            } else if isToldToEnd {
                return
            }
        }
    }

    /// A service manager that is gone is no reason to leave the container alone.
    private func pass(_ notifySocket: NotifySocket?, _ started: StartedProcess) {
        do {
            try notifySocket?.pass(mainProcess: started.pid)
        } catch {
            printError("swiftlet-oci: \(error)")
        }
    }

    private func forwardSignals(_ process: borrowing ProcessHandle, _ master: Int32) throws {
        var info = signalfd_siginfo()
        while read(signals, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size
        {
            switch Int32(info.ssi_signo) {
            case SIGCHLD: reapOthers(than: process.pid)
            // Of our terminal. To a program without one it may mean something else: httpd ends.
            case SIGWINCH: if master >= 0 { resize(master) }
            case SIGURG, SIGPIPE: break
            case let signal:
                if [SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains(signal) { isToldToEnd = true }
                do throws(KernelError) {
                    try process.send(signal: signal)
                } catch {
                    if error.errno != .noProcess { throw error }
                }
            }
        }
    }

    /// Reaps what came to us as subreaper; the process itself is left for `wait`.
    private func reapOthers(than pid: Int32) {
        while true {
            var info = siginfo_t()
            guard waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
            let ended = info._sifields._sigchld.si_pid
            if ended == 0 || ended == pid { return }
            waitpid(ended, nil, WNOHANG)
        }
    }

    private func resize(_ master: Int32) {
        let ours = FileDescriptor(owning: dup(0))
        let theirs = FileDescriptor(owning: dup(master))
        // Without a size of our own there is none to hand on.
        if let size = try? ours.terminalSize() { try? theirs.setTerminalSize(size) }
    }

    private func restoreTerminal() {
        guard var mode = savedMode else { return }
        tcsetattr(0, TCSANOW, &mode)
        savedMode = nil
    }
}
