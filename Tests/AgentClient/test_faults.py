"""Faults around the agent: folders that go, disks that are full, manifests that change too early, hosts that hang."""

import json
import os
import signal
import subprocess
import time

from agent import AgentTest, condition, container, shell, wait


def sleeping(**more):
    return {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "command": ["sleep", "1000"], **more}]}


class Sources(AgentTest):
    def steady(self, name):
        self.agent.pod(name, sleeping())
        return container(self.agent.wait_ready(name), "c")["containerID"]

    def is_untouched(self, name, before):
        state = container(self.agent.find(name), "c")
        self.assertEqual((state["containerID"], state["restartCount"]), (before, 0))

    def test_a_folder_that_disappears_and_comes_back(self):
        before = self.steady("stays")
        manifests = self.agent.manifests
        os.rename(manifests, manifests + ".away")
        wait(lambda: "read manifests" in self.agent.log(), "the loss is told", 10)
        time.sleep(3)
        self.is_untouched("stays", before)
        self.assertEqual(self.agent.log().count("read manifests"), 1)
        os.rename(manifests + ".away", manifests)
        self.agent.pod("after", sleeping())
        self.agent.wait_ready("after", 15)
        self.is_untouched("stays", before)
        self.agent.remove("after.json")
        self.agent.wait_gone("after")

    def test_a_manifest_that_is_broken_when_an_agent_begins(self):
        before = self.steady("hurt")
        with open(f"{self.agent.manifests}/hurt.json") as file:
            good = file.read()
        self.agent.kill()
        self.agent.write("hurt.json", good[:-20])
        self.agent.start()
        wait(lambda: "hurt.json: document 1" in self.agent.log(), "the error is told", 10)
        # Nobody knows that the file is this pod's; but nobody knows that it is not, either.
        other = self.steady("beside")
        time.sleep(2)
        self.agent.write("hurt.json", good)
        self.agent.wait_ready("hurt", 15)
        self.is_untouched("hurt", before)
        self.is_untouched("beside", other)

        self.agent.kill()
        self.agent.write("hurt.json", "{")
        self.agent.start()
        self.agent.wait_ready("beside", 15)
        self.agent.remove("hurt.json")
        wait(lambda: "hurt" not in self.agent.run("pods", "--format", "json").stdout
             and not [one for one in os.listdir(f"{self.agent.folder}/logs") if "hurt" in one], "the pod goes", 20)

    def test_a_folder_that_is_replaced_at_once(self):
        before = self.steady("kept")
        manifests = self.agent.manifests
        os.mkdir(manifests + ".new")
        for file in os.listdir(manifests):
            os.link(f"{manifests}/{file}", f"{manifests}.new/{file}")
        os.rename(manifests, manifests + ".old")
        os.rename(manifests + ".new", manifests)
        time.sleep(2)
        # Seen by the watch of the new folder, long before the look of every 20 seconds.
        self.agent.pod("seen", sleeping())
        self.agent.wait_ready("seen", 10)
        self.is_untouched("kept", before)
        for file in os.listdir(manifests + ".old"):
            os.remove(f"{manifests}.old/{file}")
        os.rmdir(manifests + ".old")

    def test_an_unreadable_folder(self):
        before = self.steady("unhurt")
        manifests = self.agent.manifests
        os.rename(manifests, manifests + ".away")
        os.symlink("manifests", manifests)
        try:
            wait(lambda: "too many levels of symbolic links" in self.agent.log().lower(), "the reason is told", 10)
            time.sleep(2)
            self.is_untouched("unhurt", before)
        finally:
            os.remove(manifests)
            os.rename(manifests + ".away", manifests)
        self.agent.pod("later", sleeping())
        self.agent.wait_ready("later", 15)

    def test_one_bad_file_among_good_ones(self):
        self.agent.write("0bad.yaml", "kind: Pod\n  nonsense: [")
        self.agent.write("1binary.json", "\0\1\2" * 100)
        self.agent.pod("good", sleeping())
        self.agent.wait_ready("good")
        wait(lambda: "0bad.yaml: document 1" in self.agent.log() and "1binary.json" in self.agent.log(), "both are told", 10)

    def test_a_manifest_replaced_while_its_pod_starts(self):
        for version in range(12):
            spec = sleeping()
            spec["volumes"] = [{"name": "v", "emptyDir": {"medium": "Memory"}}]
            spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
            self.agent.pod("hasty", spec, labels={"version": str(version)})
            time.sleep(0.03 * version)
        self.agent.wait_for("hasty", lambda pod: pod["metadata"]["labels"]["version"] == "11"
                            and condition(pod, "Ready") == "True", "the last one and ready")
        names = [pod["metadata"]["name"] for pod in self.agent.pods()]
        self.assertEqual(names.count("hasty-node"), 1)
        running = json.loads(self.agent.get("/runningpods"))["items"]
        wait(lambda: [pod["metadata"]["name"] for pod in json.loads(self.agent.get("/runningpods"))["items"]]
             .count("hasty-node") == 1, f"one of them runs: {running}", 20)
        # That a pod was told to end is no failure of its image.
        events = [event for event in json.loads(self.agent.get("/events"))["items"]
                  if event["involvedObject"]["name"] == "hasty-node"]
        self.assertNotIn("InspectFailed", [event["reason"] for event in events])

    def test_ephemeral_containers_are_not_for_manifests(self):
        spec = sleeping()
        spec["ephemeralContainers"] = [{"name": "debug", "image": "busybox", "command": ["sleep", "2000"]}]
        self.agent.pod("debugged", spec)
        wait(lambda: "spec.ephemeralContainers: Forbidden: cannot be set on create" in self.agent.log(),
             "it is refused in Kubernetes' words", 10)
        self.assertIsNone(self.agent.find("debugged"))
        self.agent.remove("debugged.json")

    def test_own_user_ids(self):
        spec = sleeping()
        spec["hostUsers"] = False
        spec["volumes"] = [{"name": "v", "emptyDir": {}}]
        spec["containers"][0].update(command=shell("cat /proc/self/uid_map; touch /v/mine; stat -c %u /v/mine; exec sleep 1000"),
                                     volumeMounts=[{"name": "v", "mountPath": "/v"}])
        self.agent.pod("apart", spec)
        before = container(self.agent.wait_ready("apart"), "c")["containerID"]
        wait(lambda: len(self.agent.get("/containerLogs/default/apart-node/c").split()) == 4, "it has told", 10)
        inside, outside, count, owner = self.agent.get("/containerLogs/default/apart-node/c").split()
        self.assertEqual((inside, count, owner), ("0", "65536", "0"))
        self.assertGreaterEqual(int(outside), 65536)
        self.agent.kill()
        self.agent.start()
        self.assertEqual(container(self.agent.wait_ready("apart"), "c")["containerID"], before)


