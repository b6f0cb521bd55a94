"""Checkpoints that a client of the agent asks for, by criu where that works: in the virtual machine."""

import json
import os
import shutil
import subprocess
import tarfile
import unittest
import urllib.error

from agent import AgentTest, container, shell, wait

CRIU = shutil.which("criu", path="/usr/sbin:/usr/bin:/sbin:/bin")
WORKS = CRIU is not None and subprocess.run([CRIU, "check"], capture_output=True).returncode == 0


class Checkpoints(AgentTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # In the node's network: criu need not write down one of the pod's own.
        cls.agent.pod("counts", {"hostNetwork": True, "terminationGracePeriodSeconds": 1, "containers": [{
            "name": "c", "command": shell("i=0; while :; do i=$((i+1)); echo $i >/dev/shm/n; sleep 0.1; done")}]})
        cls.agent.wait_ready("counts")

    def number(self):
        return int(self.agent.run("exec", "counts", "sh", "-c", "cat /dev/shm/n || echo 0").stdout.strip() or 0)

    def checkpoint(self, name):
        return self.agent.get(f"/checkpoint/default/{name}", method="POST")

    def files(self):
        folder = f"{self.agent.root}/agent/checkpoints"
        return os.listdir(folder) if os.path.exists(folder) else []

    def wait_counting(self):
        reached = self.number()
        wait(lambda: self.number() > reached, "it counts on")
        self.assertEqual(container(self.agent.find("counts"), "c")["restartCount"], 0)

    def test_what_is_refused(self):
        for name, code in {"nobody/c": 404, "counts-node/nobody": 404}.items():
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.checkpoint(name)
            self.assertEqual(refused.exception.code, code)
        self.wait_counting()

    @unittest.skipIf(CRIU, "criu is here")
    def test_without_criu(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.checkpoint("counts-node/c")
        self.assertEqual(refused.exception.code, 500)
        said = refused.exception.read().decode()
        self.assertTrue(said.startswith("checkpointing of default/counts-node/c failed (rpc error: code = "), said)
        self.assertIn("criu", said)
        self.assertEqual(self.files(), [])
        self.wait_counting()

    @unittest.skipUnless(WORKS, "criu does not work here")
    def test_an_archive(self):
        before = self.number()
        (file,) = json.loads(self.checkpoint("counts-node/c"))["items"]
        folder, name = os.path.split(file)
        self.assertEqual((folder, [name]), (f"{self.agent.root}/agent/checkpoints", self.files()))
        self.assertRegex(name, r"^checkpoint-counts-node_default-c-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d")
        self.assertEqual([os.stat(path).st_mode & 0o777 for path in (folder, file)], [0o700, 0o600])
        with tarfile.open(file, "r:") as archive:
            names = archive.getnames()
            for part in ("checkpoint/inventory.img", "spec.dump", "config.dump", "status.dump", "rootfs-diff.tar"):
                self.assertIn(part, names)
            config = json.load(archive.extractfile("config.dump"))
        pod = self.agent.find("counts")
        self.assertEqual(container(pod, "c")["containerID"], "swiftlet://" + config["id"])
        self.assertGreaterEqual(self.number(), before)
        self.wait_counting()
        # Another one has a name of its own.
        wait(lambda: len(json.loads(self.checkpoint("counts-node/c"))["items"]) == 1 and len(self.files()) == 2,
             "there are two", 60)


if __name__ == "__main__":
    unittest.main()
