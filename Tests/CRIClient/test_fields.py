"""What containers get of fields that the tests of a pod's life do not set."""

import json
import os
import subprocess

import grpc

from node import CONTAINER, FOLDER, NODE, POD, TARGET, NodeTest, cri
from test_life import map_users
from test_streams import CLOSE, RESIZE, STDIN, STDOUT, Stream

Code = grpc.StatusCode


class Mounted:
    """A tmpfs on the node, with a folder and another tmpfs in it; shared with whoever gets a copy."""

    def __init__(self, name):
        self.path = f"{FOLDER}/{name}"
        self.inner = self.path + "/inner"
        os.makedirs(self.path)
        mount("-t", "tmpfs", "outer", self.path)
        mount("--make-shared", self.path)
        os.mkdir(self.inner)
        mount("-t", "tmpfs", "inner", self.inner)

    def close(self):
        subprocess.run(["umount", "-R", self.path], check=True)
        os.rmdir(self.path)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def mounted_at():
    with open("/proc/self/mountinfo") as file:
        return [line.split()[4] for line in file]


class Namespaces(NodeTest):
    def test_a_container_in_anothers_pid_namespace(self):
        """As ephemeral containers of `kubectl debug --target`."""
        config = self.pod_config("target", pid=CONTAINER)
        pod = self.run_pod(config)
        target = self.start(pod, config, "target", ["sleep", "1000"])
        other = self.start(pod, config, "other", ["sleep", "2000"])

        def beside(id):
            def change(container):
                options = container.linux.security_context.namespace_options
                options.pid, options.target_id = TARGET, id
            return change

        debugs = self.start(pod, config, "debugs", ["sleep", "3000"], beside(target))
        for container in [target, debugs]:
            seen = self.sh(container, "ps -o args").stdout.decode().splitlines()
            self.assertIn("sleep 1000", seen)
            self.assertIn("sleep 3000", seen)
            self.assertNotIn("sleep 2000", seen)
        self.assertNotIn("sleep 1000", self.sh(other, "ps -o args").stdout.decode().splitlines())
        self.assertEqual(self.sh(debugs, "cat /proc/1/root/etc/hostname").stdout, b"target\n")
        # Its namespace ends with the first process that was in it.
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=target, timeout=0))
        self.assertEqual(self.wait_for(debugs, cri.CONTAINER_EXITED).exit_code, 137)
        self.assertEqual(self.status(other).state, cri.CONTAINER_RUNNING)
        wanted = self.container_config(config, "absent", ["true"])
        beside("0123456789ab")(wanted)
        self.refused(Code.NOT_FOUND, self.runtime.CreateContainer,
                     cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config))


