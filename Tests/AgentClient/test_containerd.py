"""The agent on Debian's containerd, over the CRI and nothing else."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest
from hashlib import md5

from agent import FOLDER, Agent, condition, container, shell, wait
from containerd import Containerd
from websockets import execute

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples")


@unittest.skipIf(shutil.which("containerd") is None, "containerd is not installed")
class OnContainerd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = f"{FOLDER}/containerd"
        os.makedirs(folder)
        cls.containerd = Containerd(folder, os.environ["BUSYBOX"])
        cls.agent = Agent("agent", endpoint=cls.containerd.endpoint).start()

    @classmethod
    def tearDownClass(cls):
        agent = cls.agent
        try:
            for file in os.listdir(agent.manifests):
                agent.remove(file)
            folders = [f"{agent.root}/agent/pods", f"{agent.root}/agent/statuses", f"{agent.folder}/logs", agent.links]
            wait(lambda: not agent.pods() and not any(map(os.listdir, folders)), "all pods are gone", 90)
            assert not cls.containerd.containers(), "containers are left"
            wait(lambda: not cls.containerd.shims(), "no shim is left", 20)
            links = subprocess.run(["ip", "link", "show", "type", "veth"], capture_output=True, text=True).stdout
            assert not links.strip(), links
        finally:
            agent.stop()
            cls.containerd.stop()
        with open("/proc/self/mountinfo") as file:
            mounts = [line for line in file if FOLDER in line]
        assert not mounts, f"mounts are left: {mounts}"

    def test_a_group_without_a_user(self):
        spec = {"restartPolicy": "Never", "securityContext": {"runAsGroup": 2000, "supplementalGroups": [3000]},
                "containers": [{"name": "c", "command": shell("id -u; id -g; id -G")}]}
        self.agent.pod("grouped", spec)
        self.agent.wait_phase("grouped", "Succeeded")
        user, group, groups = self.agent.get("/containerLogs/default/grouped-node/c").splitlines()
        self.assertEqual((user, group), ("0", "2000"))
        self.assertIn("3000", groups.split())

    def test_examples(self):
        for file in os.listdir(EXAMPLES):
            with open(f"{EXAMPLES}/{file}") as text:
                self.agent.write(file, text.read())
        pod = self.agent.wait_ready("web", 90)
        self.assertTrue(container(pod, "httpd")["containerID"].startswith("containerd://"))
        self.agent.wait_for(
            "crashing", lambda pod: any(one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
                                        for one in pod["status"]["containerStatuses"]), "in its back-off", 90)
        self.agent.wait_for(
            "hungry", lambda pod: any((one["state"].get("terminated") or one["lastState"].get("terminated") or {})
                                      .get("reason") == "OOMKilled" for one in pod["status"]["containerStatuses"]),
            "killed for its memory", 90)
        with socket.create_connection((pod["status"]["podIP"], 8080), timeout=10) as connection:
            connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            answer = b""
            while part := connection.recv(4096):
                answer += part
        self.assertIn(b"It works", answer)
        wait(lambda: "GET" in self.agent.get("/containerLogs/default/web-node/access-log")
             or "response:200" in self.agent.get("/containerLogs/default/web-node/access-log"), "the log has it", 20)
        out = execute(self.agent, "web", "cat", "/www/index.html", container="httpd", protocol="v4.channel.k8s.io")[0]
        self.assertIn(b"It works", out)
        # A runtime without events is detected once.
        self.assertEqual(self.agent.log().count("the runtime has no events"), 1)

    def test_ended_pods_do_not_stop_measuring(self):
        """containerd 1.6 answers a list of all pods' numbers with an error as long as one of them has ended."""
        self.agent.pod("over", {"restartPolicy": "Never", "containers": [{"name": "c", "command": ["true"]}]})
        self.agent.wait_phase("over", "Succeeded")
        self.agent.pod("measured", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"]}]})
        self.agent.wait_ready("measured")
        summary = json.loads(self.agent.get("/stats/summary"))
        pod = [one for one in summary["pods"] if one["podRef"]["name"] == "measured-node"][0]
        self.assertGreater(pod["containers"][0]["memory"]["workingSetBytes"], 0)
        self.assertIn('container_memory_working_set_bytes{container="c",namespace="default",pod="measured-node"}',
                      self.agent.get("/metrics/resource"))
        # It has no metrics of its own, either: that is found out once.
        labels = '{container="c",id="[0-9a-f]+",image="[^"]*",name="[0-9a-f]+",namespace="default",pod="measured-node"}'
        for _ in range(2):
            page = self.agent.get("/metrics/cadvisor")
            for name in ("cpu_usage_seconds_total", "memory_working_set_bytes", "start_time_seconds"):
                self.assertRegex(page, f"container_{name}{labels} [0-9]")
        self.assertEqual(self.agent.log().count("the runtime has no metrics of its own"), 1)
        self.agent.pod("full", {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}], "containers": [
            {"name": "c", "command": shell("dd if=/dev/zero of=/v/file bs=1M count=5; exec sleep 1000"),
             "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
        pod = self.agent.wait_phase("full", "Failed", seconds=60)
        self.assertEqual(pod["status"]["reason"], "Evicted")

    def test_what_the_runtime_cannot_do_is_not_left_out(self):
        """containerd 1.6 tells of no features: what pods ask for their safety is refused."""
        def pod(name, command=("sleep", "1000"), mode=None, **spec):
            mounts = [{"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": mode}] if mode else []
            self.agent.pod(name, {"terminationGracePeriodSeconds": 1, "volumes": [{"name": "v", "emptyDir": {}}], **spec,
                                  "containers": [{"name": "c", "command": list(command), "volumeMounts": mounts}]})
        pod("users", hostUsers=False)
        pod("strict", securityContext={"supplementalGroupsPolicy": "Strict"})
        pod("must", mode="Enabled")
        pod("may", mode="IfPossible")
        status = self.agent.wait_phase("strict", "Failed")["status"]
        self.assertEqual(status["reason"], "SupplementalGroupsPolicyNotSupported")
        self.assertEqual(status["message"],
                         "Pod was rejected: SupplementalGroupsPolicy=Strict is not supported in this node")
        wait(lambda: any(event["reason"] == "FailedCreatePodSandBox" for event in self.agent.events("users")),
             "the sandbox is refused")
        self.assertIn("can't set `spec.hostUsers: false`, runtime does not support user namespaces",
                      [event["message"] for event in self.agent.events("users")
                       if event["reason"] == "FailedCreatePodSandBox"][0])
        waits = self.agent.wait_for("must", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason")
                                    == "CreateContainerConfigError", "refused")
        self.assertIn('volume "v" requested recursive read-only mode, but it is not supported by the runtime',
                      container(waits, "c")["state"]["waiting"]["message"])
        mounts = container(self.agent.wait_ready("may"), "c")["volumeMounts"]
        self.assertEqual([mount["recursiveReadOnly"] for mount in mounts], ["Disabled"])

    def test_liveness_restarts(self):
        self.agent.pod("sick", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("touch /ok; sleep 2; rm /ok; exec sleep 1000"),
             "livenessProbe": {"exec": {"command": ["test", "-e", "/ok"]}, "periodSeconds": 1, "failureThreshold": 1}}]})
        pod = self.agent.wait_for("sick", lambda pod: container(pod, "c")["restartCount"] > 0, "restarted")
        self.assertEqual(container(pod, "c")["lastState"]["terminated"]["exitCode"], 137)

    def test_killed_agent(self):
        self.agent.pod("lasting", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"],
             "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}]})
        before = container(self.agent.wait_ready("lasting"), "c")
        for _ in range(3):
            self.agent.kill()
            self.agent.start()
        after = container(self.agent.wait_ready("lasting"), "c")
        self.assertEqual((after["containerID"], after["restartCount"]), (before["containerID"], 0))
        self.agent.remove("lasting.json")
        self.agent.wait_gone("lasting")

    def test_exec_at_the_node(self):
        """By way of the agent: the command line knows nothing of this runtime."""
        self.agent.pod("plain", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"]}, {"name": "d", "command": ["sleep", "1000"]}]})
        self.agent.wait_ready("plain")
        done = self.execute("-c", "c", "plain", "--", "sh", "-c", "echo 'out & \"about\"'; echo err >&2; exit 7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, 'out & "about"\n', "err\n"))
        # Its input ends; more than fits into any buffer.
        text = "0123456789abcdef" * (1 << 16)
        done = self.execute("-c", "d", "-i", "plain", "md5sum", input=text)
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, md5(text.encode()).hexdigest()))
        done = self.execute("-c", "d", "-i", "plain", "cat", input=text)
        self.assertEqual((done.returncode, done.stdout == text), (0, True))
        # Whoever reads has had enough.
        head = subprocess.run(" ".join(self.agent.words) + " exec -c c plain yes | head -1", shell=True,
                              capture_output=True, text=True, timeout=30)
        self.assertEqual((head.returncode, head.stdout, head.stderr), (0, "y\n", ""))
        for words, said in [(["-c", "nosuch", "plain", "true"], "container nosuch is not valid for pod plain-node"),
                            (["-c", "c", "-e", "A=b", "plain", "true"], "--env: a program in a pod of another runtime"),
                            (["-c", "c", "plain", "--"], "exec: the command is missing"),
                            (["-c", "c", "-it", "plain", "sh"], "needs a terminal as standard input")]:
            done = self.execute(*words, input="")
            self.assertEqual((done.returncode, said in done.stderr, done.stderr.count("\n")), (125, True, 1), done.stderr)
        done = self.execute("-c", "c", "plain", "nosuch")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nosuch", done.stderr)

    def execute(self, *words, input=None):
        return self.agent.run("exec", *words, check=False, timeout=30, input=input)

    def test_terminal_at_the_node(self):
        self.agent.pod("typed", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"]}]})
        self.agent.wait_ready("typed")
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        before = termios.tcgetattr(slave)
        shown = b""

        def shows(text):
            nonlocal shown
            while text not in shown:
                self.assertTrue(select.select([master], [], [], 20)[0], shown)
                shown += os.read(master, 4096)

        client = subprocess.Popen(self.agent.words + ["exec", "-it", "typed", "sh"], stdin=slave, stdout=slave,
                                  stderr=slave, preexec_fn=os.setsid)
        try:
            shows(b"# ")
            os.write(master, b"stty size\r")
            shows(b"33 99")
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 101, 0, 0))
            client.send_signal(signal.SIGWINCH)
            os.write(master, b"sleep .3; stty size\r")
            shows(b"44 101")
            # The key goes to the program there, and does not end the client.
            os.write(master, b"echo beg''un; sleep 1000\r")
            shows(b"begun")
            time.sleep(.5)
            os.write(master, b"\x03")
            os.write(master, b"exit 5\r")
            self.assertEqual(client.wait(timeout=20), 5)
            self.assertEqual(termios.tcgetattr(slave), before)
        finally:
            client.kill()
            client.wait()
            os.close(master)
            os.close(slave)

    def test_a_hundred_programs(self):
        """More calls than a client of HTTP/2 may take for a flood: grpc-go sends a PING with each answer."""
        self.agent.pod("steady", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"]}]})
        self.agent.wait_ready("steady")
        for number in range(100):
            out, _, status = execute(self.agent, "steady", "echo", str(number), protocol="v4.channel.k8s.io")
            self.assertEqual((out, status["status"]), (f"{number}\n".encode(), "Success"))


if __name__ == "__main__":
    unittest.main()
