"""Debian's containerd with a root, a state and a socket of its own, and the images that tests need."""

import json
import os
import signal
import subprocess
import time


class Containerd:
    """Runs until it is stopped, in this process's network namespace. Its pause image is busybox's sleep."""

    def __init__(self, folder, busybox):
        self.folder = folder
        self.socket = f"{folder}/containerd.sock"
        self.endpoint = f"unix://{self.socket}"
        os.makedirs(f"{folder}/net.d")
        with open(f"{folder}/net.d/10-pods.conflist", "w") as file:
            json.dump({"cniVersion": "1.0.0", "name": "pods", "plugins": [
                {"type": "bridge", "bridge": "swagent0", "isGateway": True, "ipMasq": True, "hairpinMode": True,
                 "ipam": {"type": "host-local", "dataDir": f"{folder}/ipam", "ranges": [[{"subnet": "10.223.0.0/16"}]]}},
                {"type": "portmap", "capabilities": {"portMappings": True}}]}, file)
        with open(f"{folder}/config.toml", "w") as file:
            file.write(f'''version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:latest"
  stream_server_port = "0"
  # Without CAP_SYS_RESOURCE it starts no pod else.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{folder}/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
''')
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        image = f"oci:{folder}/pause:latest"
        subprocess.run(["skopeo", "copy", "-q", f"docker-archive:{busybox}", image], **quiet)
        subprocess.run(["umoci", "config", "--image", f"{folder}/pause:latest", "--config.entrypoint", "/bin/sleep",
                        "--config.cmd", "2000000"], **quiet)
        subprocess.run(["skopeo", "copy", "-q", image,
                        f"docker-archive:{folder}/pause.tar:docker.io/library/pause:latest"], **quiet)
        self.process = None
        self.start()
        for archive in (busybox, f"{folder}/pause.tar"):
            subprocess.run(["ctr", "-a", self.socket, "-n", "k8s.io", "images", "import", archive], **quiet)

    def start(self):
        with open(f"{self.folder}/containerd.log", "ab") as log:
            self.process = subprocess.Popen(["containerd", "--config", f"{self.folder}/config.toml"],
                                            stdout=log, stderr=log)
        end = time.time() + 30
        while subprocess.run(["ctr", "-a", self.socket, "version"], capture_output=True).returncode != 0:
            if time.time() > end or self.process.poll() is not None:
                raise RuntimeError(f"containerd does not answer; see {self.folder}/containerd.log")
            time.sleep(0.05)

    def containers(self):
        return subprocess.run(["ctr", "-a", self.socket, "-n", "k8s.io", "containers", "ls", "-q"],
                              capture_output=True, text=True, check=True).stdout.split()

    def shims(self):
        """The processes of its pods."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    words = file.read().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if os.path.basename(words[0]) == "containerd-shim-runc-v2" and self.socket + ".ttrpc" in words:
                found.append(int(pid))
            elif os.path.basename(words[0]) == "containerd-shim-runc-v2" and self.socket in words:
                found.append(int(pid))
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        subprocess.run(["ip", "link", "delete", "swagent0"], capture_output=True)
