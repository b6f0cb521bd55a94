"""Networks of CNI plugins, good ones and bad ones. What a plugin does harms its own pod alone."""

import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest.mock

import grpc

from node import FOLDER, NODE, NodeTest, cri, shims, soon

Code = grpc.StatusCode

# Says what it was asked in a file, and does what another file says for that command.
PLUGIN = f"""#!/bin/sh
echo "$CNI_COMMAND" >> {FOLDER}/asked
cat > {FOLDER}/input-$CNI_COMMAND
case $(cat {FOLDER}/does-$CNI_COMMAND 2>/dev/null) in
    nothing) echo '{{}}'; exit 0;;
    fail) echo '{{"cniVersion":"1.0.0","code":101,"msg":"the switch is on fire"}}'; exit 1;;
    hang) exec sleep 60;;
    wait) while [ "$(cat {FOLDER}/does-$CNI_COMMAND)" = wait ]; do sleep 0.05; done;;
esac
case $CNI_COMMAND in
    ADD) echo '{{"cniVersion":"1.0.0","interfaces":[{{"name":"eth0","sandbox":"'$CNI_NETNS'"}}],"ips":[{{"address":"192.0.2.7/24","interface":0}}]}}';;
    VERSION) echo '{{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}}';;
esac
"""


def configure(name, plugins, version="1.0.0"):
    os.makedirs(f"{FOLDER}/net.d", exist_ok=True)
    for old in os.listdir(f"{FOLDER}/net.d"):
        os.unlink(f"{FOLDER}/net.d/{old}")
    if plugins:
        with open(f"{FOLDER}/net.d/10-{name}.conflist", "w") as file:
            json.dump({"cniVersion": version, "name": name, "plugins": plugins}, file)


def plugin_does(command, what):
    with open(f"{FOLDER}/does-{command}", "w") as file:
        file.write(what)


class RangeTest(NodeTest):
    def give(self, ranges):
        """As a kubelet does when its cluster has given the node other addresses than before."""
        request = cri.UpdateRuntimeConfigRequest()
        request.runtime_config.network_config.pod_cidr = ranges
        self.runtime.UpdateRuntimeConfig(request)

    def restart(self):
        """- Returns: what the new daemon's log says until it answers."""
        self.daemon.kill()
        begin = os.path.getsize(f"{FOLDER}/daemon.log")
        self.daemon.start()
        with open(f"{FOLDER}/daemon.log") as log:
            log.seek(begin)
            return log.readlines()

    def host_has(self, address):
        """On a device of its own, with a route into that network."""
        def ip(*words):
            subprocess.run(["ip", *words], check=True)

        ip("link", "add", "up0", "type", "veth", "peer", "name", "far0")
        self.addCleanup(ip, "link", "del", "up0")
        ip("link", "set", "far0", "up")
        ip("addr", "add", address, "dev", "up0")
        ip("link", "set", "up0", "up")
        return ip

    def address(self, name):
        return self.pod_status(self.run_pod(self.pod_config(name))).network.ip


class Ranges(RangeTest):
    def test_the_clusters_range_outlives_the_daemon(self):
        self.give("10.202.0.0/24")
        self.assertTrue(self.address("first").startswith("10.202.0."))
        self.restart()
        self.assertTrue(self.address("second").startswith("10.202.0."))


    def test_bandwidth_that_nobody_limits_is_told(self):
        def told(pod):
            with open(f"{FOLDER}/daemon.log") as log:
                return len([line for line in log if "level=warning" in line and "bandwidth" in line and pod in line])

        self.assertEqual(told(self.run_pod(self.pod_config("free"))), 0)
        config = self.pod_config("limited")
        config.annotations["kubernetes.io/ingress-bandwidth"] = "10M"
        config.annotations["kubernetes.io/egress-bandwidth"] = "10M"
        self.assertEqual(told(self.run_pod(config)), 1)

    def test_routes_into_a_new_range_are_told(self):
        def told():
            with open(f"{FOLDER}/daemon.log") as log:
                return len([line for line in log if "level=warning" in line and "route=10.204.0.0/24" in line])

        self.host_has("10.204.0.1/24")
        self.give("10.204.0.0/28")
        self.assertEqual(told(), 1)
        # Once: an agent tells its range at each of its starts.
        self.give("10.204.0.0/28")
        self.give("10.205.0.0/24")
        self.assertEqual(told(), 1)


