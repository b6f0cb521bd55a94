"""The node as its agent tells of it, and what the configuration lets pods do."""

import json
import socket
import ssl
import unittest
import urllib.error
import urllib.request

from agent import Agent, AgentTest, shell, wait

HEAD = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}


def node(agent):
    return json.loads(agent.get("/node"))


def ready(agent):
    found = [entry for entry in node(agent)["status"].get("conditions", []) if entry["type"] == "Ready"]
    return found[0] if found else {}


def reasons(agent):
    events = json.loads(agent.get("/events"))["items"] or []
    return [event["reason"] for event in events if event["involvedObject"]["kind"] == "Node"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Status(AgentTest):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.agent = Agent("status", {
            **HEAD, "nodeStatusUpdateFrequency": "1s", "providerID": "test://node-1", "podCIDR": "10.9.0.0/24",
            "registerWithTaints": [{"key": "dedicated", "value": "test", "effect": "NoSchedule"}],
            "readOnlyPort": cls.port, "address": "127.0.0.1", "tlsMinVersion": "VersionTLS13",
            "allowedUnsafeSysctls": ["net.core.*"], "registryPullQPS": 100,
            "userNamespaces": {"idsPerPod": 131072}}).start()
        wait(lambda: ready(cls.agent).get("status") == "True", "the node is ready")

    def test_says_what_it_is(self):
        found = node(self.agent)
        self.assertEqual((found["kind"], found["metadata"]["name"]), ("Node", "node"))
        labels = found["metadata"]["labels"]
        self.assertEqual(labels["kubernetes.io/hostname"], "node")
        self.assertEqual(labels["kubernetes.io/os"], "linux")
        self.assertEqual(labels["beta.kubernetes.io/arch"], labels["kubernetes.io/arch"])
        self.assertEqual(found["spec"]["providerID"], "test://node-1")
        self.assertEqual(found["spec"]["podCIDRs"], ["10.9.0.0/24"])
        self.assertEqual(found["spec"]["taints"][0]["key"], "dedicated")
        status = found["status"]
        for resource in ("cpu", "memory", "pods"):
            self.assertIn(resource, status["capacity"])
            self.assertIn(resource, status["allocatable"])
        self.assertEqual([entry["type"] for entry in status["conditions"]],
                         ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"])
        self.assertEqual((ready(self.agent)["reason"], ready(self.agent)["message"]),
                         ("KubeletReady", "kubelet is posting ready status"))
        self.assertIn({"type": "Hostname", "address": "node"}, status["addresses"])
        with open("/proc/sys/kernel/random/boot_id") as file:
            self.assertEqual(status["nodeInfo"]["bootID"], file.read().strip())
        self.assertTrue(status["nodeInfo"]["containerRuntimeVersion"].startswith("swiftlet://"))
        self.assertTrue(any("busybox" in name for image in status["images"] for name in image["names"]))
        self.assertTrue(all("features" in handler for handler in status["runtimeHandlers"]))
        self.assertEqual(reasons(self.agent)[:2], ["Starting", "NodeReady"])

    def test_heart_beats_and_nothing_else_changes(self):
        before = ready(self.agent)
        wait(lambda: ready(self.agent)["lastHeartbeatTime"] > before["lastHeartbeatTime"], "its heart beats", 10)
        self.assertEqual(ready(self.agent)["lastTransitionTime"], before["lastTransitionTime"])

    def test_is_described(self):
        self.agent.pod("seen", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("exec sleep 1000"), "resources": {"requests": {"memory": "10Mi"}}}]})
        self.agent.wait_ready("seen")
        text = self.agent.run("describe", "node").stdout
        for part in ("Name:                        node\n", "dedicated=test:NoSchedule", "KubeletReady",
                     "Container Runtime Version:  swiftlet://", "ProviderID:", "seen-node", "10Mi (", "NodeReady"):
            self.assertIn(part, text)

    def test_read_only_port(self):
        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.read().decode()
        self.assertEqual(json.loads(get("/pods"))["kind"], "PodList")
        self.assertEqual(get("/healthz"), "ok")
        for path in ("/configz", "/exec/default/x/y", "/containerLogs/default/x/y"):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                get(path)
            self.assertEqual(caught.exception.code, 404)

    def test_versions_of_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with open(f"{self.agent.root}/agent/port") as file:
            port = int(file.read())
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(plain)

    def test_sysctls(self):
        def pod(name, sysctl, value):
            self.agent.pod(name, {
                "restartPolicy": "Never", "securityContext": {"sysctls": [{"name": sysctl, "value": value}]},
                "containers": [{"name": "c", "command": shell(f"cat /proc/sys/{sysctl.replace('.', '/')}")}]})
        pod("safe", "net.ipv4.ip_unprivileged_port_start", "81")
        pod("allowed", "net.core.somaxconn", "99")
        pod("forbidden", "net.ipv4.ip_forward", "1")
        for name, value in (("safe", "81"), ("allowed", "99")):
            self.agent.wait_phase(name, "Succeeded")
            self.assertEqual(self.agent.get(f"/containerLogs/default/{name}-node/c").strip(), value)
        status = self.agent.wait_phase("forbidden", "Failed")["status"]
        self.assertEqual(status["reason"], "SysctlForbidden")
        self.assertEqual(status["message"], 'Pod was rejected: forbidden sysctl: "net.ipv4.ip_forward" not allowlisted')

    def test_users_of_its_own(self):
        self.agent.pod("users", {"restartPolicy": "Never", "hostUsers": False, "containers": [
            {"name": "c", "command": shell("cat /proc/self/uid_map")}]})
        self.agent.wait_phase("users", "Succeeded")
        log = self.agent.get("/containerLogs/default/users-node/c").split()
        self.assertEqual(log[0], "0")
        self.assertEqual((int(log[1]) % 131072, int(log[2])), (0, 131072))


class Boots(unittest.TestCase):
    def test_times_outlive_the_agent_and_a_boot_is_told(self):
        agent = Agent("boots", {**HEAD, "nodeStatusUpdateFrequency": "1s"}).start()
        try:
            wait(lambda: ready(agent).get("status") == "True", "the node is ready")
            before = ready(agent)
            agent.kill()
            agent.start()
            wait(lambda: ready(agent).get("status") == "True", "the node is ready again")
            self.assertEqual(ready(agent)["lastTransitionTime"], before["lastTransitionTime"])
            self.assertEqual(reasons(agent), ["Starting"])
            agent.kill()
            file = f"{agent.root}/agent/node.json"
            with open(file) as text:
                old = json.load(text)
            old["status"]["nodeInfo"]["bootID"] = "another"
            with open(file, "w") as text:
                json.dump(old, text)
            agent.start()
            wait(lambda: "Rebooted" in reasons(agent), "the boot is told", 10)
        finally:
            agent.stop()