class Input(NodeTest):
    def attach(self, container, **streams):
        return Stream(self.runtime.Attach(cri.AttachRequest(container_id=container, stdin=True, stdout=True, **streams)).url)

    def test_a_containers_own_terminal(self):
        config = self.pod_config("terminal", network=NODE)

        def terminal(container):
            container.tty = container.stdin = True

        container = self.start(self.run_pod(config), config, "c", ["sh"], terminal)
        stream = self.attach(container, tty=True)
        stream.send(RESIZE, b'{"Width":97,"Height":31}')
        # A size is no input: the shell may be faster.
        stream.send(STDIN, b"until stty size | grep '31 97'; do sleep 0.1; done; echo $TERM; tty; echo er''ror >&2\n")
        stream.until(STDOUT, b"\r\nerror\r\n")
        self.assertIn(b"31 97\r\nxterm\r\n/dev/pts/0\r\n", stream.received[STDOUT])
        # Who leaves does not end the shell; whoever comes next has the same one.
        stream.send(STDIN, b"kept=yes\n")
        stream.until(STDOUT, b"kept=yes\r\n")
        stream.socket.close()
        stream = self.attach(container, tty=True)
        stream.send(RESIZE, b'{"Width":51,"Height":17}')
        stream.send(STDIN, b"until stty size | grep '17 51'; do sleep 0.1; done; echo kept:$kept; exit 6\n")
        stream.until(STDOUT, b"kept:yes\r\n")
        self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 6)
        stream.to_the_end()
        stream.socket.close()
        log = self.log("terminal", "c")
        for text in ["31 97", "xterm", "error", "17 51", "kept:yes"]:
            self.assertRegex(log, f"(?m)^\\S+ stdout F {text}\r?$")
        self.assertNotIn(" stderr ", log)

    def test_input_ends_with_the_first_client(self):
        config = self.pod_config("once", network=NODE)

        def once(container):
            container.stdin = container.stdin_once = True

        pod = self.run_pod(config)
        for name, is_polite in [("polite", True), ("abrupt", False)]:
            container = self.start(pod, config, name, ["sh", "-c", "cat; echo over; exit 3"], once)
            stream = self.attach(container)
            stream.send(STDIN, b"text\n")
            stream.until(STDOUT, b"text\n")
            if is_polite:
                stream.send(CLOSE, bytes([STDIN]))
                stream.until(STDOUT, b"over\n")
            else:
                stream.socket.sock.close()
            self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 3)
            stream.socket.close()
            self.assertIn("stdout F over", self.log("once", name))


class Devices(NodeTest):
    more = f'cdi.spec_dirs = ["{FOLDER}/cdi"]\n'

    def test_devices_that_a_vendors_file_describes(self):
        os.makedirs(f"{FOLDER}/cdi", exist_ok=True)
        os.makedirs(f"{FOLDER}/vendor", exist_ok=True)
        with open(f"{FOLDER}/vendor/driver", "w") as file:
            file.write("of the node\n")

        def device(name):
            return {"name": name, "containerEdits": {
                "env": [f"HAS_{name.upper()}=yes"], "deviceNodes": [{"path": f"/dev/{name}", "hostPath": "/dev/zero"}]}}

        described = {
            "cdiVersion": "0.6.0", "kind": "vendor.example/part", "devices": [device("one"), device("two"), device("three")],
            "containerEdits": {
                "mounts": [{"hostPath": f"{FOLDER}/vendor", "containerPath": "/usr/lib/vendor", "options": ["ro", "bind"]}],
                "hooks": [{"hookName": "createRuntime", "path": "/bin/sh",
                           "args": ["sh", "-c", f"cat > {FOLDER}/vendor/state"]}]}}
        with open(f"{FOLDER}/cdi/vendor.json", "w") as file:
            json.dump(described, file)
        config = self.pod_config("devices", network=NODE)
        pod = self.run_pod(config)

        def ask(container):
            container.CDI_devices.add(name="vendor.example/part=one")
            container.annotations["cdi.k8s.io/older"] = "vendor.example/part=two"

        container = self.start(pod, config, "c", ["sleep", "1000"], ask)
        seen = self.sh(container, "echo $HAS_ONE $HAS_TWO $HAS_THREE; cat /usr/lib/vendor/driver; ls /dev/one /dev/two; "
                                  "head -c 4 /dev/one | wc -c; ls /dev/three; touch /usr/lib/vendor/x")
        self.assertEqual(seen.stdout.decode().split("\n")[:5], ["yes yes", "of the node", "/dev/one", "/dev/two", "4"], seen)
        self.assertIn(b"/dev/three", seen.stderr)
        self.assertIn(b"Read-only", seen.stderr)
        with open(f"{FOLDER}/vendor/state") as file:
            self.assertEqual(json.load(file)["id"], container)
        wanted = self.container_config(config, "absent", ["true"])
        wanted.CDI_devices.add(name="vendor.example/part=four")
        message = self.refused(Code.NOT_FOUND, self.runtime.CreateContainer,
                               cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config))
        self.assertIn("vendor.example/part=four", message)