class ChosenRanges(RangeTest):
    more = '[builtin_network]\npod_cidrs = ["10.201.0.0/24"]\n'

    def test_the_configuration_goes_before_the_cluster(self):
        self.give("10.202.0.0/24")
        self.assertTrue(self.address("first").startswith("10.201.0."))
        with open(f"{FOLDER}/daemon.log") as log:
            told = [line for line in log if "pod_cidr=10.202.0.0/24" in line]
        self.assertEqual(len(told), 1)
        self.restart()
        self.assertTrue(self.address("second").startswith("10.201.0."))


class SmallRanges(RangeTest):
    more = '[builtin_network]\npod_cidrs = ["10.201.0.0/30"]\n'

    def test_no_address_is_left(self):
        addresses = {self.address("first"), self.address("second")}
        self.assertEqual(addresses, {"10.201.0.1", "10.201.0.2"})
        message = self.refused(
            Code.UNKNOWN, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=self.pod_config("third")))
        # What is set there goes before what stands in the network's own file.
        self.assertIn("a larger one can be set in builtin_network.pod_cidrs of the configuration", message)


class RangesOfTheHost(RangeTest):
    more = '[builtin_network]\npod_cidrs = ["10.203.0.0/28"]\n'

    def test_what_the_host_has_is_left_out_and_told(self):
        ip = self.host_has("10.203.0.1/24")
        ip("route", "add", "198.18.0.0/15", "via", "10.203.0.2")
        told = [line for line in self.restart() if "level=warning" in line and "route=10.203.0.0/24" in line]
        self.assertEqual(len(told), 1, told)
        self.assertEqual([self.address("first"), self.address("second")], ["10.203.0.3", "10.203.0.4"])


class PluginTest(RangeTest):
    network = "cni"

    def setUp(self):
        os.makedirs(f"{FOLDER}/plugins", exist_ok=True)
        with open(f"{FOLDER}/plugins/fake", "w") as file:
            file.write(PLUGIN)
        os.chmod(f"{FOLDER}/plugins/fake", 0o755)
        for command in ("ADD", "DEL", "GC", "STATUS"):
            plugin_does(command, "work")
        if os.path.exists(f"{FOLDER}/asked"):
            os.unlink(f"{FOLDER}/asked")

    def asked(self):
        with open(f"{FOLDER}/asked") as file:
            return file.read().split()

    def network_condition(self):
        conditions = self.runtime.Status(cri.StatusRequest()).status.conditions
        return next(c for c in conditions if c.type == "NetworkReady")


