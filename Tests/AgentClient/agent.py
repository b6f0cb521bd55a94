"""A swiftlet agent of a test's own, pods given to it as manifests, and what its HTTP API says of them.

The environment says what to test: SWIFTLET (the program), NODE_FOLDER (an empty folder), BUSYBOX (an archive).
Only Python's own library is needed.
"""

import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import unittest
import urllib.error
import urllib.request

FOLDER = os.environ["NODE_FOLDER"]


class Agent:
    """Runs until it is stopped or killed; pods go on without it."""

    def __init__(self, name, configuration=None):
        """`configuration`: its KubeletConfiguration."""
        self.folder = f"{FOLDER}/{name}"
        self.manifests = f"{self.folder}/manifests"
        self.root = f"{self.folder}/lib"
        os.makedirs(self.manifests)
        self.words = [os.environ["SWIFTLET"], "--root", self.root, "--state", f"{self.folder}/run"]
        self.process = None
        self.options = []
        if configuration:
            self.options = ["--kubelet-config", f"{self.folder}/kubelet.json"]
            with open(self.options[1], "w") as file:
                json.dump(configuration, file)
        self.run("load", "-i", os.environ["BUSYBOX"])

    def run(self, *words, check=True, timeout=60):
        return subprocess.run(self.words + list(words), capture_output=True, text=True, check=check, timeout=timeout)

    def start(self):
        port = f"{self.root}/agent/port"
        if os.path.exists(port):
            os.remove(port)
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                self.words + ["agent", "--manifests", self.manifests, "--node-name", "node", "--port", "0",
                              "--healthz-port", "0", "--pod-logs", f"{self.folder}/logs"] + self.options,
                stdout=log, stderr=log)
        wait(lambda: os.path.exists(port) or self.process.poll() is not None, "the agent listens")
        if self.process.poll() is not None:
            raise RuntimeError("the agent has ended: " + self.log()[-2000:])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def log(self):
        with open(f"{self.folder}/log") as file:
            return file.read()

    # Manifests

    def write(self, file, text):
        """As an editor that is careful does it: another file, then a rename."""
        with open(f"{self.folder}/draft", "w") as draft:
            draft.write(text)
        os.rename(f"{self.folder}/draft", f"{self.manifests}/{file}")

    def pod(self, name, spec, file=None, **metadata):
        """Applies a pod; its specification is what JSON would say."""
        for container in spec["containers"] + spec.get("initContainers", []):
            container.setdefault("image", "busybox")
            container.setdefault("imagePullPolicy", "IfNotPresent")
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}
        self.write(file or f"{name}.json", json.dumps(document))

    def remove(self, file):
        os.remove(f"{self.manifests}/{file}")

    # The HTTP API

    def get(self, path, token=True):
        with open(f"{self.root}/agent/port") as file:
            port = int(file.read())
        context = ssl.create_default_context(cafile=f"{self.root}/agent/pki/kubelet.crt")
        context.check_hostname = False
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}")
        if token:
            with open(f"{self.root}/agent/pki/token") as file:
                request.add_header("Authorization", "Bearer " + file.read().strip())
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return answer.read().decode()

    def pods(self):
        return json.loads(self.get("/pods"))["items"] or []

    def find(self, name):
        """The pod's status, or None."""
        for pod in self.pods():
            if pod["metadata"]["name"] == name + "-node":
                return pod
        return None

    def events(self, name):
        uid = self.find(name)["metadata"]["uid"]
        events = json.loads(self.get("/events"))["items"] or []
        return [event for event in events if event["involvedObject"].get("uid") == uid]

    # Waiting

    def wait_phase(self, name, *phases, seconds=60):
        return self.wait_for(name, lambda pod: pod["status"]["phase"] in phases, " or ".join(phases), seconds)

    def wait_ready(self, name, seconds=60):
        return self.wait_for(name, lambda pod: condition(pod, "Ready") == "True", "ready", seconds)

    def wait_for(self, name, holds, what, seconds=60):
        last = [None]

        def look():
            last[0] = self.find(name)
            return last[0] is not None and holds(last[0])

        try:
            wait(look, f"pod {name} is {what}", seconds)
        except AssertionError as error:
            status = json.dumps((last[0] or {}).get("status"))
            raise AssertionError(f"{error}: {status}\n{self.log()[-3000:]}") from None
        return last[0]

    def wait_gone(self, name, seconds=60):
        wait(lambda: self.find(name) is None, f"pod {name} is gone", seconds)


def wait(holds, what, seconds=60):
    end = time.time() + seconds
    while not holds():
        if time.time() > end:
            raise AssertionError(f"after {seconds} s it does not hold that {what}")
        time.sleep(0.05)


def condition(pod, kind):
    for entry in pod["status"].get("conditions", []):
        if entry["type"] == kind:
            return entry["status"]
    return None


def container(pod, name, kind="containerStatuses"):
    for entry in pod["status"].get(kind, []):
        if entry["name"] == name:
            return entry
    return None


def shell(command):
    return ["sh", "-c", command]


class AgentTest(unittest.TestCase):
    """One agent per class; all pods are removed at its end, and nothing may be left of them."""

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent(cls.__name__.lower()).start()

    @classmethod
    def tearDownClass(cls):
        agent = cls.agent
        try:
            for file in os.listdir(agent.manifests):
                agent.remove(file)
            # An agent that has just begun has not told of all its pods yet.
            wait(lambda: not agent.pods() and not os.listdir(f"{agent.root}/agent/pods"), "all pods are gone", 90)
            left = os.listdir(f"{agent.root}/agent/pods")
            assert not left, f"folders of pods are left: {left}"
            assert not os.listdir(f"{agent.folder}/logs"), "logs of pods are left"
        finally:
            agent.stop()
        with open("/proc/self/mountinfo") as file:
            mounts = [line for line in file if f"{agent.root}/agent/pods" in line]
        assert not mounts, f"mounts are left: {mounts}"
        cls.remove_folder()

    @classmethod
    def remove_folder(cls):
        shutil.rmtree(cls.agent.folder)
