import Glibc
import LinuxKernel
import Testing

/// `-t`: sizes, keys, attaching and detaching.
struct TerminalTests {
    let host: Host
    private let size = TerminalSize(rows: 31, columns: 97)

    init() throws { host = try Host.withBusybox() }

    @Test func sizeAndKeys() throws {
        let program = try host.start(["run", "--rm", "-it", "busybox", "sh"], terminal: size)
        try program.expect("# ")
        try program.type("tty; stty size\n")
        try program.expect("/dev/pts/0")
        try program.expect("31 97")
        try program.resize(TerminalSize(rows: 40, columns: 120))
        kill(program.pid, SIGWINCH)
        usleep(300_000)
        try program.type("stty size\n")
        try program.expect("40 120")
        // ^C ends what runs in front, not the shell and not us.
        try program.type("sleep 100\n")
        usleep(300_000)
        try program.type("\u{3}")
        try program.type("echo still $((40+2))\n")
        try program.expect("still 42")
        try program.type("exit 6\n")
        #expect(try program.finish(keepingInput: true).code == 6)
    }

    @Test func detachAndAttach() throws {
        let program = try host.start(["run", "-it", "--name", "c", "busybox", "sh"], terminal: size)
        try program.expect("# ")
        try program.type("X=kept\n")
        try program.expect("# ")
        try program.type("\u{10}\u{11}")
        #expect(try program.finish(keepingInput: true).code == 0)
        #expect(try host.inspect("c", "State", "Status") == "running")
        let again = try host.start(["attach", "c"], terminal: size)
        usleep(300_000)
        try again.type("echo got $X\n")
        try again.expect("got kept")
        try again.type("exit 3\n")
        #expect(try again.finish(keepingInput: true).code == 3)
    }

    @Test func otherDetachKeys() throws {
        let program = try host.start(
            ["run", "-it", "--detach-keys", "ctrl-x,q", "--name", "c", "busybox", "cat"], terminal: size)
        usleep(500_000)
        try program.type("\u{10}\u{11}plain\n")
        try program.expect("plain")
        try program.type("\u{18}q")
        #expect(try program.finish(keepingInput: true).code == 0)
    }

    @Test func execOnATerminal() throws {
        try host.check("run", "-d", "--name", "c", "busybox", "sleep", "1000")
        let program = try host.start(["exec", "-it", "c", "sh"], terminal: size)
        try program.expect("# ")
        try program.type("stty size; echo $TERM; tty\n")
        try program.expect("31 97")
        try program.expect("xterm")
        try program.type("exit 8\n")
        #expect(try program.finish(keepingInput: true).code == 8)
    }

    /// The user's own terminal is as it was before.
    @Test func modeIsRestored() throws {
        let shell = try host.inNetwork {
            try Program(
                "/bin/sh",
                [
                    "-c",
                    "stty -a > \(host.root)/before; \"$0\" run --rm -it busybox true; stty -a > \(host.root)/after",
                    Host.builtProgram("swiftlet"),
                ], environment: host.environment, terminal: size)
        }
        _ = try shell.finish(keepingInput: true)
        let before = try FileDescriptor.readFile(host.root + "/before")
        #expect(try FileDescriptor.readFile(host.root + "/after") == before && !before.isEmpty)
    }

    /// Whoever is asked for a password and ends the program sees again what he types.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func passwordThatIsNotGiven(signal: Int32) throws {
        // The end of a session's first program would reset its terminal.
        let script = """
            trap : INT; stty -a > \(host.root)/before
            sh -c 'echo $$ > \(host.root)/pid; exec "$0" login -u me 127.0.0.1:1' "$0"
            echo "code $?."; stty -a > \(host.root)/after
            """
        let shell = try host.inNetwork {
            try Program(
                "/bin/sh", ["-c", script, Host.builtProgram("swiftlet")], environment: host.environment,
                terminal: size)
        }
        try shell.expect("Password: ")
        let text = String(decoding: try FileDescriptor.readFile(host.root + "/pid"), as: UTF8.self)
        kill(try #require(Int32(text.filter(\.isNumber))), signal)
        try shell.expect("code \(128 + signal).")
        _ = try shell.finish(keepingInput: true)
        let before = try FileDescriptor.readFile(host.root + "/before")
        #expect(try FileDescriptor.readFile(host.root + "/after") == before && !before.isEmpty)
    }

    /// A session without a shell cannot be stopped: the question comes again.
    @Test func passwordThatIsAskedForAgain() throws {
        let program = try host.start(["login", "-u", "me", "127.0.0.1:1"], terminal: size)
        try program.expect("Password: ")
        kill(program.pid, SIGTSTP)
        try program.expect("Password: ")
        try program.type("secret\n")
        let result = try program.finish(keepingInput: true)
        #expect(result.code == 1 && result.output.contains("127.0.0.1:1"), "\(result.output)")
        #expect(!result.output.contains("secret"))
    }

    @Test func terminalWithoutOne() throws {
        #expect(try host.checkFails(125, "run", "--rm", "-it", "busybox", "true").contains("terminal"))
        // Without -i nothing needs to be a terminal here.
        #expect(try host.check("run", "--rm", "-t", "busybox", "tty").output == "/dev/pts/0\r\n")
    }

    /// Nor do words of a command or an image, in a table or by a template; a program gets what there is.
    @Test func listsOnATerminal() throws {
        try host.check("create", "--name", "c", "-l", "a=\u{1b}[31m", "busybox", "echo", "\u{1b}[31m")
        let template = #"{{.Label "a"}} {{.Command}}"#
        #expect(try host.check("ps", "-a", "--no-trunc", "--format", template).output.contains("\u{1b}[31m "))
        for words in [["ps", "-a", "--no-trunc"], ["ps", "-a", "--no-trunc", "--format", template]] {
            let shown = try host.start(words, terminal: size).finish(keepingInput: true)
            #expect(shown.code == 0 && shown.output.contains("\\x1b[31m"), "\(shown.output)")
            #expect(!shown.output.contains("\u{1b}"))
        }
    }

    /// A container's names do not steer the user's terminal.
    @Test func differencesOnATerminal() throws {
        try host.check(
            "run", "--name", "c", "busybox", "sh", "-c", #"touch "$(printf '/red\033[31m')""#)
        #expect(try host.check("diff", "c").output.contains("A /red\u{1b}[31m\n"))
        let shown = try host.start(["diff", "c"], terminal: size).finish(keepingInput: true)
        #expect(shown.code == 0 && shown.output.contains("A /red\\x1b[31m\r\n"), "\(shown.output)")
    }
}
