"""Corners of a pod's life: orders, signals, times, hooks that fail, and what volumes may be."""

import json
import os
import socket
import stat
import threading
import time
import unittest

from agent import AgentTest, condition, container, shell, wait

# Says what it gets, and goes on.
DEAF = "trap '' TERM; while :; do sleep 0.1; done"


class CornerTest(AgentTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = f"{cls.agent.folder}/host"
        os.mkdir(cls.host)

    def spec(self, *containers, **more):
        """With the test's own folder at /h."""
        for one in list(containers) + more.get("initContainers", []):
            one.setdefault("volumeMounts", []).append({"name": "h", "mountPath": "/h"})
        more.setdefault("volumes", []).append({"name": "h", "hostPath": {"path": self.host}})
        return {"terminationGracePeriodSeconds": 1, "containers": list(containers), **more}

    def read(self, name):
        with open(f"{self.host}/{name}") as file:
            return file.read()

    def log(self, name, of="c"):
        return self.agent.get(f"/containerLogs/default/{name}-node/{of}")

    def reasons(self, name):
        return [event["reason"] for event in self.agent.events(name)]

    def remove(self, name):
        """The seconds that it takes."""
        begun = time.time()
        self.agent.remove(f"{name}.json")
        self.agent.wait_gone(name)
        return time.time() - begun


class Containers(CornerTest):
    CLUSTER = "cluster.test"
    configuration = {"clusterDomain": CLUSTER}

    def test_sidecars_begin_in_order_and_end_in_reverse(self):
        def told(name, **more):
            return {"name": name, **more, "command": shell(
                f"echo start-{name} >>/h/order; trap 'echo stop-{name} >>/h/order; exit 0' TERM; while :; do sleep 0.1; done")}

        side = {"restartPolicy": "Always", "startupProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}
        self.agent.pod("ordered", self.spec(told("c"), initContainers=[told("s1", **side), told("s2", **side)],
                                            terminationGracePeriodSeconds=20))
        self.agent.wait_ready("ordered")
        self.remove("ordered")
        self.assertEqual(self.read("order").split(), ["start-s1", "start-s2", "start-c", "stop-c", "stop-s2", "stop-s1"])

    def test_an_end_goes_on_in_order_with_the_next_agent(self):
        def told(name, wait="", **more):
            return {"name": name, **more, "command": shell(
                f"end() {{ trap '' TERM; echo term-{name} >>/h/end; {wait} echo stop-{name} >>/h/end; exit 0; }}; "
                "trap end TERM; while :; do sleep 0.1; done")}

        side = {"restartPolicy": "Always", "startupProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}
        self.agent.pod("resumed", self.spec(
            told("c", wait="while [ ! -e /h/go ]; do sleep 0.1; done;"), terminationGracePeriodSeconds=300,
            initContainers=[told("s1", **side), told("s2", **side)]))
        uid = self.agent.wait_ready("resumed")["metadata"]["uid"]
        self.agent.remove("resumed.json")
        wait(lambda: os.path.exists(f"{self.host}/end"), "it has begun to end", 20)

        def kept():
            with open(f"{self.agent.root}/agent/statuses/{uid}.json") as file:
                return "deletionTimestamp" in json.load(file)["metadata"]

        wait(kept, "that is written down", 20)
        before = self.agent.find("resumed")["metadata"]
        self.agent.kill()
        self.agent.start()
        after = self.agent.wait_for("resumed", lambda pod: "deletionTimestamp" in pod["metadata"], "leaving")
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            self.assertEqual(after["metadata"][name], before[name])
        self.assertRegex(self.agent.run("pods").stdout, r"resumed-node +\d/\d +Terminating")
        self.assertEqual(self.read("end").split(), ["term-c"])
        open(f"{self.host}/go", "w").close()
        self.agent.wait_gone("resumed")
        self.assertEqual(self.read("end").split(), ["term-c", "stop-c", "term-s2", "stop-s2", "term-s1", "stop-s1"])

    def test_an_init_container_that_fails(self):
        def failing(**more):
            return [{"name": "i", "command": shell("echo bad; exit 9"), "terminationMessagePolicy": "FallbackToLogsOnError", **more}]

        app = {"name": "c", "command": ["true"]}
        self.agent.pod("never", self.spec(dict(app), restartPolicy="Never", initContainers=failing() + [
            {"name": "later", "command": ["true"]}]))
        self.agent.pod("own", self.spec(dict(app), initContainers=failing(restartPolicy="Never")))
        self.agent.pod("always", self.spec(dict(app), initContainers=failing()))
        for name in ("never", "own"):
            pod = self.agent.wait_phase(name, "Failed")
            end = container(pod, "i", "initContainerStatuses")["state"]["terminated"]
            self.assertEqual((end["exitCode"], end["message"]), (9, "bad\n"))
            self.assertEqual(container(pod, "c")["state"], {"waiting": {"reason": "PodInitializing"}})
            self.assertEqual(condition(pod, "Initialized"), "False")
        pod = self.agent.wait_for("always", lambda pod: container(pod, "i", "initContainerStatuses")["state"]
                                  .get("waiting", {}).get("reason") == "CrashLoopBackOff", "in its back-off")
        self.assertEqual(pod["status"]["phase"], "Pending")
        self.assertIn("Init:CrashLoopBackOff", self.agent.run("pods").stdout)

    def test_containers_have_policies_and_rules_of_their_own(self):
        rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
        self.agent.pod("mixed", self.spec(
            {"name": "always", "restartPolicy": "Always", "command": ["true"]},
            {"name": "never", "command": ["false"]},
            {"name": "ruled", "restartPolicy": "Never", "restartPolicyRules": [rule],
             "command": shell("[ -e /h/ruled ] && exit 7; touch /h/ruled; exit 42")}, restartPolicy="Never"))
        pod = self.agent.wait_for("mixed", lambda pod: container(pod, "always")["restartCount"] > 0
                                  and container(pod, "ruled")["restartCount"] > 0
                                  and "terminated" in container(pod, "ruled")["state"], "restarted as it should be")
        self.assertEqual(container(pod, "ruled")["state"]["terminated"]["exitCode"], 7)
        self.assertEqual((container(pod, "ruled")["restartCount"], container(pod, "never")["restartCount"]), (1, 0))
        self.assertEqual(pod["status"]["phase"], "Running")

    def test_one_container_starts_all_anew(self):
        rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [88]}}
        self.agent.pod("anew", self.spec(
            {"name": "done", "command": shell("echo done >>/h/anew")},
            {"name": "c", "command": shell("echo c >>/h/anew; trap 'exit 3' TERM; while :; do sleep 0.1; done"),
             "lifecycle": {"preStop": {"exec": {"command": shell("echo hook >>/h/anew")}}}},
            initContainers=[
                {"name": "i", "command": shell("echo i >>/h/anew")},
                {"name": "watcher", "restartPolicy": "Always", "restartPolicyRules": [rule],
                 "command": shell("while [ ! -e /h/again ]; do sleep 0.1; done; rm /h/again; exit 88")}],
            restartPolicy="Never"))
        names = (("initContainerStatuses", "i"), ("initContainerStatuses", "watcher"),
                 ("containerStatuses", "done"), ("containerStatuses", "c"))

        def settled(pod, restarts):
            states = [container(pod, name, kind) for kind, name in names]
            return all(states) and [one["restartCount"] for one in states] == [restarts] * 4 \
                and "running" in states[3]["state"] and "terminated" in states[2]["state"]

        before = self.agent.wait_for("anew", lambda pod: settled(pod, 0), "all have begun")
        self.assertEqual(condition(before, "AllContainersRestarting"), "False")
        with open(f"{self.host}/again", "w"):
            pass
        after = self.agent.wait_for("anew", lambda pod: settled(pod, 1), "all have begun again")
        self.assertEqual((after["status"]["podIP"], after["metadata"]["uid"], after["status"]["phase"]),
                         (before["status"]["podIP"], before["metadata"]["uid"], "Running"))
        self.assertEqual(container(after, "c")["lastState"]["terminated"]["exitCode"], 3)
        self.assertEqual(container(after, "watcher", "initContainerStatuses")["lastState"]["terminated"]["exitCode"], 88)
        # In their order, and without the hook.
        words = self.read("anew").split()
        self.assertEqual((words[0], sorted(words[1:3]), words[3], sorted(words[4:])), ("i", ["c", "done"], "i", ["c", "done"]))
        # Another agent does not do it again.
        ids = [one["containerID"] for one in after["status"]["containerStatuses"]]
        self.agent.kill()
        self.agent.start()
        time.sleep(2)
        self.assertEqual([one["containerID"] for one in self.agent.find("anew")["status"]["containerStatuses"]], ids)

    def test_a_stop_signal(self):
        self.agent.pod("signalled", self.spec({"name": "c", "lifecycle": {"stopSignal": "SIGUSR1"}, "command": shell(
            "trap 'echo usr1 >/h/signal; exit 0' USR1; trap 'echo term >/h/signal; exit 0' TERM; while :; do sleep 0.1; done")},
            os={"name": "linux"}, terminationGracePeriodSeconds=30))
        pod = self.agent.wait_ready("signalled")
        self.assertEqual(container(pod, "c")["stopSignal"], "SIGUSR1")
        self.remove("signalled")
        self.assertEqual(self.read("signal"), "usr1\n")

    def test_its_predecessor_is_still_ending(self):
        def version(number):
            self.agent.pod("heir", self.spec({"name": "c", "command": shell(
                f"[ -e /h/alive ] && echo {number} >>/h/overlap; touch /h/alive; echo {number} >>/h/heirs; "
                "trap 'sleep 1; rm /h/alive; exit 0' TERM; while :; do sleep 0.1; done")}, terminationGracePeriodSeconds=30))

        version(1)
        self.agent.wait_ready("heir")
        wait(lambda: os.path.exists(f"{self.host}/heirs"), "the first one works", 10)
        for number in (2, 3, 1):
            version(number)
            time.sleep(0.2)
        # The first one again: what is ending is not taken for it.
        wait(lambda: self.read("heirs").split()[1:] == ["1"], "the last one works, and none between")
        self.agent.wait_ready("heir")
        self.assertFalse(os.path.exists(f"{self.host}/overlap"))

    def deletable(self, name, **metadata):
        """A pod that is deaf to its stop signal, as an API server would tell of it."""
        self.agent.pod(name, self.spec({"name": "c", "command": shell(f"echo up >>/h/{name}; {DEAF}")},
                                       terminationGracePeriodSeconds=600), uid=f"uid-of-{name}", **metadata)

    def test_its_source_says_that_it_is_to_end(self):
        self.deletable("deleted")
        self.agent.wait_ready("deleted")
        wait(lambda: os.path.exists(f"{self.host}/deleted"), "it works", 10)
        self.deletable("deleted", deletionTimestamp="2030-01-01T00:00:00Z", deletionGracePeriodSeconds=600)
        wait(lambda: "Killing" in self.reasons("deleted"), "it ends", 15)
        # A longer one comes too late, a shorter one counts at once.
        for seconds in (900, 1):
            self.assertIsNotNone(self.agent.find("deleted"))
            self.deletable("deleted", deletionTimestamp="2030-01-01T00:00:00Z", deletionGracePeriodSeconds=seconds)
            time.sleep(0.5)
        self.agent.wait_gone("deleted", 20)
        # Its source goes on to list it.
        time.sleep(1)
        self.assertIsNone(self.agent.find("deleted"))
        self.assertEqual(self.read("deleted"), "up\n")

    def test_an_agent_finds_one_that_is_to_end(self):
        self.deletable("found")
        self.agent.wait_ready("found")
        wait(lambda: os.path.exists(f"{self.host}/found"), "it works", 10)
        self.agent.kill()
        self.deletable("found", deletionTimestamp="2030-01-01T00:00:00Z", deletionGracePeriodSeconds=1)
        self.agent.start()
        folders = [f"{self.agent.root}/agent/pods", f"{self.agent.folder}/logs"]
        wait(lambda: not [one for folder in folders for one in os.listdir(folder) if "uid-of-found" in one],
             "nothing is left of it", 20)
        time.sleep(1)
        self.assertIsNone(self.agent.find("found"))
        self.assertEqual(self.read("found"), "up\n")

    def test_hooks_that_fail_or_last(self):
        self.agent.pod("poststart", self.spec({"name": "c", "command": ["sleep", "1000"], "lifecycle": {
            "postStart": {"exec": {"command": shell("exit 3")}}}}))
        pod = self.agent.wait_for("poststart", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason") in (
            "PostStartHookError", "CrashLoopBackOff"), "ended for its hook")
        self.assertEqual(container(pod, "c")["lastState"]["terminated"]["exitCode"], 137)
        self.assertIn("FailedPostStartHook", self.reasons("poststart"))
        self.agent.pod("oncehooked", self.spec({"name": "c", "command": ["sleep", "1000"], "lifecycle": {
            "postStart": {"exec": {"command": shell("exit 3")}},
            "preStop": {"exec": {"command": shell("echo stopped >/h/oncehooked")}}}}, restartPolicy="Never"))
        pod = self.agent.wait_phase("oncehooked", "Failed")
        self.assertEqual(container(pod, "c")["state"]["terminated"]["exitCode"], 137)
        self.assertEqual(self.read("oncehooked"), "stopped\n")
        self.assertLessEqual({"FailedPostStartHook", "Killing"}, set(self.reasons("oncehooked")))
        hooks = {"execs": {"exec": {"command": ["sleep", "1000"]}}, "asks": {"httpGet": {"port": 1}},
                 "sleeps": {"sleep": {"seconds": 2}}}
        for name, hook in hooks.items():
            self.agent.pod(name, self.spec({"name": "c", "command": shell(DEAF), "lifecycle": {"preStop": hook}},
                                           terminationGracePeriodSeconds=3))
            self.agent.wait_ready(name)
        # A hook has the whole grace period; then two seconds are left for the signal.
        for name, seconds in {"execs": 5, "asks": 3, "sleeps": 4}.items():
            took = self.remove(name)
            self.assertGreater(took, seconds - 0.5, name)
            self.assertLess(took, seconds + 10, name)

    def test_hooks_that_knock_at_a_port(self):
        knocks = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def listen():
            try:
                while True:
                    listener.accept()[0].close()
                    knocks.append(time.time())
            except OSError:
                pass

        threading.Thread(target=listen, daemon=True).start()
        there = {"tcpSocket": {"host": "127.0.0.1", "port": listener.getsockname()[1]}}
        # Of the pod, by its name.
        own = {"tcpSocket": {"port": "door"}}
        self.agent.pod("knocks", {**self.spec(
            {"name": "c", "command": shell("nc -l -p 8080 </dev/null; echo knocked >/h/knocked; trap exit TERM; sleep 1000 & wait"),
             "ports": [{"name": "door", "containerPort": 8080}], "lifecycle": {"postStart": there, "preStop": own}}),
            "terminationGracePeriodSeconds": 30})
        self.agent.wait_ready("knocks")
        wait(lambda: len(knocks) == 1, "it has knocked", 20)
        wait(lambda: ":1F90" in self.agent.run("exec", "knocks", "cat", "/proc/net/tcp", "/proc/net/tcp6").stdout,
             "it listens", 20)
        self.remove("knocks")
        self.assertEqual(self.read("knocked"), "knocked\n")
        self.agent.pod("unheard", self.spec(
            {"name": "c", "command": ["sleep", "1000"], "ports": [{"name": "door", "containerPort": 8080}],
             "lifecycle": {"preStop": own}}))
        self.agent.pod("unstarted", self.spec(
            {"name": "c", "command": ["sleep", "1000"], "ports": [{"name": "door", "containerPort": 8080}],
             "lifecycle": {"postStart": own}}))
        self.agent.wait_ready("unheard")
        self.remove("unheard")
        self.assertIn("FailedPreStopHook", [event["reason"] for event in json.loads(self.agent.get("/events"))["items"]
                                            if event["involvedObject"]["name"] == "unheard-node"])
        self.agent.wait_for("unstarted", lambda pod: container(pod, "c")["restartCount"] > 0
                            or container(pod, "c")["state"].get("waiting", {}).get("reason") in (
                                "PostStartHookError", "CrashLoopBackOff"), "ended for its hook", 30)
        self.assertIn("FailedPostStartHook", self.reasons("unstarted"))

    def test_a_pod_without_a_grace_period_has_a_second(self):
        def apply(name, grace, **metadata):
            self.agent.pod(name, self.spec(
                {"name": "c", "command": shell(f"echo up >>/h/{name}; trap 'echo term >>/h/{name}; exit 0' TERM; "
                                               "while :; do sleep 0.1; done"),
                 "lifecycle": {"preStop": {"exec": {"command": shell(f"echo hook >>/h/{name}")}}}},
                terminationGracePeriodSeconds=grace), uid=f"uid-of-{name}", **metadata)

        graces = {"zero": 0, "below": -5, "forced": 0}
        for name, grace in graces.items():
            apply(name, grace)
        for name in graces:
            self.agent.wait_ready(name)
            wait(lambda: os.path.exists(f"{self.host}/{name}"), "it works", 10)
        for name in ("zero", "below"):
            self.remove(name)
            self.assertEqual(self.read(name).split(), ["up", "hook", "term"])
        # At once is for who deletes it.
        apply("forced", 0, deletionTimestamp="2030-01-01T00:00:00Z", deletionGracePeriodSeconds=0)
        self.agent.wait_gone("forced", 20)
        self.assertEqual(self.read("forced").split(), ["up"])

    def test_a_pod_on_its_way_out_says_so(self):
        self.agent.pod("leaving", self.spec({"name": "c", "command": shell(DEAF)}, terminationGracePeriodSeconds=4))
        self.agent.wait_ready("leaving")
        self.assertNotIn("deletionTimestamp", self.agent.find("leaving")["metadata"])
        self.agent.remove("leaving.json")
        pod = self.agent.wait_for("leaving", lambda pod: "deletionTimestamp" in pod["metadata"], "leaving", 3)
        self.assertEqual(pod["metadata"]["deletionGracePeriodSeconds"], 4)
        self.assertRegex(self.agent.run("pods").stdout, "leaving-node +1/1 +Terminating")
        self.assertRegex(self.agent.run("describe", "pod", "leaving").stdout, "Status: +Terminating\n")
        self.agent.wait_gone("leaving")

    def test_a_port_that_nobody_has(self):
        port = {"httpGet": {"port": "http"}}
        probe = {**port, "periodSeconds": 1, "failureThreshold": 1}
        for name, more in {"unasked": {"readinessProbe": probe, "livenessProbe": probe},
                           "unstarted": {"startupProbe": probe, "lifecycle": {"preStop": port}}}.items():
            self.agent.pod(name, self.spec({"name": "c", "command": ["sleep", "1000"], **more}))
        said = "probe errored and resulted in unknown state: strconv.Atoi: parsing \"http\": invalid syntax"
        for name, kinds in {"unasked": ["Readiness", "Liveness"], "unstarted": ["Startup"]}.items():
            self.agent.wait_phase(name, "Running")
            for kind in kinds:
                wait(lambda: f"{kind} {said}" in [event["message"] for event in self.agent.events(name)],
                     f"the {kind} probe of {name} is told", 15)
            # An error says nothing of the container: it is neither ready nor ended.
            time.sleep(2)
            state = container(self.agent.find(name), "c")
            self.assertEqual((state["ready"], state["started"], state["restartCount"]), (False, name == "unasked", 0))
        self.remove("unstarted")
        self.assertIn("preStop hook of c: strconv.Atoi", self.agent.log())
        self.agent.pod("unhooked", self.spec({"name": "c", "command": ["sleep", "1000"], "lifecycle": {"postStart": port}}))
        wait(lambda: self.agent.find("unhooked") is not None and "FailedPostStartHook" in self.reasons("unhooked"),
             "the hook has failed", 15)

    def test_a_probe_with_a_grace_period_of_its_own(self):
        self.agent.pod("impatient", self.spec(
            {"name": "c", "command": shell(f"[ -e /h/deaf ] && exec httpd -f -p 80; touch /h/deaf; {DEAF}"),
             "livenessProbe": {"grpc": {"port": 5000}, "periodSeconds": 1, "failureThreshold": 1,
                               "terminationGracePeriodSeconds": 1}}, terminationGracePeriodSeconds=600))
        # Its pod's grace period would be ten minutes.
        self.agent.wait_for("impatient", lambda pod: container(pod, "c")["restartCount"] > 0, "restarted", 30)
        self.assertIn('failed to connect service "', [event["message"] for event in self.agent.events("impatient")
                                                      if event["reason"] == "Unhealthy"][0])

    def test_a_readiness_gate_that_nobody_opens(self):
        self.agent.pod("gated", self.spec({"name": "c", "command": ["sleep", "1000"]},
                                          readinessGates=[{"conditionType": "example.com/open"}]))
        pod = self.agent.wait_for("gated", lambda pod: condition(pod, "ContainersReady") == "True", "up")
        ready = [one for one in pod["status"]["conditions"] if one["type"] == "Ready"][0]
        self.assertEqual((ready["status"], ready["reason"]), ("False", "ReadinessGatesNotReady"))

    def test_a_readiness_gate_opens_and_closes(self):
        def say(*statuses):
            self.agent.pod("gates", self.spec({"name": "c", "command": ["sleep", "1000"]},
                                              readinessGates=[{"conditionType": "example.com/open"}]),
                           uid="uid-of-gates",
                           status={"conditions": [{"type": "example.com/open", "status": status} for status in statuses]})

        def is_written():
            with open(f"{self.agent.root}/agent/statuses/uid-of-gates.json") as file:
                return "example.com/open" in file.read()

        def wait_open(status, ready):
            return self.agent.wait_for("gates", lambda pod: condition(pod, "example.com/open") == status
                                       and condition(pod, "Ready") == ready, f"{status}, and ready: {ready}", 20)

        say()
        before = self.agent.wait_for("gates", lambda pod: condition(pod, "ContainersReady") == "True", "up")
        self.assertEqual(condition(before, "Ready"), "False")
        say("True")
        opened = wait_open("True", "True")
        # Another agent finds it so, and hears when it was told otherwise meanwhile.
        wait(is_written, "it is written down", 10)
        self.agent.kill()
        self.agent.start()
        again = wait_open("True", "True")
        times = [[one["lastTransitionTime"] for one in pod["status"]["conditions"] if one["type"] in ("Ready", "example.com/open")]
                 for pod in (opened, again)]
        self.assertEqual(*times)
        self.agent.kill()
        say("False")
        self.agent.start()
        wait_open("False", "False")
        say("True")
        wait_open("True", "True")
        say()
        after = wait_open(None, "False")
        self.assertEqual(container(after, "c")["containerID"], container(before, "c")["containerID"])

    def test_a_group_without_a_user(self):
        self.agent.pod("grouped", self.spec({"name": "c", "command": shell("id -u; id -g")}, restartPolicy="Never",
                                            securityContext={"runAsGroup": 2000}))
        self.agent.wait_phase("grouped", "Succeeded")
        self.assertEqual(self.log("grouped").split(), ["0", "2000"])

    def test_names(self):
        command = shell("hostname; grep sub /etc/hosts | tr '\\t' ' '")
        names = {"hostname": "own", "subdomain": "sub"}
        for name, more in {"named": {}, "qualified": {"setHostnameAsFQDN": True}}.items():
            self.agent.pod(name, self.spec({"name": "c", "command": command}, restartPolicy="Never", **names, **more))
        full = f"own.sub.default.svc.{self.CLUSTER}"
        for name, first in {"named": "own", "qualified": full}.items():
            address = self.agent.wait_phase(name, "Succeeded")["status"]["podIP"]
            self.assertEqual(self.log(name).splitlines(), [first, f"{address} {full} own"])
        long = {"hostname": "h" * 60, "subdomain": "sub", "setHostnameAsFQDN": True}
        self.agent.pod("longnamed", self.spec({"name": "c", "command": command}, **long))
        wait(lambda: self.agent.find("longnamed") is not None and any(
            "64 characters is the max" in event["message"] for event in self.agent.events("longnamed")), "it is told", 15)

    def test_last_words(self):
        self.agent.pod("wordy", self.spec(
            {"name": "long", "command": shell("head -c 100000 /dev/zero | tr '\\0' x >/dev/termination-log")},
            {"name": "elsewhere", "terminationMessagePath": "/tmp/words", "command": shell("echo here >/tmp/words")},
            {"name": "bytes", "command": shell("printf '\\377' >/dev/termination-log")},
            {"name": "logged", "terminationMessagePolicy": "FallbackToLogsOnError", "command": shell("seq 1 10000; exit 1")},
            restartPolicy="Never"))
        pod = self.agent.wait_phase("wordy", "Failed")
        words = {one["name"]: one["state"]["terminated"]["message"] for one in pod["status"]["containerStatuses"]}
        # The four of them may say 12 KiB.
        self.assertEqual(words["long"], "x" * 3072)
        self.assertEqual(words["elsewhere"], "here\n")
        self.assertEqual(words["bytes"], "\N{REPLACEMENT CHARACTER}")
        self.assertEqual(words["logged"], "".join(f"{number}\n" for number in range(9921, 10001)))


