"""SELinux: the labels of containers and of their files, by the runtime alone and by the CRI, under a policy that is
enforced. Run by `selinux`, which loads it."""

import json
import os
import shutil
import subprocess
import unittest

import grpc

from node import FOLDER, NODE, POD, NodeTest, cri

OCI = "/in/bin/swiftlet-oci"
ROOTFS = os.environ["VM_SOURCE"] + "/.fixtures/busybox/rootfs"
CURRENT = "cat /proc/self/attr/current"
HOST = "system_u:system_r:host_t:s0-s0:c0.c1023"


def process(level, kind="container_t"):
    return f"system_u:system_r:{kind}:{level}"


def files(level):
    return f"system_u:object_r:container_file_t:{level}"


def label(path):
    return os.getxattr(path, "security.selinux").decode().strip("\0")


def set_label(path, context):
    for folder, names, others in os.walk(path):
        for place in [folder] + [os.path.join(folder, name) for name in names + others]:
            os.setxattr(place, "security.selinux", context.encode(), follow_symlinks=False)


def text(output):
    """The kernel ends a context with a NUL."""
    return output.replace(b"\0", b"").decode().strip()


class Runtime(unittest.TestCase):
    """What config.json says."""

    def setUp(self):
        self.bundle = f"{FOLDER}/bundle"
        os.makedirs(self.bundle)
        subprocess.run([OCI, "spec", "--bundle", self.bundle], check=True)
        # A root with a label of its own: the runtime sets none there.
        subprocess.run(["cp", "-a", ROOTFS, f"{self.bundle}/rootfs"], check=True)
        set_label(f"{self.bundle}/rootfs", files("s0:c1,c2"))
        with open(f"{self.bundle}/config.json") as file:
            self.spec = json.load(file)
        self.spec["root"] = {"path": "rootfs"}
        self.spec["process"]["terminal"] = False

    def tearDown(self):
        subprocess.run([OCI, "delete", "--force", "c"], check=False, capture_output=True)
        shutil.rmtree(self.bundle)

    def run_container(self, script, *options):
        self.spec["process"]["args"] = ["sh", "-c", script]
        with open(f"{self.bundle}/config.json", "w") as file:
            json.dump(self.spec, file)
        return subprocess.run([OCI, "run", *options, "--bundle", self.bundle, "c"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE if not options else subprocess.DEVNULL,
                              stderr=subprocess.PIPE if not options else subprocess.DEVNULL)

    def test_labels_of_processes_and_mounts(self):
        for names in (False, True):
            self.spec["process"]["noNewPrivileges"] = names
            self.spec["process"]["selinuxLabel"] = process("s0:c1,c2")
            self.spec["linux"]["mountLabel"] = files("s0:c1,c2")
            self.assertEqual(self.run_container("sleep 1000", "--detach").returncode, 0)
            pid = json.loads(subprocess.run([OCI, "state", "c"], check=True, capture_output=True).stdout)["pid"]
            with open(f"/proc/{pid}/attr/current", "rb") as file:
                self.assertEqual(text(file.read()), process("s0:c1,c2"))
            for path in ("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/null"):
                self.assertEqual(label(f"/proc/{pid}/root{path}"), files("s0:c1,c2"), path)
            inside = subprocess.run([OCI, "exec", "c", "sh", "-c", f"{CURRENT}; echo x >/dev/shm/x"], capture_output=True)
            self.assertEqual((text(inside.stdout), inside.returncode), (process("s0:c1,c2"), 0), inside.stderr)
            other = subprocess.run([OCI, "exec", "--process-label", process("s0:c1,c2", "spc_t"), "c", "sh", "-c", CURRENT],
                                   capture_output=True)
            self.assertEqual(text(other.stdout), process("s0:c1,c2", "spc_t"), other.stderr)
            subprocess.run([OCI, "delete", "--force", "c"], check=True)

    def test_the_policy_holds(self):
        self.spec["process"]["selinuxLabel"] = process("s0:c1,c2")
        secret = f"{self.bundle}/secret"
        os.makedirs(secret)
        with open(f"{secret}/file", "w") as file:
            file.write("text\n")
        self.spec["mounts"].append({"destination": "/secret", "source": secret, "options": ["rbind"]})
        read = "cat /secret/file"
        self.assertIn(b"Permission denied", self.run_container(read).stderr)
        set_label(secret, files("s0:c1,c3"))
        self.assertIn(b"Permission denied", self.run_container(read).stderr)
        set_label(secret, files("s0:c1,c2"))
        self.assertEqual(self.run_container(read).stdout, b"text\n")

    def test_a_label_that_is_none(self):
        self.spec["process"]["selinuxLabel"] = process("s0:c1,c2", "nonsense_t")
        done = self.run_container("true")
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), done.stderr)
        self.assertIn(b"SELinux label system_u:system_r:nonsense_t", done.stderr)


