"""A swiftlet agent of a test's own, pods given to it as manifests, and what its HTTP API says of them.

The environment says what to test: SWIFTLET (the program), NODE_FOLDER (an empty folder), BUSYBOX (an archive).
Only Python's own library is needed.
"""

import atexit
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
# Who makes groups, where the runtime is not to choose: cgroupfs or systemd.
DRIVER = os.environ.get("CGROUP_DRIVER")


class Agent:
    """Runs until it is stopped or killed; pods go on without it.

    Its runtime is in its process, or a `swiftlet cri` of its own beside it (`separate`), or somebody else's (`endpoint`).
    """

    def __init__(self, name, configuration=None, separate=False, endpoint=None):
        """`configuration`: its KubeletConfiguration. Groups of pods are below one of this agent's own."""
        self.folder = f"{FOLDER}/{name}"
        self.manifests = f"{self.folder}/manifests"
        self.root = f"{self.folder}/lib"
        # Of the pods, from the next start on.
        self.logs = f"{self.folder}/logs"
        # To the logs of containers.
        self.links = f"{self.folder}/links"
        os.makedirs(self.manifests)
        self.words = [os.environ["SWIFTLET"], "--root", self.root, "--state", f"{self.folder}/run"]
        self.process = None
        self.cgroup_root = f"/swiftlet-test-{name}-{os.getpid()}"
        # What its test has not removed already.
        atexit.register(remove_groups, self.cgroup_root, check=False)
        self.options = ["--kubelet-config", f"{self.folder}/kubelet.json"]
        self.configure(configuration or {})
        self.runtime = None
        self.separate = separate
        self.endpoint = f"unix://{self.folder}/run/cri.sock" if separate else endpoint
        self.umask = -1
        self.runtime_options = []
        if DRIVER:
            self.runtime_options = ["--config", f"{self.folder}/runtime.toml"]
            with open(self.runtime_options[-1], "w") as file:
                file.write(f'cgroup_driver = "{DRIVER}"\n')
        if endpoint is None:
            self.options += [] if separate else self.runtime_options
            self.run("load", "-i", os.environ["BUSYBOX"])

    def run(self, *words, check=True, timeout=60, input=None):
        return subprocess.run(self.words + list(words), capture_output=True, text=True, check=check, timeout=timeout,
                              input=input)

    def configure(self, configuration):
        """Counts from the next start on."""
        with open(self.options[1], "w") as file:
            json.dump({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
                       "cgroupRoot": self.cgroup_root, **configuration}, file)

    def start(self):
        if self.separate:
            self.start_runtime()
        self.launch()
        return self.wait_listening()

    def start_runtime(self):
        with open(f"{self.folder}/runtime.log", "ab") as log:
            self.runtime = subprocess.Popen(self.words + ["cri"] + self.runtime_options, stdout=log, stderr=log)

    def launch(self):
        """Starts the agent, and waits for nothing."""
        port = f"{self.root}/agent/port"
        if os.path.exists(port):
            os.remove(port)
        words = self.words + ["agent", "--manifests", self.manifests, "--node-name", "node", "--port", "0",
                              "--healthz-port", "0", "--pod-logs", self.logs, "--container-logs", self.links]
        words += self.options
        if self.endpoint is not None:
            words += ["--runtime-endpoint", self.endpoint]
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, umask=self.umask)

    def wait_listening(self):
        port = f"{self.root}/agent/port"
        wait(lambda: os.path.exists(port) or self.process.poll() is not None, "the agent listens")
        if self.process.poll() is not None:
            raise RuntimeError("the agent has ended: " + self.log()[-2000:])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def kill_runtime(self):
        self.runtime.send_signal(signal.SIGKILL)
        self.runtime.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        if self.runtime is not None:
            self.runtime.send_signal(signal.SIGTERM)
            self.runtime.wait(timeout=30)
        return code

    def log(self):
        with open(f"{self.folder}/log") as file:
            return file.read()

    # Manifests

    def write(self, file, text):
        """As an editor that is careful does it: another file, then a rename."""
        with open(f"{self.folder}/draft", "w") as draft:
            draft.write(text)
        os.rename(f"{self.folder}/draft", f"{self.manifests}/{file}")

    def pod(self, name, spec, file=None, status=None, **metadata):
        """Applies a pod; its specification is what JSON would say."""
        for container in spec["containers"] + spec.get("initContainers", []):
            container.setdefault("image", "busybox")
            container.setdefault("imagePullPolicy", "IfNotPresent")
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}
        if status is not None:
            document["status"] = status
        self.write(file or f"{name}.json", json.dumps(document))

    def remove(self, file):
        os.remove(f"{self.manifests}/{file}")

    # The HTTP API

    def get(self, path, token=True, method="GET"):
        with open(f"{self.root}/agent/port") as file:
            port = int(file.read())
        context = ssl.create_default_context(cafile=f"{self.root}/agent/pki/kubelet.crt")
        context.check_hostname = False
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method)
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


def processes(command):
    """Pids of the host and their start times."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                if file.read().split("\0")[:-1] != command:
                    continue
            with open(f"/proc/{pid}/stat") as file:
                found.append((pid, file.read().rsplit(")", 1)[1].split()[19]))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def hierarchies():
    """Mount points of control groups: version 2's, and on a hybrid host version 1's."""
    with open("/proc/self/mountinfo") as file:
        fields = [line.split() for line in file]
    return [line[4] for line in fields if line[line.index("-") + 1] in ("cgroup", "cgroup2")]


def group(path):
    """A group below the root of each hierarchy: of slices, with the systemd driver."""
    if DRIVER != "systemd":
        return path
    parts = [part.replace("-", "_") for part in path.strip("/").split("/")]
    return "".join("/" + "-".join(parts[:count + 1]) + ".slice" for count in range(len(parts)))


def remove_groups(path, check=True):
    """Of an agent that has ended; in none of them may be a process."""
    path = group(path)
    if DRIVER == "systemd":
        subprocess.run(["systemctl", "stop", path.strip("/")], check=check, stderr=None if check else subprocess.DEVNULL)
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(hierarchy + path, topdown=False):
            os.rmdir(folder)


class AgentTest(unittest.TestCase):
    """One agent per class; all pods are removed at its end, and nothing may be left of them."""

    separate = False
    configuration = {}

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent(cls.__name__.lower(), cls.configuration, separate=cls.separate).start()

    @classmethod
    def tearDownClass(cls):
        agent = cls.agent
        try:
            for file in os.listdir(agent.manifests):
                agent.remove(file)
            # An agent that was started a moment ago may not have found its pods yet: something of them is there.
            folders = [f"{agent.root}/agent/pods", f"{agent.root}/agent/statuses", f"{agent.folder}/logs", agent.links]
            wait(lambda: not agent.pods() and not any(os.path.exists(one) and os.listdir(one) for one in folders),
                 f"all pods are gone, and nothing is in {folders}", 90)
        finally:
            agent.stop()
        with open("/proc/self/mountinfo") as file:
            mounts = [line for line in file if any(f"{agent.root}/agent/{part}" in line for part in ("pods", "plugins"))]
        assert not mounts, f"mounts are left: {mounts}"
        groups = [folder for hierarchy in hierarchies() for folder, _, _ in os.walk(hierarchy + group(agent.cgroup_root))
                  if "pod" in os.path.basename(folder).replace("kubepods", "")]
        assert not groups, f"groups of pods are left: {groups}"
        remove_groups(agent.cgroup_root)
        cls.remove_folder()

    @classmethod
    def remove_folder(cls):
        shutil.rmtree(cls.agent.folder)