class Plugins(PluginTest):
    more = 'cgroup_driver = "cgroupfs"\n[timeouts]\ncni = "1900ms"\n'

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

    def test_configurations_that_cannot_be_used(self):
        """They are passed over, and whoever wonders why can see it."""
        def loaded():
            return self.runtime.Status(cri.StatusRequest(verbose=True)).info.get("lastCNILoadStatus")

        def told():
            with open(f"{FOLDER}/daemon.log") as log:
                return [line for line in log if "level=warning" in line and "05-bad.conflist" in line]

        configure("fake", [{"type": "fake"}])
        self.assertEqual(loaded(), "OK")
        bad = f"{FOLDER}/net.d/05-bad.conflist"
        contents = ["{", '{"cniVersion": "1.0.0", "name": "bad"}',
                    '{"cniVersion": "9.0.0", "name": "bad", "plugins": [{"type": "fake"}]}']
        for number, content in enumerate(contents, 1):
            with open(bad, "w") as file:
                file.write(content)
            self.assertTrue(self.network_condition().status)
            self.assertIn(bad, loaded())
            self.assertEqual(len(told()), number, told())
        self.assertEqual(self.address("p"), "192.0.2.7")
        self.assertEqual(len(told()), 3, told())
        os.unlink(bad)
        self.assertEqual(loaded(), "OK")
        configure("none", None)
        self.assertIn("no network configuration", loaded())

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

    def test_what_a_plugin_is_told_of_a_pod(self):
        names = ["portMappings", "bandwidth", "cgroupPath", "dns", "io.kubernetes.cri.pod-annotations"]
        configure("fake", [{"type": "fake", "capabilities": {name: True for name in names}}])
        config = self.pod_config("told")
        config.dns_config.servers.append("10.96.0.10")
        config.dns_config.searches.extend(["svc.cluster.local", "cluster.local"])
        config.dns_config.options.append("ndots:5")
        config.port_mappings.add(container_port=80, host_port=8080)
        config.annotations["kubernetes.io/ingress-bandwidth"] = "10M"
        config.linux.cgroup_parent = "/swiftlet-test-told"
        self.addCleanup(lambda: [os.rmdir(group) for group in glob.glob("/sys/fs/cgroup/swiftlet-test-told")
                                 + glob.glob("/sys/fs/cgroup/*/swiftlet-test-told")])
        pod = self.run_pod(config)
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
        for command in ("ADD", "DEL"):
            with open(f"{FOLDER}/input-{command}") as file:
                told = json.load(file)["runtimeConfig"]
            self.assertEqual(sorted(told), sorted(names), command)
            self.assertEqual(told["dns"], {
                "servers": ["10.96.0.10"], "searches": ["svc.cluster.local", "cluster.local"], "options": ["ndots:5"]})
            self.assertEqual([(p["hostPort"], p["containerPort"]) for p in told["portMappings"]], [(8080, 80)])
            self.assertEqual(told["bandwidth"]["ingressRate"], 10_000_000)
            self.assertEqual(told["cgroupPath"], "/swiftlet-test-told")
            self.assertEqual(told["io.kubernetes.cri.pod-annotations"], dict(config.annotations))

    def test_what_no_plugin_can_give_a_pod(self):
        def told(name, *capabilities):
            """- Returns: of a pod with ports and bandwidth, what no plugin is told by what the log says."""
            configure("fake", [{"type": "fake", "capabilities": {name: True for name in capabilities}}])
            config = self.pod_config(name)
            config.port_mappings.add(container_port=80, host_port=8080)
            config.annotations["kubernetes.io/egress-bandwidth"] = "10M"
            pod = self.run_pod(config)
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
            with open(f"{FOLDER}/daemon.log") as log:
                lines = [line for line in log if "level=warning" in line and "is told what a pod asks" in line and pod in line]
            self.assertLessEqual(len(lines), 1, lines)
            return [word for word in ("portMappings", "bandwidth") if any(word in line for line in lines)]

        self.assertEqual(told("none"), ["portMappings", "bandwidth"])
        self.assertEqual(told("ports", "portMappings"), ["bandwidth"])
        self.assertEqual(told("slow", "bandwidth"), ["portMappings"])
        self.assertEqual(told("both", "portMappings", "bandwidth"), [])
        # Nor of what nobody has asked for.
        configure("fake", [{"type": "fake"}])
        pod = self.run_pod(self.pod_config("plain"))
        with open(f"{FOLDER}/daemon.log") as log:
            self.assertEqual([line for line in log if "is told what a pod asks" in line and pod in line], [])

    def restart_with(self, network):
        with open(self.daemon.config) as file:
            lines = file.readlines()
        with open(self.daemon.config, "w") as file:
            file.writelines([f'network = "{network}"\n'] + lines[1:])
        self.restart()

    def test_a_host_port_is_one_pods(self):
        configure("fake", [{"type": "fake", "capabilities": {"portMappings": True}}])

        def config(name, port, protocol=cri.TCP, address=""):
            config = self.pod_config(name)
            config.port_mappings.add(container_port=80, host_port=port, protocol=protocol, host_ip=address)
            return config

        def taken(config, pod):
            message = self.refused(
                Code.ALREADY_EXISTS, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))
            self.assertIn(f"28090/tcp is in use by sandbox {pod}", message)

        first = self.run_pod(config("first", 28090))
        taken(config("second", 28090), first)
        taken(config("second", 28090, address="127.0.0.1"), first)
        self.assertEqual(len(self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items), 1)
        self.run_pod(config("other", 28090, cri.UDP))
        # Whose it is, is known across restarts and networks.
        self.addCleanup(self.restart_with, "cni")
        self.restart_with("builtin")
        taken(config("second", 28090), first)
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=first))
        second = self.run_pod(config("second", 28090))
        self.restart_with("cni")
        taken(config("third", 28090), second)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=second))
        self.run_pod(config("third", 28090))

    def test_the_clusters_ranges_are_told_to_plugins(self):
        configure("fake", [{"type": "fake", "capabilities": {"ipRanges": True}}])

        def told(name):
            self.run_pod(self.pod_config(name))
            with open(f"{FOLDER}/input-ADD") as file:
                return json.load(file).get("runtimeConfig", {}).get("ipRanges")

        self.assertIsNone(told("early"))
        self.give("10.7.0.0/24,fd00:7::/64")
        ranges = [[{"subnet": "10.7.0.0/24"}], [{"subnet": "fd00:7::/64"}]]
        self.assertEqual(told("first"), ranges)
        # The next daemon is told nothing of what has not changed.
        self.restart()
        self.assertEqual(told("second"), ranges)
        os.truncate(f"{FOLDER}/lib/k8s/pod-ranges.json", 0)
        lines = [line for line in self.restart() if "level=error" in line and "pod-ranges.json" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIsNone(told("third"))

    def environment(self, **variables):
        """- Returns: what a plugin is told by its environment when the daemon has nothing in its own but these."""
        with open(f"{FOLDER}/plugins/environment", "w") as file:
            file.write(PLUGIN.replace("cat >", f"/usr/bin/env > {FOLDER}/environment\ncat >", 1))
        os.chmod(f"{FOLDER}/plugins/environment", 0o755)
        configure("fake", [{"type": "environment"}])
        program = os.environ["SWIFTLET"]
        self.daemon.kill()
        self.addCleanup(self.restart)
        with unittest.mock.patch.dict(os.environ, variables, clear=True):
            os.environ["SWIFTLET"] = program
            self.daemon.start()
        pod = self.run_pod(self.pod_config("p"))
        with open(f"{FOLDER}/environment") as file:
            lines = file.read().splitlines()
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
        told = dict(line.split("=", 1) for line in lines)
        self.assertEqual(told["CNI_CONTAINERID"], pod)
        self.assertEqual(told["CNI_COMMAND"], "ADD")
        self.assertEqual(told["CNI_PATH"], f"{FOLDER}/plugins:/usr/lib/cni")
        return told

    def test_plugins_have_the_daemons_environment(self):
        path = f"{FOLDER}/programs:/usr/sbin:/usr/bin:/sbin:/bin"
        told = self.environment(
            PATH=path, HTTPS_PROXY="http://proxy.invalid:3128", CNI_COMMAND="DEL", CNI_PATH="/nowhere", CNI_OTHER="x",
            CNI_CONTAINERID="other")
        self.assertEqual(told["PATH"], path)
        self.assertEqual(told["HTTPS_PROXY"], "http://proxy.invalid:3128")
        self.assertEqual(told["CNI_OTHER"], "x")
        # One that has none is no reason for plugins to find no programs.
        self.assertIn("/usr/sbin", self.environment()["PATH"].split(":"))

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

    def test_a_plugin_that_gives_no_address(self):
        """The kubelet tries again, and does not send anybody to a pod that nobody reaches."""
        configure("fake", [{"type": "fake"}])
        plugin_does("ADD", "nothing")
        message = self.refused(
            Code.UNKNOWN, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=self.pod_config("p")))
        self.assertIn("no address", message)
        self.assertIn("DEL", self.asked())
        self.assertEqual(len(self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items), 0)

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

    def test_a_plugin_that_is_not_there(self):
        configure("fake", [{"type": "fake"}, {"type": "nosuch"}])
        request = cri.RunPodSandboxRequest(config=self.pod_config("p"))
        self.assertIn("'nosuch' was not found", self.refused(Code.UNKNOWN, self.runtime.RunPodSandbox, request))
        # None was asked, and nothing is left to be undone.
        self.assertFalse(os.path.exists(f"{FOLDER}/asked"))
        self.assertEqual(len(self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items), 0)

    def test_a_plugin_that_is_gone(self):
        old = f"{FOLDER}/plugins/old"
        shutil.copy(f"{FOLDER}/plugins/fake", old)
        configure("fake", [{"type": "fake"}, {"type": "old"}])
        pod = self.run_pod(self.pod_config("p"))
        os.unlink(old)
        # It may come back, as long as the network names it.
        request = cri.StopPodSandboxRequest(pod_sandbox_id=pod)
        self.assertIn("'old' was not found", self.refused(Code.UNKNOWN, self.runtime.StopPodSandbox, request))
        configure("none", None)
        self.assertIn("'old' was not found", self.refused(Code.UNKNOWN, self.runtime.StopPodSandbox, request))
        configure("other", [{"type": "fake"}])
        self.runtime.StopPodSandbox(request)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
        self.assertEqual(self.asked(), ["ADD", "ADD", "DEL", "DEL", "DEL"])
        with open(f"{FOLDER}/daemon.log") as log:
            lines = [line for line in log if "level=warning" in line and pod in line and "'old' was not found" in line]
        self.assertTrue(any("the network does not name it any more" in line for line in lines), lines)

    def mistaken(self, config, add, delete):
        """- Returns: a pod that the network of a mistaken configuration neither connects nor disconnects."""
        request = cri.RunPodSandboxRequest(config=config)
        self.assertIn(add, self.refused(Code.UNKNOWN, self.runtime.RunPodSandbox, request))
        pod, = [pod.id for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items]
        remove = cri.RemovePodSandboxRequest(pod_sandbox_id=pod)
        self.assertIn(delete, self.refused(Code.UNKNOWN, self.runtime.RemovePodSandbox, remove))
        return remove

    def told_of(self, remove):
        with open(f"{FOLDER}/daemon.log") as log:
            return [line for line in log if "level=warning" in line and remove.pod_sandbox_id in line
                    and "disconnected by the network's present configuration" in line]

    def test_a_mistake_in_the_configuration_that_is_mended(self):
        def bridged(subnet, kind="host-local", name="bridged"):
            configure(name, [{
                "type": "bridge", "bridge": "swtest1",
                "ipam": {"type": kind, "dataDir": f"{FOLDER}/ipam", "subnet": subnet}}])

        self.addCleanup(subprocess.run, ["ip", "link", "del", "swtest1"])
        bridged("10.223.0.300/24")
        first = self.mistaken(self.pod_config("first"), "10.223.0.300", "10.223.0.300")
        bridged("10.223.0.0/24")
        self.runtime.RemovePodSandbox(first)
        self.assertEqual(len(self.told_of(first)), 1)
        # The network has another name then, and another daemon finds the pod.
        bridged("10.223.0.0/24", kind="host-locla")
        second = self.mistaken(self.pod_config("second"), "host-locla", "host-locla")
        bridged("10.223.0.0/24", name="other")
        self.restart()
        self.runtime.RemovePodSandbox(second)
        self.assertEqual(len(self.told_of(second)), 1)

    def test_another_network_after_a_mistake_in_the_configuration(self):
        """Its plugins know nothing of a pod that the mistaken one never connected."""
        def bridged(name, version="1.0.0", **ipam):
            configure(name, [{"type": "bridge", "bridge": "swtest1", "ipam": ipam}], version)

        self.addCleanup(subprocess.run, ["ip", "link", "del", "swtest1"], stderr=subprocess.DEVNULL)
        leases = {"dataDir": f"{FOLDER}/ipam", "subnet": "10.223.0.0/24"}
        mistakes = [
            ("host-locl", dict(type="host-locl", **leases)),
            ("/99", dict(leases, type="host-local", subnet="10.223.0.0/99")),
            ("version", dict(leases, type="host-local", version="1.1.0")),
        ]
        pods = []
        for number, (word, ipam) in enumerate(mistakes):
            bridged(f"mistaken{number}", **ipam)
            request = cri.RunPodSandboxRequest(config=self.pod_config(f"p{number}"))
            self.assertIn(word, self.refused(Code.UNKNOWN, self.runtime.RunPodSandbox, request))
            pod, = {pod.id for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items} - set(pods)
            pods.append(pod)
            stop = cri.StopPodSandboxRequest(pod_sandbox_id=pod)
            self.assertIn(word, self.refused(Code.UNKNOWN, self.runtime.StopPodSandbox, stop))
        configure("other", [{"type": "fake"}])
        for pod in pods:
            self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
            remove = cri.RemovePodSandboxRequest(pod_sandbox_id=pod)
            self.runtime.RemovePodSandbox(remove)
            self.assertEqual(len(self.told_of(remove)), 1)

    def test_plugins_that_hang_by_a_mistake_that_is_mended(self):
        with open(f"{FOLDER}/plugins/caught", "w") as file:
            file.write(PLUGIN.replace("case $(cat", "grep -q deaf " + f"{FOLDER}/input-$CNI_COMMAND && exec sleep 60\ncase $(cat", 1))
        os.chmod(f"{FOLDER}/plugins/caught", 0o755)
        configure("fake", [{"type": "caught", "switch": "deaf"}])
        remove = self.mistaken(self.pod_config("p"), "did not end within", "did not end within")
        configure("fake", [{"type": "caught", "switch": "open"}])
        self.runtime.RemovePodSandbox(remove)
        self.assertEqual(len(self.told_of(remove)), 1)

    def test_versions_that_plugins_do_not_speak(self):
        plugin = {"type": "bridge", "bridge": "swtest1", "ipam": {"type": "static"}}
        self.addCleanup(subprocess.run, ["ip", "link", "del", "swtest1"])
        configure("fake", [plugin], version="1.1.0")
        remove = self.mistaken(self.pod_config("p"), "version", "version")
        configure("fake", [plugin], version="1.0.0")
        self.runtime.RemovePodSandbox(remove)
        self.assertEqual(len(self.told_of(remove)), 1)

    def test_another_network_has_nothing_of_a_pod(self):
        """What one has connected, none but it can give back."""
        configure("fake", [{"type": "fake"}])
        remove = cri.RemovePodSandboxRequest(pod_sandbox_id=self.run_pod(self.pod_config("p")))
        plugin_does("DEL", "fail")
        shutil.copy("/bin/true", f"{FOLDER}/plugins/nothing")
        configure("other", [{"type": "nothing"}])
        self.assertIn("the switch is on fire", self.refused(Code.UNKNOWN, self.runtime.RemovePodSandbox, remove))
        # Nor another chain of that name, which does not ask who could.
        configure("fake", [{"type": "nothing"}])
        self.assertIn("the switch is on fire", self.refused(Code.UNKNOWN, self.runtime.RemovePodSandbox, remove))
        plugin_does("DEL", "work")
        self.runtime.RemovePodSandbox(remove)
        self.assertEqual(self.told_of(remove), [])

    def test_a_pod_whose_shim_is_frozen_while_the_daemon_starts(self):
        configure("fake", [{"type": "fake"}])
        pod = self.run_pod(self.pod_config("iced"))
        shim = shims()[pod]
        self.daemon.kill()
        os.kill(shim, signal.SIGSTOP)
        try:
            self.daemon.start()
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        finally:
            os.kill(shim, signal.SIGCONT)
        soon(lambda: self.pod_status(pod).state == cri.SANDBOX_READY)
        self.assertEqual(self.pod_status(pod).network.ip, "192.0.2.7")
        self.assertEqual(self.asked(), ["ADD"])

    def test_an_entry_that_is_damaged(self):
        """As a machine that was cut off leaves it. It is its own pod's affair."""
        configure("fake", [{"type": "fake"}])
        pods = [self.run_pod(self.pod_config(f"p{number}")) for number in range(3)]
        entry = f"{FOLDER}/lib/k8s/cni/fake-{pods[1]}-eth0.json"
        os.truncate(entry, 0)
        stop = lambda pod: self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
        stop(pods[0])
        lines = [line for line in self.restart() if "level=error" in line and pods[1] in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertEqual([self.pod_status(pod).state for pod in pods[1:]], [cri.SANDBOX_READY] * 2)
        stop(pods[2])
        self.assertEqual(self.asked().count("DEL"), 2)
        # Without a network that could disconnect it, it is not forgotten.
        configure("none", None)
        request = cri.RemovePodSandboxRequest(pod_sandbox_id=pods[1])
        self.assertIn("no network configuration", self.refused(Code.UNKNOWN, self.runtime.RemovePodSandbox, request))
        configure("fake", [{"type": "fake"}])
        self.runtime.RemovePodSandbox(request)
        with open(f"{FOLDER}/input-DEL") as file:
            self.assertNotIn("prevResult", json.load(file))
        self.assertEqual(self.asked().count("DEL"), 3)
        # What is left of it can be looked at for a week.
        self.restart()
        self.assertTrue(os.path.exists(entry + ".damaged"))
        os.utime(entry + ".damaged", (time.time() - 8 * 24 * 3600,) * 2)
        self.restart()
        soon(lambda: not os.path.exists(entry + ".damaged"))

    def test_a_damaged_entry_of_a_pod_without_a_record(self):
        """Plugins have connected it all the same, and are told when it ends."""
        configure("fake", [{"type": "fake"}])
        alive, dead = [self.run_pod(self.pod_config(name)) for name in ("alive", "dead")]
        entries = {pod: f"{FOLDER}/lib/k8s/cni/fake-{pod}-eth0.json" for pod in (alive, dead)}
        self.daemon.kill()
        for entry in entries.values():
            os.truncate(entry, 0)
            self.addCleanup(os.unlink, entry + ".damaged")
        with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
            database.execute("DELETE FROM sandbox")
        database.close()
        os.kill(shims()[dead], signal.SIGKILL)
        self.daemon.start()
        soon(lambda: not os.path.exists(f"{FOLDER}/run/k8s/sandboxes/{dead}"))
        self.assertTrue(os.path.exists(entries[dead] + ".damaged"))
        self.assertEqual(self.asked().count("DEL"), 1)
        self.assertEqual(self.pod_status(alive).state, cri.SANDBOX_NOTREADY)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=alive))
        self.assertEqual(self.asked().count("DEL"), 2)
        self.assertTrue(os.path.exists(entries[alive] + ".damaged"))

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
        self.assertIn("1900 ms", error.details())
        plugin_does("ADD", "work")


