"""A swiftlet CRI daemon of a test's own, and a client for it.

The environment says what to test: SWIFTLET (the program), NODE_FOLDER (an empty folder), BUSYBOX (an archive).
"""

import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import grpc

import api_pb2 as cri
import api_pb2_grpc as services

FOLDER = os.environ["NODE_FOLDER"]
POD, CONTAINER, NODE, TARGET = 0, 1, 2, 3

# Of pods and containers.
ID = re.compile("[0-9a-f]{64}")
# Those that the daemon has given the tests.
made = set()


class Daemon:
    """Runs until it is stopped or killed; pods go on without it."""

    def __init__(self, network="builtin", more="", umask=-1):
        self.socket = f"{FOLDER}/cri.sock"
        self.config = f"{FOLDER}/config.toml"
        with open(self.config, "w") as file:
            file.write(f'network = "{network}"\nlog.level = "debug"\n{more}')
        self.umask = umask
        self.process = None
        self.channel = None

    def start(self):
        with open(f"{FOLDER}/daemon.log", "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["SWIFTLET"], "cri", "--config", self.config, "--root", f"{FOLDER}/lib",
                 "--state", f"{FOLDER}/run", "--listen", self.socket, "--cni-conf-dir", f"{FOLDER}/net.d",
                 "--cni-bin-dir", f"{FOLDER}/plugins", "--cni-bin-dir", "/usr/lib/cni"],
                stderr=log, umask=self.umask)
        deadline = time.time() + 60
        while True:
            self.connect()
            try:
                self.runtime.Version(cri.VersionRequest(), timeout=5)
                return self
            except grpc.RpcError:
                if time.time() > deadline or self.process.poll() is not None:
                    raise RuntimeError("the daemon does not answer: " + self.last_words())
                self.channel.close()
                time.sleep(0.02)

    def connect(self):
        # grpc's own authority for a unix socket is percent-encoded, which HTTP/2 servers may refuse.
        self.channel = grpc.insecure_channel(
            "unix:" + self.socket,
            # As much as the kubelet takes.
            options=[("grpc.default_authority", "localhost"), ("grpc.max_receive_message_length", 16 << 20)])
        self.runtime = services.RuntimeServiceStub(self.channel)
        self.images = services.ImageServiceStub(self.channel)

    def last_words(self):
        with open(f"{FOLDER}/daemon.log") as file:
            return "".join(file.readlines()[-5:])

    def kill(self):
        self.channel.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.channel.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


