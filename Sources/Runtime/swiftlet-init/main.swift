import CLinux
import Glibc

// The first process of a container that was made with `--init`: runs the program as its child, passes signals on
// to it, reaps whatever children are left to it, and ends as the program ends.
//
//     swiftlet-init -- PROGRAM [ARGUMENT …]
//
// Without a program, or with `--pause`, it is the first process of a pod whose containers share a pid namespace:
// it reaps what is left to it and ends by SIGTERM or SIGINT.
//
// A first process that is no init gets no signal that it has no handler for (pid_namespaces(7)) and leaves
// orphans as zombies; this one is here so that programs need not know that.

func fail(_ text: StaticString, _ code: Int32) -> Never {
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
    exit(code)
}

/// Signals are taken one by one from the queue, so there is no handler that could interrupt anything.
func blockSignals(_ before: UnsafeMutablePointer<sigset_t>?) -> sigset_t {
    var everything = sigset_t()
    sigfillset(&everything)
    for synchronous in [SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS] {
        sigdelset(&everything, synchronous)
    }
    sigprocmask(SIG_SETMASK, &everything, before)
    return everything
}

func waitForEnd() -> Never {
    var signals = blockSignals(nil)
    // Nothing of the host is open in it, and containers may not look into it.
    clinux_close_range(0, .max, 0)
    clinux_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    while true {
        var info = siginfo_t()
        switch sigwaitinfo(&signals, &info) {
        case SIGCHLD: while waitpid(-1, nil, WNOHANG) > 0 {}
        case SIGTERM, SIGINT: exit(0)
        default: break
        }
    }
}

var arguments = CommandLine.unsafeArgv + 1
switch arguments[0] {
case nil: waitForEnd()
case let first? where strcmp(first, "--pause") == 0: waitForEnd()
default: break
}
if let first = arguments[0], strcmp(first, "--") == 0 { arguments += 1 }
guard let program = arguments[0] else { fail("swiftlet-init: the program is missing\n", 127) }

var before = sigset_t()
var everything = blockSignals(&before)

// Seccomp profiles refuse clone3, whose flags they cannot see; the C library then uses clone instead.
var attributes = posix_spawnattr_t()
posix_spawnattr_init(&attributes)
posix_spawnattr_setsigmask(&attributes, &before)
posix_spawnattr_setpgroup(&attributes, 0)
posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
var actions = posix_spawn_file_actions_t()
posix_spawn_file_actions_init(&actions)
// A group of its own, in front on the terminal if there is one: keys like ^C go to it.
if isatty(0) == 1 { posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0) }

var child: pid_t = 0
let failure = posix_spawnp(&child, program, &actions, &attributes, arguments, Glibc.environ)
if failure != 0 {
    _ = write(2, "swiftlet-init: ", 15)
    _ = write(2, program, strlen(program))
    switch failure {
    case ENOENT: fail(": not found\n", 127)
    case EAGAIN, ENOMEM: fail(": no process can be made\n", 126)
    default: fail(": cannot be executed\n", 126)
    }
}

while true {
    var info = siginfo_t()
    let signal = sigwaitinfo(&everything, &info)
    switch signal {
    case SIGCHLD:
        var status: Int32 = 0
        while true {
            let ended = waitpid(-1, &status, WNOHANG)
            if ended <= 0 { break }
            if ended == child {
                // With us every other process of the container ends.
                exit(
                    clinux_wait_signaled(status) != 0
                        ? 128 + clinux_wait_term_signal(status) : clinux_wait_exit_status(status))
            }
        }
    // About our own terminal access, not for the program.
    case SIGTTIN, SIGTTOU: break
    case 1...: kill(child, signal)
    // Interrupted.
    default: break
    }
}