class SlowPlugins(PluginTest):
    """They get the time that they need, and nobody else waits for them."""

    more = '[timeouts]\ncni = "30s"\n'

    def test_whether_the_network_is_ready(self):
        configure("fake", [{"type": "fake"}], version="1.1.0")
        plugin_does("STATUS", "hang")
        begun = time.time()
        condition = self.network_condition()
        self.assertLess(time.time() - begun, 10)
        self.assertFalse(condition.status)
        self.assertIn("fake, STATUS: did not end within", condition.message)
        plugin_does("STATUS", "work")
        self.assertTrue(self.network_condition().status)

    def start_the_daemon(self):
        begun = time.time()
        self.daemon.start()
        self.assertLess(time.time() - begun, 5)

    def run_on_the_node(self, name):
        config = self.pod_config(name, network=NODE)
        container = self.start(self.run_pod(config), config, "c", ["sleep", "1000"])
        self.assertEqual(self.sh(container, "echo here").stdout, b"here\n")

    def test_a_start_does_not_wait_for_teardowns(self):
        """What a plugin waits for may be a pod that the daemon has to start first: its agent."""
        configure("fake", [{"type": "fake"}])
        half, stray, lost = [self.run_pod(self.pod_config(name)) for name in ("half", "stray", "lost")]
        config = self.pod_config("lost")
        container = self.start(lost, config, "c", ["sleep", "1000"])
        plugin_does("DEL", "fail")
        stop = cri.StopPodSandboxRequest(pod_sandbox_id=half)
        self.refused(Code.UNKNOWN, self.runtime.StopPodSandbox, stop)
        plugin_does("DEL", "wait")
        self.daemon.kill()
        for pod in (stray, lost):
            os.kill(shims()[pod], signal.SIGKILL)
        with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
            database.execute("DELETE FROM sandbox WHERE id = ?", (stray,))
        database.close()
        self.start_the_daemon()
        states = {pod.id: pod.state for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items}
        self.assertEqual(states, {half: cri.SANDBOX_NOTREADY, lost: cri.SANDBOX_NOTREADY})
        self.assertEqual((self.status(container).state, self.status(container).exit_code), (cri.CONTAINER_EXITED, 255))
        soon(lambda: self.asked().count("DEL") == 4)
        self.run_on_the_node("agent")
        new = self.run_pod(self.pod_config("new"))
        self.assertEqual(self.pod_status(new).network.ip, "192.0.2.7")
        plugin_does("DEL", "work")
        # Whoever stops it waits for the teardown that is under way.
        self.runtime.StopPodSandbox(stop, timeout=20)
        soon(lambda: not os.path.exists(f"{FOLDER}/run/k8s/sandboxes/{stray}"))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=lost), timeout=20)
        self.assertEqual(self.asked().count("DEL"), 4)
        entries = [name for name in os.listdir(f"{FOLDER}/lib/k8s/cni") if name.endswith(".json")]
        self.assertEqual(entries, [f"fake-{new}-eth0.json"])

    def test_a_start_does_not_wait_for_collectors(self):
        configure("fake", [{"type": "fake"}], version="1.1.0")
        pod = self.run_pod(self.pod_config("lives"))
        plugin_does("GC", "wait")
        self.daemon.kill()
        self.start_the_daemon()
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        soon(lambda: "GC" in self.asked())
        with open(f"{FOLDER}/input-GC") as file:
            valid = json.load(file)["cni.dev/valid-attachments"]
        self.assertEqual(valid, [{"containerID": pod, "ifname": "eth0"}])
        self.run_on_the_node("agent")
        # Nobody is connected while somebody collects.
        later = self.runtime.RunPodSandbox.future(
            cri.RunPodSandboxRequest(config=self.pod_config("later")), timeout=60)
        time.sleep(0.5)
        self.assertEqual(self.asked().count("ADD"), 1)
        plugin_does("GC", "work")
        self.assertEqual(self.pod_status(later.result().pod_sandbox_id).network.ip, "192.0.2.7")
