"""What pods may use of their node, as the kernel has it: groups, reservations, resizes, processors."""

import os

from agent import DRIVER, AgentTest, container, group, hierarchies, shell, wait

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
        self.run_pod("low", sized(cpu=f"{os.cpu_count() * 1000 - 500}m"))
        self.agent.wait_ready("low")
        self.agent.pod("critical", {"containers": [sized(cpu="1")], "priority": 2000000000,
                                    "terminationGracePeriodSeconds": 5})
        self.agent.wait_ready("critical")
        low = self.agent.wait_phase("low", "Failed")
        self.assertEqual(low["status"]["reason"], "Preempting")
        self.drop("critical", "low")

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
