"""What pods may use of their node, as the kernel has it: groups, reservations, resizes, processors."""

import ctypes
import json
import os
import subprocess
import unittest

from agent import DRIVER, Agent, AgentTest, container, group, hierarchies, remove_groups, shell, wait

SLEEP = shell("trap 'exit 0' TERM; sleep 100000 & wait")

# A file of version 1 with the one that says the same in version 2.
FILES = {
    "cpu.shares": "cpu.weight", "cpu.cfs_quota_us": "cpu.max", "memory.limit_in_bytes": "memory.max",
    "pids.max": "pids.max", "cpuset.cpus": "cpuset.cpus",
}


def is_unified():
    return not os.path.exists("/sys/fs/cgroup/memory")


def read(path, file):
    """A limit of a group, with -1 for none; of version 2's weight and quota the number itself."""
    name = FILES[file] if is_unified() else file
    base = "/sys/fs/cgroup" if is_unified() else "/sys/fs/cgroup/" + file.split(".")[0]
    with open(f"{base}{path}/{name}") as f:
        text = f.read().split()
    if file == "cpuset.cpus":
        return text[0] if text else ""
    number = -1 if text[0] == "max" else int(text[0])
    return -1 if number > 1 << 60 else number


def shares(number):
    """As the file has it."""
    if not is_unified():
        return number
    import math
    power = (math.log2(number) ** 2 + 125 * math.log2(number)) / 612 - 7 / 34
    return 1 if number <= 2 else math.ceil(10 ** power - 1e-9)


def pids(path):
    base = "/sys/fs/cgroup" if is_unified() else "/sys/fs/cgroup/memory"
    found = []
    for folder, _, files in os.walk(base + path):
        if "cgroup.procs" in files:
            with open(f"{folder}/cgroup.procs") as file:
                found += file.read().split()
    return found


def there(path):
    return [hierarchy for hierarchy in hierarchies() if os.path.exists(hierarchy + path)]


def sized(name="c", cpu=None, memory=None, cpu_limit=None, memory_limit=None, **more):
    resources = {"requests": {}, "limits": {}}
    for part, kind, value in (("requests", "cpu", cpu), ("requests", "memory", memory),
                              ("limits", "cpu", cpu_limit), ("limits", "memory", memory_limit)):
        if value:
            resources[part][kind] = value
    return {"name": name, "command": SLEEP, "resources": resources, **more}


class ResourceTest(AgentTest):
    def path(self, pod, kind=""):
        """Of the pod's group."""
        return self.group(f"{kind}/pod{pod['metadata']['uid']}")

    def group(self, path=""):
        """Below that of all pods."""
        return group(f"{self.agent.cgroup_root}/kubepods{path}")

    def container_path(self, pod, name="c", kind=""):
        identifier = container(pod, name)["containerID"].split("//")[1]
        name = f"cri-swiftlet-{identifier}.scope" if DRIVER == "systemd" else identifier
        return f"{self.path(pod, kind)}/{name}"

    def run_pod(self, name, *containers, **metadata):
        self.agent.pod(name, {"containers": list(containers), "terminationGracePeriodSeconds": 5}, **metadata)

    def drop(self, *names):
        for name in names:
            self.agent.remove(f"{name}.json")
        for name in names:
            self.agent.wait_gone(name)


