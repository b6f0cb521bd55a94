"""The agent, its runtime beside it, or both are killed at random moments while pods come and go.

Nothing that runs is restarted for it, nothing is forgotten, statuses become what is wanted, and of pods that are gone
nothing stays. Short form: 2 and 4 kills; SWIFTLET_SOAK: 25 and 75.
"""

import json
import os
import random
import subprocess
import threading
import time

from agent import AgentTest, condition, container, processes, shell, wait

SOAK = os.environ.get("SWIFTLET_SOAK") is not None


def sleeping(word):
    return {"name": "c", "command": shell(f"trap 'exit 0' TERM; echo {word}; sleep 100000 & wait")}


class Load(threading.Thread):
    """Pods that come, go and are replaced, until it is told to stop: what is wanted then is in `wanted`."""

    def __init__(self, agent, wanted):
        super().__init__(daemon=True)
        self.agent = agent
        # Versions by name.
        self.wanted = wanted
        self.ends = threading.Event()

    def run(self):
        while not self.ends.wait(random.uniform(0.01, 0.15)):
            coming = [name for name in self.wanted if name.startswith("coming")]
            choice = random.random()
            if choice < 0.4 and len(coming) < 6:
                free = [name for name in (f"coming{n}" for n in range(9)) if name not in coming]
                self.apply(random.choice(free))
            elif choice < 0.7 and coming:
                gone = random.choice(coming)
                self.agent.remove(f"{gone}.json")
                del self.wanted[gone]
            elif choice < 0.85:
                self.apply("replaced")

    def apply(self, name):
        version = str(random.randrange(1 << 40))
        spec = {"terminationGracePeriodSeconds": 1, "containers": [sleeping(version)],
                "volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]}
        spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
        self.agent.pod(name, spec, labels={"version": version})
        self.wanted[name] = version

    def stop(self):
        self.ends.set()
        self.join()


class Kills(AgentTest):
    rounds = 0
    kinds = []

    # The pods that nothing may happen to

    def apply_steady(self):
        probe = {"periodSeconds": 1, "failureThreshold": 1}
        self.agent.pod("plain", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "810001"]}]})
        self.agent.pod("probed", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("mkdir /w; touch /w/ok; exec httpd -f -p 80 -h /w"),
             "readinessProbe": {"httpGet": {"path": "/ok", "port": 80}, **probe},
             "livenessProbe": {"exec": {"command": ["true"]}, **probe},
             "startupProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 30}},
            {"name": "beside", "command": ["sleep", "810002"]}]})
        self.agent.pod("staged", {
            "terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "m", "emptyDir": {"medium": "Memory"}}],
            "initContainers": [
                {"name": "once", "command": shell("echo run >>/v/init"), "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
                {"name": "side", "restartPolicy": "Always", "command": ["sleep", "810003"]}],
            "containers": [{"name": "c", "command": shell("touch /m/kept; exec sleep 810004"),
                            "readinessProbe": {"exec": {"command": ["test", "-e", "/m/kept"]}, **probe},
                            "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "m", "mountPath": "/m"}]}]})
        self.agent.pod("done", {"restartPolicy": "Never", "containers": [{"name": "c", "command": shell("exit 0")}]})
        self.agent.pod("crashing", {"containers": [{"name": "c", "command": shell("exit 7")}]})
        for name in ("plain", "probed", "staged"):
            self.agent.wait_ready(name)
        self.agent.wait_phase("done", "Succeeded")
        self.agent.wait_for("crashing", lambda pod: container(pod, "c")["restartCount"] > 0, "restarted")

    steady = ["plain", "probed", "staged", "done"]

    def identities(self, pods):
        """What of the steady pods has to stay as it is."""
        found = {}
        for name in self.steady:
            status = pods[name]["status"]
            found[name] = [pods[name]["metadata"]["uid"], status["startTime"], status.get("podIP")]
            for kind in ("initContainerStatuses", "containerStatuses"):
                found[name] += [(one["name"], one["containerID"], one["restartCount"]) for one in status.get(kind, [])]
        for number in range(810001, 810005):
            found[number] = processes(["sleep", str(number)])
        return found

    # The campaign

    def campaign(self):
        random.seed(self.rounds)
        self.apply_steady()
        before = self.identities(self.by_name())
        self.assertTrue(all(len(before[number]) == 1 for number in range(810001, 810005)), before)
        restarts = 0
        wanted = {}
        self.seen = set()
        for round in range(self.rounds):
            kind = self.kinds[round % len(self.kinds)]
            load = Load(self.agent, wanted)
            load.start()
            end = time.time() + random.uniform(0.05, 2)
            while time.time() < end:
                self.sample()
                time.sleep(0.03)
            self.kill(kind)
            time.sleep(random.choice([0, random.uniform(0, 2)]))
            self.sample()
            self.restart(kind)
            time.sleep(random.uniform(0, 0.5))
            load.stop()
            where = f"after kill {round + 1} of {self.rounds} ({kind})"
            self.converges(wanted, where)
            pods = self.by_name()
            self.assertEqual(self.identities(pods), before, where)
            now = container(pods["crashing"], "c")
            self.assertGreaterEqual(now["restartCount"], restarts, where)
            restarts = now["restartCount"]
            self.nothing_left(pods, where)
        with open(f"{self.agent.root}/agent/pods/{before['staged'][0]}/volumes/kubernetes.io~empty-dir/v/init") as file:
            self.assertEqual(file.read(), "run\n")
        print(f"{self.rounds} kills, {len(self.seen)} pods and sandboxes seen", flush=True)

    def kill(self, kind):
        if kind in ("agent", "both"):
            self.agent.kill()
        if kind in ("runtime", "both"):
            self.agent.kill_runtime()

    def restart(self, kind):
        if kind in ("runtime", "both"):
            self.agent.start_runtime()
        if kind in ("agent", "both"):
            self.agent.launch()
        self.agent.wait_listening()

    def by_name(self):
        return {pod["metadata"]["name"].removesuffix("-node"): pod for pod in self.agent.pods()}

    def converges(self, wanted, where):
        names = set(self.steady) | {"crashing"} | set(wanted)
        last = [None]

        def holds():
            pods = last[0] = self.by_name()
            return (set(pods) == names
                    and all(condition(pods[name], "Ready") == "True" for name in names - {"done", "crashing"})
                    and all(pods[name]["metadata"]["labels"]["version"] == version for name, version in wanted.items())
                    and pods["done"]["status"]["phase"] == "Succeeded"
                    and container(pods["crashing"], "c")["lastState"].get("terminated", {}).get("exitCode") == 7)

        try:
            wait(holds, "statuses are what is wanted " + where)
        except AssertionError as error:
            statuses = {name: pod["status"] for name, pod in (last[0] or {}).items()}
            raise AssertionError(f"{error}: wanted {wanted}, there is {json.dumps(statuses)}\n{self.agent.log()[-6000:]}")

    # What may be left

    def sample(self):
        """Remembers what there was, to be looked for later."""
        for folder in (f"{self.agent.root}/agent/pods", f"{self.agent.folder}/run/k8s/sandboxes"):
            self.seen.update(names(folder))

    def nothing_left(self, pods, where):
        self.sample()
        uids = {pod["metadata"]["uid"] for pod in pods.values()}
        running = len(pods) - 1
        last = [None]

        def holds():
            here = shims(self.agent.folder)
            gone = self.seen - uids - set(names(f"{self.agent.folder}/run/k8s/sandboxes"))
            with open("/proc/self/mountinfo") as file:
                mounts = [line for line in file if any(name in line for name in gone)]
            last[0] = {
                "folders": set(names(f"{self.agent.root}/agent/pods")) - uids,
                "logs": {name for name in names(f"{self.agent.folder}/logs") if name.split("_")[-1] not in uids},
                "sandboxes": max(0, len(names(f"{self.agent.folder}/run/k8s/sandboxes")) - len(pods)),
                "shims": len(here) - running, "devices": len(veths()) - running,
                "mounts": mounts, "groups": groups(gone)}
            return not any(last[0].values())

        try:
            wait(holds, "nothing is left of pods that are gone " + where, 30)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last[0]}\n{self.agent.log()[-6000:]}") from None


def names(folder):
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def shims(folder):
    """Those of pods."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith("swiftlet-shim") and "--spare" not in words and any(word.startswith(folder) for word in words):
            found.add(pid)
    return found


def veths():
    links = json.loads(subprocess.run(["ip", "-j", "link", "show", "type", "veth"], capture_output=True, text=True,
                                      check=True).stdout or "[]")
    return [link["ifname"] for link in links if link]


def groups(gone):
    """Groups of the kernel that are named by what is gone."""
    found = []
    for folder, folders, _ in os.walk("/sys/fs/cgroup"):
        found += [f"{folder}/{name}" for name in folders if any(word in name for word in gone)]
    return found


class InProcess(Kills):
    rounds = 25 if SOAK else 2
    kinds = ["agent"]

    def test_the_agent_with_its_runtime(self):
        self.campaign()


class Separate(Kills):
    separate = True
    rounds = 75 if SOAK else 4
    kinds = ["agent", "runtime", "both"]

    def test_the_agent_the_runtime_or_both(self):
        self.campaign()


del Kills
