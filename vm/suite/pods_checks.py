"""What only a host with all controllers in one tree shows of pods: their groups, by files and by systemd.

Run by `pods`, in a guest with and without systemd.
"""

import json
import os
import subprocess
import tarfile
import time
import unittest

import grpc

from node import FOLDER, NODE, POD, NodeTest, cri

CGROUPS = "/sys/fs/cgroup"
HAS_SYSTEMD = os.path.exists("/run/systemd/system")


def read(path):
    with open(path) as file:
        return file.read().strip()


def show(unit, *names):
    words = subprocess.run(
        ["systemctl", "show", unit, *("--property=" + name for name in names)],
        check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in words.splitlines())


def scopes():
    """Units of ours that systemd knows, failed ones too."""
    lines = subprocess.run(
        ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--type=scope,slice"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(line.split()[0] for line in lines if "cri-swiftlet" in line or "swiftlet-pods-" in line)


def groups_of_ours():
    found = []
    for folder, names, _ in os.walk(CGROUPS):
        found += [os.path.join(folder, name) for name in names if "cri-swiftlet" in name or "podchecks" in name]
    return found


class Groups:
    """The tests, for a class that says how groups are made."""

    driver = None

    @classmethod
    def setUpClass(cls):
        cls.more = f'{cls.driver_line()}\n[runtimes.crun]\nprogram = "/usr/bin/crun"\n'
        super().setUpClass()

    @classmethod
    def driver_line(cls):
        return f'cgroup_driver = "{cls.setting}"'

    # MARK: Where groups are

    def parent(self, name):
        raise NotImplementedError

    def path(self, name, container):
        """The group of a container of a pod of that name, below the root."""
        raise NotImplementedError

    def config(self, name, **options):
        config = self.pod_config(name, **{"network": NODE, **options})
        config.linux.cgroup_parent = self.parent(name)
        return config

    def process(self, container):
        info = self.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container, verbose=True)).info
        return json.loads(info["info"])["pid"]

    def group(self, container):
        """Of the container's first process, below the root."""
        return read(f"/proc/{self.process(container)}/cgroup").removeprefix("0::")

    def files(self, container, *names):
        return {name: read(f"{CGROUPS}{self.group(container)}/{name}") for name in names}

    def limited(self, **limits):
        def change(config):
            for name, value in limits.items():
                if name == "unified":
                    config.linux.resources.unified.update(value)
                else:
                    setattr(config.linux.resources, name, value)
        return change

    def update(self, container, **limits):
        request = cri.UpdateContainerResourcesRequest(container_id=container)
        for name, value in limits.items():
            setattr(request.linux, name, value)
        self.runtime.UpdateContainerResources(request, timeout=60)

    # MARK: Tests

    def test_who_makes_groups_is_told(self):
        told = self.runtime.RuntimeConfig(cri.RuntimeConfigRequest()).linux.cgroup_driver
        self.assertEqual(told, cri.SYSTEMD if self.driver == "systemd" else cri.CGROUPFS)
        info = self.runtime.Status(cri.StatusRequest(verbose=True)).info
        self.assertIn(self.driver, info.values())

    def test_a_life(self):
        config = self.config("podchecks-life", pid=POD)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.1; done"])
        self.assertEqual(self.group(container), self.path("podchecks-life", container))
        # What runs beside the first process is in the same group; the pod's init has one of its own.
        inside = self.sh(container, "cat /proc/self/cgroup; cat /proc/1/cgroup; ps -o args")
        self.assertEqual(inside.exit_code, 0, inside.stderr)
        self.assertIn(b"0::/\n", inside.stdout)
        self.assertIn(b"swiftlet-init", inside.stdout)
        beside = os.path.basename(self.path("podchecks-life", pod + "-init"))
        group = os.path.dirname(CGROUPS + self.group(container))
        self.assertIn(beside, os.listdir(group))
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=30), timeout=60)
        status = self.status(container)
        self.assertEqual((status.state, status.exit_code), (cri.CONTAINER_EXITED, 7))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
        self.assertEqual([name for name in os.listdir(group) if "swiftlet" in name] if os.path.isdir(group) else [], [])

    def test_limits_and_their_change(self):
        config = self.config("podchecks-limits")
        pod = self.run_pod(config)
        change = self.limited(
            memory_limit_in_bytes=64 << 20, memory_swap_limit_in_bytes=64 << 20, cpu_quota=25500, cpu_period=50000,
            cpu_shares=512, cpuset_cpus="1", unified={"pids.max": "50", "memory.high": str(48 << 20)})
        container = self.start(pod, config, "c", ["sleep", "1000"], change)
        files = {"memory.max": str(64 << 20), "memory.swap.max": "0", "cpu.max": "25500 50000", "cpu.weight": "59",
                 "cpuset.cpus": "1", "pids.max": "50", "memory.high": str(48 << 20)}
        self.assertEqual(self.files(container, *files), files)
        self.update(container, memory_limit_in_bytes=96 << 20, memory_swap_limit_in_bytes=96 << 20, cpu_quota=50000,
                    cpu_period=100000, cpu_shares=2048, cpuset_cpus="0-1")
        changed = {"memory.max": str(96 << 20), "memory.swap.max": "0", "cpu.max": "50000 100000", "cpu.weight": "174",
                   "cpuset.cpus": "0-1", "pids.max": "50"}
        self.assertEqual(self.files(container, *changed), changed)
        self.hold_on_reload(container, changed)
        told = self.status(container).resources.linux
        self.assertEqual((told.memory_limit_in_bytes, told.cpu_quota), (96 << 20, 50000))
        # One that waits to be started gets them with its group.
        waits = self.container_config(config, "waits", ["sleep", "1000"])
        self.limited(memory_limit_in_bytes=64 << 20)(waits)
        waits = self.create(pod, config, waits)
        self.update(waits, memory_limit_in_bytes=32 << 20)
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=waits), timeout=60)
        self.assertEqual(self.files(waits, "memory.max"), {"memory.max": str(32 << 20)})

    def hold_on_reload(self, container, files):
        pass

    def test_out_of_memory(self):
        config = self.config("podchecks-oom")
        pod = self.run_pod(config)
        keeps = self.start(pod, config, "keeps", ["sleep", "1000"])
        hog = self.start(pod, config, "hog", ["tail", "/dev/zero"],
                         self.limited(memory_limit_in_bytes=16 << 20, memory_swap_limit_in_bytes=16 << 20))
        status = self.wait_for(hog, cri.CONTAINER_EXITED, seconds=60)
        self.assertEqual((status.exit_code, status.reason), (137, "OOMKilled"))
        self.assertEqual(self.status(keeps).state, cri.CONTAINER_RUNNING)
        # A child that is killed is told of, too, and the container goes on.
        child = self.start(pod, config, "child", ["sh", "-c", "tail /dev/zero; exit 3"],
                           self.limited(memory_limit_in_bytes=16 << 20, memory_swap_limit_in_bytes=16 << 20))
        status = self.wait_for(child, cri.CONTAINER_EXITED, seconds=60)
        self.assertEqual(status.reason, "OOMKilled")

    def test_statistics(self):
        config = self.config("podchecks-stats")
        pod = self.run_pod(config)
        busy = self.start(pod, config, "busy", ["sh", "-c", "while true; do :; done"])
        self.start(pod, config, "idle", ["sleep", "1000"])
        time.sleep(2)
        stats = self.runtime.ContainerStats(cri.ContainerStatsRequest(container_id=busy)).stats
        self.assertGreater(stats.cpu.usage_core_nano_seconds.value, 200_000_000)
        self.assertGreater(stats.memory.usage_bytes.value, 0)
        whole = self.runtime.PodSandboxStats(cri.PodSandboxStatsRequest(pod_sandbox_id=pod)).stats
        self.assertEqual(len(whole.linux.containers), 2)
        self.assertEqual(whole.linux.process.process_count.value, 2)
        self.assertGreaterEqual(whole.linux.cpu.usage_core_nano_seconds.value, stats.cpu.usage_core_nano_seconds.value)

    def test_a_user_namespace(self):
        config = self.config("podchecks-mapped", network=POD)
        users = config.linux.security_context.namespace_options.userns_options
        users.mode = POD
        users.uids.add(host_id=300000, container_id=0, length=65536)
        users.gids.add(host_id=300000, container_id=0, length=65536)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"], self.limited(memory_limit_in_bytes=64 << 20))
        result = self.sh(container, "id -u; touch /new; stat -c %u /new /bin/busybox; cat /proc/self/uid_map")
        self.assertEqual(result.exit_code, 0, result.stderr)
        lines = result.stdout.decode().split("\n")
        self.assertEqual(lines[:3], ["0", "0", "0"])
        self.assertEqual(lines[3].split(), ["0", "300000", "65536"])
        self.assertEqual(os.stat(f"/proc/{self.process(container)}").st_uid, 300000)
        self.assertEqual(self.files(container, "memory.max"), {"memory.max": str(64 << 20)})

    def test_a_pod_of_crun(self):
        """Where both versions of control groups are mounted, as in the tests outside, it starts no container."""
        config = self.config("podchecks-crun", network=POD)
        pod = self.run_pod(config, runtime_handler="crun")
        self.assertEqual(self.pod_status(pod).runtime_handler, "crun")
        container = self.start(
            pod, config, "c", ["sh", "-c", "echo begun; trap 'exit 9' TERM; while true; do sleep 0.1; done"],
            self.limited(memory_limit_in_bytes=64 << 20))
        self.assertTrue(os.path.isdir(f"{FOLDER}/run/k8s/crun/{container}"))
        # In a scope it makes one group more, which has the limits.
        group = self.path("podchecks-crun", container)
        self.assertIn(self.group(container), [group, group + "/container"])
        self.assertEqual(self.files(container, "memory.max"), {"memory.max": str(64 << 20)})
        self.update(container, memory_limit_in_bytes=96 << 20)
        self.assertEqual(self.files(container, "memory.max"), {"memory.max": str(96 << 20)})
        stats = self.runtime.ContainerStats(cri.ContainerStatsRequest(container_id=container)).stats
        self.assertGreater(stats.memory.usage_bytes.value, 0)
        self.daemon.kill()
        self.daemon.start()
        inside = self.sh(container, "hostname; cat /sys/class/net/eth0/operstate; exit 4")
        self.assertEqual((inside.exit_code, inside.stdout), (4, b"podchecks-crun\nup\n"), inside)
        self.assertIn("stdout F begun", self.log("podchecks-crun", "c"))
        failed = self.start(pod, config, "failed", ["sh", "-c", "exit 5"])
        self.assertEqual(self.wait_for(failed, cri.CONTAINER_EXITED, seconds=60).exit_code, 5)
        absent = self.create(pod, config, self.container_config(config, "absent", ["/absent"]))
        with self.assertRaises(grpc.RpcError):
            self.runtime.StartContainer(cri.StartContainerRequest(container_id=absent), timeout=60)
        self.assertEqual(self.wait_for(absent, cri.CONTAINER_EXITED).reason, "StartError")
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=30), timeout=60)
        self.assertEqual(self.status(container).exit_code, 9)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
        self.assertEqual(os.listdir(f"{FOLDER}/run/k8s/crun"), [])
        self.assertFalse(os.path.exists(CGROUPS + group))

    def test_without_a_parent_a_pod_has_a_group_of_its_own(self):
        config = self.pod_config("podchecks-own", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        group = CGROUPS + os.path.dirname(self.group(container))
        self.assertIn(pod, group)
        whole = self.runtime.PodSandboxStats(cri.PodSandboxStatsRequest(pod_sandbox_id=pod)).stats
        self.assertEqual(whole.linux.process.process_count.value, 1)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
        self.assertFalse(os.path.exists(group), group)

    def test_another_daemon_takes_over(self):
        config = self.config("podchecks-over")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"], self.limited(memory_limit_in_bytes=64 << 20))
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)
        self.update(container, memory_limit_in_bytes=32 << 20)
        self.assertEqual(self.files(container, "memory.max"), {"memory.max": str(32 << 20)})
        # Also one with the other driver: the pod keeps its own.
        self.daemon.kill()
        kept = read(self.daemon.config)
        with open(self.daemon.config, "w") as file:
            file.write(kept.replace(self.driver_line(), 'cgroup_driver = "cgroupfs"'))
        try:
            self.daemon.start()
            second = self.start(pod, config, "second", ["sleep", "1000"])
            self.assertEqual(self.group(second), self.path("podchecks-over", second))
        finally:
            self.daemon.kill()
            with open(self.daemon.config, "w") as file:
                file.write(kept)
            self.daemon.start()

    # MARK: The end

    def tearDown(self):
        super().tearDown()
        left = groups_of_ours()
        for path in [path for path in left if "podchecks" in os.path.basename(path)]:
            # The pods' groups are their creator's to remove.
            self.assertNotIn("populated 1", read(path + "/cgroup.events"))
        self.assertEqual([path for path in left if "cri-swiftlet" in path], [])
        if HAS_SYSTEMD:
            self.assertEqual(scopes(), [])