class Volumes(CornerTest):
    def mounting(self, volume, command="true", **mount):
        return self.spec({"name": "c", "command": shell(command), "volumeMounts": [{"name": "v", "mountPath": "/v", **mount}]},
                         volumes=[{"name": "v", **volume}], restartPolicy="Never")

    def test_host_paths_of_every_type(self):
        os.mkdir(f"{self.host}/folder")
        open(f"{self.host}/file", "w").close()
        os.symlink("file", f"{self.host}/link")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{self.host}/socket")
        good = [("Directory", "folder"), ("File", "file"), ("Socket", "socket"), ("CharDevice", "/dev/null"),
                ("DirectoryOrCreate", "new/folder"), ("FileOrCreate", "newfile"), ("", "link")]
        bad = [("Directory", "file", "a directory"), ("File", "folder", "a file"), ("Socket", "file", "a socket file"),
               ("CharDevice", "file", "a character device"), ("BlockDevice", "/dev/null", "a block device"),
               ("DirectoryOrCreate", "file", "a directory"), ("FileOrCreate", "folder", "a file")]

        def apply(name, kind, path):
            self.agent.pod(name, self.mounting({"hostPath": {"path": os.path.join(self.host, path), "type": kind}}))

        for number, (kind, path) in enumerate(good):
            apply(f"good{number}", kind, path)
        for number, (kind, path, _) in enumerate(bad):
            apply(f"bad{number}", kind, path)
        for number in range(len(good)):
            self.agent.wait_phase(f"good{number}", "Succeeded")
        for number, (_, path, what) in enumerate(bad):
            self.agent.wait_for(f"bad{number}", lambda _: [
                event for event in self.agent.events(f"bad{number}") if event["reason"] == "FailedMount"
                and f"hostPath type check failed: {os.path.join(self.host, path)} is not {what}" in event["message"]], "told why")

    def test_a_block_device(self):
        device = f"{self.host}/device"
        # Of a loop device that nobody uses: it is only looked at.
        os.mknod(device, 0o600 | stat.S_IFBLK, os.makedev(7, 200))
        node = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}]}}
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "volumeMode": "Block", "storageClassName": "local",
            "local": {"path": device}, "nodeAffinity": node}}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "volumeMode": "Block", "volumeName": "disk", "storageClassName": "local",
            "resources": {"requests": {"storage": "1Gi"}}}}
        self.agent.write("disk.yaml", f"{json.dumps(volume)}\n---\n{json.dumps(claim)}\n")
        one = {"name": "c", "command": shell("stat -c '%F %t,%T' /dev/disk"), "volumeDevices": [
            {"name": "d", "devicePath": "/dev/disk"}]}
        self.agent.pod("blocks", self.spec(one, restartPolicy="Never", volumes=[
            {"name": "d", "persistentVolumeClaim": {"claimName": "disk"}}]))
        self.agent.wait_phase("blocks", "Succeeded")
        self.assertEqual(self.log("blocks"), "block special file 7,c8\n")

    def test_sub_paths_and_links(self):
        os.makedirs(f"{self.host}/releases/1")
        with open(f"{self.host}/releases/1/x", "w") as file:
            file.write("one")
        for name, target in {"current": "releases/1", "out": "/etc", "up": "../../../../../etc"}.items():
            os.symlink(target, f"{self.host}/{name}")
        volume = {"hostPath": {"path": self.host}}
        self.agent.pod("within", self.mounting(volume, command="cat /v/x", subPath="current"))
        self.agent.wait_phase("within", "Succeeded")
        self.assertEqual(self.log("within"), "one")
        expression = self.mounting(volume, command="touch /v/here", subPathExpr="sub/$(NAME)")
        expression["containers"][0]["env"] = [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        self.agent.pod("named", expression)
        self.agent.wait_phase("named", "Succeeded")
        self.assertEqual(os.listdir(f"{self.host}/sub/named-node"), ["here"])
        self.agent.pod("unnamed", self.mounting(volume, subPathExpr="$(NOBODY)"))
        outside = {"out": "out", "up": "up", "deep": "out/passwd"}
        for name, path in outside.items():
            self.agent.pod(name, self.mounting(volume, command="cat /v/hostname /v", subPath=path))
        for name in ("unnamed", *outside):
            self.agent.wait_for(name, lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason")
                                == "CreateContainerConfigError", "refused")
        for name, path in {"dots": "../x", "rooted": "/etc", "inner": "a/../../b"}.items():
            self.agent.pod(name, self.mounting(volume, subPath=path))
            wait(lambda: f"{name}.json: document 1, line 1: spec.containers[0].volumeMounts[0].subPath: Invalid value"
                 in self.agent.log(), "it is told", 10)

    def test_projected_into_one_folder_for_a_group(self):
        objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mixed"}, "data": {"a": "1"}, "binaryData": {"b": "AAE="}},
                   {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mixed"}, "data": {"k": "djE="}}]
        self.agent.write("mixed.yaml", "\n---\n".join(map(json.dumps, objects)))
        sources = [{"configMap": {"name": "mixed", "items": [{"key": "a", "path": "x/y"}, {"key": "b", "path": "b", "mode": 0o400}]}},
                   {"configMap": {"name": "nobody", "optional": True}}, {"secret": {"name": "mixed"}},
                   {"downwardAPI": {"items": [
                       {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                       {"path": "limit", "resourceFieldRef": {"containerName": "c", "resource": "limits.memory", "divisor": "1Mi"}}]}}]
        spec = self.mounting({"projected": {"defaultMode": 0o440, "sources": sources}}, command=(
            "cd /v; for f in x/y k labels limit; do cat $f; echo; done; stat -Lc %a,%g x/y b; stat -c %g,%a /e; touch /e/f; "
            "stat -c %g /e/f; [ -x /i/bin/busybox ] && ! touch /i/x 2>/dev/null && echo $CPU $NOTE"))
        spec["securityContext"] = {"fsGroup": 2000, "runAsUser": 1000, "fsGroupChangePolicy": "OnRootMismatch"}
        spec["volumes"] += [{"name": "e", "emptyDir": {}}, {"name": "i", "image": {"reference": "busybox", "pullPolicy": "IfNotPresent"}}]
        one = spec["containers"][0]
        one["volumeMounts"] += [{"name": "e", "mountPath": "/e"}, {"name": "i", "mountPath": "/i"}]
        one["resources"] = {"limits": {"memory": "64Mi", "cpu": "1500m"}}
        one["env"] = [{"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                      {"name": "NOTE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['example.com/note']"}}}]
        self.agent.pod("projects", spec, labels={"l": "v"}, annotations={"example.com/note": "noted"})
        self.agent.wait_phase("projects", "Succeeded")
        self.assertEqual(self.log("projects").split("\n"), [
            "1", "v1", 'l="v"', "64", "440,2000", "440,2000", "2000,2777", "2000", "2 noted", ""])

    def test_labels_change_under_a_running_pod(self):
        fields = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]

        def label(value):
            spec = self.mounting({"downwardAPI": {"items": fields}},
                                 command="while :; do cat /v/labels >/h/labels; sleep 0.1; done")
            self.agent.pod("labelled", spec, uid="uid-of-labelled", labels={"is": value})

        label("old")
        before = container(self.agent.wait_ready("labelled"), "c")["containerID"]
        for value in ("old", "new"):
            label(value)
            # Long before the look of each minute.
            wait(lambda: os.path.exists(f"{self.host}/labels") and f'is="{value}"' in self.read("labels"),
                 f"{value} is seen", 10)
        self.assertEqual(container(self.agent.find("labelled"), "c")["containerID"], before)

    def test_a_config_map_goes_while_it_is_mounted(self):
        self.agent.write("going.json", json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "going"}, "data": {"a": "kept"}}))
        spec = self.mounting({"configMap": {"name": "going"}}, command="exec sleep 1000")
        self.agent.pod("holder", spec)
        before = container(self.agent.wait_ready("holder"), "c")["containerID"]
        self.agent.remove("going.json")
        self.agent.kill()
        self.agent.start()
        self.assertEqual(container(self.agent.wait_ready("holder"), "c")["containerID"], before)
        self.assertEqual(self.agent.run("exec", "holder", "cat", "/v/a").stdout, "kept")


if __name__ == "__main__":
    unittest.main()
