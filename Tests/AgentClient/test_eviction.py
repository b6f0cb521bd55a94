"""A node that runs out of memory or disk, pods that take more of its disk than they may, images that nobody uses."""

import errno
import hashlib
import io
import json
import os
import subprocess
import tarfile
import time

from agent import AgentTest, Agent, condition, container, shell, wait

MIB = 1 << 20


def settings(**fields):
    return {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **fields}


def writer(name, megabytes, path, **fields):
    """Writes so much, and goes on running."""
    return {"name": name,
            "command": shell(f"dd if=/dev/zero of={path}/file bs=1M count={megabytes}; exec sleep 1000"), **fields}


def sleeper(name="c", **fields):
    return {"name": name, "command": shell("exec sleep 1000"), **fields}


class EvictionTest(AgentTest):
    """`configuration` are the agent's settings; `disk` MiB has the file system that all of it is on, and so many `inodes`;
    none: the machine's."""
    configuration = {}
    disk = None
    inodes = None

    @classmethod
    def setUpClass(cls):
        folder = f"{os.environ['NODE_FOLDER']}/{cls.__name__.lower()}"
        if cls.disk:
            os.makedirs(f"{folder}/lib")
            size = f"size={cls.disk}m" + (f",nr_inodes={cls.inodes}" if cls.inodes else "")
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", f"{folder}/lib"], check=True)
        try:
            cls.agent = Agent(cls.__name__.lower(), configuration=settings(**cls.configuration))
            cls.agent.start()
        except BaseException:
            cls.free_disk(folder)
            raise

    @classmethod
    def remove_folder(cls):
        cls.free_disk(cls.agent.folder)
        super().remove_folder()

    @classmethod
    def free_disk(cls, folder):
        if cls.disk:
            subprocess.run(["umount", "-l", f"{folder}/lib"], check=True)

    def wait_evicted(self, name, words, seconds=60):
        pod = self.agent.wait_phase(name, "Failed", seconds=seconds)
        status = pod["status"]
        self.assertEqual(status["reason"], "Evicted")
        self.assertIn(words, status["message"])
        return pod

    def node_events(self, reason):
        events = json.loads(self.agent.get("/events"))["items"] or []
        return [event["message"] for event in events
                if event["reason"] == reason and event["involvedObject"]["kind"] == "Node"]

    def pressure(self, kind):
        """None before an agent's first look."""
        conditions = json.loads(self.agent.get("/node"))["status"].get("conditions", [])
        return next((entry["status"] for entry in conditions if entry["type"] == kind), None)

    def summary(self):
        return json.loads(self.agent.get("/stats/summary"))


