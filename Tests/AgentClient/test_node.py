"""The node as its agent tells of it, and what the configuration lets pods do."""

import json
import os
import socket
import ssl
import subprocess
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
        # The event comes after the status; other tests start the agent anew.
        wait(lambda: len(reasons(cls.agent)) >= 2, "it was told", 5)
        cls.first_reasons = reasons(cls.agent)[:2]

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
        self.assertEqual(self.first_reasons, ["Starting", "NodeReady"])

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

    def test_pods_of_other_nodes(self):
        def pod(name, ports=(), **spec):
            self.agent.pod(name, {"terminationGracePeriodSeconds": 1, **spec, "containers": [
                {"name": "c", "command": ["sleep", "1000"], "ports": list(ports)}]})
        pod("elsewhere", nodeSelector={"kubernetes.io/hostname": "other"})
        status = self.agent.wait_phase("elsewhere", "Failed")["status"]
        self.assertEqual(status["reason"], "NodeAffinity")
        pod("windows", os={"name": "windows"})
        self.assertEqual(self.agent.wait_phase("windows", "Failed")["status"]["reason"], "PodOSNotSupported")
        pod("here", nodeSelector={"kubernetes.io/hostname": "node", "kubernetes.io/os": "linux"},
            ports=[{"containerPort": 80, "hostPort": 28095}])
        self.agent.wait_ready("here")
        pod("there", ports=[{"containerPort": 81, "hostPort": 28095}])
        status = self.agent.wait_phase("there", "Failed")["status"]
        self.assertEqual(status["reason"], "NodePorts")
        self.assertEqual(status["message"], "Pod was rejected: Predicate NodePorts failed: "
                         "node(s) didn't have free ports for the requested pod ports")
        # A port is free again when its pod is no longer wanted. Who was refused stays so, until another agent decides.
        self.agent.remove("here.json")
        wait(lambda: self.agent.find("here") is None, "the port is free")
        self.assertEqual(self.agent.find("there")["status"]["reason"], "NodePorts")
        self.agent.stop()
        self.agent.start()
        self.agent.wait_ready("there")
        self.agent.remove("there.json")
        pod("next", ports=[{"containerPort": 80, "hostPort": 28095}])
        self.agent.wait_ready("next")

    def test_what_has_ended_leaves_its_port_to_the_next_agent(self):
        def pod(name, *words):
            self.agent.pod(name, {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [
                {"name": "c", "command": list(words), "ports": [{"containerPort": 80, "hostPort": 28096}]}]})
        pod("first", "sleep", "3")
        self.agent.wait_ready("first")
        pod("second", "sleep", "1000")
        self.assertEqual(self.agent.wait_phase("second", "Failed")["status"]["reason"], "NodePorts")
        uid = self.agent.wait_phase("first", "Succeeded")["metadata"]["uid"]

        def is_kept():
            with open(f"{self.agent.root}/agent/statuses/{uid}.json") as file:
                return '"Succeeded"' in file.read()

        wait(is_kept, "the next agent will know", 5)
        self.agent.kill()
        self.agent.start()
        self.agent.wait_ready("second")
        self.assertEqual(self.agent.find("first")["status"]["phase"], "Succeeded")

    def test_users_of_its_own(self):
        self.agent.pod("users", {"restartPolicy": "Never", "hostUsers": False, "containers": [
            {"name": "c", "command": shell("cat /proc/self/uid_map")}]})
        self.agent.wait_phase("users", "Succeeded")
        log = self.agent.get("/containerLogs/default/users-node/c").split()
        self.assertEqual(log[0], "0")
        self.assertEqual((int(log[1]) % 131072, int(log[2])), (0, 131072))


def has_default_route():
    with open("/proc/net/route") as file:
        return any(line.split()[1:2] == ["00000000"] for line in file)


@unittest.skipIf(has_default_route(), "needs a network of its own, without a default route")
class Addresses(AgentTest):
    configuration = {"nodeStatusUpdateFrequency": "1s"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(lambda: [cls.ip(f"link del {name}", check=False) for name in ("first0", "second0")])

    @staticmethod
    def ip(words, check=True):
        subprocess.run(["ip"] + words.split(), check=check, capture_output=True)

    def addresses(self):
        return [entry["address"] for entry in node(self.agent)["status"].get("addresses", [])
                if entry["type"] == "InternalIP"]

    def test_are_those_of_the_default_route(self):
        wait(lambda: self.addresses() == ["127.0.0.1"], "the node has loopback alone")
        self.agent.pod("early", {"hostNetwork": True, "terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": ["sleep", "1000"]}]})
        self.assertEqual(self.agent.wait_ready("early")["status"]["hostIP"], "127.0.0.1")
        for number, name in enumerate(("first0", "second0")):
            self.ip(f"link add {name} type bridge")
            self.ip(f"addr add 10.18{number}.0.1/24 dev {name}")
            self.ip(f"link set {name} up")
        self.ip("route add default via 10.181.0.254 dev second0")
        wait(lambda: self.addresses() == ["10.181.0.1"], "the node has the address of its route", 20)
        self.agent.wait_for("early", lambda pod: pod["status"]["hostIP"] == pod["status"]["podIP"] == "10.181.0.1",
                            "at the new address", 20)
        self.agent.pod("late", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": shell("echo $NODE"), "env": [
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]}]})
        self.agent.wait_phase("late", "Succeeded")
        self.assertEqual(self.agent.get("/containerLogs/default/late-node/c").strip(), "10.181.0.1")
        # What is said counts, and no route.
        self.agent.stop()
        self.agent.options += ["--node-ip", "10.180.0.1"]
        self.agent.start()
        wait(lambda: self.addresses() == ["10.180.0.1"], "the node has the address that it was given", 20)


