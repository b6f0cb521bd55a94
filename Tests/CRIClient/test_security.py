"""Attacks on what the daemon and the shims have on the host, by the names of published advisories."""

import hashlib
import io
import json
import os
import re
import socket
import stat
import subprocess
import tarfile
import unittest

import grpc

from node import FOLDER, NODE, POD, NodeTest, cri

Code = grpc.StatusCode
NOBODY = 65534


def as_nobody(work, folder="/"):
    """Runs it in a child without any right that stands in the folder, and gives back what it answers."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            answer = work()
        except BaseException as error:
            answer = repr(error)
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    return answer


class Sockets(NodeTest):
    def test_cve_2020_15257(self):
        """A container in the host's network looks for a shim's socket, as it could for abstract ones."""
        config = self.pod_config("neighbour", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        listed = self.sh(container, "cat /proc/net/unix").stdout.decode().splitlines()
        shims = [line.split()[-1] for line in listed if "shim.sock" in line]
        # A path counts in the mount namespace of who connects, an abstract name in that of the network.
        self.assertEqual([name for name in shims if not name.startswith("/")], [])
        with open("/proc/net/unix") as file:
            self.assertEqual([line for line in file if "@" in line and "swiftlet" in line], [])

    def test_a_shim_speaks_to_its_own_user_alone(self):
        """Somebody has opened the modes: the peer's user counts."""
        config = self.pod_config("open", network=NODE)
        pod = self.run_pod(config)
        folder = f"{FOLDER}/run/k8s/{pod}"

        def greeting():
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.settimeout(5)
                client.connect("shim.sock")
                return repr(client.recv(4096))

        os.chmod(folder, 0o711)
        os.chmod(folder + "/shim.sock", 0o666)
        # Closed without a word.
        self.assertRegex(as_nobody(greeting, folder), "^(b''|ConnectionReset.*)$")
        before = os.getcwd()
        os.chdir(folder)
        self.assertIn("version", greeting())
        os.chdir(before)

    def test_the_daemons_sockets_are_roots(self):
        for name in [self.daemon.socket, f"{FOLDER}/run/admin.sock"]:
            folder, file = os.path.split(name)
            self.assertEqual(stat.S_IMODE(os.stat(name).st_mode), 0o600, name)
            mode = stat.S_IMODE(os.stat(folder).st_mode)
            os.chmod(folder, 0o711)
            os.chmod(name, 0o666)

            def ask():
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(5)
                    client.connect(file)
                    client.sendall(b"dump\n")
                    client.shutdown(socket.SHUT_WR)
                    return repr(client.recv(4096))

            answer = as_nobody(ask, folder)
            os.chmod(name, 0o600)
            os.chmod(folder, mode)
            self.assertRegex(answer, "^(b''|ConnectionReset.*|BrokenPipe.*)$", name)


