"""`make up` and `make down`, from the programs on, in a folder of their own."""

import json
import os
import shutil
import subprocess
import unittest

from agent import FOLDER, hierarchies, remove_groups

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts")


class Up(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = f"{FOLDER}/up"
        os.makedirs(cls.folder)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.cgroup_root = f"/swiftlet-test-up-{os.getpid()}"
        with open(f"{cls.folder}/kubelet.json", "w") as file:
            json.dump({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
                       "cgroupRoot": cls.cgroup_root}, file)
        cls.addClassCleanup(remove_groups, cls.cgroup_root)

    def script(self, name, seconds):
        environment = {
            "PATH": os.environ["PATH"], "SWIFTLET_UP_ROOT": f"{self.folder}/lib", "SWIFTLET_UP_STATE": f"{self.folder}/run",
            "SWIFTLET_UP_LOGS": f"{self.folder}/log",
            "SWIFTLET_UP_OPTIONS": f"--kubelet-config {self.folder}/kubelet.json --port 0 --healthz-port 0"}
        done = subprocess.run([f"{SCRIPTS}/{name}", os.path.dirname(os.environ["SWIFTLET"])], env=environment,
                              capture_output=True, text=True, timeout=seconds)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def left(self):
        """What of it is on this machine."""
        found = [name for name in os.listdir(self.folder) if name != "kubelet.json" and name != "log"]
        if os.path.exists(f"{self.folder}/log"):
            found += os.listdir(f"{self.folder}/log")
        with open("/proc/self/mountinfo") as file:
            found += [line for line in file if self.folder in line]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    words = file.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if self.folder in words:
                found.append(words)
        found += subprocess.run(["ip", "-o", "link", "show", "type", "veth"], capture_output=True, text=True).stdout.split("\n")[:-1]
        found += subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout.split("\n")[:-1]
        found += [folder for hierarchy in hierarchies() for folder, _, _ in os.walk(hierarchy + self.cgroup_root)
                  if "pod" in os.path.basename(folder).replace("kubepods", "")]
        return found

    def test_up_and_down(self):
        # Whatever happens, it is taken away.
        self.addCleanup(self.script, "down", 120)
        said = self.script("up", 120)
        rows = [line.split() for line in said.splitlines()]
        table = {row[1]: row[2:] for row in rows if row[:1] == ["default"] and row[1] in (
            "web-node", "crashing-node", "hungry-node")}
        self.assertEqual(set(table), {"web-node", "crashing-node", "hungry-node"}, said)
        self.assertEqual(table["web-node"][:2], ["2/2", "Running"])
        # With their restarts and their addresses.
        self.assertRegex(" ".join(table["web-node"]), r" 0 .* \d+\.\d+\.\d+\.\d+$")
        self.assertRegex(" ".join(table["crashing-node"]), r"0/1 CrashLoopBackOff \d+ ")
        self.assertIn("OOMKilled", table["hungry-node"])
        self.assertEqual(said.count("It works"), 2, said)
        self.assertLess(said.index("http://127.0.0.1:18080"), said.rindex("It works"))
        self.assertIn("make down", said)
        # Again, with what is there.
        self.assertIn("The agent runs already", self.script("up", 120))
        self.assertIn("The agent and its pods are gone.", self.script("down", 120))
        self.assertEqual(self.left(), [])
        self.assertIn("There is nothing of 'make up'.", self.script("down", 20))


if __name__ == "__main__":
    unittest.main()
