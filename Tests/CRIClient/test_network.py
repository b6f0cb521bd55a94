"""Networks of CNI plugins, good ones and bad ones. What a plugin does harms its own pod alone."""

import json
import os
import subprocess
import time

import grpc

from node import FOLDER, NODE, NodeTest, cri

Code = grpc.StatusCode

# Says what it was asked in a file, and does what another file says for that command.
PLUGIN = f"""#!/bin/sh
echo "$CNI_COMMAND" >> {FOLDER}/asked
cat > /dev/null
case $(cat {FOLDER}/does-$CNI_COMMAND 2>/dev/null) in
    fail) echo '{{"cniVersion":"1.0.0","code":101,"msg":"the switch is on fire"}}'; exit 1;;
    hang) exec sleep 60;;
esac
case $CNI_COMMAND in
    ADD) echo '{{"cniVersion":"1.0.0","interfaces":[{{"name":"eth0","sandbox":"'$CNI_NETNS'"}}],"ips":[{{"address":"192.0.2.7/24","interface":0}}]}}';;
    VERSION) echo '{{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}}';;
esac
"""


def configure(name, plugins):
    os.makedirs(f"{FOLDER}/net.d", exist_ok=True)
    for old in os.listdir(f"{FOLDER}/net.d"):
        os.unlink(f"{FOLDER}/net.d/{old}")
    if plugins:
        with open(f"{FOLDER}/net.d/10-{name}.conflist", "w") as file:
            json.dump({"cniVersion": "1.0.0", "name": name, "plugins": plugins}, file)


def plugin_does(command, what):
    with open(f"{FOLDER}/does-{command}", "w") as file:
        file.write(what)


class Plugins(NodeTest):
    network = "cni"
    more = '[timeouts]\ncni = "2s"\n'

    def setUp(self):
        os.makedirs(f"{FOLDER}/plugins", exist_ok=True)
        with open(f"{FOLDER}/plugins/fake", "w") as file:
            file.write(PLUGIN)
        os.chmod(f"{FOLDER}/plugins/fake", 0o755)
        for command in ("ADD", "DEL"):
            plugin_does(command, "work")
        if os.path.exists(f"{FOLDER}/asked"):
            os.unlink(f"{FOLDER}/asked")

    def asked(self):
        with open(f"{FOLDER}/asked") as file:
            return file.read().split()

    def network_condition(self):
        conditions = self.runtime.Status(cri.StatusRequest()).status.conditions
        return next(c for c in conditions if c.type == "NetworkReady")

    def test_without_a_configuration(self):
        configure("none", None)
        condition = self.network_condition()
        self.assertFalse(condition.status)
        self.assertEqual(condition.reason, "NetworkPluginNotReady")
        self.refused(Code.UNKNOWN, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=self.pod_config("p")))
        self.run_pod(self.pod_config("host", network=NODE))
        # A configuration counts from when it is there.
        configure("fake", [{"type": "fake"}])
        self.assertTrue(self.network_condition().status)

    def test_debians_bridge(self):
        leases = f"{FOLDER}/ipam"
        configure("bridged", [{
            "type": "bridge", "bridge": "swtest0", "isGateway": True,
            "ipam": {"type": "host-local", "dataDir": leases, "ranges": [[{"subnet": "10.223.0.0/24"}]]}}])
        one, two = self.pod_config("one"), self.pod_config("two")
        first, second = self.run_pod(one), self.run_pod(two)
        address = self.pod_status(first).network.ip
        self.assertTrue(address.startswith("10.223.0."))
        container = self.start(second, two, "c", ["sleep", "100"])
        result = self.sh(container, f"ping -c 1 -W 2 {address}")
        self.assertEqual(result.exit_code, 0, result)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=first))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=second))
        left = [name for name in os.listdir(leases + "/bridged") if name[0].isdigit()]
        self.assertEqual(left, [])
        # The plugin leaves the bridge to later pods.
        subprocess.run(["ip", "link", "del", "swtest0"], check=True)

    def test_a_plugin_that_fails_at_add(self):
        configure("fake", [{"type": "fake"}])
        plugin_does("ADD", "fail")
        message = self.refused(
            Code.UNKNOWN, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=self.pod_config("p")))
        self.assertIn("the switch is on fire", message)
        self.assertIn("DEL", self.asked())
        self.assertEqual(len(self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items), 0)
        plugin_does("ADD", "work")
        pod = self.run_pod(self.pod_config("p"))
        self.assertEqual(self.pod_status(pod).network.ip, "192.0.2.7")

    def test_a_plugin_that_fails_at_del(self):
        configure("fake", [{"type": "fake"}])
        pod = self.run_pod(self.pod_config("p"))
        plugin_does("DEL", "fail")
        request = cri.StopPodSandboxRequest(pod_sandbox_id=pod)
        self.assertIn("the switch is on fire", self.refused(Code.UNKNOWN, self.runtime.StopPodSandbox, request))
        # It stays known, so that it can be tried again, by another daemon too.
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        plugin_does("DEL", "work")
        self.runtime.StopPodSandbox(request)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def test_a_plugin_that_hangs(self):
        configure("fake", [{"type": "fake"}])
        plugin_does("ADD", "hang")
        begun = time.time()
        stuck = self.runtime.RunPodSandbox.future(
            cri.RunPodSandboxRequest(config=self.pod_config("stuck")), timeout=60)
        time.sleep(0.2)
        # Others do not notice.
        for number in range(5):
            config = self.pod_config(f"free{number}", network=NODE)
            self.start(self.run_pod(config), config, "c", ["sleep", "100"])
        self.assertLess(time.time() - begun, 10)
        self.assertFalse(stuck.done())
        error = stuck.exception(timeout=20)
        self.assertIn("fake", error.details())
        self.assertIn("2000 ms", error.details())
        plugin_does("ADD", "work")