class Modes(NodeTest):
    """Folders that were there before, wide open, as CVE-2024-25621 had them."""

    # What is below is an image's or a container's, and root's files that everybody in a pod reads.
    others = re.compile(r"/lib/images/|/(snapshots|upper|work|rootfs|mountpoints|shm|volumes)(/|$)|/ns/|/(hosts|hostname|resolv\.conf)$")

    @classmethod
    def setUpClass(cls):
        os.umask(0)
        for name in ["lib", "lib/k8s", "lib/k8s/containers", "lib/k8s/names", "lib/default", "lib/default/containers",
                     "lib/images", "run", "run/k8s", "run/k8s/sandboxes", "run/k8s/oci", "run/network",
                     "run/network/pods"]:
            os.makedirs(f"{FOLDER}/{name}", 0o777, exist_ok=True)
            os.chmod(f"{FOLDER}/{name}", 0o777)
        # The daemon starts with an umask that hides nothing.
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        os.umask(0o022)
        super().tearDownClass()

    def open_to_others(self):
        found = []
        for top in ["lib", "run"]:
            for folder, folders, files in os.walk(f"{FOLDER}/{top}"):
                folders[:] = [name for name in folders if not self.others.search(f"{folder}/{name}")]
                for path in [folder] + [f"{folder}/{name}" for name in files]:
                    mode = os.lstat(path).st_mode
                    if stat.S_ISLNK(mode) or self.others.search(path):
                        continue
                    allowed = 0o711 if stat.S_ISDIR(mode) else 0o700
                    if stat.S_IMODE(mode) & ~allowed:
                        found.append(f"{stat.S_IMODE(mode):o} {path}")
        return found

    def test_cve_2024_25621(self):
        config = self.pod_config("modes")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        self.assertEqual(self.open_to_others(), [])
        self.assertEqual(stat.S_IMODE(os.stat(f"{FOLDER}/run").st_mode), 0o700)
        # A start closes what was opened meanwhile.
        opened = [f"{FOLDER}/{name}" for name in
                  ["lib/k8s/pods.sqlite", f"lib/k8s/containers/{container}", f"lib/k8s/containers/{container}/config.json",
                   f"run/k8s/sandboxes/{pod}", f"run/k8s/sandboxes/{pod}/pod.json", "run/network"]]
        for path in opened:
            os.chmod(path, 0o777)
        self.assertEqual(len(self.open_to_others()), len(opened))
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.open_to_others(), [])
        self.assertEqual(self.sh(container, "cat /etc/hostname").stdout, b"modes\n")

    def test_nobody_finds_a_way_in(self):
        config = self.pod_config("closed")
        pod = self.run_pod(config)
        self.start(pod, config, "c", ["sleep", "100"])
        for path in [f"run/k8s/sandboxes/{pod}/hosts", f"run/k8s/{pod}", "lib/k8s/pods.sqlite", "lib/images"]:
            answer = as_nobody(lambda: str(os.listdir(f"{FOLDER}/{path}") if os.path.isdir(f"{FOLDER}/{path}")
                                           else open(f"{FOLDER}/{path}").read()))
            self.assertRegex(answer, "PermissionError|FileNotFoundError", path)