@unittest.skipIf(has_default_route(), "needs a network of its own, without a default route")
@unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "this kernel has no IPv6")
class OnlyIPv6(AgentTest):
    """A node that others reach by one address, of version 6."""

    configuration = {"nodeStatusUpdateFrequency": "1s"}
    address = "fd00:5::1"

    @classmethod
    def setUpClass(cls):
        def ip(words):
            subprocess.run(["ip", *words.split()], check=True, capture_output=True)

        ip("link add six0 type bridge")
        cls.addClassCleanup(ip, "link del six0")
        for words in (f"addr add {cls.address}/64 dev six0 nodad", "link set six0 up",
                      "-6 route add default via fd00:5::fe dev six0"):
            ip(words)
        super().setUpClass()

    def ask(self, host):
        """With the agent's certificate, which has to name the address."""
        with open(f"{self.agent.root}/agent/port") as file:
            port = int(file.readline())
        context = ssl.create_default_context(cafile=f"{self.agent.root}/agent/pki/kubelet.crt")
        with socket.create_connection((host, port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                secure.sendall(b"GET /pods HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
                return secure.recv(100).split(b"\r\n")[0]

    def test_has_its_pods_and_is_asked(self):
        def addresses():
            return [entry["address"] for entry in node(self.agent)["status"].get("addresses", [])]

        wait(lambda: addresses() == [self.address, "node"], "the node has its address")
        probe = {"httpGet": {"path": "/etc/hostname", "port": 28097}, "periodSeconds": 1}
        self.agent.pod("shares", {"hostNetwork": True, "terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("exec httpd -f -p [::]:28097 -h /"), "readinessProbe": probe}]})
        self.agent.pod("own", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("echo $NODE; exec sleep 1000"), "env": [
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]}]})
        status = self.agent.wait_ready("shares")["status"]
        self.assertEqual((status["hostIP"], status["podIP"]), (self.address, self.address))
        self.assertEqual(self.agent.wait_ready("own")["status"]["hostIPs"], [{"ip": self.address}])
        self.assertEqual(self.agent.get("/containerLogs/default/own-node/c").strip(), self.address)
        for host in (self.address, "::1", "127.0.0.1"):
            self.assertEqual(self.ask(host), b"HTTP/1.1 401 Unauthorized")
        # One that listens there alone is found by the command line still.
        self.agent.kill()
        self.agent.configure({**self.configuration, "address": self.address})
        self.agent.start()
        self.assertEqual(self.agent.run("exec", "own", "echo", "here").stdout, "here\n")
        wait(lambda: self.agent.run("pods").stdout.count("Running") == 2, "both are there", 20)
        self.assertEqual(self.ask(self.address), b"HTTP/1.1 401 Unauthorized")
        with self.assertRaises(ConnectionRefusedError):
            self.ask("127.0.0.1")
        self.agent.stop()
        self.agent.configure(self.configuration)
        self.agent.start()


class Labels(AgentTest):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent("labels")
        cls.agent.options += ["--node-labels", "disktype=ssd,rack=7"]
        cls.agent.start()

    def test_select_pods(self):
        def pod(name, **spec):
            self.agent.pod(name, {"terminationGracePeriodSeconds": 1, **spec, "containers": [
                {"name": "c", "command": ["sleep", "1000"]}]})

        def affinity(value):
            terms = [{"matchExpressions": [{"key": "rack", "operator": "In", "values": [value]}]}]
            return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
        wait(lambda: node(self.agent).get("metadata", {}).get("labels", {}).get("disktype") == "ssd",
             "the node has its label")
        pod("selected", nodeSelector={"disktype": "ssd"}, affinity=affinity("7"))
        pod("elsewhere", nodeSelector={"disktype": "hdd"})
        pod("other-rack", affinity=affinity("8"))
        self.agent.wait_ready("selected")
        for name in ("elsewhere", "other-rack"):
            self.assertEqual(self.agent.wait_phase(name, "Failed")["status"]["reason"], "NodeAffinity")

    def test_of_others_are_refused(self):
        result = self.agent.run("agent", "--node-labels", "node-role.kubernetes.io/worker=", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('--node-labels: "node-role.kubernetes.io/worker"', result.stderr)


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