class Probes(AgentTest):
    def test_hosts_that_hang(self):
        """An address that answers nothing: attempts end at their time, and other pods' probes go on."""
        subprocess.run(["ip", "link", "add", "hang0", "type", "veth", "peer", "name", "hang1"], check=True)
        try:
            subprocess.run(["ip", "addr", "add", "203.0.113.1/24", "dev", "hang0"], check=True)
            for end in ("hang0", "hang1"):
                subprocess.run(["ip", "link", "set", end, "up"], check=True)
            subprocess.run(["ip", "neigh", "add", "203.0.113.2", "lladdr", "02:00:00:00:00:02", "dev", "hang0"], check=True)
            for number in range(20):
                self.agent.pod(f"hangs{number}", sleeping(readinessProbe={
                    "httpGet": {"host": "203.0.113.2", "port": 80}, "periodSeconds": 1, "timeoutSeconds": 5}))
            self.agent.pod("well", sleeping(readinessProbe={
                "exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 1}))
            self.agent.wait_ready("well")
            pod = self.agent.wait_phase("hangs3", "Running")
            self.assertEqual(condition(pod, "Ready"), "False")
            wait(lambda: any(event["reason"] == "Unhealthy" and "dial tcp 203.0.113.2:80: i/o timeout" in event["message"]
                             for event in self.agent.events("hangs3")), "the time-out is told", 20)
            since = self.ready_since("well")
            time.sleep(3)
            self.assertEqual(self.ready_since("well"), since)
            # A removal does not wait for an attempt.
            begun = time.time()
            self.agent.remove("hangs3.json")
            self.agent.wait_gone("hangs3")
            self.assertLess(time.time() - begun, 10)
        finally:
            subprocess.run(["ip", "link", "delete", "hang0"], check=True)

    def ready_since(self, name):
        pod = self.agent.find(name)
        return [(entry["status"], entry["lastTransitionTime"]) for entry in pod["status"]["conditions"]
                if entry["type"] == "Ready"]

    def test_in_the_hosts_network(self):
        spec = sleeping()
        spec["hostNetwork"] = True
        spec["containers"] = [{"name": "c", "command": shell("mkdir /w; touch /w/ok; exec httpd -f -p 18999 -h /w"),
                               "readinessProbe": {"httpGet": {"path": "/ok", "port": 18999, "host": "127.0.0.1"},
                                                  "periodSeconds": 1},
                               "livenessProbe": {"tcpSocket": {"port": 18999, "host": "127.0.0.1"}, "periodSeconds": 1}}]
        self.agent.pod("hosts", spec)
        self.agent.wait_ready("hosts")
        time.sleep(3)
        self.assertEqual(container(self.agent.find("hosts"), "c")["restartCount"], 0)


class Memory(AgentTest):
    """What an agent that was started anew still knows."""

    def test_ready_stays_ready(self):
        spec = sleeping(readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 5, "initialDelaySeconds": 1},
                        startupProbe={"exec": {"command": ["true"]}, "periodSeconds": 1})
        self.agent.pod("known", spec)
        before = self.agent.wait_ready("known")["status"]
        time.sleep(1.2)
        self.agent.kill()
        self.agent.start()
        wait(lambda: self.agent.find("known") is not None, "the pod is there", 10)
        end = time.time() + 4
        while time.time() < end:
            now = self.agent.find("known")["status"]
            self.assertEqual([(one["type"], one["status"], one["lastTransitionTime"]) for one in now["conditions"]],
                             [(one["type"], one["status"], one["lastTransitionTime"]) for one in before["conditions"]])
            self.assertEqual(now["startTime"], before["startTime"])
            self.assertEqual(now["containerStatuses"], before["containerStatuses"])
            time.sleep(0.1)

    def test_failed_stays_failed(self):
        late = sleeping()
        late["activeDeadlineSeconds"] = 1
        self.agent.pod("late", late)
        self.agent.pod("large", {"containers": [
            {"name": "c", "command": ["true"], "resources": {"requests": {"memory": "900Ti"}}}]})
        self.agent.pod("one", {"restartPolicy": "Never", "containers": [{"name": "c", "command": shell("exit 3")}]})
        self.agent.pod("first", {"restartPolicy": "Never", "initContainers": [{"name": "i", "command": shell("exit 4")}],
                                 "containers": [{"name": "c", "command": ["true"]}]})
        names = ["late", "large", "one", "first"]
        before = {name: self.agent.wait_phase(name, "Failed")["status"] for name in names}
        time.sleep(2)
        before = {name: self.agent.find(name)["status"] for name in names}
        self.assertEqual(before["late"]["reason"], "DeadlineExceeded")
        self.assertEqual(before["large"]["reason"], "OutOfmemory")
        for _ in range(2):
            self.agent.kill()
            self.agent.start()
            wait(lambda: all(self.agent.find(name) for name in names), "all are there", 10)
            time.sleep(2)
            for name in names:
                now = self.agent.find(name)["status"]
                if name == "large":
                    # Not let in again: each agent decides anew.
                    now, before[name] = ({key: status[key] for key in ("phase", "reason", "message")}
                                         for status in (now, before[name]))
                self.assertEqual(now, before[name], name)

    def test_a_damaged_record_is_left_out(self):
        self.agent.pod("damaged", sleeping())
        pod = self.agent.wait_ready("damaged")
        before = container(pod, "c")["containerID"]
        path = f"{self.agent.root}/agent/statuses/{pod['metadata']['uid']}.json"
        wait(lambda: os.path.exists(path), "the status is kept", 10)
        self.agent.kill()
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) // 2)
        self.agent.start()
        self.assertEqual(container(self.agent.wait_ready("damaged"), "c")["containerID"], before)
        self.assertIn("is left out", self.agent.log())


class FullDisk(AgentTest):
    """Little room under the agent's root, and under the manifests."""

    @classmethod
    def setUpClass(cls):
        from agent import Agent
        cls.agent = Agent("fulldisk")
        os.makedirs(f"{cls.agent.root}/agent")
        cls.mounts = [f"{cls.agent.root}/agent", cls.agent.manifests]
        for place in cls.mounts:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", place], check=True)
        cls.agent.start()

    @classmethod
    def tearDownClass(cls):
        import agent
        remove = agent.shutil.rmtree

        def unmounted(folder):
            for place in cls.mounts:
                subprocess.run(["umount", place], check=True)
            remove(folder)

        agent.shutil.rmtree = unmounted
        try:
            super().tearDownClass()
        finally:
            agent.shutil.rmtree = remove

    def apply(self, name, spec):
        """The manifests' disk is another one than the draft's."""
        for container in spec["containers"]:
            container.update(image="busybox", imagePullPolicy="IfNotPresent")
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        with open(f"{self.agent.manifests}/.draft", "w") as file:
            file.write(json.dumps(document))
        os.rename(f"{self.agent.manifests}/.draft", f"{self.agent.manifests}/{name}.json")

    def fill(self, folder):
        path = f"{folder}/.ballast"
        with open(path, "wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
        return path

    def test_full(self):
        self.apply("before", sleeping(readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1}))
        before = container(self.agent.wait_ready("before"), "c")["containerID"]
        with self.subTest("the agent's root"):
            ballast = self.fill(f"{self.agent.root}/agent")
            self.apply("during", sleeping())
            wait(lambda: "no space left on device" in self.agent.log().lower(), "the reason is told", 20)
            self.assertEqual(container(self.agent.find("before"), "c")["containerID"], before)
            self.assertEqual(condition(self.agent.find("before"), "Ready"), "True")
            # The next agent finds what it needs.
            self.agent.kill()
            os.remove(ballast)
            self.agent.start()
            self.agent.wait_ready("during", 30)
            self.assertEqual(container(self.agent.wait_ready("before"), "c")["containerID"], before)
        with self.subTest("the manifests"):
            ballast = self.fill(self.agent.manifests)
            # An editor that writes in place, and has no room: half a manifest, then none.
            with self.assertRaises(OSError):
                with open(f"{self.agent.manifests}/before.json", "w") as file:
                    file.write("{" + " " * 200000)
            wait(lambda: "before.json" in self.agent.log(), "the error is told", 25)
            self.assertEqual(container(self.agent.find("before"), "c")["containerID"], before)
            os.remove(ballast)


class FrozenRuntime(AgentTest):
    separate = True

    def test_a_runtime_that_does_not_answer_for_a_while(self):
        seconds = 30 if os.environ.get("SWIFTLET_SOAK") is not None else 8
        spec = sleeping(livenessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 2},
                        readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1})
        self.agent.pod("patient", spec)
        before = container(self.agent.wait_ready("patient"), "c")["containerID"]
        self.agent.runtime.send_signal(signal.SIGSTOP)
        try:
            self.agent.pod("waiting", sleeping())
            time.sleep(seconds)
            self.assertIsNone(self.agent.process.poll())
            # What the agent itself knows it still says.
            self.assertIsNotNone(self.agent.find("patient"))
        finally:
            self.agent.runtime.send_signal(signal.SIGCONT)
        self.agent.wait_ready("waiting")
        state = container(self.agent.wait_ready("patient"), "c")
        self.assertEqual((state["containerID"], state["restartCount"]), (before, 0))