class ByFiles(Groups, NodeTest):
    """Under systemd, which suits pods by files no better and no worse, only what it could get in the way of."""

    driver = "cgroupfs"
    setting = "cgroupfs" if HAS_SYSTEMD else "auto"

    def parent(self, name):
        return f"/kubepods/burstable/pod{name}"

    def path(self, name, container):
        return f"{self.parent(name)}/{container}"

    def hold_on_reload(self, container, files):
        if HAS_SYSTEMD:
            subprocess.run(["systemctl", "daemon-reload"], check=True)
            self.assertEqual(self.files(container, *files), files)

    if HAS_SYSTEMD:
        test_another_daemon_takes_over = test_statistics = test_a_user_namespace = None


@unittest.skipUnless(HAS_SYSTEMD, "systemd is not this guest's init: the guest that it has booted runs these")
class BySystemd(Groups, NodeTest):
    driver = "systemd"
    setting = "auto"

    def slice(self, name):
        return f"kubepods-burstable-pod{name.replace('-', '_')}.slice"

    def parent(self, name):
        return f"/kubepods.slice/kubepods-burstable.slice/{self.slice(name)}"

    def path(self, name, container):
        return f"{self.parent(name)}/cri-swiftlet-{container}.scope"

    def hold_on_reload(self, container, files):
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        self.assertEqual(self.files(container, *files), files)

    def test_limits_are_the_units(self):
        config = self.config("podchecks-unit")
        pod = self.run_pod(config)
        change = self.limited(memory_limit_in_bytes=64 << 20, cpu_quota=20000, cpu_period=100000)
        container = self.start(pod, config, "c", ["sleep", "1000"], change)
        unit = f"cri-swiftlet-{container}.scope"
        expected = {"ActiveState": "active", "Slice": self.slice("podchecks-unit"), "Delegate": "yes",
                    "MemoryMax": str(64 << 20), "CPUQuotaPerSecUSec": "200ms"}
        self.assertEqual(show(unit, *expected), expected)
        self.update(container, memory_limit_in_bytes=96 << 20, cpu_quota=40000, cpu_period=100000)
        expected = {"MemoryMax": str(96 << 20), "CPUQuotaPerSecUSec": "400ms"}
        self.assertEqual(show(unit, *expected), expected)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0), timeout=60)
        self.assertEqual(show(unit, "LoadState")["LoadState"], "not-found")

    def test_a_parent_of_the_other_driver_is_refused(self):
        config = self.pod_config("podchecks-wrong", network=NODE)
        for parent in ["/kubepods/burstable/podx", "a--b.slice", "/x/.slice"]:
            config.linux.cgroup_parent = parent
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.runtime.RunPodSandbox,
                         cri.RunPodSandboxRequest(config=config))


