"""What lies under running pods changes: the agent's files, its configuration, who else is there."""

import os
import socket
import subprocess
import threading
import unittest

from agent import FOLDER, Agent, AgentTest, condition, container, hierarchies, remove_groups, wait


def sleeping(**more):
    return {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "command": ["sleep", "1000"], **more}]}


GUARANTEED = {"resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}}


class ChangeTest(AgentTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.pod("plain", sleeping(readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1}))
        cls.agent.pod("sure", sleeping(**GUARANTEED))
        cls.before = cls.containers()

    @classmethod
    def containers(cls):
        states = [container(cls.agent.wait_ready(name), "c") for name in ("plain", "sure")]
        return [(state["containerID"], state["restartCount"]) for state in states]

    def start_again(self, change=None, configuration=None):
        """Another agent finds the pods as they were, whatever has changed."""
        self.agent.kill()
        if change is not None:
            change()
        self.agent.configure(configuration or {})
        self.agent.start()
        self.assertEqual(self.containers(), self.before)

    def refused(self, change=None, configuration=None):
        """Another agent does not start; what it says."""
        self.agent.kill()
        if change is not None:
            change()
        self.agent.configure(configuration or {})
        with self.assertRaises(RuntimeError) as error:
            self.agent.start()
        return str(error.exception)


class Files(ChangeTest):
    RUBBISH = (b"", b"\0\1\xff", b"null", b"[]", b'{"metadata": {"name": 5}}', b'{"kind": "Node", "metadata": {"na')

    def damage(self, *paths):
        for rubbish in self.RUBBISH:
            def change():
                for path in paths:
                    with open(path, "wb") as file:
                        file.write(rubbish)

            with self.subTest(rubbish):
                self.start_again(change)

    def test_of_the_node(self):
        self.damage(f"{self.agent.root}/agent/node.json")
        # An empty document says nothing that is wrong.
        self.assertGreaterEqual(self.agent.log().count("what was known of this node is forgotten"), len(self.RUBBISH) - 1)

    def test_of_statuses(self):
        folder = f"{self.agent.root}/agent/statuses"
        self.damage(*(f"{folder}/{name}" for name in os.listdir(folder)))
        self.assertIn("is left out", self.agent.log())

    def test_of_resources(self):
        folder = f"{self.agent.root}/agent/pods"
        self.damage(*(f"{folder}/{uid}/{name}-resources.json" for uid in os.listdir(folder)
                      for name in ("allocated", "actual")))

    def test_of_keys(self):
        folder = f"{self.agent.root}/agent/pki"
        self.damage(*(f"{folder}/{name}" for name in ("token", "kubelet.crt", "kubelet.key")))

    def test_of_processors(self):
        static = {"cpuManagerPolicy": "static", "reservedSystemCPUs": "0"}
        path = f"{self.agent.root}/agent/cpu_manager_state"
        self.start_again(configuration=static)
        # Whose processors are whose is not guessed.
        try:
            for text, said in (("", "is no state of a CPU manager"), ("{", "is no state of a CPU manager"),
                               ('{"policyName": "static", "defaultCpuSet": "0-63"}', "is of other processors"),
                               ('{"policyName": "none", "defaultCpuSet": "0-1"}', 'state checkpoint policy "none"'),
                               ('{"policyName": "static", "defaultCpuSet": "0-99999999999"}', "is no state of a CPU manager")):
                def change():
                    with open(path, "w") as file:
                        file.write(text)

                message = self.refused(change, static)
                self.assertIn(said, message)
                self.assertIn(path, message)
        finally:
            self.agent.configure({})
            os.remove(path)
            self.agent.start()
        self.assertEqual(self.containers(), self.before)

    def test_in_a_folder_that_is_read_only(self):
        folder = f"{self.agent.root}/agent"

        def change():
            os.remove(f"{folder}/port")
            subprocess.run(["mount", "--bind", folder, folder], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)

        self.agent.kill()
        change()
        try:
            self.agent.launch()
            self.assertEqual(self.agent.process.wait(timeout=20), 1)
            self.assertIn("read-only file system", self.agent.log().splitlines()[-1])
        finally:
            subprocess.run(["umount", folder], check=True)
        self.agent.start()
        self.assertEqual(self.containers(), self.before)


class Configurations(ChangeTest):
    def test_other_groups(self):
        other = self.agent.cgroup_root + "b"
        self.start_again(configuration={"cgroupRoot": other})
        self.start_again(configuration={"cgroupsPerQOS": False, "enforceNodeAllocatable": ["none"]})
        self.start_again(configuration={"cgroupDriver": "systemd"})
        self.start_again()
        remove_groups(other, check=False)

    def test_less_than_runs(self):
        for less in ({"maxPods": 1}, {"podPidsLimit": 100}, {"memorySwap": {"swapBehavior": "LimitedSwap"}}):
            self.start_again(configuration=less)
        self.start_again()

    def test_another_folder_of_logs(self):
        usual, self.agent.logs = self.agent.logs, f"{self.agent.folder}/other-logs"
        self.start_again()
        self.agent.pod("later", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sh", "-c", "echo here; exec sleep 1000"]}]})
        self.agent.wait_ready("later")
        wait(lambda: self.agent.run("logs", "later").stdout == "here\n", "the log is found", 10)
        self.assertTrue(any("later" in name for name in os.listdir(self.agent.logs)))
        self.agent.remove("later.json")
        self.agent.wait_gone("later")
        self.agent.logs = usual
        self.start_again()

    def test_what_the_agent_takes_for_itself(self):
        self.start_again(configuration={"oomScoreAdj": 500, "maxOpenFiles": 1000000000})
        with open(f"/proc/{self.agent.process.pid}/oom_score_adj") as file:
            self.assertEqual(file.read(), "500\n")
        self.assertIn("and not 1000000000: the hard limit", self.agent.log())
        self.start_again()


class Sharing(unittest.TestCase):
    def test_two_agents_below_one_group(self):
        """Each starts again and sweeps while the other's pods begin."""
        first = Agent("sharing1")
        second = Agent("sharing2", {"cgroupRoot": first.cgroup_root})
        agents = [first, second]
        try:
            for agent in agents:
                agent.start()
                agent.pod("base", sleeping(**GUARANTEED))
            before = [container(agent.wait_ready("base"), "c") for agent in agents]
            for turn in range(4):
                for number in range(4):
                    second.pod(f"p{number}", sleeping(**GUARANTEED), labels={"turn": str(turn)})
                first.kill()
                first.start()
                for number in range(4):
                    second.wait_for(f"p{number}", lambda pod: pod["metadata"]["labels"]["turn"] == str(turn)
                                    and condition(pod, "Ready") == "True", "replaced and ready")
            after = [container(agent.wait_ready("base"), "c") for agent in agents]
            self.assertEqual([(one["containerID"], one["restartCount"]) for one in after],
                             [(one["containerID"], 0) for one in before])
            for file in os.listdir(second.manifests):
                second.remove(file)
            wait(lambda: not second.pods(), "the second one's pods are gone")
            second.stop()
            agents.remove(second)
            # What the other one still needs stays.
            uid = first.wait_ready("base")["metadata"]["uid"]
            self.assertTrue(any(os.path.isdir(f"{place}{first.cgroup_root}/kubepods/pod{uid}") for place in hierarchies()))
        finally:
            for agent in agents:
                for file in os.listdir(agent.manifests):
                    agent.remove(file)
                wait(lambda: not agent.pods(), "its pods are gone")
                agent.stop()
            remove_groups(first.cgroup_root)

    def test_two_agents_in_one_folder(self):
        agent = Agent("single").start()
        try:
            second = agent.run("agent", "--manifests", agent.manifests, "--port", "0", "--healthz-port", "0",
                               *agent.options, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"another instance (process {agent.process.pid}) works with the root {agent.root}", second.stderr)
            self.assertNotIn("wait for the runtime", second.stderr)
        finally:
            agent.stop()
            remove_groups(agent.cgroup_root)


class ImageService(AgentTest):
    """Images come from another endpoint: here a relay to the same runtime that counts what passes."""

    separate = True

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent("imageservice", separate=True)
        path = f"{FOLDER}/image.sock"
        cls.agent.configure({"imageServiceEndpoint": f"unix://{path}"})
        cls.passed = 0
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=cls.accept, args=(listener,), daemon=True).start()
        cls.agent.start()

    @classmethod
    def accept(cls, listener):
        while True:
            client, server = listener.accept()[0], socket.socket(socket.AF_UNIX)
            server.connect(f"{cls.agent.folder}/run/cri.sock")
            for ends in ((client, server), (server, client)):
                threading.Thread(target=cls.relay, args=ends, daemon=True).start()

    @classmethod
    def relay(cls, source, target):
        try:
            while part := source.recv(1 << 16):
                cls.passed += len(part)
                target.sendall(part)
        except OSError:
            pass
        finally:
            target.close()

    def test_is_asked_about_images(self):
        wait(lambda: self.passed > 0, "it is asked", 20)
        before = ImageService.passed
        self.agent.pod("imaged", sleeping())
        self.agent.wait_ready("imaged")
        self.assertGreater(ImageService.passed, before)


if __name__ == "__main__":
    unittest.main()
