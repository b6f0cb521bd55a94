"""What keeps programs of pods from system calls: profiles of their own, the runtime's, and where no pod says any."""

import json
import os
import unittest

from agent import AgentTest, container, shell, wait

# The mode of the filter, as the kernel tells it: 0 for none, 2 for one.
MODE = "grep Seccomp: /proc/self/status"


class Seccomp(AgentTest):
    def run_pod(self, name, profiles, **more):
        """What a container with each of the profiles says; None: it has none of its own."""
        containers = [{"name": name, "command": shell(command),
                       **({"securityContext": {"seccompProfile": profile}} if profile else {})}
                      for name, (profile, command) in profiles.items()]
        self.agent.pod(name, {"restartPolicy": "Never", "containers": containers, **more})
        self.agent.wait_phase(name, "Succeeded")
        return {one: self.agent.get(f"/containerLogs/default/{name}-node/{one}").split() for one in profiles}

    def restart(self, **configuration):
        self.agent.kill()
        self.agent.configure(configuration)
        self.agent.start()

    def test_where_nobody_says_anything(self):
        for isDefault, mode in ((False, "0"), (True, "2")):
            self.restart(seccompDefault=isDefault)
            said = self.run_pod(f"default{mode}", {
                "unsaid": (None, MODE), "free": ({"type": "Unconfined"}, MODE), "kept": ({"type": "RuntimeDefault"}, MODE)})
            self.assertEqual({name: words[-1] for name, words in said.items()}, {"unsaid": mode, "free": "0", "kept": "2"})
        # What the pod says counts for its containers.
        said = self.run_pod("whole", {"c": (None, MODE)}, securityContext={"seccompProfile": {"type": "Unconfined"}})
        self.assertEqual(said["c"][-1], "0")

    def test_a_profile_of_the_node(self):
        folder = f"{self.agent.root}/agent/seccomp/profiles"
        os.makedirs(folder)
        with open(f"{folder}/no-folders.json", "w") as file:
            json.dump({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}, file)
        profile = {"type": "Localhost", "localhostProfile": "profiles/no-folders.json"}
        said = self.run_pod("local", {"without": (profile, f"mkdir /made 2>&1; {MODE}"), "with": (None, "mkdir /made && echo made")})
        self.assertIn("No space left on device", " ".join(said["without"]))
        self.assertEqual((said["without"][-1], said["with"]), ("2", ["made"]))

    def test_a_profile_that_is_not_there(self):
        self.agent.pod("without", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"],
             "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/none.json"}}}]})
        pod = self.agent.wait_for("without", lambda pod: "message" in container(pod, "c")["state"].get("waiting", {}), "waiting")
        waiting = container(pod, "c")["state"]["waiting"]
        self.assertEqual(waiting["reason"], "CreateContainerError")
        self.assertIn("/seccomp/profiles/none.json is not on this node", waiting["message"])


class Umask(AgentTest):
    def test_the_agents_umask_stays_outside(self):
        self.agent.kill()
        self.agent.umask = 0o077
        self.agent.start()
        places = "/etc/hosts /etc/hostname /etc/resolv.conf /made /empty /text/key"
        self.agent.pod("open", {
            "restartPolicy": "Never", "shareProcessNamespace": True, "securityContext": {"runAsUser": 1000},
            "volumes": [{"name": "made", "hostPath": {"path": f"{self.agent.folder}/new/made", "type": "DirectoryOrCreate"}},
                        {"name": "empty", "emptyDir": {}},
                        {"name": "text", "downwardAPI": {"items": [{"path": "key", "fieldRef": {"fieldPath": "metadata.name"}}]}}],
            "containers": [{"name": "c", "command": shell(f"umask; stat -L -c %a {places}; cat /text/key"),
                            "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in ("made", "empty", "text")]}]})
        self.agent.wait_phase("open", "Succeeded")
        said = self.agent.get("/containerLogs/default/open-node/c").split()
        self.assertEqual(said, ["0022", "644", "644", "644", "755", "777", "644", "open-node"])


if __name__ == "__main__":
    unittest.main()