@unittest.skipIf(HAS_SYSTEMD, "once is enough: the guest without systemd runs these")
class Checkpoints(NodeTest):
    """The archive that kubelets ask for."""

    def start_counter(self):
        self.config = self.pod_config("checkpointed", network=NODE)
        self.pod = self.run_pod(self.config)
        script = ("echo begun; echo new > /root/new; mkdir -p /etc/made && echo x > /etc/made/x; rm -r /etc/passwd; "
                  "ln /root/new /root/same; i=0; while true; do i=$((i+1)); echo $i > /dev/shm/n; sleep 0.1; done")
        self.container = self.start(self.pod, self.config, "c", ["sh", "-c", script])
        self.until(lambda: self.number() > 2)

    def number(self):
        return int(self.sh(self.container, "cat /dev/shm/n 2>/dev/null || echo 0").stdout.strip() or 0)

    def until(self, condition, seconds=60):
        deadline = time.time() + seconds
        while not condition():
            self.assertLess(time.time(), deadline)
            time.sleep(0.1)

    def checkpoint(self, location, timeout=0):
        self.runtime.CheckpointContainer(cri.CheckpointContainerRequest(
            container_id=self.container, location=location, timeout=timeout), timeout=300)

    def test_an_archive_and_the_container_goes_on(self):
        self.start_counter()
        location = f"{FOLDER}/checkpoint.tar"
        self.checkpoint(location)
        reached = self.number()
        self.until(lambda: self.number() > reached)
        self.assertEqual(os.stat(location).st_mode & 0o777, 0o600)
        with tarfile.open(location, "r:") as archive:
            names = archive.getnames()
            for name in ["checkpoint/inventory.img", "checkpoint/pstree.img", "config.dump", "spec.dump", "status.dump",
                         "container.log", "dump.log", "stats-dump", "rootfs-diff.tar"]:
                self.assertIn(name, names)
            config = json.load(archive.extractfile("config.dump"))
            self.assertEqual((config["id"], config["rootfsImage"], config["runtime"], config["restored"]),
                             (self.container, "busybox:latest", "swiftlet", False))
            self.assertEqual(config["rootfsImageRef"], self.status(self.container).image_ref)
            spec = json.load(archive.extractfile("spec.dump"))
            self.assertEqual(spec["process"]["args"][0], "sh")
            status = json.load(archive.extractfile("status.dump"))
            self.assertEqual((status["id"], status["created_at"]),
                             (self.container, self.status(self.container).created_at))
            self.assertIn(b"stdout F begun", archive.extractfile("container.log").read())
            with tarfile.open(fileobj=archive.extractfile("rootfs-diff.tar"), mode="r:") as layer:
                found = {member.name: member for member in layer}
                self.assertEqual(layer.extractfile("root/new").read(), b"new\n")
                self.assertIn("etc/made/x", found)
                self.assertIn("etc/.wh.passwd", found)
                self.assertTrue(found["root/same"].islnk() or found["root/new"].islnk())
        # Nothing beside it, and a second one takes its place.
        self.assertEqual([name for name in os.listdir(FOLDER) if "partial" in name], [])
        self.assertFalse(os.path.exists(f"{FOLDER}/lib/k8s/containers/{self.container}/checkpoint"))
        self.checkpoint(location)
        os.unlink(location)

    def test_the_images_can_be_restored(self):
        self.start_counter()
        location = f"{FOLDER}/restore.tar"
        self.checkpoint(location)
        folder, rootfs = f"{FOLDER}/restored", f"{FOLDER}/restored/rootfs"
        with tarfile.open(location, "r:") as archive:
            archive.extractall(folder)
        os.unlink(location)
        reached = self.number()
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=self.container, timeout=0), timeout=60)
        # The image's files and the layer over them.
        subprocess.run(["cp", "-a", os.environ["VM_SOURCE"] + "/.fixtures/busybox/rootfs", rootfs], check=True)
        subprocess.run(["tar", "-C", rootfs, "--exclude", ".wh.*", "-xpf", f"{folder}/rootfs-diff.tar"], check=True)
        with open(f"{folder}/spec.dump") as file:
            spec = json.load(file)
        spec["root"]["path"] = rootfs
        spec["linux"]["cgroupsPath"] = "/restored"
        os.rename(f"{folder}/spec.dump", f"{folder}/config.json")
        with open(f"{folder}/config.json", "w") as file:
            json.dump(spec, file)
        oci = ["/in/bin/swiftlet-oci", "--root", f"{FOLDER}/oci"]
        reading, writing = os.pipe()
        restored = subprocess.run(
            [*oci, "restore", "--detach", "--bundle", folder, "--image-path", f"{folder}/checkpoint", "again"],
            stdin=subprocess.DEVNULL, stdout=writing, stderr=writing)
        os.close(writing)
        if restored.returncode:
            with os.fdopen(reading) as errors:
                self.fail(errors.read())
        shared = f"{FOLDER}/run/k8s/sandboxes/{self.pod}/shm/n"
        try:
            # It counts on, where the one that was written down was or before.
            self.until(lambda: int(read(shared) or 0) > reached)
            found = subprocess.run([*oci, "exec", "again", "cat", "/root/same"], capture_output=True, text=True)
            self.assertEqual(found.stdout, "new\n", found.stderr)
        finally:
            subprocess.run([*oci, "delete", "--force", "again"], check=True)
            os.close(reading)
            subprocess.run(["rm", "-rf", folder], check=True)

    def test_failures_leave_the_container_and_no_archive(self):
        self.start_counter()
        code = grpc.StatusCode

        def refused(expected, location, timeout=0, container=None):
            request = cri.CheckpointContainerRequest(
                container_id=container or self.container, location=location, timeout=timeout)
            return self.refused(expected, lambda request, timeout: self.runtime.CheckpointContainer(request, timeout=300), request)

        refused(code.INVALID_ARGUMENT, "relative")
        refused(code.INVALID_ARGUMENT, f"{FOLDER}/../x")
        refused(code.INVALID_ARGUMENT, f"{FOLDER}/folder/")
        refused(code.INVALID_ARGUMENT, f"{FOLDER}/x", timeout=-1)
        refused(code.NOT_FOUND, f"{FOLDER}/x", container="absent")
        self.assertIn("/absent/x", refused(code.UNKNOWN, "/absent/x"))
        os.mkdir(f"{FOLDER}/taken")
        refused(code.UNKNOWN, f"{FOLDER}/taken")
        os.rmdir(f"{FOLDER}/taken")
        # Half a gigabyte cannot be written within a second. What was begun ends by itself.
        self.sh(self.container, "dd if=/dev/zero of=/large bs=1M count=500", timeout=120)
        begun = time.monotonic()
        refused(code.DEADLINE_EXCEEDED, f"{FOLDER}/late.tar", timeout=1)
        self.assertLess(time.monotonic() - begun, 5)
        self.until(lambda: not os.path.exists(f"{FOLDER}/lib/k8s/containers/{self.container}/checkpoint"))
        self.sh(self.container, "rm /large")
        self.assertEqual([name for name in os.listdir(FOLDER) if "late" in name or "partial" in name], [])
        reached = self.number()
        self.until(lambda: self.number() > reached)
        ended = self.start(self.pod, self.config, "ended", ["true"])
        self.wait_for(ended, cri.CONTAINER_EXITED)
        refused(code.FAILED_PRECONDITION, f"{FOLDER}/x", container=ended)

    def test_a_daemon_that_is_killed_meanwhile(self):
        self.start_counter()
        location = f"{FOLDER}/cut.tar"
        work = f"{FOLDER}/lib/k8s/containers/{self.container}/checkpoint"
        future = self.runtime.CheckpointContainer.future(
            cri.CheckpointContainerRequest(container_id=self.container, location=location))
        self.until(lambda: os.path.exists(work))
        time.sleep(0.3)
        self.daemon.kill()
        del future
        self.daemon.start()
        self.until(lambda: not os.path.exists(work))
        reached = self.number()
        self.until(lambda: self.number() > reached)
        self.checkpoint(location)
        os.unlink(location)
