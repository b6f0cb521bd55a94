"""Profiles of AppArmor as pods name them: by the security contexts of pod and container, and by annotations."""

import os
import shutil
import subprocess
import unittest

from agent import AgentTest, container, shell

LOADED = "/sys/kernel/security/apparmor/profiles"
PREFIX = "container.apparmor.security.beta.kubernetes.io/"
PROFILE = "profile swiftlet-test-agent flags=(attach_disconnected,mediate_deleted) { file, capability, network, signal, }"
OWN = {"type": "Localhost", "localhostProfile": "swiftlet-test-agent"}
DEFAULT = "swiftlet-default (enforce)"


def unload():
    with open(os.path.dirname(LOADED) + "/.remove", "w") as file:
        file.write("swiftlet-test-agent")


@unittest.skipUnless(os.access(LOADED, os.R_OK), "this kernel has no AppArmor")
@unittest.skipUnless(
    shutil.which("apparmor_parser") and os.access(os.path.dirname(LOADED) + "/.remove", os.W_OK),
    "nobody can load profiles of AppArmor here; the virtual machine runs these")
class AppArmor(AgentTest):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["apparmor_parser", "--replace", "--skip-cache"], input=PROFILE, text=True, check=True)
        cls.addClassCleanup(unload)
        super().setUpClass()

    def labels(self, name, containers, annotations=None, **more):
        """What each container runs under; `containers`: their profiles."""
        self.agent.pod(name, {"restartPolicy": "Never", **more, "containers": [
            {"name": one, "command": shell("cat /proc/self/attr/apparmor/current"),
             **({"securityContext": {"appArmorProfile": profile}} if profile else {})}
            for one, profile in containers.items()]}, annotations=annotations or {})
        self.agent.wait_phase(name, "Succeeded")
        return {one: self.agent.get(f"/containerLogs/default/{name}-node/{one}").strip() for one in containers}

    def test_where_the_pod_says_nothing(self):
        found = self.labels("unsaid", {"unsaid": None, "default": {"type": "RuntimeDefault"}, "free": {"type": "Unconfined"},
                                       "own": OWN})
        self.assertEqual(found, {"unsaid": DEFAULT, "default": DEFAULT, "free": "unconfined",
                                 "own": "swiftlet-test-agent (enforce)"})

    def test_what_the_pod_says(self):
        found = self.labels("said", {"unsaid": None, "free": {"type": "Unconfined"}},
                            securityContext={"appArmorProfile": OWN})
        self.assertEqual(found, {"unsaid": "swiftlet-test-agent (enforce)", "free": "unconfined"})

    def test_annotations(self):
        # They go before what the pod says, and after what the container says.
        found = self.labels(
            "annotated", {"default": None, "free": None, "own": None, "said": {"type": "RuntimeDefault"}, "unsaid": None},
            annotations={PREFIX + "default": "runtime/default", PREFIX + "free": "unconfined",
                         PREFIX + "own": "localhost/swiftlet-test-agent", PREFIX + "said": "unconfined"},
            securityContext={"appArmorProfile": OWN})
        self.assertEqual(found, {"default": DEFAULT, "free": "unconfined", "own": "swiftlet-test-agent (enforce)",
                                 "said": DEFAULT, "unsaid": "swiftlet-test-agent (enforce)"})

    def test_a_profile_that_is_not_loaded(self):
        self.agent.pod("without", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"], "securityContext": {
                "appArmorProfile": {"type": "Localhost", "localhostProfile": "nowhere"}}}]})
        pod = self.agent.wait_for("without", lambda pod: "message" in container(pod, "c")["state"].get("waiting", {}), "waiting")
        waiting = container(pod, "c")["state"]["waiting"]
        self.assertEqual(waiting["reason"], "CreateContainerError")
        self.assertIn('the profile "nowhere" is not loaded on this node', waiting["message"])

    def test_programs_that_join_a_container(self):
        """A probe runs under the profile of its container."""
        probe = {"exec": {"command": shell("grep -q 'swiftlet-test-agent (enforce)' /proc/self/attr/apparmor/current")},
                 "periodSeconds": 1, "timeoutSeconds": 30}
        self.agent.pod("probed", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"], "readinessProbe": probe,
             "securityContext": {"appArmorProfile": OWN, "allowPrivilegeEscalation": False}}]})
        self.agent.wait_ready("probed")


if __name__ == "__main__":
    unittest.main()
