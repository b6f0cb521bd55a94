"""Local volumes on disks, with volumeMode Filesystem: what agents make of them, one after the other."""

import json
import os
import shutil
import subprocess
import unittest

from agent import AgentTest, container, shell, wait

TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"
MISSING = [tool for tool in ("losetup", "blkid", "mkfs.ext4") if not shutil.which(tool, path=TOOLS)]
if not os.path.exists("/dev/loop-control"):
    MISSING.append("loop devices")


@unittest.skipIf(MISSING, f"this machine has no {', '.join(MISSING)}")
class Disks(AgentTest):
    def disk(self, name):
        """A loop device on a file, and a volume and a claim of that name."""
        file = f"{self.agent.folder}/{name}.disk"
        with open(file, "wb") as content:
            content.truncate(64 << 20)
        losetup = shutil.which("losetup", path=TOOLS)
        device = subprocess.run([losetup, "--find", "--show", file], capture_output=True, text=True, check=True)
        device = device.stdout.split()[-1]
        self.addCleanup(subprocess.run, [losetup, "--detach", device], check=True)
        terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]}]}]
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "local"}
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
            **spec, "capacity": {"storage": "1Gi"}, "local": {"path": device}, "mountOptions": ["noatime"],
            "nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
            **spec, "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}}}
        self.agent.write(f"{name}-disk.yaml", f"{json.dumps(volume)}\n---\n{json.dumps(claim)}\n")
        return device

    def run_pod(self, name, disk, words, **claim):
        self.agent.pod(name, {
            "terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": disk, **claim}}],
            "containers": [{"name": "c", "command": shell(f"{words}; exec sleep 1000"),
                            "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})

    def mounts(self, disk):
        """Where the agent has a disk mounted, below its folder."""
        with open("/proc/self/mountinfo") as file:
            points = [line.split()[4] for line in file]
        return sorted(point for point in points
                      if point.startswith(f"{self.agent.root}/agent/") and point.endswith(f"/{disk}"))

    def place(self, disk):
        return f"{self.agent.root}/agent/plugins/kubernetes.io/local-volume/mounts/{disk}"

    def folder(self, pod, disk):
        return f"{self.agent.root}/agent/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~local-volume/{disk}"

    def test_one_disk_for_several_pods_and_agents(self):
        self.disk("shared")
        self.run_pod("writes", "shared", "echo written >/v/file")
        writes = self.agent.wait_ready("writes")
        self.run_pod("reads", "shared", "true", readOnly=True)
        reads = self.agent.wait_ready("reads")
        wait(lambda: self.agent.run("exec", "reads", "cat", "/v/file").stdout == "written\n", "the other one has it", 20)
        self.assertNotEqual(self.agent.run("exec", "reads", "touch", "/v/other", check=False).returncode, 0)
        folders = [self.folder(pod, "shared") for pod in (writes, reads)]
        self.assertEqual(self.mounts("shared"), sorted([self.place("shared")] + folders))
        with open("/proc/self/mountinfo") as file:
            line = [line for line in file if line.split()[4] == self.place("shared")][0].split()
        self.assertIn("noatime", line[5])
        self.assertEqual(line[line.index("-") + 1], "ext4")
        # The next agent has it as it is, and leaves it mounted as long as a pod has it.
        self.agent.kill()
        self.agent.remove("writes.json")
        self.agent.start()
        self.agent.wait_gone("writes")
        wait(lambda: self.mounts("shared") == sorted([self.place("shared"), folders[1]]), "it is the other one's", 20)
        pod = self.agent.wait_ready("reads")
        self.assertEqual(container(pod, "c")["restartCount"], 0)
        self.assertEqual(self.agent.run("exec", "reads", "cat", "/v/file").stdout, "written\n")
        self.agent.kill()
        self.agent.remove("reads.json")
        self.agent.start()
        wait(lambda: not self.mounts("shared") and not os.path.exists(self.place("shared")), "it is nobody's", 60)
        self.assertEqual(self.agent.log().count("has no file system: mkfs.ext4 -F -m0"), 1)
        # It is what it was, for a pod that comes later.
        self.run_pod("later", "shared", "true")
        self.agent.wait_ready("later")
        self.assertEqual(self.agent.run("exec", "later", "cat", "/v/file").stdout, "written\n")
        # Between a pod and its disk an agent was killed.
        self.agent.kill()
        os.remove(f"{self.agent.manifests}/later.json")
        pods = self.mounts("shared")
        subprocess.run(["umount", [point for point in pods if point != self.place("shared")][0]], check=True)
        self.agent.start()
        wait(lambda: not self.mounts("shared") and not os.path.exists(self.place("shared")), "nothing is left", 60)

    def test_what_is_no_file_system_is_told_and_stays(self):
        device = self.disk("odd")
        header = b"LUKS\xba\xbe\0\1"
        with open(device, "r+b") as disk:
            disk.write(header)
        self.run_pod("waits", "odd", "true")
        message = (f'MountVolume.MountDevice failed for volume "v" : local: failed to mount device {device} at '
                   f"{self.place('odd')} (fstype: ext4), error disk {device} has no file system, but crypto_LUKS")

        def told():
            return [event for event in self.agent.events("waits") if event["reason"] == "FailedMount"]

        wait(lambda: self.agent.find("waits") and told(), "it is told", 20)
        wait(lambda: told()[0].get("count", 1) >= 2, "it is tried again", 60)
        self.assertEqual([event["message"] for event in told()], [message])
        with open(device, "r+b") as disk:
            self.assertEqual(disk.read(8), header)
            disk.seek(0)
            disk.write(bytes(8))
        self.agent.wait_ready("waits")
        self.agent.remove("waits.json")
        self.agent.wait_gone("waits")
        self.assertFalse(os.path.exists(self.place("odd")))


if __name__ == "__main__":
    unittest.main()