class Mounts(NodeTest):
    def mounting(self, path, **options):
        def change(container):
            container.mounts.add(container_path="/data", host_path=path, **options)
        return change

    def test_files_of_the_nodes_users_in_a_user_namespace(self):
        """An ID-mapped mount: the files belong to who they belong to, on both sides."""
        path = f"{FOLDER}/owned"
        os.makedirs(path)
        for name, owner in [("root", 0), ("user", 1000)]:
            with open(f"{path}/{name}", "w") as file:
                file.write(name)
            os.chown(f"{path}/{name}", owner, owner)
        config = self.pod_config("mapped-mount")
        map_users(config)
        pod = self.run_pod(config)
        ids = [cri.IDMapping(host_id=300000, container_id=0, length=65536)]
        container = self.start(pod, config, "c", ["sleep", "1000"], self.mounting(path, uidMappings=ids, gidMappings=ids))
        seen = self.sh(container, "stat -c %u:%g /data/root /data/user; echo new > /data/new && cat /data/new")
        self.assertEqual(seen.stdout, b"0:0\n1000:1000\nnew\n", seen)
        self.assertEqual((os.stat(path + "/new").st_uid, os.stat(path + "/new").st_gid), (0, 0))
        plain = self.start(pod, config, "plain", ["sleep", "1000"], self.mounting(path))
        seen = self.sh(plain, "stat -c %u:%g /data/root; echo new > /data/root")
        self.assertEqual(seen.stdout, b"65534:65534\n", seen)
        self.assertNotEqual(seen.exit_code, 0)
        wanted = self.container_config(config, "half", ["true"])
        self.mounting(path, uidMappings=ids)(wanted)
        self.refused(Code.INVALID_ARGUMENT, self.runtime.CreateContainer,
                     cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config))

    def test_read_only_with_all_below(self):
        volume = Mounted("recursive")
        self.addCleanup(volume.close)
        config = self.pod_config("recursive", network=NODE)
        pod = self.run_pod(config)
        writes = "for place in /data /data/inner; do touch $place/x 2>/dev/null && echo $place; done; true"
        for name, options, writable in [
                ("write", {}, b"/data\n/data/inner\n"), ("read", {"readonly": True}, b"/data/inner\n"),
                ("all", {"readonly": True, "recursive_read_only": True}, b"")]:
            container = self.start(pod, config, name, ["sleep", "1000"], self.mounting(volume.path, **options))
            self.assertEqual(self.sh(container, writes).stdout, writable, name)
        for options in [{"recursive_read_only": True},
                        {"recursive_read_only": True, "readonly": True, "propagation": cri.PROPAGATION_HOST_TO_CONTAINER}]:
            wanted = self.container_config(config, "refused", ["true"])
            self.mounting(volume.path, **options)(wanted)
            self.refused(Code.INVALID_ARGUMENT, self.runtime.CreateContainer,
                         cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config))
        # The node's own mounts are as they were.
        for place in [volume.path, volume.inner]:
            open(place + "/written", "w").close()

    def test_propagation(self):
        volume = Mounted("propagates")
        self.addCleanup(volume.close)
        for name in ["from-node", *(f"from-{number}" for number in range(3))]:
            os.mkdir(f"{volume.path}/{name}")
        config = self.pod_config("propagates", network=NODE)
        config.linux.security_context.privileged = True
        pod = self.run_pod(config)

        def change(propagation):
            def to(container):
                container.linux.security_context.privileged = True
                self.mounting(volume.path, propagation=propagation)(container)
            return to

        kinds = [cri.PROPAGATION_PRIVATE, cri.PROPAGATION_HOST_TO_CONTAINER, cri.PROPAGATION_BIDIRECTIONAL]
        containers = [self.start(pod, config, f"c{kind}", ["sleep", "1000"], change(kind)) for kind in kinds]
        mount("-t", "tmpfs", "late", volume.path + "/from-node")
        sees = [self.sh(c, "grep -c ' /data/from-node ' /proc/self/mountinfo").stdout.strip() for c in containers]
        self.assertEqual(sees, [b"0", b"1", b"1"])
        for number, container in enumerate(containers):
            made = self.sh(container, f"mount -t tmpfs made /data/from-{number}")
            self.assertEqual(made.exit_code, 0, made.stderr)
        self.assertEqual([f"{volume.path}/from-{n}" in mounted_at() for n in range(3)], [False, False, True])
        subprocess.run(["umount", f"{volume.path}/from-node"], check=True)
        sees = [self.sh(c, "grep -c ' /data/from-node ' /proc/self/mountinfo").stdout.strip() for c in containers]
        self.assertEqual(sees, [b"0", b"0", b"0"])

    def test_propagation_that_the_node_cannot_give(self):
        path = f"{FOLDER}/private"
        os.makedirs(path)
        mount("-t", "tmpfs", "private", path)
        self.addCleanup(lambda: subprocess.run(["umount", path], check=True))
        mount("--make-private", path)
        config = self.pod_config("private", network=NODE)
        pod = self.run_pod(config)
        for kind in [cri.PROPAGATION_HOST_TO_CONTAINER, cri.PROPAGATION_BIDIRECTIONAL]:
            wanted = self.container_config(config, "c", ["true"])
            self.mounting(path, propagation=kind)(wanted)
            self.refused(Code.FAILED_PRECONDITION, self.runtime.CreateContainer,
                         cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config))


