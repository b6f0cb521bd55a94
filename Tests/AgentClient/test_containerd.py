"""The agent on Debian's containerd, over the CRI and nothing else."""

import base64
import os
import shutil
import socket
import ssl
import struct
import subprocess
import unittest

from agent import FOLDER, Agent, condition, container, shell, wait
from containerd import Containerd

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
        self.assertIn("It works", self.execute("web", "httpd", "cat", "/www/index.html"))
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

    def execute(self, pod, name, *command):
        """What a program writes, through the agent's /exec and WebSocket frames, each of which begins with its channel."""
        with open(f"{self.agent.root}/agent/port") as file:
            port = int(file.read())
        with open(f"{self.agent.root}/agent/pki/token") as file:
            token = file.read().strip()
        context = ssl.create_default_context(cafile=f"{self.agent.root}/agent/pki/kubelet.crt")
        context.check_hostname = False
        query = "&".join(f"command={word}" for word in command)
        request = (f"GET /exec/default/{pod}-node/{name}?{query}&output=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                   f"Authorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nOrigin: http://127.0.0.1\r\n\r\n")
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20)) as connection:
            connection.sendall(request.encode())
            data = b""
            while part := connection.recv(4096):
                data += part
        head, _, frames = data.partition(b"\r\n\r\n")
        self.assertIn(b" 101 ", head.split(b"\r\n")[0] + b" ", data)
        output = b""
        while len(frames) >= 2:
            length, start = frames[1] & 127, 2
            if length == 126:
                length, start = struct.unpack(">H", frames[2:4])[0], 4
            body, frames = frames[start:start + length], frames[start + length:]
            if body[:1] == b"\1":
                output += body[1:]
        return output.decode()


if __name__ == "__main__":
    unittest.main()
