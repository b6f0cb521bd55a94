"""Logs of containers as others on the node find them: links to them, and parts of those that have grown."""

import gzip
import os
import shutil
import subprocess
import unittest

from agent import Agent, AgentTest, container, remove_groups, shell, wait

# To be kept short where a test waits for several attempts.
QUICK = {"crashLoopBackOff": {"maxContainerRestartPeriod": "1s"}}


class Links(AgentTest):
    configuration = QUICK

    def links(self, name):
        """What the pod's links lead to, by their names."""
        found = {}
        for link in os.listdir(self.agent.links):
            if not link.startswith(f"{name}-node_default_"):
                continue
            try:
                found[link] = os.readlink(f"{self.agent.links}/{link}")
            except FileNotFoundError:
                continue
        return found

    def read(self, link):
        with open(f"{self.agent.links}/{link}") as file:
            return file.read()

    def name(self, pod, of, kind="containerStatuses"):
        name = pod["metadata"]["name"]
        return f"{name}_default_{of}-{container(pod, of, kind)['containerID'].split('//')[1]}.log"

    def test_each_container_has_one(self):
        self.agent.pod("linked", {
            "terminationGracePeriodSeconds": 1, "initContainers": [{"name": "i", "command": shell("echo first")}],
            "containers": [{"name": name, "command": shell(f"echo {name} speaks; exec sleep 1000")} for name in ("a", "b")]})
        pod = self.agent.wait_ready("linked")
        wait(lambda: len(self.links("linked")) == 3, "all have links", 10)
        logs = f"{self.agent.logs}/default_linked-node_{pod['metadata']['uid']}"
        self.assertEqual(self.links("linked"), {
            self.name(pod, "i", "initContainerStatuses"): f"{logs}/i/0.log", self.name(pod, "a"): f"{logs}/a/0.log",
            self.name(pod, "b"): f"{logs}/b/0.log"})
        wait(lambda: self.read(self.name(pod, "a")).endswith(" stdout F a speaks\n"), "the log is read by its link", 10)
        # The next agent leaves them, and takes those away whose logs have gone; what is not its own stays.
        before = self.links("linked")
        dead, other = f"{self.agent.links}/dead_default_c-1.log", f"{self.agent.links}/other_default_c-1.log"
        self.agent.kill()
        os.symlink(f"{self.agent.logs}/default_dead_1/c/0.log", dead)
        os.symlink(f"{self.agent.folder}/elsewhere/0.log", other)
        os.remove(f"{self.agent.links}/{self.name(pod, 'b')}")
        self.agent.start()
        self.agent.wait_ready("linked")
        wait(lambda: self.links("linked") == before, "they are as they were", 10)
        self.assertFalse(os.path.lexists(dead))
        self.assertTrue(os.path.lexists(other))
        os.remove(other)
        # And those of a pod that went meanwhile.
        self.agent.kill()
        self.agent.remove("linked.json")
        self.agent.start()
        wait(lambda: not self.links("linked"), "they go with the pod", 20)

    def test_they_go_with_the_attempts_of_a_container(self):
        self.agent.pod("again", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("echo once more; exit 1")}]})
        self.agent.wait_for("again", lambda pod: container(pod, "c")["restartCount"] >= 3, "begun several times")

        def is_even():
            attempts = [f"{self.agent.logs}/{pod}/c/{log}" for pod in os.listdir(self.agent.logs) if "_again-node_" in pod
                        for log in os.listdir(f"{self.agent.logs}/{pod}/c")]
            return sorted(self.links("again").values()) == sorted(attempts)

        wait(is_even, "there is a link to each log that is kept", 10)
        self.assertLessEqual(len(self.links("again")), 3)
        self.agent.remove("again.json")
        wait(lambda: not self.links("again"), "they go with the pod", 20)