class Credentials(NodeTest):
    def test_groups_of_the_image(self):
        """The image has its user `app` in two groups, 29 and 2000."""
        archive = os.path.dirname(os.environ["BUSYBOX"]) + "/users.tar"
        self.assertEqual(self.swiftlet("load", "-q", "-i", archive).returncode, 0)
        config = self.pod_config("groups", network=NODE)
        pod = self.run_pod(config)
        for policy, expected in [(cri.Merge, {1000, 29, 2000, 5000}), (cri.Strict, {1000, 5000})]:
            def change(container):
                container.image.image = "test/users:latest"
                context = container.linux.security_context
                context.run_as_user.value, context.run_as_group.value = 1000, 1000
                context.supplemental_groups.append(5000)
                context.supplemental_groups_policy = policy

            container = self.start(pod, config, f"c{policy}", ["sleep", "1000"], change)
            command = "id -u; id -G; grep Groups: /proc/1/status"
            user, groups, first = self.sh(container, command).stdout.decode().splitlines()
            self.assertEqual(user, "1000")
            self.assertEqual({int(id) for id in groups.split()}, expected)
            # The first process's, and not a command's alone.
            self.assertEqual({int(id) for id in first.split()[1:]} | {1000}, expected)
            told = self.status(container).user.linux
            self.assertEqual((told.uid, told.gid, set(told.supplemental_groups) | {1000}), (1000, 1000, expected))

    def test_ambient_capabilities(self):
        config = self.pod_config("ambient")
        # Else the port below needs no right.
        config.linux.sysctls["net.ipv4.ip_unprivileged_port_start"] = "1024"
        pod = self.run_pod(config)
        right = 1 << 10
        for name, added in [("with", ["NET_BIND_SERVICE"]), ("without", [])]:
            def change(container):
                container.linux.security_context.run_as_user.value = 1000
                container.linux.security_context.capabilities.add_ambient_capabilities.extend(added)

            container = self.start(pod, config, name, ["sleep", "1000"], change)
            for process in ["1", "self"]:
                text = self.sh(container, f"grep Cap /proc/{process}/status").stdout.decode()
                sets = {line.split()[0]: int(line.split()[1], 16) for line in text.splitlines()}
                for kind in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"]:
                    self.assertEqual(sets[kind], right if added else 0, (name, process, kind))
            listens = self.sh(container, "timeout 1 nc -l -p 80")
            self.assertEqual(b"Permission denied" in listens.stderr, not added, listens)
