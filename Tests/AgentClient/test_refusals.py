"""A runtime that refuses a call: it is asked again, but not all the time, and nothing runs twice meanwhile."""

import os
import time
import unittest

from agent import Agent, AgentTest, container, processes, shell, wait
from refusing import Refusing


class RefusalTest(AgentTest):
    """An agent whose runtime refuses what it is told to."""

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent(cls.__name__.lower(), separate=True)
        cls.host = f"{cls.agent.folder}/host"
        os.mkdir(cls.host)
        runtime = f"{cls.agent.folder}/run/cri.sock"
        cls.agent.start_runtime()
        wait(lambda: os.path.exists(runtime), "the runtime listens")
        cls.runtime = Refusing(cls.agent.folder, runtime)
        wait(lambda: os.path.exists(cls.runtime.socket), "the relay listens")
        cls.begin()
        cls.agent.endpoint = cls.runtime.endpoint
        cls.agent.launch()
        cls.agent.wait_listening()

    @classmethod
    def begin(cls):
        """Before there is an agent."""

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.runtime.stop()

    def pod(self, name, *containers):
        """With the test's own folder at /h, and a uid of its own: the same pod after a change."""
        for one in containers:
            one["volumeMounts"] = [{"name": "h", "mountPath": "/h"}]
        self.agent.pod(name, {"hostNetwork": True, "terminationGracePeriodSeconds": 1, "containers": list(containers),
                              "volumes": [{"name": "h", "hostPath": {"path": self.host}}]}, uid=f"refused-{name}")

    def touch(self, name):
        open(f"{self.host}/{name}", "w").close()

    def reasons(self, name):
        return [event["reason"] for event in self.agent.events(name)]


class Stops(RefusalTest):
    """Containers that the runtime does not stop."""

    def refused(self, begin, command):
        """What `begin` brings about is refused for a while, in which that container goes on, alone."""
        before = processes(command)
        self.assertEqual(len(before), 1)
        self.runtime.refuse("StopContainer")
        try:
            begin()
            wait(lambda: self.runtime.count() > 0, "a stop is refused", 20)
            time.sleep(0.2)
            count = self.runtime.count()
            time.sleep(2)
            self.assertIn(self.runtime.count() - count, (1, 2, 3))
            self.assertEqual(processes(command), before)
        finally:
            self.runtime.relent()

    def test_after_a_failed_probe(self):
        command = ["sleep", "73101"]
        self.touch("well")
        self.pod("sick", {"name": "c", "command": command, "livenessProbe": {
            "exec": {"command": ["test", "-e", "/h/well"]}, "periodSeconds": 1, "failureThreshold": 1}})
        self.agent.wait_ready("sick")
        self.refused(lambda: os.remove(f"{self.host}/well"), command)
        self.assertIn("FailedKillPod", self.reasons("sick"))
        self.touch("well")
        self.agent.wait_for("sick", lambda pod: container(pod, "c")["restartCount"] == 1
                            and "running" in container(pod, "c")["state"], "restarted", 20)
        self.assertEqual(len(processes(command)), 1)

    def test_of_another_definition(self):
        self.pod("changed", {"name": "c", "command": ["sleep", "73102"]})
        self.agent.wait_ready("changed")
        other = ["sleep", "73103"]
        self.refused(lambda: self.pod("changed", {"name": "c", "command": other}), ["sleep", "73102"])
        wait(lambda: len(processes(other)) == 1, "the other one runs", 20)
        self.assertEqual(processes(["sleep", "73102"]), [])

    def test_with_all_of_its_pod(self):
        command = ["sleep", "73104"]
        rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [88]}}
        self.pod("all", {"name": "c", "command": command},
                 {"name": "ends", "restartPolicy": "Never", "restartPolicyRules": [rule],
                  "command": shell("while [ ! -e /h/end ]; do sleep 0.1; done; rm /h/end; exit 88")})
        self.agent.wait_ready("all")
        self.refused(lambda: self.touch("end"), command)
        self.agent.wait_for("all", lambda pod: all(container(pod, name)["restartCount"] == 1
                                                   and "running" in container(pod, name)["state"]
                                                   for name in ("c", "ends")), "begun again", 30)
        self.assertEqual(len(processes(command)), 1)

    def test_to_have_more_memory(self):
        command = ["sleep", "73105"]

        def apply(memory):
            self.pod("larger", {"name": "c", "command": command,
                                "resources": {"limits": {"memory": memory, "cpu": "100m"}},
                                "resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]})

        apply("32Mi")
        self.agent.wait_ready("larger")
        self.refused(lambda: apply("48Mi"), command)
        pod = self.agent.wait_for("larger", lambda pod: container(pod, "c")["restartCount"] == 1
                                  and "running" in container(pod, "c")["state"], "restarted", 20)
        self.assertEqual(container(pod, "c")["resources"]["limits"]["memory"], "48Mi")
        self.assertEqual(len(processes(command)), 1)
        # It could not be done before.
        reasons = self.reasons("larger")
        self.assertLess(reasons.index("ResizeError"), reasons.index("ResizeCompleted"))
        self.assertEqual(reasons.count("ResizeCompleted"), 1)


class Resizes(RefusalTest):
    def test_the_runtime_is_told_of_what_a_pod_has(self):
        def apply(memory):
            self.pod("resized", {"name": "c", "command": ["sleep", "73106"],
                                 "resources": {"limits": {"memory": memory, "cpu": "100m"}}})

        def progress(pod):
            return [one for one in pod["status"]["conditions"] if one["type"] == "PodResizeInProgress"]

        apply("32Mi")
        before = self.agent.wait_ready("resized")
        self.runtime.refuse("UpdatePodSandboxResources")
        try:
            apply("48Mi")
            pod = self.agent.wait_for("resized", lambda pod: [one.get("reason") for one in progress(pod)] == ["Error"],
                                      "told of the refusal", 20)
            self.assertIn("refused by the test", progress(pod)[0]["message"])
            self.assertGreater(self.runtime.count(), 0)
            self.assertNotIn("ResizeCompleted", self.reasons("resized"))
        finally:
            self.runtime.relent()
        pod = self.agent.wait_for("resized", lambda pod: not progress(pod), "resized", 30)
        self.assertIn("ResizeCompleted", self.reasons("resized"))
        self.assertEqual(container(pod, "c")["containerID"], container(before, "c")["containerID"])
        self.assertEqual(container(pod, "c")["resources"]["limits"]["memory"], "48Mi")


if __name__ == "__main__":
    unittest.main()