class NoLinks(unittest.TestCase):
    """The folder for links cannot have any."""

    def agent(self, name, prepare):
        agent = Agent(name)
        self.addCleanup(shutil.rmtree, agent.folder)
        prepare(agent.links)
        agent.launch()
        self.addCleanup(remove_groups, agent.cgroup_root)
        self.addCleanup(agent.stop)
        agent.wait_listening()
        self.addCleanup(lambda: self.drop(agent, *[name[:-len(".json")] for name in os.listdir(agent.manifests)]))
        return agent

    def run_pod(self, agent, name):
        agent.pod(name, {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("echo speaks; exec sleep 1000")}]})
        agent.wait_ready(name)

    def drop(self, agent, *names):
        for name in names:
            agent.remove(f"{name}.json")
        for name in names:
            agent.wait_gone(name)
            wait(lambda: not any(f"_{name}-node_" in folder for folder in os.listdir(agent.logs)), "no log is left", 20)

    def told(self, agent):
        return [line for line in agent.log().splitlines() if f"containers' logs have no links in {agent.links}: " in line]

    def test_a_file_is_in_its_place(self):
        agent = self.agent("linkfile", lambda path: open(path, "w").close())
        for name in ("one", "two"):
            self.run_pod(agent, name)
        # The next agent finds what is left of a pod that went meanwhile, and cleans up.
        agent.kill()
        agent.remove("one.json")
        agent.start()
        agent.wait_gone("one")
        wait(lambda: not any("_one-" in folder for folder in os.listdir(agent.logs)), "its log is gone", 20)
        self.assertEqual([line.rstrip('"').endswith("not a directory") for line in self.told(agent)], [True, True])
        # Where there can be some, they are made.
        os.remove(agent.links)
        agent.pod("three", {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "command": ["sleep", "1000"]}]})
        agent.wait_ready("three")
        wait(lambda: os.path.isdir(agent.links) and any(name.startswith("three-") for name in os.listdir(agent.links)),
             "there is a link", 20)
        self.drop(agent, "two", "three")

    def test_it_cannot_be_written(self):
        def prepare(path):
            os.mkdir(path)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
            self.addCleanup(subprocess.run, ["umount", path], check=True)
            # Of an agent before, and of a log that is gone.
            os.symlink(f"{os.path.dirname(path)}/logs/gone/c/0.log", f"{path}/gone_default_c-1.log")
            subprocess.run(["mount", "-o", "remount,ro", path], check=True)

        agent = self.agent("linkread", prepare)
        for name in ("one", "two"):
            self.run_pod(agent, name)
        self.drop(agent, "one")
        self.assertEqual(len(self.told(agent)), 1)
        self.assertIn("read-only file system", self.told(agent)[0])
        subprocess.run(["mount", "-o", "remount,rw", agent.links], check=True)
        agent.kill()
        agent.start()
        wait(lambda: [name.split("_")[0] for name in os.listdir(agent.links)] == ["two-node"], "they are as they should be", 20)
        self.drop(agent, "two")
        self.assertEqual(os.listdir(agent.links), [])


class Rotation(AgentTest):
    configuration = {"containerLogMaxSize": "20Ki", "containerLogMaxFiles": 3, "containerLogMonitorInterval": "3s"}

    def test_what_has_grown_is_kept_in_parts(self):
        host = f"{self.agent.folder}/host"
        os.mkdir(host)
        # Some 50 KiB each second, until it is told to stop.
        self.agent.pod("talks", {
            "terminationGracePeriodSeconds": 1, "volumes": [{"name": "h", "hostPath": {"path": host}}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "h", "mountPath": "/h"}], "command": shell(
                "i=0; while [ ! -e /h/stop ]; do for j in 0 1 2 3 4 5 6 7 8 9; do i=$((i+1)); echo line $i of many that take room; "
                "done; sleep 0.01; done; echo $i >/h/last.new; mv /h/last.new /h/last; exec sleep 1000")}]})
        pod = self.agent.wait_ready("talks")
        folder = f"{self.agent.logs}/default_talks-node_{pod['metadata']['uid']}/c"

        def parts():
            """The oldest first, the log itself last."""
            return [f"{folder}/{name}" for name in sorted(os.listdir(folder))[1:] + ["0.log"]]

        def is_small():
            # There is none just after it was renamed.
            return os.path.exists(f"{folder}/0.log") and os.path.getsize(f"{folder}/0.log") <= 20 << 10

        wait(lambda: parts()[0].endswith(".gz"), "a part is compressed", 30)
        oldest = parts()[0]
        wait(lambda: not os.path.exists(oldest), "it makes room for others", 30)
        open(f"{host}/stop", "w").close()
        wait(lambda: os.path.exists(f"{host}/last"), "all is said", 10)
        # What is too large still is rotated at the next look.
        wait(is_small, "the log is small again", 10)
        self.assertRegex(" ".join(os.path.basename(part) for part in parts()),
                         r"^0\.log\.\d{8}-\d{6}\.gz 0\.log\.\d{8}-\d{6} 0\.log$")
        # None of the lines is lost between two parts.
        lines = []
        for part in parts():
            with (gzip.open if part.endswith(".gz") else open)(part, "rt") as file:
                lines += [int(line.split()[4]) for line in file]
        with open(f"{host}/last") as file:
            last = int(file.read())
        self.assertEqual(lines, list(range(lines[0], last + 1)))
        self.assertGreater(lines[0], 1)
        self.agent.remove("talks.json")
        self.agent.wait_gone("talks")


if __name__ == "__main__":
    unittest.main()