class Groups(ResourceTest):
    configuration = {
        "podPidsLimit": 77, "kubeReserved": {"cpu": "250m", "memory": "1Gi"}, "systemReserved": {"memory": "512Mi"},
        "evictionHard": {"memory.available": "256Mi"},
    }

    def test_classes_have_their_places(self):
        self.run_pod("sure", sized(cpu_limit="200m", memory_limit="64Mi"))
        self.run_pod("some", sized(cpu="100m", memory_limit="32Mi"), sized("d", cpu="200m"))
        self.run_pod("any", sized())
        sure, some, any_ = (self.agent.wait_ready(name) for name in ("sure", "some", "any"))
        self.assertEqual([pod["status"]["qosClass"] for pod in (sure, some, any_)],
                         ["Guaranteed", "Burstable", "BestEffort"])
        path = self.path(sure)
        self.assertEqual(read(path, "cpu.shares"), shares(204))
        self.assertEqual(read(path, "cpu.cfs_quota_us"), 20000)
        self.assertEqual(read(path, "memory.limit_in_bytes"), 64 << 20)
        self.assertEqual(read(path, "pids.max"), 77)
        path = self.path(some, "/burstable")
        self.assertEqual(read(path, "cpu.shares"), shares(307))
        self.assertEqual(read(path, "cpu.cfs_quota_us"), -1)
        # One container has no limit, so the pod has none.
        self.assertEqual(read(path, "memory.limit_in_bytes"), -1)
        self.assertEqual(read(self.group("/burstable"), "cpu.shares"), shares(307))
        self.assertEqual(read(self.group("/besteffort"), "cpu.shares"), shares(2))
        self.assertEqual(read(self.path(any_, "/besteffort"), "cpu.shares"), shares(2))
        for pod, kind in ((sure, ""), (some, "/burstable"), (any_, "/besteffort")):
            self.assertTrue(pids(self.container_path(pod, kind=kind)), "containers are in their pods' groups")
        self.assertEqual(read(self.container_path(some, kind="/burstable"), "memory.limit_in_bytes"), 32 << 20)
        self.drop("sure", "some", "any")
        for pod, kind in ((sure, ""), (some, "/burstable"), (any_, "/besteffort")):
            self.assertEqual(there(self.path(pod, kind)), [])
        wait(lambda: read(self.group("/burstable"), "cpu.shares") == shares(2),
             "the class asks for nothing any more")

    def test_all_pods_are_kept_from_what_is_reserved(self):
        with open("/proc/meminfo") as file:
            total = int(file.readline().split()[1]) * 1024
        path = self.group()
        # What hard eviction keeps free does not count here: pods are to be evicted before they are killed.
        limit = (total - (1536 << 20)) // 4096 * 4096
        self.assertEqual(read(path, "memory.limit_in_bytes"), limit)
        self.assertEqual(read(path, "cpu.shares"), shares((os.cpu_count() * 1000 - 250) * 1024 // 1000))

    def test_a_pod_larger_than_what_is_allocatable(self):
        self.run_pod("large", sized(cpu=str(os.cpu_count())))
        pod = self.agent.wait_phase("large", "Failed")
        self.assertEqual(pod["status"]["reason"], "OutOfcpu")
        self.assertEqual(
            pod["status"]["message"], "Pod was rejected: Node didn't have enough resource: cpu, requested: "
            f"{os.cpu_count() * 1000}, used: 0, capacity: {os.cpu_count() * 1000 - 250}")
        self.assertEqual(there(self.path(pod, "/burstable")), [])
        self.drop("large")

    def test_others_make_room_for_a_critical_pod(self):
        for name, priority in {"number": {"priority": 2000000000},
                               "name": {"priorityClassName": "system-node-critical"}}.items():
            low, critical = f"low-{name}", f"critical-{name}"
            self.run_pod(low, sized(cpu=f"{os.cpu_count() * 1000 - 500}m"))
            self.agent.wait_ready(low)
            self.agent.pod(critical, {"containers": [sized(cpu="1")], **priority, "terminationGracePeriodSeconds": 5})
            self.agent.wait_ready(critical)
            self.assertEqual(self.agent.wait_phase(low, "Failed")["status"]["reason"], "Preempting")
            self.drop(critical, low)

    def test_groups_are_found_by_the_next_agent(self):
        self.run_pod("stays", sized(cpu="100m"))
        self.run_pod("goes", sized())
        stays, goes = self.agent.wait_ready("stays"), self.agent.wait_ready("goes")
        self.agent.kill()
        self.agent.remove("goes.json")
        self.agent.start()
        self.agent.wait_gone("goes")
        wait(lambda: not there(self.path(goes, "/besteffort")), "the group of the pod that is gone is removed")
        again = self.agent.wait_ready("stays")
        self.assertEqual(container(again, "c"), container(stays, "c"))
        self.assertTrue(pids(self.path(stays, "/burstable")))
        self.drop("stays")


PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"


def limits_pages():
    for hierarchy in hierarchies():
        try:
            with open(f"{hierarchy}/cgroup.controllers") as file:
                if "hugetlb" in file.read().split():
                    return True
        except FileNotFoundError:
            if os.path.exists(f"{hierarchy}/hugetlb.2MB.limit_in_bytes"):
                return True
    return False


@unittest.skipUnless(os.path.exists(PAGES) and os.access(PAGES, os.W_OK) and limits_pages(),
                     "this machine limits no huge pages")
class HugePages(ResourceTest):
    """Eight of 2 MiB, which the test sets aside beside those that the machine has."""

    @classmethod
    def setUpClass(cls):
        with open(PAGES) as file:
            before = int(file.read())
        cls.addClassCleanup(cls.set_aside, before)
        cls.set_aside(before + 8)
        with open(PAGES) as file:
            cls.pages = int(file.read())
        if cls.pages < before + 8:
            raise unittest.SkipTest("this machine has no room for huge pages")
        super().setUpClass()

    @staticmethod
    def set_aside(number):
        with open(PAGES, "w") as file:
            file.write(str(number))

    def limit(self, path):
        """Bytes of pages of 2 MiB that a group may have; None: whatever there is."""
        for hierarchy in hierarchies():
            for name in ("hugetlb.2MB.max", "hugetlb.2MB.limit_in_bytes"):
                if os.path.exists(f"{hierarchy}{path}/{name}"):
                    with open(f"{hierarchy}{path}/{name}") as file:
                        text = file.read().strip()
                    return None if text == "max" else int(text)
        raise AssertionError(f"no limit of pages is in {path}")

    def test_pods_have_the_pages_that_they_ask_for(self):
        def node(part):
            return json.loads(self.agent.get("/node"))["status"].get(part, {})

        wait(lambda: node("capacity"), "the agent has looked at its node", 20)
        for part in ("capacity", "allocatable"):
            self.assertEqual(node(part)["hugepages-2Mi"], f"{self.pages * 2}Mi")
        asks = sized("asks", memory_limit="32Mi", volumeMounts=[{"name": "v", "mountPath": "/v"}])
        asks["resources"]["limits"]["hugepages-2Mi"] = "4Mi"
        self.agent.pod("paged", {"containers": [asks, sized("other", memory="16Mi")], "terminationGracePeriodSeconds": 1,
                                 "volumes": [{"name": "v", "emptyDir": {"medium": "HugePages"}}]})
        pod = self.agent.wait_ready("paged")
        self.assertEqual(container(pod, "asks")["resources"]["limits"]["hugepages-2Mi"], "4Mi")
        paths = [self.path(pod, "/burstable")] + [self.container_path(pod, name, "/burstable") for name in ("asks", "other")]
        self.assertEqual([self.limit(path) for path in paths], [4 << 20, 4 << 20, 0])

        def take(size, file):
            return self.agent.run("exec", "-c", "asks", "paged", "fallocate", "-l", str(size), f"/v/{file}", check=False)

        self.assertIn("hugetlbfs", self.agent.run("exec", "-c", "asks", "paged", "grep", " /v ", "/proc/mounts").stdout)
        done = take(4 << 20, "pages")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = take(2 << 20, "more")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("No space left on device", done.stderr)
        # A pod that asks for none gets none.
        self.run_pod("unpaged", sized())
        self.assertEqual(self.limit(self.path(self.agent.wait_ready("unpaged"), "/besteffort")), 0)
        large = sized(memory="16Mi")
        large["resources"]["limits"]["hugepages-2Mi"] = f"{self.pages * 2}Mi"
        self.run_pod("large", large)
        self.assertEqual(self.agent.wait_phase("large", "Failed")["status"]["reason"], "OutOfhugepages-2Mi")
        self.drop("paged", "unpaged", "large")


class Refusals(unittest.TestCase):
    """An agent that would not keep what its configuration promises does not start, and says why."""

    def test_what_cannot_be(self):
        for number, (configuration, words) in enumerate((
                ({"enforceNodeAllocatable": ["pods", "kube-reserved"], "kubeReservedCgroup": "/kube",
                  "kubeReserved": {"cpu": "100m"}},
                 # A path, or a slice.
                 r"[/-]kube(\.slice)? of what is reserved does not exist"),
                ({"systemReserved": {"memory": "1Ei"}}, 'resource "memory" has a reservation of'),
                ({"cpuManagerPolicy": "static"}, "the static policy requires some processors to be reserved"))):
            agent = Agent(f"refused{number}", configuration)
            with self.assertRaises(RuntimeError):
                agent.start()
            self.assertRegex(agent.log(), words)
            remove_groups(agent.cgroup_root)


class Resize(ResourceTest):
    """A manifest with a uid of its own is the same pod after a change."""

    configuration = {"evictionHard": {"memory.available": "100Mi"}}

    def resize(self, name, *containers, holds, what):
        self.run_pod(name, *containers, uid=f"resize-{name}")
        return self.agent.wait_for(name, holds, what)

    def limit(self, pod, name="c"):
        return container(pod, name)["resources"].get("limits", {})

    def test_without_a_restart(self):
        self.run_pod("live", sized(cpu_limit="200m", memory_limit="64Mi"), sized("d", cpu_limit="300m", memory_limit="32Mi"),
                     uid="resize-live")
        before = self.agent.wait_ready("live")
        path = self.path(before)
        self.assertEqual(read(path, "cpu.cfs_quota_us"), 50000)
        after = self.resize(
            "live", sized(cpu_limit="400m", memory_limit="96Mi"), sized("d", cpu_limit="100m", memory_limit="16Mi"),
            holds=lambda pod: self.limit(pod).get("cpu") == "400m" and self.limit(pod, "d").get("cpu") == "100m",
            what="resized")
        for name in ("c", "d"):
            self.assertEqual(container(after, name)["containerID"], container(before, name)["containerID"])
            self.assertEqual(container(after, name)["restartCount"], 0)
        self.assertEqual(read(self.container_path(after), "cpu.cfs_quota_us"), 40000)
        self.assertEqual(read(self.container_path(after), "memory.limit_in_bytes"), 96 << 20)
        self.assertEqual(read(self.container_path(after, "d"), "cpu.cfs_quota_us"), 10000)
        self.assertEqual(read(self.container_path(after, "d"), "memory.limit_in_bytes"), 16 << 20)
        wait(lambda: read(path, "memory.limit_in_bytes") == 112 << 20, "the pod's group is as large as its containers")
        self.assertEqual(read(path, "cpu.cfs_quota_us"), 50000)
        self.assertEqual(container(after, "c")["allocatedResources"], {"cpu": "400m", "memory": "96Mi"})
        self.assertIn("ResizeCompleted", [event["reason"] for event in self.agent.events("live")])
        # The next agent knows what they have, and changes nothing.
        self.agent.kill()
        self.agent.start()
        again = self.agent.wait_ready("live")
        self.assertEqual(container(again, "c"), container(after, "c"))
        self.drop("live")

    def test_with_a_restart_where_the_policy_says_so(self):
        policy = {"resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]}
        self.run_pod("again", sized(cpu="100m", memory_limit="32Mi", **policy), sized("d", cpu="100m"),
                     uid="resize-again")
        before = self.agent.wait_ready("again")
        after = self.resize(
            "again", sized(cpu="100m", memory_limit="48Mi", **policy), sized("d", cpu="100m"),
            holds=lambda pod: container(pod, "c")["restartCount"] == 1 and "running" in container(pod, "c")["state"],
            what="restarted")
        self.assertEqual(read(self.container_path(after, kind="/burstable"), "memory.limit_in_bytes"), 48 << 20)
        self.assertEqual(container(after, "d")["containerID"], container(before, "d")["containerID"])
        self.drop("again")

    def test_waits_for_room(self):
        cpus = os.cpu_count()
        self.run_pod("neighbour", sized(cpu=f"{cpus * 1000 - 500}m"))
        self.agent.wait_ready("neighbour")
        self.run_pod("wants", sized(cpu="100m"), uid="resize-wants")
        self.agent.wait_ready("wants")

        def pending(reason):
            return lambda pod: any(
                c["type"] == "PodResizePending" and c["reason"] == reason for c in pod["status"]["conditions"])

        pod = self.resize("wants", sized(cpu="1"), holds=pending("Deferred"), what="deferred")
        self.assertEqual(container(pod, "c")["allocatedResources"], {"cpu": "100m"})
        self.assertEqual(read(self.path(pod, "/burstable"), "cpu.shares"), shares(102))
        self.resize("wants", sized(cpu=str(cpus + 1)), holds=pending("Infeasible"), what="infeasible")
        self.resize("wants", sized(cpu="1"), holds=pending("Deferred"), what="deferred again")
        # A decision waits for room also when the agent is another one.
        self.agent.kill()
        self.agent.start()
        self.agent.wait_for("wants", pending("Deferred"), "deferred after a restart")
        self.drop("neighbour")
        pod = self.agent.wait_for(
            "wants", lambda pod: container(pod, "c")["allocatedResources"] == {"cpu": "1"}, "resized")
        wait(lambda: read(self.container_path(pod, kind="/burstable"), "cpu.shares") == shares(1024),
             "its container has what it asked for")
        self.assertEqual(container(pod, "c")["restartCount"], 0)
        self.drop("wants")

    def test_is_not_held_to_less_than_it_uses(self):
        def filled(limit):
            command = shell("head -c 20000000 /dev/urandom >/m/file; exec sleep 100000")
            return {"name": "c", "command": command, "volumeMounts": [{"name": "m", "mountPath": "/m"}],
                    "resources": {"limits": {"memory": limit, "cpu": "500m"}},
                    "readinessProbe": {"exec": {"command": shell("test $(stat -c %s /m/file) = 20000000")},
                                       "periodSeconds": 1}}

        def apply(limit):
            self.agent.pod("full", {"containers": [filled(limit)], "terminationGracePeriodSeconds": 1,
                                    "volumes": [{"name": "m", "emptyDir": {"medium": "Memory"}}]}, uid="resize-full")

        apply("64Mi")
        before = self.agent.wait_ready("full")
        apply("8Mi")
        pod = self.agent.wait_for("full", lambda pod: any(
            c["type"] == "PodResizeInProgress" and c.get("reason") == "Error" for c in pod["status"]["conditions"]),
            "refused")
        message = [c["message"] for c in pod["status"]["conditions"] if c["type"] == "PodResizeInProgress"][0]
        self.assertIn('attempting to set container "c" memory limit (8388608) below current usage', message)
        self.assertEqual(read(self.container_path(before), "memory.limit_in_bytes"), 64 << 20)
        apply("64Mi")
        self.agent.wait_for("full", lambda pod: not any(
            c["type"].startswith("PodResize") for c in pod["status"]["conditions"]), "content")
        self.drop("full")


@unittest.skipUnless(len(os.sched_getaffinity(0)) > 1 and os.cpu_count() > 1, "needs two processors")
class Processors(ResourceTest):
    configuration = {"cpuManagerPolicy": "static", "reservedSystemCPUs": "0", "cpuManagerReconcilePeriod": "1s"}

    def cpus(self, name, kind=""):
        return read(self.container_path(self.agent.find(name), kind=kind), "cpuset.cpus")

    def test_whole_processors_are_a_containers_own(self):
        every = f"0-{os.cpu_count() - 1}"
        self.run_pod("shares", sized())
        self.agent.wait_ready("shares")
        self.assertEqual(self.cpus("shares", "/besteffort"), every)
        self.run_pod("owns", sized(cpu_limit="1", memory_limit="32Mi"))
        pod = self.agent.wait_ready("owns")
        own = self.cpus("owns")
        self.assertNotIn(own, ("0", every))
        self.assertEqual(read(self.container_path(pod), "cpu.cfs_quota_us"), -1)
        wait(lambda: self.cpus("shares", "/besteffort") not in (every, own), "the others have moved")
        with open(f"{self.agent.root}/agent/cpu_manager_state") as file:
            state = json.load(file)
        self.assertEqual(state["entries"], {pod["metadata"]["uid"]: {"c": own}})
        self.agent.kill()
        self.agent.start()
        self.agent.wait_ready("owns")
        self.assertEqual(self.cpus("owns"), own)
        self.run_pod("much", sized(cpu_limit=str(os.cpu_count() - 1), memory_limit="32Mi"))
        much = self.agent.wait_phase("much", "Failed")
        self.assertEqual(much["status"]["reason"], "UnexpectedAdmissionError" if os.cpu_count() > 2 else "OutOfcpu")
        self.drop("owns", "much")
        wait(lambda: self.cpus("shares", "/besteffort") == every, "all processors are shared again")
        self.drop("shares")


class Writes:
    """Of files of groups, by whomever: inotify(7)."""

    def __init__(self, *files):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for file in files:
            if libc.inotify_add_watch(self.descriptor, file.encode(), 2) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", file)

    def any(self):
        """Whether there were some; ends the watch."""
        try:
            return bool(os.read(self.descriptor, 4096))
        except BlockingIOError:
            return False
        finally:
            os.close(self.descriptor)


@unittest.skipUnless(is_unified(), "needs cgroup v2 alone")
class NothingKept(ResourceTest):
    """Without MemoryQoS nothing is said of memory that is kept, not even that it is none."""

    def test_nothing_is_written(self):
        self.run_pod("some", sized(memory="32Mi", memory_limit="64Mi"))
        some = self.agent.wait_ready("some")
        groups = [self.group(), self.group("/burstable"), self.path(some, "/burstable")]
        files = [f"/sys/fs/cgroup{path}/memory.{name}" for path in groups for name in ("min", "low")]
        writes = Writes(*files)
        self.agent.kill()
        self.agent.start()
        self.agent.wait_ready("some")
        self.run_pod("sure", sized(cpu_limit="100m", memory_limit="16Mi"))
        sure = self.agent.wait_ready("sure")
        if DRIVER == "systemd":
            # It writes all that it knows of a group with each change; what it was told itself it has on file.
            for path in [*groups, self.path(sure)]:
                text = subprocess.run(["systemctl", "cat", os.path.basename(path)], capture_output=True, text=True,
                                      check=True).stdout
                self.assertIn("CPU", text)
                self.assertNotIn("MemoryMin", text)
                self.assertNotIn("MemoryLow", text)
        else:
            self.assertFalse(writes.any())
        self.drop("some", "sure")


@unittest.skipUnless(is_unified(), "needs cgroup v2 alone")
class MemoryQoS(ResourceTest):
    configuration = {"featureGates": {"MemoryQoS": True}, "memoryReservationPolicy": "TieredReservation"}

    def memory(self, path, name):
        with open(f"/sys/fs/cgroup{path}/memory.{name}") as file:
            return int(file.read())

    def test_what_is_asked_for_is_kept_and_what_is_near_the_limit_is_slowed(self):
        self.run_pod("kept", sized(memory="32Mi", memory_limit="64Mi"))
        pod = self.agent.wait_ready("kept")
        path = self.container_path(pod, kind="/burstable")
        self.assertEqual((self.memory(path, "min"), self.memory(path, "low")), (0, 32 << 20))
        self.assertEqual(self.memory(path, "high"), int((32 + 0.9 * 32) * (1 << 20)) // 4096 * 4096)
        # All processes of a container go together.
        self.assertEqual(self.memory(path, "oom.group"), 1)
        for above in (self.path(pod, "/burstable"), self.group("/burstable"), self.group()):
            self.assertEqual((self.memory(above, "min"), self.memory(above, "low")), (0, 32 << 20))
        self.run_pod("sure", sized(cpu_limit="100m", memory_limit="16Mi"))
        sure = self.agent.wait_ready("sure")
        for place in (self.container_path(sure), self.path(sure)):
            self.assertEqual((self.memory(place, "min"), self.memory(place, "low")), (16 << 20, 0))
        self.assertEqual((self.memory(self.group(), "min"), self.memory(self.group(), "low")), (16 << 20, 32 << 20))
        # Without it the groups of pods keep nothing, and nothing in them does.
        self.agent.stop()
        self.agent.configure({"featureGates": {"MemoryQoS": True}})
        self.agent.start()
        try:
            self.agent.wait_ready("kept")
            self.agent.wait_ready("sure")
            for place in (self.path(pod, "/burstable"), self.path(sure), self.group("/burstable"), self.group()):
                wait(lambda: (self.memory(place, "min"), self.memory(place, "low")) == (0, 0), f"{place} keeps nothing")
        finally:
            self.agent.stop()
            self.agent.configure(self.configuration)
            self.agent.start()
        self.drop("kept", "sure")
        self.assertEqual((self.memory(self.group(), "min"), self.memory(self.group(), "low")), (0, 0))