class NodeTest(unittest.TestCase):
    """One daemon per class; all pods are removed after each test, and nothing may be left of them."""

    network = "builtin"
    # More of the configuration.
    more = ""
    # The daemon's own; -1: as the tests'.
    umask = -1

    @classmethod
    def setUpClass(cls):
        subprocess.run(
            [os.environ["SWIFTLET"], "--root", f"{FOLDER}/lib", "load", "-q", "-i", os.environ["BUSYBOX"]],
            check=True)
        cls.daemon = Daemon(cls.network, cls.more, cls.umask).start()

    @classmethod
    def tearDownClass(cls):
        code = cls.daemon.stop()
        if code != 0:
            raise RuntimeError(f"the daemon ended with {code}: " + cls.daemon.last_words())

    def tearDown(self):
        for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))
        self.assertEqual(len(self.containers()), 0)
        self.assertEqual(leftovers(self.daemon), [])

    @property
    def runtime(self):
        return self.daemon.runtime

    # MARK: Making

    def pod_config(self, name, network=POD, pid=CONTAINER, ipc=POD):
        config = cri.PodSandboxConfig(
            hostname=name, log_directory=f"{FOLDER}/logs/{name}", labels={"app": name})
        config.metadata.name = name
        config.metadata.namespace = "default"
        config.metadata.uid = "uid-" + name
        options = config.linux.security_context.namespace_options
        options.network, options.pid, options.ipc = network, pid, ipc
        return config

    def run_pod(self, config, **more):
        request = cri.RunPodSandboxRequest(config=config, **more)
        pod = self.runtime.RunPodSandbox(request, timeout=60).pod_sandbox_id
        made.add(pod)
        return pod

    def container_config(self, pod_config, name, command):
        config = cri.ContainerConfig(command=command, log_path=name + ".log", labels={"container": name})
        config.metadata.name = name
        config.image.image = "busybox:latest"
        config.linux.security_context.namespace_options.CopyFrom(
            pod_config.linux.security_context.namespace_options)
        return config

    def create(self, pod, pod_config, config):
        request = cri.CreateContainerRequest(pod_sandbox_id=pod, config=config, sandbox_config=pod_config)
        container = self.runtime.CreateContainer(request, timeout=60).container_id
        made.add(container)
        return container

    def start(self, pod, pod_config, name, command, change=None):
        config = self.container_config(pod_config, name, command)
        if change:
            change(config)
        container = self.create(pod, pod_config, config)
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=container), timeout=60)
        return container

    # MARK: Looking

    def listen(self):
        """- Returns: the events from now on, of which kind and of whom, in a list that grows as they come."""
        heard = []
        stream = self.runtime.GetContainerEvents(cri.GetEventsRequest())

        def follow():
            try:
                for event in stream:
                    heard.append((event.container_event_type, event.container_id))
            except grpc.RpcError:
                pass

        thread = threading.Thread(target=follow)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stream.cancel)
        time.sleep(0.3)
        return heard

    def swiftlet(self, *words):
        """The command line, on the same folders."""
        return subprocess.run(
            [os.environ["SWIFTLET"], "--root", f"{FOLDER}/lib", "--state", f"{FOLDER}/run", *words],
            capture_output=True, text=True)

    def status(self, container):
        return self.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container)).status

    def pod_status(self, pod):
        return self.runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=pod)).status

    def containers(self, **filters):
        request = cri.ListContainersRequest()
        if filters:
            request.filter.CopyFrom(cri.ContainerFilter(**filters))
        return self.runtime.ListContainers(request).containers

    def wait_for(self, container, state, seconds=20):
        deadline = time.time() + seconds
        while self.status(container).state != state:
            self.assertLess(time.time(), deadline, f"container stays in {self.status(container).state}")
            time.sleep(0.01)
        return self.status(container)

    def sh(self, container, script, timeout=20):
        request = cri.ExecSyncRequest(container_id=container, cmd=["sh", "-c", script], timeout=timeout)
        return self.runtime.ExecSync(request, timeout=60)

    def log(self, pod_name, name):
        with open(f"{FOLDER}/logs/{pod_name}/{name}.log") as file:
            return file.read()

    def refused(self, code, call, request):
        """The call is refused with that status, in one line."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(request, timeout=60)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertNotIn("\n", caught.exception.details())
        return caught.exception.details()


def leftovers(daemon):
    """What pods have left. A shim ends a moment after its last answer, and a group when its last process has ended."""
    deadline = time.time() + 5
    while True:
        found = mounts() + processes() + files() + groups() + devices() + descriptors(daemon)
        if not found or time.time() > deadline:
            return found
        time.sleep(0.05)


def mounts():
    with open("/proc/self/mountinfo") as file:
        return ["mount " + line.split()[4] for line in file
                if f" {FOLDER}/run" in line or "/k8s/" in line and FOLDER in line]


def shims(spare=False):
    """Those of pods, or those that wait for one."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline") as file:
                words = file.read().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith("swiftlet-shim") and f"{FOLDER}/run/k8s" in words and "--id" in words and ("--spare" in words) == spare:
            found[words[words.index("--id") + 1]] = int(entry)
    return found


def soon(look, seconds=20):
    """What is seen, once it is something."""
    deadline = time.time() + seconds
    while not (seen := look()):
        assert time.time() < deadline, seen
        time.sleep(0.02)
    return seen


def processes():
    """One shim waits for the next pod as long as the daemon is there."""
    return [f"process {pid}, shim of {pod}" for pod, pid in shims().items()]


def files():
    """Records, and addresses that are taken."""
    found = []
    for folder in ("lib/k8s/containers", "run/k8s/sandboxes", "run/network/pods", "run/network/addresses"):
        path = f"{FOLDER}/{folder}"
        found += [f"{folder}/{name}" for name in (os.listdir(path) if os.path.isdir(path) else [])]
    return found


def groups():
    """Other nodes' are on this machine, too: ours have the name of a pod or a container that our daemon tells of."""
    with open(f"{FOLDER}/daemon.log") as file:
        ours = made.union(*map(ID.findall, file))
    return [f"group {folder}/{name}" for folder, names, _ in os.walk("/sys/fs/cgroup")
            for name in names if not ours.isdisjoint(ID.findall(name))]


def devices():
    """The node's ends of pods' pairs, of the built-in network and of plugins. The network is the test's own."""
    return ["device " + name for _, name in socket.if_nameindex() if re.fullmatch("sw([0-9a-f]{2})+|veth.*", name)]


def descriptors(daemon):
    """The daemon's own of what only pods have: pipes, terminals, processes, namespaces, files that are gone. One network
    namespace waits for the next pod."""
    found, spare = [], 0
    for number in os.listdir(f"/proc/{daemon.process.pid}/fd"):
        try:
            path = os.readlink(f"/proc/{daemon.process.pid}/fd/{number}")
        except FileNotFoundError:
            continue
        spare += path.startswith("net:[")
        if path.startswith("net:[") and spare == 1:
            continue
        # Its standard streams are those of the tests.
        if int(number) > 2 and (re.match(r"pipe:|/dev/pt|anon_inode:\[pidfd\]|pidfd:|(net|mnt|pid|ipc|uts|user):\[", path)
                                or path.endswith(" (deleted)") or ID.search(path)):
            found.append(f"descriptor {number}: {path}")
    return found
