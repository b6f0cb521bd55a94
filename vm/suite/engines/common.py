"""What the engines' checks share: commands, terminals, the kernel's files, and the loop that runs the checks.

A check is a function that raises Failure with what was seen. Those marked @long are left out of the short form
(ENGINES_SHORT=1). RUNTIME=/usr/bin/crun shows what another runtime does under the same engine.
"""

import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

RUNTIME = os.environ.get("RUNTIME", "/in/bin/swiftlet-oci")
ARCHIVE = os.environ["VM_SOURCE"] + "/.fixtures/docker/busybox.tar"
CGROUPS = "/sys/fs/cgroup"
# An engine's command takes seconds in emulation.
PATIENCE = 180


class Failure(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(what)


def equal(found, expected, what):
    expect(found == expected, f"{what} is {found!r}, not {expected!r}")


def contains(text, part, what):
    expect(part in text, f"{what} does not say {part!r}: {text.strip()!r}")


def read(path):
    with open(path) as stream:
        return stream.read().strip()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as stream:
        stream.write(text)


def eventually(condition, what, seconds=60):
    """Waits for a true value and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        expect(time.monotonic() < end, what if isinstance(what, str) else what())
        time.sleep(0.2)


def call(*words, **options):
    """Runs a command. Its output goes to files: what it leaves in the background would keep a pipe open."""
    with open("/tmp/stdout", "w+") as output, open("/tmp/stderr", "w+") as errors:
        options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors, "timeout": PATIENCE, **options}
        if "input" in options:
            del options["stdin"]
        done = subprocess.run(words, text=True, **options)
        for stream in (output, errors):
            stream.seek(0)
        done.stdout, done.stderr = output.read(), errors.read()
        return done


def succeed(*words, **options):
    done = call(*words, **options)
    expect(done.returncode == 0,
           f"{' '.join(words)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def ends_with(code, *words, **options):
    """The command's output and errors, after it ended with this exit code."""
    done = call(*words, **options)
    text = (done.stdout + done.stderr).strip()
    expect(done.returncode == code, f"{' '.join(words)} ended with {done.returncode}, not {code}: {text}")
    return text


class Terminal:
    """A command on a terminal of 100 columns and 30 rows."""

    def __init__(self, *words):
        self.command = " ".join(words)
        self.seen = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            # The size is there before the command looks at it.
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.execvp(words[0], words)

    def resize(self, columns, rows):
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def say(self, line):
        os.write(self.master, line.encode())

    def wait_for(self, text, seconds=60):
        """Reads until the text appears after what was waited for before."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            expect(time.monotonic() < end, f"{self.command}: {text!r} does not appear in {self.seen!r}")
            expect(self._read() is not False, f"{self.command}: ended without {text!r}: {self.seen!r}")
        self.seen = self.seen.split(text, 1)[1]

    def end(self, seconds=60):
        """Reads to the end; returns the exit code."""
        end = time.monotonic() + seconds
        while self._read() is not False:
            expect(time.monotonic() < end, f"{self.command}: does not end; last {self.seen!r}")
        os.close(self.master)
        pid, self.pid = self.pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.master)

    def _read(self):
        if not select.select([self.master], [], [], 0.5)[0]:
            return None
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data) or False


def talk(command, resizes=True):
    """The dialogue with a shell on a terminal: its size, a new size, an interrupt, and its exit code.

    resizes: whether the engine tells a new size."""
    terminal = Terminal(*command)
    try:
        _dialogue(terminal, resizes)
    except Failure:
        terminal.kill()
        raise


def _dialogue(terminal, resizes):
    terminal.wait_for("# ")
    terminal.say("tty\n")
    terminal.wait_for("/dev/")
    _wait_for_size(terminal, "30 100")
    if resizes:
        terminal.resize(120, 40)
        _wait_for_size(terminal, "40 120")
    terminal.say("sleep 1000\n")
    time.sleep(1)
    terminal.say("\x03")
    terminal.say("echo inter''rupted; exit 5\n")
    terminal.wait_for("interrupted")
    equal(terminal.end(), 5, f"{terminal.command}: the exit code")


def _wait_for_size(terminal, size):
    for _ in range(15):
        terminal.say("stty size\n")
        try:
            return terminal.wait_for(size, 2)
        except Failure:
            # Engines tell a size after the program's start, and may have missed the signal before it.
            os.kill(terminal.pid, signal.SIGWINCH)
    raise Failure(f"{terminal.command}: the size {size} does not arrive: {terminal.seen!r}")


# ---- processes and groups ----

def group_of(process):
    """The folder of a process's control group."""
    for line in read(f"/proc/{process}/cgroup").splitlines():
        if line.startswith("0::"):
            return CGROUPS + line[3:]
    raise Failure(f"process {process} is in no group")


def group_files(process, *names):
    return {name: read(f"{group_of(process)}/{name}") for name in names}


def status_of(process):
    """The lines of /proc/PID/status."""
    return dict(line.split(":\t", 1) for line in read(f"/proc/{process}/status").splitlines() if ":\t" in line)


def gone(process):
    return not os.path.exists(f"/proc/{process}")


def processes(*parts):
    """Those whose command line has all of the parts."""
    found = []
    for name in os.listdir("/proc"):
        try:
            line = read(f"/proc/{name}/cmdline").replace("\0", " ") if name.isdigit() else ""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if line and all(part in line for part in parts):
            found.append(int(name))
    return found


def containers_below(root):
    """The names of the runtime's containers. A name with a dot is that of the compiled seccomp filters."""
    return [name for name in os.listdir(root) if not name.startswith(".")] if os.path.isdir(root) else []


def nothing_of_ours(*roots):
    """No container and no process is left of the runtime."""
    for root in roots:
        equal(containers_below(root), [], f"the containers in {root}")
    links = [f"/proc/{name}/exe" for name in os.listdir("/proc") if name.isdigit()]
    running = [link for link in links if _target(link).startswith(RUNTIME)]
    equal(running, [], "processes of the runtime")


def _target(link):
    try:
        return os.readlink(link)
    except OSError:
        return ""


# ---- daemons ----

class Daemon:
    """An engine's daemon; its words go to a file whose end is shown when it fails."""

    def __init__(self, name, *words, ready):
        self.name, self.words, self.ready = name, words, ready
        self.log = f"/tmp/{name}.log"
        self.process = None

    def start(self, *more):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.words + more, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        eventually(self._answers, lambda: f"{self.name} does not come up: {self.last_words()}", PATIENCE)

    def _answers(self):
        expect(self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
        return self.ready()

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        self.process.wait(PATIENCE)

    def last_words(self):
        return " | ".join(read(self.log).splitlines()[-8:])


# ---- the loop ----

def long(check):
    check.long = True
    return check


def short_form():
    return os.environ.get("ENGINES_SHORT") == "1"


def run(engine, checks, clean):
    """Runs the checks (those named on the command line, else all) and ends with how many failed."""
    names = sys.argv[1:]
    chosen = [check for check in checks if check.__name__ in names] if names else checks
    failed = left_out = 0
    begun_all = time.monotonic()
    for check in chosen:
        if not names and short_form() and getattr(check, "long", False):
            left_out += 1
            continue
        begun = time.monotonic()
        try:
            skipped = check()
            result = f"skipped: {skipped}" if skipped else "passed"
        except Exception as error:  # a check that breaks must not keep the others from running
            result = f"FAILED: {error if isinstance(error, Failure) else repr(error)}"
            failed += 1
            try:
                clean()
            except Exception as another:
                result += f"; cleaning up: {another}"
        print(f"{check.__name__}: {result} ({time.monotonic() - begun:.1f} s)", flush=True)
    also = f", {left_out} left out of the short form" if left_out else ""
    print(f"{engine} on {RUNTIME}: {len(chosen) - failed - left_out} passed, {failed} failed{also}, "
          f"{time.monotonic() - begun_all:.0f} s", flush=True)
    sys.exit(1 if failed else 0)
