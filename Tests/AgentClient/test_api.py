"""The HTTP API under clients that are many, slow, strange or not who they should be; and the command line."""

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.error

from agent import FOLDER, Agent, AgentTest, container, shell, wait
from websockets import Stream, execute


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Certificates(AgentTest):
    @classmethod
    def setUpClass(cls):
        cls.pki = f"{FOLDER}/pki"
        os.makedirs(cls.pki)
        for name in ("good", "evil"):
            path = f"{cls.pki}/{name}"
            key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{path}-ca.key", "-out", f"{path}-ca.crt")
            openssl("req", *key, "-subj", "/O=system:masters/CN=admin", "-keyout", f"{path}.key", "-out", f"{path}.csr")
            openssl("x509", "-req", "-in", f"{path}.csr", "-CA", f"{path}-ca.crt", "-CAkey", f"{path}-ca.key",
                    "-CAcreateserial", "-days", "1", "-out", f"{path}.crt")
        openssl("x509", "-req", "-in", f"{cls.pki}/good.csr", "-CA", f"{cls.pki}/good-ca.crt", "-CAkey", f"{cls.pki}/good-ca.key",
                "-CAcreateserial", "-days", "-1", "-out", f"{cls.pki}/old.crt")
        cls.agent = Agent("certificates", {"authentication": {"anonymous": {"enabled": False},
                                                              "x509": {"clientCAFile": f"{cls.pki}/good-ca.crt"}}}).start()

    def ask(self, *options):
        """The status of an answer; 0 where there is none."""
        with open(f"{self.agent.root}/agent/port") as file:
            url = f"https://127.0.0.1:{file.read().strip()}/pods"
        words = ["curl", "-sk", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", *options, url]
        return int(subprocess.run(words, capture_output=True, text=True).stdout)

    def test_who_is_let_in(self):
        with open(f"{self.agent.root}/agent/pki/token") as file:
            token = file.read().strip()

        def by(certificate, key):
            return self.ask("--cert", f"{self.pki}/{certificate}.crt", "--key", f"{self.pki}/{key}.key")

        self.assertEqual(by("good", "good"), 200)
        self.assertEqual((by("evil", "evil"), by("old", "good")), (0, 0))
        self.assertEqual(self.ask("-H", f"Authorization: Bearer {token}"), 200)
        for header in ("", "Bearer", "Bearer x", f"Basic {token}", f"Bearer {token}x", f"Bearer {token[:-1]}"):
            self.assertEqual(self.ask("-H", f"Authorization: {header}"), 401, header)
        self.assertEqual(self.ask(), 401)


class Clients(AgentTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.pod("busy", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("mkdir /w; echo page >/w/index.html; i=0; while [ $i -lt 20 ]; do echo line$i; "
                                           "echo err$i >&2; i=$((i+1)); done; exec httpd -f -p 8080 -h /w")},
            {"name": "ticks", "command": shell("while :; do echo tick; sleep 0.1; done")},
            {"name": "crash", "command": shell("echo attempt; exit 1")}]})
        cls.agent.wait_for("busy", lambda pod: container(pod, "c")["state"].get("running")
                           and (container(pod, "crash") or {}).get("restartCount", 0) > 0, "at work")

    def answer(self, path):
        """The status and the text."""
        try:
            return 200, self.agent.get(path)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def log(self, query):
        return self.answer(f"/containerLogs/default/busy-node/{query}")

    def test_logs_and_their_options(self):
        wait(lambda: self.log("c")[1].count("\n") == 40, "all is said")
        text = "".join(f"line{number}\n" for number in range(20))
        errors = "".join(f"err{number}\n" for number in range(20))
        for query, expected in {
            "c?stream=Stdout": text, "c?stream=Stderr": errors, "c?tailLines=0": "", "c?limitBytes=7": self.log("c")[1][:7],
            "c?tailLines=3": "".join(self.log("c")[1].splitlines(True)[-3:]), "c?sinceTime=2999-01-01T00:00:00Z": "",
            "crash?previous=true": "attempt\n",
        }.items():
            self.assertEqual(self.log(query), (200, expected), query)
        line = self.log("c?tailLines=1&timestamps=true")[1]
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (line|err)19\n$")
        for query, code in {"c?tailLines=-1": 422, "c?limitBytes=0": 422, "c?sinceSeconds=0": 422, "c?stream=Both": 422,
                            "c?sinceTime=now": 400, "c?tailLines=99999999999999999999": 400, "c?previous=true": 400,
                            "nobody": 404}.items():
            self.assertEqual(self.log(query)[0], code, query)
        for path, code in {"/containerLogs": 400, "/containerLogs/default": 400, "/containerLogs/default/no/c": 404,
                           "/containerLogs/..%2f..%2fetc/passwd/x": 404, "/%zz": 400, "/nothing": 404,
                           "/metrics/nothing": 404, "/checkpoint/default/busy-node/c": 405}.items():
            self.assertEqual(self.answer(path)[0], code, path)

    def test_a_hundred_programs(self):
        for number in range(100):
            out, error, status = execute(self.agent, "busy", *shell(f"echo out{number}; echo err{number} >&2; exit {number % 3}"))
            self.assertEqual((out, error), (f"out{number}\n".encode(), f"err{number}\n".encode()))
            self.assertEqual(status["status"], "Failure" if number % 3 else "Success")

    def test_many_programs_at_once(self):
        lengths = []

        def run():
            lengths.append(len(execute(self.agent, "busy", *shell("head -c 300000 /dev/zero"))[0]))

        threads = [threading.Thread(target=run) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(lengths, [300000] * 20)

    def test_streams(self):
        with Stream(self.agent, "/exec/default/busy-node/c?command=sh&input=1&output=1&tty=1") as stream:
            stream.send(4, b'{"Width": 77, "Height": 33}')
            stream.send(0, b"stty size; exit 5\n")
            channels = stream.rest()
            self.assertIn(b"33 77", channels[1])
            self.assertIn("command terminated with non-zero exit code 5", json.loads(channels[3])["message"])
        with Stream(self.agent, "/exec/default/busy-node/c?command=cat&input=1&output=1") as stream:
            stream.send(0, b"hello")
            # Version 5: the end of a channel.
            stream.send(255, b"\0")
            self.assertEqual(stream.rest()[1], b"hello")
        with Stream(self.agent, "/attach/default/busy-node/ticks?output=1") as stream:
            while b"tick" not in stream.frame()[1]:
                continue
        with Stream(self.agent, "/portForward/default/busy-node?port=8080", "v4.channel.k8s.io") as stream:
            stream.send(0, b"GET /index.html HTTP/1.0\r\n\r\n")
            said = b""
            while b"page" not in said:
                said += stream.frame()[1]
        for path, code in {"exec/default/no-node/c?command=id&output=1": 404, "exec/default/busy-node/no?command=id&output=1": 404,
                           "exec/default/busy-node/c?command=id": 400, "exec/default/busy-node?command=id&output=1": 404,
                           "portForward/default/busy-node?port=99999": 400}.items():
            with Stream(self.agent, "/" + path) as stream:
                self.assertEqual(stream.status, code, path)

    def test_more_clients_than_there_is_room_for(self):
        def files():
            return len(os.listdir(f"/proc/{self.agent.process.pid}/fd"))

        with open(f"{self.agent.root}/agent/port") as file:
            port = int(file.read())
        before = files()
        crowd = []
        for number in range(1200):
            crowd.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            if number % 3 == 0:
                # The beginning of a handshake, and no more.
                crowd[-1].send(b"\x16\x03\x01")
        for one in crowd:
            one.close()

        def serves():
            try:
                return self.agent.get("/healthz") == "ok"
            except (urllib.error.URLError, ConnectionError, ssl.SSLError):
                return False

        wait(serves, "it serves again", 20)
        wait(lambda: files() <= before + 5, "nothing is left of them", 20)

    def test_requests_too_large(self):
        def ask(*options, path="/healthz"):
            with open(f"{self.agent.root}/agent/pki/token") as file:
                options += ("-H", f"Authorization: Bearer {file.read().strip()}")
            with open(f"{self.agent.root}/agent/port") as file:
                url = f"https://127.0.0.1:{file.read().strip()}{path}"
            words = ["curl", "-sk", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", *options, url]
            return subprocess.run(words, capture_output=True, text=True).stdout

        many = [word for number in range(100) for word in ("-H", f"X{number}: " + "a" * 1000)]
        self.assertEqual((ask("-H", "X: " + "a" * 20000), ask(*many), ask(path="/" + "a" * 100000)), ("400",) * 3)
        self.assertEqual(ask("-X", "POST", "--data-binary", f"@{os.environ['BUSYBOX']}", path="/pods"), "405")
        self.assertEqual(self.agent.get("/healthz"), "ok")


class Leaving(AgentTest):
    def test_clients_that_leave_while_their_programs_end(self):
        """Whoever keeps the container finds out that they are gone while it tells them of the end, and goes on."""
        self.agent.pod("left", {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "command": ["sleep", "1000"]}]})
        before = container(self.agent.wait_ready("left"), "c")
        for turn in range(20):
            programs = (["yes"], ["cat", "/dev/zero"], ["sleep", "0.3"], ["yes"])
            processes = [subprocess.Popen(self.agent.words + ["exec", "left", *program], stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL) for program in programs]
            for process in processes:
                if "sleep" not in process.args:
                    process.stdout.read(10)
                process.stdout.close()
            time.sleep(0.02 * turn)
            for process in processes:
                process.kill()
                process.wait()
        wait(lambda: self.agent.run("exec", "left", "ps").stdout.count("yes") == 0, "the programs have ended, too", 20)
        after = container(self.agent.find("left"), "c")
        self.assertEqual((after["containerID"], after["restartCount"]), (before["containerID"], 0))


