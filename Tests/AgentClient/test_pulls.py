"""How many images are pulled at once, and how long one that fails waits."""

import http.server
import os
import threading
import time
import unittest

from agent import Agent, AgentTest, container, remove_groups, wait


class Registry(http.server.ThreadingHTTPServer):
    """Has no image, and says so after a while; it knows how many were asking at once."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.lock = threading.Lock()
        self.asking, self.most, self.asked = 0, 0, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def count(self, change):
        with self.lock:
            self.asking += change
            self.most = max(self.most, self.asking)
            self.asked += change > 0


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.count(1)
        time.sleep(0.5)
        self.server.count(-1)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


class Waits(AgentTest):
    def test_a_pod_that_comes_again_does_not_wait_for_the_one_before(self):
        with Registry() as registry:
            def apply():
                # The same manifest is the same pod.
                self.agent.pod("again", {"terminationGracePeriodSeconds": 1, "containers": [
                    {"name": "c", "image": f"127.0.0.1:{registry.server_port}/none:v1", "command": ["true"]}]})

            apply()
            self.agent.wait_for("again", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason")
                                == "ImagePullBackOff", "waiting", 20)
            self.agent.remove("again.json")
            self.agent.wait_gone("again")
            before = registry.asked
            apply()
            # The wait is ten seconds, and twenty after the second failure.
            wait(lambda: registry.asked > before, "it is asked for at once", 5)
            registry.shutdown()


class Limits(unittest.TestCase):
    def most(self, name, configuration, images=7):
        """How many of so many images are asked for at once."""
        agent = Agent(name, configuration).start()
        try:
            with Registry() as registry:
                for number in range(images):
                    agent.pod(f"pulls{number}", {"containers": [
                        {"name": "c", "image": f"127.0.0.1:{registry.server_port}/image{number}:v1", "command": ["true"]}]})
                for number in range(images):
                    agent.wait_for(f"pulls{number}", lambda pod: "Failed" in [
                        event["reason"] for event in agent.events(f"pulls{number}")], "failing to pull")
                registry.shutdown()
                return registry.most
        finally:
            for file in os.listdir(agent.manifests):
                agent.remove(file)
            wait(lambda: not agent.pods(), "all pods are gone")
            agent.stop()
            remove_groups(agent.cgroup_root)

    def test_one_after_the_other(self):
        self.assertEqual(self.most("serial", {"serializeImagePulls": True}), 1)

    def test_so_many_as_the_configuration_says(self):
        self.assertEqual(self.most("two", {"serializeImagePulls": False, "maxParallelImagePulls": 2}), 2)

    def test_five_where_it_says_nothing(self):
        self.assertEqual(self.most("unsaid", {}), 5)


if __name__ == "__main__":
    unittest.main()
