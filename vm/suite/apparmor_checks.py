"""AppArmor and pods: what both of the CRI's fields mean, and that the profiles confine. Run by `pods`."""

import os
import subprocess
import time
import unittest

import grpc

from node import FOLDER, NODE, NodeTest, cri

RUNTIME_DEFAULT, UNCONFINED, LOCALHOST = 0, 1, 2
DEFAULT = "swiftlet-default (enforce)"
# Of the container itself, and of a program that joins it.
CURRENT = "cat /proc/self/attr/apparmor/current"

PROFILE = """
profile vm-pods flags=(attach_disconnected,mediate_deleted) {
  file, capability, signal, ptrace, network, mount, umount, unix,
  deny /etc/group r,
  deny /root/** w,
}
"""


def loaded():
    with open("/sys/kernel/security/apparmor/profiles") as file:
        return file.read().splitlines()


def parser(*words, text=None):
    subprocess.run(["apparmor_parser", "--skip-cache", *words], input=text, text=True, check=True)


def unload(name):
    """By the file that `apparmor_parser --remove` writes to: the parser asks for the whole text."""
    with open("/sys/kernel/security/apparmor/.remove", "w") as file:
        file.write(name)


@unittest.skipIf(os.path.exists("/run/systemd/system"), "once is enough: the guest without systemd runs these")
class AppArmor(NodeTest):
    more = '[runtimes.crun]\nprogram = "/usr/bin/crun"\n'

    @classmethod
    def setUpClass(cls):
        parser("--replace", text=PROFILE)
        super().setUpClass()

    def make(self, name, privileged=False, **more):
        self.config = self.pod_config(name, network=NODE)
        self.config.linux.security_context.privileged = privileged
        self.pod = self.run_pod(self.config, **more)

    def profiled(self, name, text=None, kind=None, ref="", privileged=False, script="sleep 1000"):
        def change(config):
            context = config.linux.security_context
            context.privileged = privileged
            if text is not None:
                context.apparmor_profile = text
            if kind is not None:
                context.apparmor.profile_type, context.apparmor.localhost_ref = kind, ref
        return self.start(self.pod, self.config, name, ["sh", "-c", f"{CURRENT}; {script}"], change)

    def label(self, container, name):
        """Of its first process, which has to be that of the programs that join it."""
        inside = self.sh(container, CURRENT)
        self.assertEqual(inside.exit_code, 0, inside.stderr)
        joined = inside.stdout.decode().strip()
        self.until(lambda: self.log(self.config.metadata.name, name))
        said = self.log(self.config.metadata.name, name).split("stdout F ")[1].strip()
        self.assertEqual(said, joined)
        return said

    def until(self, condition, seconds=60):
        deadline = time.time() + seconds
        while not condition():
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)

    def test_every_way_to_name_a_profile(self):
        self.make("named")
        expected = {
            "absent": ({}, DEFAULT),
            "default": ({"kind": RUNTIME_DEFAULT}, DEFAULT),
            "default-text": ({"text": "runtime/default"}, DEFAULT),
            "local": ({"kind": LOCALHOST, "ref": "vm-pods"}, "vm-pods (enforce)"),
            "local-text": ({"text": "localhost/vm-pods"}, "vm-pods (enforce)"),
            # The message goes before the text.
            "both": ({"kind": UNCONFINED, "text": "localhost/vm-pods"}, "unconfined"),
            "free-text": ({"text": "unconfined"}, "unconfined"),
        }
        found = {}
        for name, (options, _) in expected.items():
            found[name] = self.label(self.profiled(name, **options), name)
        self.assertEqual(found, {name: label for name, (_, label) in expected.items()})

    def test_a_profile_that_is_not_loaded(self):
        self.make("unknown")
        for name, options, code in [
            ("a", {"kind": LOCALHOST, "ref": "vm-nowhere"}, grpc.StatusCode.NOT_FOUND),
            ("b", {"text": "localhost/vm-nowhere"}, grpc.StatusCode.NOT_FOUND),
            ("c", {"kind": LOCALHOST}, grpc.StatusCode.INVALID_ARGUMENT),
            ("d", {"text": "vm-pods"}, grpc.StatusCode.INVALID_ARGUMENT),
        ]:
            with self.assertRaises(grpc.RpcError) as caught:
                self.profiled(name, **options)
            self.assertEqual(caught.exception.code(), code)
            words = caught.exception.details()
            self.assertNotIn("\n", words)
            if code == grpc.StatusCode.NOT_FOUND:
                self.assertIn('the profile "vm-nowhere" is not loaded on this node', words)
        self.assertEqual(len(self.containers()), 0)

    def test_a_profile_denies_what_it_says(self):
        self.make("denied")
        script = "cat /etc/group; touch /root/x; touch /y && echo made; sleep 1000"
        container = self.profiled("c", kind=LOCALHOST, ref="vm-pods", script=script)
        self.until(lambda: "made" in self.log("denied", "c"))
        log = self.log("denied", "c")
        self.assertIn("/etc/group: Permission denied", log.replace("'", ""))
        self.assertIn("/root/x: Permission denied", log.replace("'", ""))
        joined = self.sh(container, "cat /etc/passwd >/dev/null && cat /etc/group")
        self.assertEqual(joined.exit_code, 1)
        self.assertIn(b"Permission denied", joined.stderr)

    def test_the_default_profile(self):
        """What it denies is open to a container with all rights and without a profile."""
        def change(kind):
            def change(config):
                config.linux.security_context.capabilities.add_capabilities.append("ALL")
                config.linux.security_context.apparmor.profile_type = kind
            return change

        tries = {
            "mount": "mount -t tmpfs x /mnt && umount /mnt",
            "sysctl": "echo 3 >/proc/sys/vm/page-cluster",
            "trigger": "echo 0 >/proc/sysrq-trigger",
            "memory": "head -c 1 /proc/kcore >/dev/null",
            "disk": "echo 0 >/sys/block/vda/queue/nomerges",
        }
        script = "mkdir -p /mnt; mount -o remount,rw /sys\n" + "\n".join(
            f"({command}) && echo {name}" for name, command in tries.items())
        allowed = ("sleep 1000 & kill $! && echo 5 >/proc/self/oom_score_adj && echo 4096 >/proc/sys/kernel/shmmni && "
                   "cat /proc/1/environ")
        self.make("standard")
        found = {}
        for name, kind in (("free", UNCONFINED), ("kept", RUNTIME_DEFAULT)):
            container = self.start(self.pod, self.config, name, ["sleep", "1000"], change(kind))
            found[name] = self.sh(container, script).stdout.decode().split()
            result = self.sh(container, allowed)
            self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertEqual(found, {"free": list(tries), "kept": []})

    def test_the_runtime_reaches_its_containers(self):
        """Signals, statistics, a further process, the end: all from outside of the profile."""
        self.make("reached")
        container = self.profiled("c", script="trap 'exit 7' TERM; while true; do sleep 0.1; done")
        self.assertEqual(self.label(container, "c"), DEFAULT)
        self.assertEqual(self.sh(container, "sleep 100 & kill -9 $!; wait $!; echo $?").stdout, b"137\n")
        stats = self.runtime.ContainerStats(cri.ContainerStatsRequest(container_id=container)).stats
        self.assertGreater(stats.memory.usage_bytes.value, 0)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=30), timeout=60)
        self.assertEqual(self.status(container).exit_code, 7)

    def test_privileged_containers_have_none_but_a_named_one(self):
        self.make("privileged", privileged=True)
        self.assertEqual(self.label(self.profiled("a", privileged=True), "a"), "unconfined")
        self.assertEqual(self.label(self.profiled("b", kind=RUNTIME_DEFAULT, privileged=True), "b"), "unconfined")
        named = self.profiled("c", kind=LOCALHOST, ref="vm-pods", privileged=True)
        self.assertEqual(self.label(named, "c"), "vm-pods (enforce)")

    def test_another_runtime_applies_them_too(self):
        self.make("crun", runtime_handler="crun")
        self.assertEqual(self.label(self.profiled("a"), "a"), DEFAULT)
        self.assertEqual(self.label(self.profiled("b", kind=LOCALHOST, ref="vm-pods"), "b"), "vm-pods (enforce)")

    def test_the_default_profile_comes_back(self):
        """Whoever unloads it, with all others, takes it away from no container that comes after."""
        self.make("again")
        self.assertIn(DEFAULT, loaded())
        unload("swiftlet-default")
        self.assertNotIn(DEFAULT, loaded())
        self.assertEqual(self.label(self.profiled("c"), "c"), DEFAULT)
        # Containers of the command line have it, too.
        unload("swiftlet-default")
        done = self.swiftlet("run", "--rm", "--network", "none", "busybox", "sh", "-c", CURRENT)
        self.assertEqual(done.stdout.strip(), DEFAULT, done.stderr)

    def test_another_default_profile(self):
        with open(self.daemon.config) as file:
            kept = file.read()
        self.make("other")
        try:
            for value, label in (("vm-pods", "vm-pods (enforce)"), ("vm-nowhere", None)):
                self.daemon.kill()
                with open(self.daemon.config, "w") as file:
                    file.write(kept + f'[apparmor]\ndefault_profile = "{value}"\n')
                self.daemon.start()
                if label:
                    self.assertEqual(self.label(self.profiled(value), value), label)
                    continue
                with self.assertRaises(grpc.RpcError) as caught:
                    self.profiled(value)
                self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
                self.assertIn('the profile "vm-nowhere" is not loaded', caught.exception.details())
        finally:
            self.daemon.kill()
            with open(self.daemon.config, "w") as file:
                file.write(kept)
            self.daemon.start()


if __name__ == "__main__":
    unittest.main()
