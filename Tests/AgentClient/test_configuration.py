"""The agent's configuration file: a KubeletConfiguration, with drop-in files and flags over it."""

import json
import os
import subprocess
import unittest

from agent import Agent, FOLDER, remove_groups

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


class File(unittest.TestCase):
    def test_files_and_flags_in_their_order(self):
        agent = Agent("merged")
        file = write(f"{agent.folder}/kubelet.yaml", HEAD + f"cgroupRoot: {agent.cgroup_root}\n"
                     "maxPods: 17\nclusterDomain: from.file\nsyncFrequency: 30s\nfeatureGates: {A: true}\n"
                     "evictionHard: {memory.available: 50Mi}\nallowedUnsafeSysctls: [net.core.somaxconn]\n"
                     "podLogsDir: /from/file\n")
        write(f"{agent.folder}/conf.d/10-first.conf", HEAD + "maxPods: 18\nfeatureGates: {B: false}\n")
        write(f"{agent.folder}/conf.d/20-second.conf", json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "maxPods": 19, "allowedUnsafeSysctls": ["kernel.shm*"]}))
        write(f"{agent.folder}/conf.d/30-not-read.yaml", "no: kubelet")
        agent.options = ["--kubelet-config", file, "--kubelet-config-dir", f"{agent.folder}/conf.d"]
        agent.start()
        try:
            kubelet = json.loads(agent.get("/configz"))["kubeletconfig"]
            self.assertEqual(kubelet["maxPods"], 19)
            self.assertEqual(kubelet["clusterDomain"], "from.file")
            self.assertEqual(kubelet["syncFrequency"], "30s")
            self.assertEqual(kubelet["featureGates"], {"A": True, "B": False})
            self.assertEqual(kubelet["evictionHard"], {"memory.available": "50Mi"})
            self.assertEqual(kubelet["allowedUnsafeSysctls"], ["kernel.shm*"])
            # A flag counts more than all files.
            self.assertEqual(kubelet["podLogsDir"], f"{agent.folder}/logs")
            self.assertEqual(kubelet["staticPodPath"], agent.manifests)
            self.assertIn("featureGates: A, B: nothing is switched by gates here", agent.log())
        finally:
            agent.stop()
            remove_groups(agent.cgroup_root)

    def test_every_problem_is_told_with_its_place(self):
        file = write(f"{FOLDER}/bad/kubelet.yaml", HEAD +
                     "maxPods: many\nmaxPodz: 1\nsyncFrequency: soon\nauthentication:\n  x509: {clientCA: x}\n")
        drop = write(f"{FOLDER}/bad/conf.d/a.conf", HEAD + "port: '1'\n")
        lines = self.refuse(file, f"{FOLDER}/bad/conf.d")
        for line in (f'{file}: line 3: maxPods: expected an integer, found the string "many"',
                     f'{file}: line 4: unknown field "maxPodz"',
                     f"{file}: line 5: syncFrequency: not a duration, like 1h30m or 100ms",
                     f'{file}: line 7: unknown field "authentication.x509.clientCA"',
                     f'{drop}: line 3: port: expected an integer, found the string "1"'):
            self.assertIn(line, lines)

    def test_what_is_invalid_is_told_beside_what_cannot_be_read(self):
        file = write(f"{FOLDER}/both/kubelet.yaml", HEAD +
                     "syncFrequency: 5\nmaxPods: -1\nevictionHard: {memory.free: 1Gi}\nshutdownGracePeriod: soon\n"
                     "shutdownGracePeriodCriticalPods: 20s\nrunOnce: true\nmaxPodz: 1\n")
        told = [f"{file}: line {line}" for line in (
            "3: syncFrequency: expected", "6: shutdownGracePeriod: not a duration", '9: unknown field "maxPodz"',
            "4: maxPods: Invalid value: -1", '5: evictionHard[memory.free]: Unsupported value: "memory.free"',
            "8: runOnce: Runonce mode has been deprecated")]
        check = subprocess.run([os.environ["SWIFTLET"], "config", "check", file], capture_output=True, text=True, timeout=30)
        self.assertNotEqual(check.returncode, 0)
        for lines in (self.refuse(file), (check.stdout + check.stderr).splitlines()):
            for line in told:
                self.assertTrue(any(line in found for found in lines), f"{line} in {lines}")
            # Longer than what, nobody knows.
            self.assertFalse(any("shutdownGracePeriodCriticalPods" in found for found in lines), lines)

    def test_every_invalid_value_is_told(self):
        file = write(f"{FOLDER}/invalid/kubelet.yaml", HEAD +
                     "imageGCHighThresholdPercent: 101\nimageGCLowThresholdPercent: 102\nport: 70000\n"
                     "shutdownGracePeriod: 10s\nshutdownGracePeriodCriticalPods: 20s\ncontainerLogMaxSize: big\n"
                     "podsPerCore: -1\nrunOnce: true\ntopologyManagerPolicy: restricted\n"
                     "evictionSoft: {memory.available: 10%}\nevictionHard: {memory.free: 1Gi}\n")
        lines = self.refuse(file)
        for line in ("line 3: imageGCHighThresholdPercent: Invalid value: 101: must be between 0 and 100, inclusive",
                     "line 4: imageGCLowThresholdPercent: Invalid value: 102: must be between 0 and 100, inclusive",
                     "line 4: imageGCLowThresholdPercent: Invalid value: 102: must be less than imageGCHighThresholdPercent 101",
                     "line 5: port: Invalid value: 70000: must be between 0 and 65535, inclusive",
                     'line 7: shutdownGracePeriodCriticalPods: Invalid value: 20s: must be <= shutdownGracePeriod 10s',
                     'line 8: containerLogMaxSize: Invalid value: "big": must be a quantity of bytes, like 10Mi',
                     "line 9: podsPerCore: Invalid value: -1: must not be a negative number",
                     "line 10: runOnce: Runonce mode has been deprecated and should not be set",
                     "line 11: topologyManagerPolicy: resources are not aligned by NUMA node"):
            self.assertIn(f"{file}: {line}", lines)
        text = "\n".join(lines)
        self.assertIn("evictionSoftGracePeriod[memory.available]: Required value: grace period must be specified", text)
        self.assertIn('evictionHard[memory.free]: Unsupported value: "memory.free"', text)

    def test_values_that_cannot_be(self):
        values = {
            "oomScoreAdj: 5000": "oomScoreAdj: Invalid value: 5000: must be between -1000 and 1000, inclusive",
            "maxOpenFiles: -1": "maxOpenFiles: Invalid value: -1: must not be a negative number",
            "containerLogMonitorInterval: 1s": "containerLogMonitorInterval: Invalid value: 1s: must be a positive time "
                                               "duration greater than or equal to 3s",
            "containerLogMaxWorkers: 0": "containerLogMaxWorkers: Invalid value: 0: must be greater than or equal to 1",
            "containerLogMaxFiles: 1": "containerLogMaxFiles: Invalid value: 1: must be greater than 1",
            "maxParallelImagePulls: 3\nserializeImagePulls: true":
                "maxParallelImagePulls: Invalid value: 3: cannot be larger than 1 unless serializeImagePulls is set to false",
            "registryPullQPS: -1": "registryPullQPS: Invalid value: -1: must not be a negative number",
            "eventRecordQPS: -1": "eventRecordQPS: Invalid value: -1: must not be a negative number",
            "fileCheckFrequency: -1s": "fileCheckFrequency: Invalid value: -1s: must be greater than 0",
            "memorySwap: {swapBehavior: Foo}": 'memorySwap.swapBehavior: Unsupported value: "Foo": supported values: "", '
                                               '"LimitedSwap", "NoSwap"',
            "cgroupDriver: foo": 'cgroupDriver: Unsupported value: "foo": supported values: "cgroupfs", "systemd"',
            "kubeReserved: {memory: lots}": 'kubeReserved[memory]: Invalid value: "lots": must be a quantity',
            "clusterDNS: [foo]": 'clusterDNS[0]: Invalid value: "foo": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "address: nope": 'address: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]": "reservedMemory: memory is not reserved by NUMA node",
            "shutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 5}]\nshutdownGracePeriod: 10s":
                "shutdownGracePeriodByPodPriority: Forbidden: cannot specify both shutdownGracePeriodByPodPriority and "
                "shutdownGracePeriod at the same time",
        }
        for number, (text, told) in enumerate(values.items()):
            file = write(f"{FOLDER}/values/{number}.yaml", HEAD + text + "\n")
            self.assertEqual(self.refuse(file), [f"{file}: line 3: {told}"])

    def test_a_file_of_kubeadm_is_good(self):
        file = write(f"{FOLDER}/kubeadm/config.yaml", HEAD + """
authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
authorization:
  mode: Webhook
  webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
logging:
  flushFrequency: 0
  options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}
  verbosity: 0
memorySwap: {}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
""")
        result = subprocess.run([os.environ["SWIFTLET"], "config", "check", file], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        warned = [line.split(": ")[3] for line in result.stdout.splitlines() if line.startswith("warning")]
        self.assertEqual(warned, ["authentication", "authorization", "rotateCertificates"])

    def refuse(self, file, folder=None):
        words = ["agent", "--kubelet-config", file, "--port", "0", "--healthz-port", "0"]
        words = [os.environ["SWIFTLET"], "--root", f"{FOLDER}/none"] + words
        result = subprocess.run(words + (["--kubelet-config-dir", folder] if folder else []),
                                capture_output=True, text=True, timeout=30)
        self.assertNotEqual(result.returncode, 0)
        return [line.removeprefix("swiftlet: ") for line in result.stderr.splitlines()]
