"""The agent on Debian's containerd, over the CRI and nothing else."""

import os
import shutil
import socket
import subprocess
import unittest

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
            folders = [f"{agent.root}/agent/pods", f"{agent.root}/agent/statuses", f"{agent.folder}/logs"]
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
