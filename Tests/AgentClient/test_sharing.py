"""What pods share with their node and their containers with each other: namespaces, mounts."""

import os
import subprocess
import unittest

from agent import AgentTest, container


def mount(*words):
    subprocess.run(["mount", *words], check=True)


class SharingTest(AgentTest):
    def apply(self, name, *containers, **more):
        for one in containers:
            one.setdefault("command", ["sleep", "100000"])
        self.agent.pod(name, {"terminationGracePeriodSeconds": 1, "containers": list(containers), **more})

    def say(self, pod, *words, of="c", check=True):
        """What a program in that container says."""
        return self.agent.run("exec", pod, "-c", of, "--", *words, check=check).stdout


class Namespaces(SharingTest):
    def test_of_the_host(self):
        pods = {"apart": [], "processes": ["pid"], "messages": ["ipc"], "network": ["net"], "all": ["pid", "ipc", "net"]}
        fields = {"pid": "hostPID", "ipc": "hostIPC", "net": "hostNetwork"}
        for name, shared in pods.items():
            self.apply(name, {"name": "c"}, **{fields[kind]: True for kind in shared})
        for name, shared in pods.items():
            self.agent.wait_ready(name)
            for kind in fields:
                same = self.say(name, "readlink", f"/proc/self/ns/{kind}").strip() == os.readlink(f"/proc/self/ns/{kind}")
                self.assertEqual(same, kind in shared, f"{kind} of {name}")
        # Of the host's processes one container sees all, this one among them.
        self.assertIn(f" {os.getpid()} ", self.say("processes", "sh", "-c", "cd /proc; echo '' [0-9]* ''"))

    def test_of_the_pod(self):
        for name, shared in {"together": True, "alone": False}.items():
            self.apply(name, {"name": "a", "command": ["sleep", "74001"]}, {"name": "b", "command": ["sleep", "74002"]},
                       shareProcessNamespace=shared)
        for name, shared in {"together": True, "alone": False}.items():
            self.agent.wait_ready(name)
            seen = self.say(name, "ps", of="a")
            self.assertIn("sleep 74001", seen)
            self.assertEqual("sleep 74002" in seen, shared, seen)
        # What holds the sandbox is the first process then, and a container's end is not that of the others.
        self.assertNotIn("sleep", self.say("together", "cat", "/proc/1/cmdline", of="a"))
        pid = [line.split()[0] for line in self.say("together", "ps", of="a").splitlines() if line.endswith("sleep 74002")][0]
        self.say("together", "sh", "-c", f"kill -9 {pid}", of="a")
        pod = self.agent.wait_for("together", lambda pod: container(pod, "b")["restartCount"] == 1
                                  and "running" in container(pod, "b")["state"], "begun again", 20)
        self.assertEqual(container(pod, "a")["restartCount"], 0)
        self.assertIn("sleep 74002", self.say("together", "ps", of="a"))


class Mounts(SharingTest):
    """A folder of the host whose mounts are shared, with a mount in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = f"{cls.agent.folder}/host"
        os.mkdir(cls.host)
        mount("--bind", cls.host, cls.host)
        cls.addClassCleanup(cls.unmount)
        mount("--make-shared", cls.host)
        os.mkdir(f"{cls.host}/below")
        mount("-t", "tmpfs", "below", f"{cls.host}/below")

    @classmethod
    def unmount(cls):
        subprocess.run(["umount", "-R", "-l", cls.host], stderr=subprocess.DEVNULL)

    @classmethod
    def remove_folder(cls):
        cls.unmount()
        super().remove_folder()

    def apply(self, name, *containers):
        """Each with the folder at /v, as its `mount` says."""
        for one in containers:
            one["volumeMounts"] = [{"name": "v", "mountPath": "/v", **one.pop("mount")}]
        super().apply(name, *containers, volumes=[{"name": "v", "hostPath": {"path": self.host}}])
        self.agent.wait_ready(name)

    def test_propagation(self):
        self.apply("spreads", {"name": "both", "securityContext": {"privileged": True}, "mount": {"mountPropagation": "Bidirectional"}},
                   {"name": "down", "mount": {"mountPropagation": "HostToContainer"}},
                   {"name": "none", "mount": {"mountPropagation": "None"}}, {"name": "unsaid", "mount": {}})
        sees = {"both": True, "down": True, "none": False, "unsaid": False}
        # From the container to the host, and on to the others that want it.
        self.say("spreads", "sh", "-c", "mkdir /v/up && mount -t tmpfs up /v/up && touch /v/up/inside", of="both")
        self.assertEqual(os.listdir(f"{self.host}/up"), ["inside"])
        # And from the host to the containers.
        os.mkdir(f"{self.host}/down")
        mount("-t", "tmpfs", "down", f"{self.host}/down")
        open(f"{self.host}/down/outside", "w").close()
        for name, isSeen in sees.items():
            for folder, file in (("up", "inside"), ("down", "outside")):
                self.assertEqual(self.say("spreads", "ls", f"/v/{folder}", of=name).split(), [file] if isSeen else [],
                                 f"{folder} in {name}")

    def test_read_only_with_what_is_below(self):
        modes = {"Enabled": "Enabled", "IfPossible": "Enabled", "Disabled": "Disabled"}
        self.apply("reads", *({"name": mode.lower(), "mount": {"readOnly": True, "recursiveReadOnly": mode}} for mode in modes))
        pod = self.agent.find("reads")
        for mode, outcome in modes.items():
            name = mode.lower()
            self.assertEqual(container(pod, name)["volumeMounts"], [
                {"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": outcome}])
            written = [self.say("reads", "sh", "-c", f"touch {path} 2>/dev/null && echo yes", of=name, check=False).strip()
                       for path in (f"/v/{name}", f"/v/below/{name}")]
            self.assertEqual(written, ["", "" if outcome == "Enabled" else "yes"], mode)


if __name__ == "__main__":
    unittest.main()