class Commands(AgentTest):
    """`swiftlet pods`, `describe`, `logs`, `exec` in wrong hands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for namespace in ("default", "other"):
            document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "twin", "namespace": namespace}, "spec": {
                "terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "busybox",
                    "imagePullPolicy": "IfNotPresent", "command": ["sleep", "1000"]}]}}
            cls.agent.write(f"{namespace}.json", json.dumps(document))
        cls.agent.pod("talks", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "first", "command": shell("echo hello; exec sleep 1000")},
            {"name": "second", "command": shell("while :; do echo tick; sleep 0.1; done")}]})
        cls.agent.wait_ready("talks")
        cls.agent.wait_ready("twin")

    def test_wrong_words(self):
        several = "swiftlet: 2 pods are called twin: say which, default/twin-node or other/twin-node\n"
        for words, code, said in (
            (("logs", "nobody"), 1, 'swiftlet: pods "nobody" not found\n'),
            (("logs", "talks", "-c", "third"), 1, 'swiftlet: container "third" not found in pod "talks-node"\n'),
            (("logs", "talks", "-c", "first", "-p"), 1,
             'swiftlet: previous terminated container "first" in pod "talks-node" not found\n'),
            (("logs", "twin"), 1, several), (("describe", "pod", "twin"), 1, several), (("exec", "twin", "id"), 125, several),
            (("exec", "nobody", "id"), 125, 'swiftlet: pods "nobody" not found\n'),
            (("exec", "talks"), 125, "swiftlet: exec: the command is missing\n"),
            (("exec", "-c", "first", "talks", "nothing"), 127, 'swiftlet: exec: "nothing": executable file not found in $PATH\n'),
            (("describe", "pod"), 125, "swiftlet: describe pod: Missing expected argument '<name>'; see 'swiftlet describe pod --help'\n"),
        ):
            result = self.agent.run(*words, check=False)
            self.assertEqual((result.returncode, result.stderr), (code, said), words)

    def test_right_ones(self):
        for words, code, said in (
            (("logs", "talks"), 0, "hello\n"), (("logs", "talks-node", "-c", "first", "--tail", "1"), 0, "hello\n"),
            (("exec", "talks", "sh", "-c", "exit 7"), 7, ""), (("exec", "talks", "--", "sh", "-c", "kill -9 $$"), 137, ""),
        ):
            result = self.agent.run(*words, check=False)
            self.assertEqual((result.returncode, result.stdout), (code, said), words)
        self.assertIn("other", self.agent.run("describe", "pod", "twin", "-n", "other").stdout)
        for name in ("other/twin", "other/twin-node"):
            self.assertIn("Namespace:        other", self.agent.run("describe", "pod", name).stdout)
            self.assertEqual(self.agent.run("exec", name, "hostname").stdout, "twin-node\n")
        self.assertEqual(len(self.agent.run("pods", "-n", "nowhere").stdout.splitlines()), 1)
        for words in (["-A"], ["--all-namespaces"], ["-n", "nowhere", "-A"], []):
            rows = self.agent.run("pods", *words).stdout.splitlines()[1:]
            self.assertEqual(sorted(row.split()[0] for row in rows), ["default", "default", "other"], words)

    def test_nobody_reads_any_more(self):
        line = ("set -o pipefail; " + " ".join(self.agent.words) + " {} | head -1").format
        for words, first in (("logs talks -c second -f", "tick\n"), ("exec -c first talks yes", "y\n")):
            result = subprocess.run(["bash", "-c", line(words)], capture_output=True, text=True, timeout=30)
            self.assertEqual((result.stdout, result.stderr), (first, ""), words)
        with open("/dev/full", "w") as full:
            result = subprocess.run(self.agent.words + ["pods"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((result.returncode, result.stderr), (1, "swiftlet: write standard output: no space left on device\n"))

    def test_interrupted(self):
        process = subprocess.Popen(self.agent.words + ["exec", "talks", "sh", "-c", "echo begun; exec sleep 7777"],
                                   stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "begun\n")
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)
        process.stdout.close()
        wait(lambda: "sleep 7777" not in self.agent.run("exec", "talks", "ps").stdout, "the program has ended, too", 10)


if __name__ == "__main__":
    unittest.main()