class Limits(EvictionTest):
    def test_an_empty_dir_beyond_its_limit(self):
        self.agent.pod("full", {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "10Mi"}}], "containers": [
            writer("c", 20, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        pod = self.wait_evicted("full", 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". ')
        target = [entry for entry in pod["status"]["conditions"] if entry["type"] == "DisruptionTarget"][0]
        self.assertEqual((target["status"], target["reason"]), ("True", "TerminationByKubelet"))
        self.assertIn("Evicted", [event["reason"] for event in self.agent.events("full")])
        wait(lambda: not os.path.exists(f"{self.agent.root}/agent/pods/{pod['metadata']['uid']}/volumes"),
             "its volume is gone")
        # The next agent knows that it was evicted, and does not start it again.
        self.agent.kill()
        self.agent.start()
        self.wait_evicted("full", 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". ')
        time.sleep(2)
        again = self.agent.find("full")
        self.assertEqual(again["status"]["phase"], "Failed")
        # What the manifest says now is another pod.
        self.agent.pod("full", {"containers": [sleeper()], "terminationGracePeriodSeconds": 1})
        self.agent.wait_ready("full")
        self.assertNotIn(pod["metadata"]["uid"] + ".json", os.listdir(f"{self.agent.root}/agent/statuses"))

    def test_a_container_beyond_its_limit(self):
        self.agent.pod("layer", {"terminationGracePeriodSeconds": 1, "containers": [
            sleeper("quiet", resources={"limits": {"ephemeral-storage": "50Mi"}}),
            writer("loud", 20, "/tmp", resources={"limits": {"ephemeral-storage": "10Mi"}})]})
        self.wait_evicted("layer", 'Container loud exceeded its local ephemeral storage limit "10Mi". ')

    def test_a_pod_beyond_the_sum(self):
        self.agent.pod("sum", {"volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 1, "containers": [
            writer("c", 15, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}],
                   resources={"limits": {"ephemeral-storage": "10Mi"}})]})
        self.wait_evicted("sum", "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ")

    def test_numbers(self):
        self.agent.pod("measured", {"volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 1,
                                    "containers": [writer("c", 3, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        self.agent.wait_ready("measured")
        node = self.summary()["node"]
        with open("/proc/meminfo") as file:
            total = int(file.readline().split()[1]) * 1024
        self.assertTrue(0 < node["memory"]["availableBytes"] < total)
        self.assertTrue(0 < node["memory"]["workingSetBytes"] < total)
        disk = os.statvfs(self.agent.root)
        self.assertEqual(node["fs"]["capacityBytes"], disk.f_blocks * disk.f_frsize)
        self.assertEqual(node["fs"]["inodes"], disk.f_files)
        self.assertEqual(node["runtime"]["imageFs"]["capacityBytes"], disk.f_blocks * disk.f_frsize)
        self.assertTrue(MIB < node["runtime"]["imageFs"]["usedBytes"] < disk.f_blocks * disk.f_frsize)
        self.assertTrue(0 < node["rlimit"]["curproc"] < node["rlimit"]["maxpid"])
        self.assertTrue(node["cpu"]["usageCoreNanoSeconds"] > 0)
        self.assertEqual([entry["name"] for entry in node["systemContainers"]], ["pods", "kubelet"])

        def volume():
            pod = [entry for entry in self.summary()["pods"] if entry["podRef"]["name"] == "measured-node"][0]
            return pod

        # It may have been measured before all was written.
        wait(lambda: volume()["volume"][0]["usedBytes"] >= 3 * MIB, "the volume is measured anew", 75)
        pod = volume()
        self.assertEqual([entry["name"] for entry in pod["volume"]], ["v"])
        self.assertTrue(3 * MIB <= pod["volume"][0]["usedBytes"] < 4 * MIB, pod["volume"])
        self.assertTrue(pod["ephemeral-storage"]["usedBytes"] >= 3 * MIB)


class LimitsOff(EvictionTest):
    configuration = {"localStorageCapacityIsolation": False}

    def test_limits_are_not_kept(self):
        self.agent.pod("free", {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}],
                                "terminationGracePeriodSeconds": 1, "containers": [
            writer("c", 5, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        self.agent.wait_ready("free")
        # Longer than there is between two looks.
        time.sleep(12)
        self.assertEqual(self.agent.find("free")["status"]["phase"], "Running")


class Memory(EvictionTest):
    """The threshold is what is there now but for 150 MiB, of which a pod takes 300."""

    @classmethod
    def setUpClass(cls):
        cls.configuration = {"evictionHard": {"memory.available": f"{available() - 150 * MIB}"},
                             "evictionPressureTransitionPeriod": "5s"}
        super().setUpClass()

    def test_the_largest_pod_goes(self):
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        self.agent.pod("hog", {
            "volumes": [{"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "400Mi"}}],
            "containers": [writer("c", 300, "/m", volumeMounts=[{"name": "m", "mountPath": "/m"}],
                                  resources={"requests": {"memory": "10Mi"}})]})
        pod = self.wait_evicted("hog", "The node was low on resource: memory. Threshold quantity: ")
        self.assertRegex(pod["status"]["message"],
                         r"available: [0-9]+(Ki|Mi)?\. Container c was using [0-9]+(Ki|Mi)?, request is 10Mi, "
                         r"has larger consumption of memory\. ")
        self.assertIn("Attempting to reclaim memory", self.node_events("EvictionThresholdMet"))
        wait(lambda: self.pressure("MemoryPressure") == "True", "the node says so", 3)
        self.assertEqual(self.agent.find("vital")["status"]["phase"], "Running")


class Allocatable(EvictionTest):
    """All but 500 MiB is reserved for the system: pods have no more together, whatever else is free."""

    @classmethod
    def setUpClass(cls):
        with open("/proc/meminfo") as file:
            total = int(file.readline().split()[1]) * 1024
        cls.configuration = {"systemReserved": {"memory": str(total - 500 * MIB)},
                             "evictionHard": {"memory.available": "100Mi"}, "evictionPressureTransitionPeriod": "5s"}
        super().setUpClass()

    def test_the_largest_pod_goes_before_the_kernel_ends_one(self):
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        self.agent.pod("hog", {
            "volumes": [{"name": "m", "emptyDir": {"medium": "Memory"}}],
            "containers": [writer("c", 440, "/m", volumeMounts=[{"name": "m", "mountPath": "/m"}])]})
        pod = self.wait_evicted("hog", "The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
        self.assertRegex(pod["status"]["message"], r"request is 0, has larger consumption of memory\. ")
        pod = self.agent.wait_for("hog", lambda pod: "terminated" in container(pod, "c")["state"], "its container has ended")
        self.assertNotEqual(container(pod, "c")["state"]["terminated"]["reason"], "OOMKilled")
        wait(lambda: self.pressure("MemoryPressure") == "False", "the node is well again")
        self.assertEqual(container(self.agent.find("vital"), "c")["restartCount"], 0)


class Disk(EvictionTest):
    """All of the agent and of its runtime is on a disk that one pod fills to its last byte."""
    disk = 128
    configuration = {"evictionHard": {"nodefs.available": "20Mi"}, "evictionPressureTransitionPeriod": "8s",
                     "imageMinimumGCAge": "1h"}

    def test_a_full_disk_is_emptied(self):
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.pod("modest", {"priority": 1, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        self.agent.wait_ready("modest")
        self.agent.pod("greedy", {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [
            writer("c", 500, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        pod = self.wait_evicted("greedy", "The node was low on resource: ephemeral-storage. Threshold quantity: 20Mi, ")
        self.assertIn("Attempting to reclaim ephemeral-storage", self.node_events("EvictionThresholdMet"))
        wait(lambda: self.pressure("DiskPressure") == "True", "the node says so", 3)
        # Who comes now has to wait.
        self.agent.pod("late", {"terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.wait_evicted("late", "The node had condition: [DiskPressure]. ")
        self.agent.wait_ready("late")
        wait(lambda: self.pressure("DiskPressure") == "False", "the node says so", 3)
        self.assertIn("Node node status is now: NodeHasDiskPressure", self.node_events("NodeHasDiskPressure"))
        for name in ("vital", "modest"):
            self.assertEqual(container(self.agent.find(name), "c")["restartCount"], 0)
            self.assertEqual(condition(self.agent.find(name), "Ready"), "True")
        # It stays evicted, and what it wrote is gone.
        self.assertEqual(self.agent.find("greedy")["status"]["phase"], "Failed")
        disk = os.statvfs(self.agent.root)
        self.assertGreater(disk.f_bavail * disk.f_frsize, 80 * MIB)

    def test_a_written_layer_counts_and_is_freed(self):
        self.agent.pod("layer", {"containers": [writer("c", 500, "/tmp")]})
        self.wait_evicted("layer", "The node was low on resource: ephemeral-storage. ")
        wait(lambda: free(self.agent.root) > 80 * MIB, "what it wrote is gone")
        # The node says so a moment after the pod.
        wait(lambda: self.pressure("DiskPressure") == "True", "the node says so", 3)
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well again")

    def test_what_has_ended_goes_before_what_runs(self):
        # What other tests left is over.
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well")
        self.agent.pod("done", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": shell("dd if=/dev/zero of=/tmp/file bs=1M count=70; echo 7 > /dev/termination-log; exit 7")}]})
        self.agent.wait_phase("done", "Failed")
        self.agent.pod("user", {"volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 1,
                                "containers": [writer("c", 40, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        self.agent.wait_ready("user")
        wait(lambda: free(self.agent.root) > 60 * MIB, "what the pod that has ended wrote is gone")
        # It stays what it was, for the next agent, too.
        for _ in range(2):
            status = self.agent.find("done")["status"]
            ended = container(self.agent.find("done"), "c")["state"]["terminated"]
            self.assertEqual((status["phase"], status.get("reason"), ended["exitCode"], ended["message"]),
                             ("Failed", None, 7, "7\n"))
            self.assertEqual(condition(self.agent.find("user"), "Ready"), "True")
            self.agent.kill()
            self.agent.start()
            self.agent.wait_ready("user")
        self.assertEqual(container(self.agent.find("user"), "c")["restartCount"], 0)


class SoftDisk(EvictionTest):
    """A shortage that may last five seconds; whoever goes then has three more."""
    disk = 128
    configuration = {"evictionSoft": {"nodefs.available": "60Mi"}, "evictionSoftGracePeriod": {"nodefs.available": "5s"},
                     "evictionMaxPodGracePeriod": 3, "evictionHard": {"nodefs.available": "10Mi"},
                     "evictionPressureTransitionPeriod": "1s", "imageMinimumGCAge": "1h"}

    def test_a_pod_goes_after_its_time_and_not_at_once(self):
        host = f"{self.agent.folder}/host"
        os.mkdir(host)
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        begun = time.time()
        self.agent.pod("greedy", {
            "terminationGracePeriodSeconds": 120,
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "h", "hostPath": {"path": host}}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "h", "mountPath": "/h"}],
                            "command": shell("trap 'date +%s >>/h/term' TERM; dd if=/dev/zero of=/v/file bs=1M count=70; "
                                             "while :; do sleep 0.1; done")}]})
        wait(lambda: self.pressure("DiskPressure") == "True", "the node says so", 30)
        self.assertGreater(free(self.agent.root), 10 * MIB)
        self.wait_evicted("greedy", "The node was low on resource: ephemeral-storage. Threshold quantity: 60Mi, ")
        told = [event for event in self.agent.events("greedy") if event["reason"] == "Evicted"]
        self.assertEqual(len(told), 1)
        pod = self.agent.wait_for("greedy", lambda pod: "terminated" in container(pod, "c")["state"], "over", 30)
        self.assertEqual(container(pod, "c")["state"]["terminated"]["exitCode"], 137)
        over = time.time()
        with open(f"{host}/term") as file:
            (term,) = map(int, file.read().split())
        # It was told in seconds, which are cut off.
        self.assertGreater(term + 1 - begun, 5)
        self.assertGreater(over - term, 3)
        self.assertLess(over - term, 60)
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well again")
        self.assertEqual(container(self.agent.find("vital"), "c")["restartCount"], 0)


class FullAtStart(EvictionTest):
    """A disk that is full to its last byte when an agent starts."""
    disk = 128
    configuration = Disk.configuration

    def fill(self, path):
        with open(path, "wb", buffering=0) as file:
            for size in (MIB, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def test_a_shortage_that_lasts_is_no_news_for_the_next_agent(self):
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well")
        ballast = f"{self.agent.root}/ballast"
        with open(ballast, "wb") as file:
            file.write(bytes(free(self.agent.root) - 10 * MIB))
        try:
            wait(lambda: self.pressure("DiskPressure") == "True", "the node says so", 30)
            self.agent.kill()
            self.agent.start()
            wait(lambda: self.node_events("EvictionThresholdMet"), "the next agent has seen it", 30)
            # What it makes of that comes a second later.
            heartbeats = set()

            def looks():
                conditions = json.loads(self.agent.get("/node"))["status"].get("conditions", [])
                heartbeats.update(entry["lastHeartbeatTime"] for entry in conditions)
                return len(heartbeats)

            wait(lambda: looks() > 2, "it has looked at the node again", 60)
            for reason in ("NodeHasNoDiskPressure", "NodeHasDiskPressure"):
                self.assertEqual(self.node_events(reason), [])
        finally:
            os.remove(ballast)
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well again")
        self.assertEqual(len(self.node_events("NodeHasNoDiskPressure")), 1)

    def test_the_agent_starts_and_frees_it(self):
        self.agent.pod("vital", {"priority": 2000000000, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
        self.agent.wait_ready("vital")
        reserve = f"{self.agent.root}/agent/reserve"
        for name, has_reserve in (("kept", True), ("taken", False)):
            with self.subTest(reserve=name):
                wait(lambda: os.path.exists(reserve), "room is kept")
                self.agent.pod(name, {"volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 1,
                                      "containers": [writer("c", 1, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
                uid = self.agent.wait_ready(name)["metadata"]["uid"]
                self.agent.kill()
                # Both would leave room for the first file that the next agent writes.
                os.remove(f"{self.agent.root}/agent/port")
                if not has_reserve:
                    os.remove(reserve)
                self.fill(f"{self.agent.root}/agent/pods/{uid}/volumes/kubernetes.io~empty-dir/v/more")
                self.agent.start()
                self.wait_evicted(name, "The node was low on resource: ephemeral-storage. ")
                wait(lambda: free(self.agent.root) > 80 * MIB, "what it wrote is gone")
                wait(lambda: self.pressure("DiskPressure") == "False", "the node is well again")
                self.assertIn(name, self.agent.run("pods").stdout)
        self.assertEqual(container(self.agent.find("vital"), "c")["restartCount"], 0)


class DiskWithoutLinks(EvictionTest):
    """Containers' logs have no links: in the place of the folder for them is a file."""
    disk = 128
    configuration = Disk.configuration

    def test_what_has_ended_goes(self):
        self.agent.kill()
        os.rmdir(self.agent.links)
        open(self.agent.links, "w").close()
        self.addCleanup(os.mkdir, self.agent.links)
        self.addCleanup(os.remove, self.agent.links)
        self.agent.start()
        self.agent.pod("done", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": shell("dd if=/dev/zero of=/tmp/file bs=1M count=70; exit 7")}]})
        self.agent.wait_phase("done", "Failed")
        self.agent.pod("user", {"volumes": [{"name": "v", "emptyDir": {}}], "terminationGracePeriodSeconds": 1,
                                "containers": [writer("c", 40, "/v", volumeMounts=[{"name": "v", "mountPath": "/v"}])]})
        self.agent.wait_ready("user")
        wait(lambda: free(self.agent.root) > 60 * MIB, "what the pod that has ended wrote is gone")
        self.assertEqual(container(self.agent.find("done"), "c")["state"]["terminated"]["exitCode"], 7)
        self.assertEqual(condition(self.agent.find("user"), "Ready"), "True")


class Inodes(EvictionTest):
    disk = 128
    inodes = 6000
    configuration = {"evictionHard": {"nodefs.inodesFree": "2000"}, "evictionPressureTransitionPeriod": "3s"}

    def test_who_has_most_files_goes(self):
        for name, priority in {"vital": 2000000000, "quiet": 0}.items():
            self.agent.pod(name, {"priority": priority, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
            self.agent.wait_ready(name)
        self.agent.pod("files", {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [
            {"name": "c", "command": shell("cd /v; i=0; while [ $i -lt 5000 ]; do : >$i; i=$((i+1)); done; exec sleep 1000"),
             "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
        self.wait_evicted("files", "The node was low on resource: inodes. Threshold quantity: 2k, available: ")
        wait(lambda: self.pressure("DiskPressure") == "True", "the node says so", 3)
        wait(lambda: self.pressure("DiskPressure") == "False", "the node is well again")
        self.assertGreater(os.statvfs(self.agent.root).f_ffree, 2000)
        for name in ("vital", "quiet"):
            self.assertEqual(container(self.agent.find(name), "c")["restartCount"], 0)
            self.assertEqual(self.agent.find(name)["status"]["phase"], "Running")


class Processes(EvictionTest):
    """The threshold is what the machine has now but for 300, of which a pod takes 700."""

    @classmethod
    def setUpClass(cls):
        cls.configuration = {"evictionHard": {"pid.available": str(unused_processes() - 300)},
                             "evictionPressureTransitionPeriod": "3s"}
        super().setUpClass()

    def test_who_has_most_of_them_goes(self):
        for name, priority in {"vital": 2000000000, "quiet": 0}.items():
            self.agent.pod(name, {"priority": priority, "terminationGracePeriodSeconds": 1, "containers": [sleeper()]})
            self.agent.wait_ready(name)
        self.agent.pod("many", {"containers": [{"name": "c", "command": shell(
            "i=0; while [ $i -lt 700 ]; do sleep 1000 & i=$((i+1)); done; wait")}]})
        self.wait_evicted("many", "The node was low on resource: pids. Threshold quantity: ")
        wait(lambda: self.pressure("PIDPressure") == "True", "the node says so", 3)
        wait(lambda: self.pressure("PIDPressure") == "False", "the node is well again")
        for name in ("vital", "quiet"):
            self.assertEqual(container(self.agent.find(name), "c")["restartCount"], 0)
            self.assertEqual(self.agent.find(name)["status"]["phase"], "Running")


class Images(EvictionTest):
    """Two images that take 32 MiB each, packed and unpacked, on a disk of 96: the unused one goes, the used one stays."""
    disk = 96
    configuration = {"imageGCHighThresholdPercent": 60, "imageGCLowThresholdPercent": 58, "imageMinimumGCAge": "3s",
                     "evictionHard": {"nodefs.available": "1Mi"}}

    def taken(self):
        return self.summary()["node"]["runtime"]["imageFs"]["usedBytes"]

    def test_the_unused_one_goes(self):
        for name in ("used", "unused"):
            with open(f"{self.agent.folder}/{name}.tar", "wb") as file:
                file.write(image(name, 16 * MIB))
        self.agent.run("load", "-i", f"{self.agent.folder}/used.tar")
        self.agent.pod("user", {"terminationGracePeriodSeconds": 1, "containers": [sleeper(), {
            "name": "data", "image": "example.com/used:1", "imagePullPolicy": "Never", "command": ["/data"]}]})
        self.agent.wait_for("user", lambda pod: container(pod, "data") and container(pod, "data").get("imageID"), "made")
        self.agent.run("load", "-i", f"{self.agent.folder}/unused.tar")
        self.assertGreater(self.taken(), 64 * MIB)
        # The first look has found the disk empty, and the next one is not soon; but an agent begins with one.
        self.agent.stop()
        self.agent.start()
        wait(lambda: self.taken() < 50 * MIB, "the unused image is gone", 60)
        # At its first look the agent has known it for too short a time.
        self.assertIn("Failed to garbage collect required amount of images.", self.node_events("FreeDiskSpaceFailed")[0])
        # Another process sees it, too: the agent has kept its locks on the records.
        images = self.agent.run("image", "ls").stdout
        self.assertNotIn("example.com/unused", images)
        self.assertIn("example.com/used", images)
        # What both containers are made of is still there.
        self.assertGreater(self.taken(), 32 * MIB)
        self.assertEqual(self.agent.find("user")["status"]["containerStatuses"][0]["restartCount"], 0)


def free(path):
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def available():
    """As the agent measures it: of the root group, or of the machine."""
    numbers = {}
    with open("/proc/meminfo") as file:
        for line in file:
            name, value = line.split()[:2]
            numbers[name.rstrip(":")] = int(value) * 1024
    group = "/sys/fs/cgroup/memory"
    if os.path.exists(f"{group}/memory.usage_in_bytes"):
        with open(f"{group}/memory.usage_in_bytes") as file:
            usage = int(file.read())
        with open(f"{group}/memory.stat") as file:
            inactive = [int(line.split()[1]) for line in file if line.startswith("total_inactive_file ")][0]
    else:
        usage = numbers["MemTotal"] - numbers["MemFree"]
        inactive = numbers["Inactive(file)"]
    return numbers["MemTotal"] - max(0, usage - inactive)


def unused_processes():
    """As the agent counts them: threads, of the most that the kernel lets be."""
    limits = []
    for name in ("pid_max", "threads-max"):
        with open(f"/proc/sys/kernel/{name}") as file:
            limits.append(int(file.read()))
    with open("/proc/loadavg") as file:
        return min(limits) - int(file.read().split()[3].split("/")[1])


def image(name, size):
    """An archive, as `docker save` writes it, of one image with one file that cannot be compressed."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tarfile.TarInfo("data")
        entry.size, entry.mode = size, 0o755
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    content = layer.getvalue()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/data"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [f"example.com/{name}:1"], "Layers": ["layer.tar"]}])
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file, data in (("config.json", config), ("layer.tar", content), ("manifest.json", manifest.encode())):
            entry = tarfile.TarInfo(file)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return archive.getvalue()