class Pods(NodeTest):
    more = 'enable_selinux = true\n[runtimes.crun]\nprogram = "/usr/bin/crun"\n'

    def make(self, name, privileged=False, level="", **more):
        config = self.pod_config(name, network=NODE)
        config.linux.security_context.privileged = privileged
        if level:
            config.linux.security_context.selinux_options.level = level
        return self.run_pod(config, **more), config

    def changed(self, kind=None, level="", mounts=(), privileged=False, **context):
        def change(config):
            security = config.linux.security_context
            security.privileged = privileged
            if kind or level:
                security.selinux_options.type, security.selinux_options.level = kind or "", level
            for name, value in context.items():
                setattr(security, name, value)
            for mount in mounts:
                config.mounts.add(**mount)
        return change

    def sleeper(self, pod, config, name="c", **options):
        return self.start(pod, config, name, ["sleep", "1000"], self.changed(**options))

    def pid(self, container):
        info = self.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container, verbose=True)).info
        return json.loads(info["info"])["pid"]

    def label(self, container):
        """Of its first process, and of one that joins it."""
        with open(f"/proc/{self.pid(container)}/attr/current", "rb") as file:
            first = text(file.read())
        inside = self.sh(container, CURRENT)
        self.assertEqual((text(inside.stdout), inside.exit_code), (first, 0), inside.stderr)
        return first

    def test_a_pod_has_a_level_of_its_own(self):
        levels = []
        for name in ("first", "second"):
            pod, config = self.make(name)
            labels = [self.label(self.sleeper(pod, config, one, no_new_privs=one == "b")) for one in ("a", "b")]
            level = labels[0].split(":", 3)[3]
            self.assertEqual(labels, [process(level)] * 2)
            self.assertRegex(level, "^s0:c[0-9]+,c[0-9]+$")
            levels.append(level)
        self.assertNotEqual(*levels)

    def test_files_of_a_container(self):
        pod, config = self.make("files")
        container = self.sleeper(pod, config)
        level = self.label(container).split(":", 3)[3]
        root = f"/proc/{self.pid(container)}/root"
        places = ["/", "/bin/busybox", "/dev", "/dev/null", "/dev/shm", "/dev/mqueue", "/etc/hosts", "/etc/hostname",
                  "/etc/resolv.conf"]
        self.assertEqual({place: label(root + place) for place in places}, {place: files(level) for place in places})
        done = self.sh(container, "echo x >/made && cat /made /etc/hosts >/dev/null && echo x >/dev/shm/made && ls -l /bin")
        self.assertEqual(done.exit_code, 0, done.stderr)
        self.assertEqual(label(root + "/made"), files(level))

    def test_what_options_say(self):
        pod, config = self.make("options", level="s0:c7")
        self.assertEqual(self.label(self.sleeper(pod, config, "of-pod")), process("s0:c7"))
        own = self.sleeper(pod, config, "own", kind="spc_t", level="s0:c8,c9")
        self.assertEqual(self.label(own), process("s0:c8,c9", "spc_t"))
        self.assertEqual(label(f"/proc/{self.pid(own)}/root/bin"), files("s0:c8,c9"))
        with self.assertRaises(grpc.RpcError) as caught:
            self.sleeper(pod, config, "wrong", kind="a:b")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        # One that the policy does not know is known to be wrong at the start.
        with self.assertRaises(grpc.RpcError) as caught:
            self.sleeper(pod, config, "unknown", kind="nonsense_t")
        self.assertIn("nonsense_t", caught.exception.details())

    def test_privileged_containers_stay_in_the_runtimes_domain(self):
        pod, config = self.make("privileged", privileged=True)
        self.assertEqual(self.label(self.sleeper(pod, config, privileged=True)), HOST)

    def test_a_mount_is_relabelled_only_when_that_is_wanted(self):
        source = f"{FOLDER}/shared"
        os.makedirs(source + "/below")
        with open(source + "/below/file", "w") as file:
            file.write("text\n")
        os.symlink("/etc/passwd", source + "/link")
        host = label(source)
        outside = label("/etc/passwd")
        read = "cat /shared/below/file"
        pod, config = self.make("relabelled")
        mount = {"container_path": "/shared", "host_path": source}
        before = self.sleeper(pod, config, "before", mounts=[mount])
        self.assertIn(b"Permission denied", self.sh(before, read).stderr)
        self.assertEqual(label(source), host)
        after = self.sleeper(pod, config, "after", mounts=[dict(mount, selinux_relabel=True)])
        self.assertEqual(self.sh(after, read).stdout, b"text\n")
        level = self.label(after).split(":", 3)[3]
        for place in (source, source + "/below", source + "/below/file"):
            self.assertEqual(label(place), files(level))
        # No link leads to what is not in the folder.
        self.assertEqual(label("/etc/passwd"), outside)
        # It is this pod's now: another one is not let in.
        pod, config = self.make("stranger")
        stranger = self.sleeper(pod, config, mounts=[mount])
        self.assertIn(b"Permission denied", self.sh(stranger, read).stderr)
        shutil.rmtree(source)

    def test_an_image_as_a_volume(self):
        pod, config = self.make("volume")
        mount = {"container_path": "/image", "readonly": True, "image": cri.ImageSpec(image="busybox:latest")}
        container = self.sleeper(pod, config, mounts=[mount])
        level = self.label(container).split(":", 3)[3]
        self.assertEqual(label(f"/proc/{self.pid(container)}/root/image/bin"), files(level))
        done = self.sh(container, "ls /image/bin/busybox && cat /image/etc/passwd")
        self.assertEqual(done.exit_code, 0, done.stderr)

    def test_a_user_namespace(self):
        config = self.pod_config("mapped", network=POD)
        users = config.linux.security_context.namespace_options.userns_options
        users.mode = POD
        users.uids.add(host_id=300000, container_id=0, length=65536)
        users.gids.add(host_id=300000, container_id=0, length=65536)
        container = self.sleeper(self.run_pod(config), config)
        level = self.label(container).split(":", 3)[3]
        root = f"/proc/{self.pid(container)}/root"
        for place in ("/bin", "/etc/hosts", "/dev/shm", "/dev/mqueue"):
            self.assertEqual(label(root + place), files(level), place)
        done = self.sh(container, "touch /made /dev/shm/made && cat /etc/hosts")
        self.assertEqual(done.exit_code, 0, done.stderr)

    def test_another_runtime_applies_them_too(self):
        pod, config = self.make("crun", runtime_handler="crun")
        container = self.sleeper(pod, config)
        level = self.label(container).split(":", 3)[3]
        self.assertEqual(label(f"/proc/{self.pid(container)}/root/bin"), files(level))


if __name__ == "__main__":
    unittest.main()
