"""The end of a node: pods end in their order and in their time."""

import json
import os
import signal
import subprocess
import time
import unittest

from agent import FOLDER, Agent, condition, container, shell, wait
from logind import Logind
from test_node import HEAD, ready

CRITICAL = 2_000_000_000
# The real one is not to end this machine.
NO_BUS = os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={FOLDER}/no-bus"


def pods(agent):
    """Two that note when they end, and one that does not end by itself."""
    for name, priority, command in (
            ("plain", 0, "trap 'sleep 1; touch /v/plain; exit 0' TERM; touch /v/plain.up; while :; do sleep 0.1; done"),
            ("stubborn", 5, "trap '' TERM; touch /v/stubborn.up; while :; do sleep 0.1; done"),
            ("important", CRITICAL, "trap 'touch /v/important; exit 0' TERM; touch /v/important.up; while :; do sleep 0.1; done")):
        agent.pod(name, {
            "priority": priority, "terminationGracePeriodSeconds": 8,
            "volumes": [{"name": "v", "hostPath": {"path": f"{agent.folder}/v", "type": "DirectoryOrCreate"}}],
            "containers": [{"name": "c", "command": shell(command), "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
    for name in ("plain", "stubborn", "important"):
        agent.wait_ready(name)
        wait(lambda: os.path.exists(f"{agent.folder}/v/{name}.up"), f"{name} has begun", 20)


def clean(agent):
    def settled(name):
        pod = agent.find(name)
        return pod is not None and (condition(pod, "Ready") == "True" or pod["status"]["phase"] in ("Failed", "Succeeded"))

    # An agent that has just begun knows its pods before they are taken away.
    for file in os.listdir(agent.manifests):
        wait(lambda: settled(file.removesuffix(".json")), f"{file} is settled", 30)
    for file in os.listdir(agent.manifests):
        agent.remove(file)
    wait(lambda: not agent.pods(), "all pods are gone", 90)
    agent.stop()


class Signal(unittest.TestCase):
    def test_pods_end_in_their_order(self):
        agent = Agent("order", {**HEAD, "shutdownGracePeriod": "7s", "shutdownGracePeriodCriticalPods": "3s"})
        agent.options.append("--shutdown-on-sigterm")
        agent.start()
        pods(agent)
        begin = time.time()
        agent.process.send_signal(signal.SIGTERM)
        wait(lambda: ready(agent).get("status") == "False", "the node is not ready", 5)
        self.assertEqual((ready(agent)["reason"], ready(agent)["message"]), ("KubeletNotReady", "node is shutting down"))
        agent.pod("late", {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "command": ["sleep", "1000"]}]})
        status = agent.wait_phase("late", "Failed", seconds=5)["status"]
        self.assertEqual((status["reason"], status["message"]),
                         ("NodeShutdown", "Pod was rejected as the node is shutting down."))
        # One that has ended and been told of, while another one still takes its time.
        pod = agent.wait_for("plain", lambda pod: "terminated" in container(pod, "c")["state"], "ended", 5)
        self.assertEqual((pod["status"]["phase"], pod["status"]["reason"], pod["status"]["message"]),
                         ("Failed", "Terminated", "Pod was terminated in response to imminent node shutdown."))
        self.assertEqual(condition(pod, "DisruptionTarget"), "True")
        self.assertEqual(agent.process.wait(timeout=20), 0)
        took = time.time() - begin
        plain, important = (os.path.getmtime(f"{agent.folder}/v/{name}") for name in ("plain", "important"))
        # The critical one ends when the stubborn one has been killed, four seconds from the beginning.
        self.assertGreater(important, plain)
        self.assertGreater(important - begin, 3.5)
        # Seven seconds, and what a loaded machine needs besides.
        self.assertLess(took, 20)
        agent.options.remove("--shutdown-on-sigterm")
        clean(agent.start())

    def test_a_second_signal_means_now_and_a_plain_one_ends_no_pod(self):
        agent = Agent("twice", {**HEAD, "shutdownGracePeriod": "60s"}).start()
        pods(agent)
        before = container(agent.find("important"), "c")["containerID"]
        self.assertEqual(agent.stop(), 0)
        agent.options.append("--shutdown-on-sigterm")
        agent.start()
        wait(lambda: agent.find("important") is not None, "the pod is known", 10)
        self.assertEqual(container(agent.wait_ready("important"), "c")["containerID"], before)
        agent.process.send_signal(signal.SIGTERM)
        wait(lambda: "imminent node shutdown" in json.dumps(agent.pods()), "pods end", 10)
        agent.process.send_signal(signal.SIGINT)
        begin = time.time()
        self.assertEqual(agent.process.wait(timeout=20), 0)
        self.assertLess(time.time() - begin, 15)
        agent.options.remove("--shutdown-on-sigterm")
        clean(agent.start())

    def test_wants_its_time_to_be_set(self):
        agent = Agent("untimed")
        result = subprocess.run(agent.words + ["agent", "--shutdown-on-sigterm"], capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("set shutdownGracePeriod, or shutdownGracePeriodByPodPriority", result.stderr)


class Machine(unittest.TestCase):
    def test_its_end_waits_for_pods(self):
        # A socket's path is short.
        logind = Logind(f"{FOLDER}/bus", delay=60)
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={FOLDER}/bus"
        agent = Agent("machine", {**HEAD, "shutdownGracePeriod": "5s", "shutdownGracePeriodCriticalPods": "2s"})
        try:
            agent.start()
            pods(agent)
            wait(lambda: logind.lock is not None, "the lock is held", 10)
            self.assertEqual(logind.calls, ["Hello", "AddMatch", "Get", "Inhibit"])
            begin = time.time()
            logind.prepare(True)
            wait(lambda: ready(agent).get("message") == "node is shutting down", "the node is not ready", 5)
            logind.wait_for_release()
            self.assertLess(time.time() - begin, 15)
            for name in ("plain", "stubborn", "important"):
                pod = agent.find(name)
                self.assertEqual((pod["status"]["phase"], pod["status"]["reason"]), ("Failed", "Terminated"), name)
            # The machine goes on after all.
            logind.prepare(False)
            wait(lambda: ready(agent).get("status") == "True", "the node is ready again", 10)
            wait(lambda: logind.calls.count("Inhibit") == 2, "there is a lock again", 10)
        finally:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = NO_BUS
            clean(agent)
            logind.close()