class Pods(NodeTest):
    """What whoever may make pods must not get by it."""

    def test_cve_2022_0811(self):
        """A kernel parameter of the pod's carries one of the node's, behind a plus sign."""
        with open("/proc/sys/kernel/core_pattern") as file:
            before = file.read()
        for name, value in [("kernel.shm_rmid_forced", "1+kernel.core_pattern=|/evil"), ("kernel.core_pattern", "|/evil"),
                            ("kernel.shm_rmid_forced", "1\nkernel.core_pattern=|/evil"),
                            ("net/../kernel/core_pattern", "|/evil")]:
            config = self.pod_config("pattern")
            config.linux.sysctls[name] = value
            self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))
        with open("/proc/sys/kernel/core_pattern") as file:
            self.assertEqual(file.read(), before)

    def test_cve_2022_23648(self):
        """An image's VOLUME leads to a folder of the node's, by `..` or by a link in the image."""
        secret = f"{FOLDER}/secret"
        os.makedirs(secret, exist_ok=True)
        with open(f"{secret}/key", "w") as file:
            file.write("of the node")
        config = self.pod_config("volumes", network=NODE)
        pod = self.run_pod(config)
        for number, path in enumerate(["/../../../../../../../.." + secret, "/link" + secret, "/link/../secret"]):
            image = f"test/volume:{number}"
            self.load(image, path)
            wanted = self.container_config(config, f"c{number}", ["sleep", "100"])
            wanted.image.image = image
            container = self.create(pod, config, wanted)
            self.runtime.StartContainer(cri.StartContainerRequest(container_id=container), timeout=60)
            self.assertIn(b"/volumes/0 ", self.sh(container, "cat /proc/self/mountinfo").stdout)
            found = self.sh(container, "find / -xdev -name key; find $(awk '{print $5}' /proc/self/mountinfo) -name key")
            self.assertEqual([line for line in found.stdout.split() if not line.startswith((b"/proc", b"/sys"))], [], path)

    def load(self, name, volume):
        """busybox with that VOLUME, and with a link to the node's root."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "../../../../../../../.."
            archive.addfile(link)
        path = f"{FOLDER}/image.tar"
        with tarfile.open(os.environ["BUSYBOX"]) as old, tarfile.open(path, "w") as new:
            def add(name, data):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))

            entry = json.load(old.extractfile("manifest.json"))[0]
            settings = json.load(old.extractfile(entry["Config"]))
            settings["config"]["Volumes"] = {volume: {}}
            settings["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(layer.getvalue()).hexdigest())
            settings.pop("history", None)
            for layer_name in entry["Layers"]:
                add(layer_name, old.extractfile(layer_name).read())
            add("link.tar", layer.getvalue())
            add("settings.json", json.dumps(settings).encode())
            add("manifest.json", json.dumps([{
                "Config": "settings.json", "RepoTags": [name], "Layers": [*entry["Layers"], "link.tar"]}]).encode())
        loaded = self.swiftlet("load", "-q", "-i", path)
        os.unlink(path)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)

    def test_cve_2022_1708_and_31030(self):
        """A command's endless output fills neither the daemon's memory nor the shim's."""
        config = self.pod_config("endless", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        info = json.loads(self.runtime.PodSandboxStatus(
            cri.PodSandboxStatusRequest(pod_sandbox_id=pod, verbose=True)).info["info"])
        for command in ["yes", "yes >&2"]:
            self.refused(Code.DEADLINE_EXCEEDED, self.runtime.ExecSync,
                         cri.ExecSyncRequest(container_id=container, cmd=["sh", "-c", command], timeout=2))
        for pid, most in [(self.daemon.process.pid, 200 << 10), (info["shimPid"], 64 << 10)]:
            with open(f"/proc/{pid}/status") as file:
                peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
            self.assertLess(peak, most)
        self.assertNotIn("yes", self.sh(container, "ps -o args").stdout.decode().split("\n"))


class Umask(NodeTest):
    umask = 0o077

    def test_the_daemons_umask_stays_outside(self):
        config = self.pod_config("open", pid=POD)
        pod = self.run_pod(config)
        source = f"{FOLDER}/made/for/it"

        def change(container):
            container.linux.security_context.run_as_user.value = 1000
            container.working_dir = "/made/here"
            container.mounts.add(container_path="/bound", host_path=source)

        container = self.start(pod, config, "c", ["sleep", "1000"], change)
        places = "/etc/hosts /etc/hostname /etc/resolv.conf /made /made/here /bound"
        result = self.sh(container, f"umask; stat -c %a {places}")
        self.assertEqual(result.stdout.decode().split(), ["0022"] + ["644"] * 3 + ["755"] * 3, result.stderr)
        self.assertEqual(os.stat(f"{FOLDER}/lib").st_mode & 0o066, 0)


class Score(unittest.TestCase):
    def test_the_daemons_oom_score_is_lowered_as_far_as_may_be(self):
        def start(score):
            os.makedirs(f"{FOLDER}/score", exist_ok=True)
            return subprocess.Popen(
                [os.environ["SWIFTLET"], "cri", "--root", f"{FOLDER}/score/lib", "--state", f"{FOLDER}/score/run",
                 "--config", f"{FOLDER}/score/config.toml", "--listen", f"{FOLDER}/score/cri.sock"],
                stderr=subprocess.PIPE,
                preexec_fn=lambda: open("/proc/self/oom_score_adj", "w").write(str(score)))

        os.makedirs(f"{FOLDER}/score", exist_ok=True)
        with open(f"{FOLDER}/score/config.toml", "w") as file:
            file.write('network = "builtin"\n')
        # What this process has may be reached again, what is below needs CAP_SYS_RESOURCE.
        with open("/proc/self/oom_score_adj") as file:
            floor = int(file.read())
        daemon = start(floor + 300)
        try:
            for line in daemon.stderr:
                if b"serving" in line:
                    break
            with open(f"/proc/{daemon.pid}/oom_score_adj") as file:
                self.assertIn(int(file.read()), [-999, floor])
        finally:
            daemon.terminate()
            daemon.wait(20)
            daemon.stderr.close()
