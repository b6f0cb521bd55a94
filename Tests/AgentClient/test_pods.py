"""The life of pods from manifests: started, probed, restarted, changed, removed."""

import json
import os
import time
import unittest
import urllib.error

from agent import AgentTest, condition, container, shell, wait


class Life(AgentTest):
    def test_runs_and_is_removed(self):
        self.agent.pod("plain", {"containers": [{"name": "c", "command": shell("exec sleep 1000")}],
                                 "terminationGracePeriodSeconds": 1})
        pod = self.agent.wait_ready("plain")
        self.assertEqual(pod["status"]["phase"], "Running")
        self.assertEqual(pod["status"]["qosClass"], "BestEffort")
        self.assertTrue(pod["status"]["podIP"])
        self.assertEqual(pod["metadata"]["annotations"]["kubernetes.io/config.source"], "file")
        state = container(pod, "c")
        self.assertTrue(state["containerID"].startswith("swiftlet://"))
        self.assertIn("startedAt", state["state"]["running"])
        self.assertEqual([event["reason"] for event in self.agent.events("plain")][-2:], ["Created", "Started"])
        self.agent.remove("plain.json")
        self.agent.wait_gone("plain")

    def test_ends_once_and_keeps_its_end(self):
        self.agent.pod("once", {"restartPolicy": "Never", "containers": [
            {"name": "good", "command": shell("echo done >/dev/termination-log")},
            {"name": "bad", "command": shell("echo to the log; exit 3"),
             "terminationMessagePolicy": "FallbackToLogsOnError"}]})
        pod = self.agent.wait_phase("once", "Failed")
        good, bad = container(pod, "good"), container(pod, "bad")
        self.assertEqual(good["state"]["terminated"]["reason"], "Completed")
        self.assertEqual(good["state"]["terminated"]["message"], "done\n")
        self.assertEqual(bad["state"]["terminated"]["exitCode"], 3)
        self.assertEqual(bad["state"]["terminated"]["message"], "to the log\n")
        self.assertEqual(condition(pod, "Ready"), "False")
        self.assertIn("to the log", self.agent.get("/containerLogs/default/once-node/bad"))

    def test_succeeds(self):
        self.agent.pod("job", {"restartPolicy": "OnFailure", "containers": [{"name": "c", "command": ["true"]}]})
        self.agent.wait_phase("job", "Succeeded")

    def test_crash_loop(self):
        self.agent.pod("crash", {"containers": [{"name": "c", "command": shell("exit 1")}]})
        pod = self.agent.wait_for(
            "crash", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff",
            "in its back-off")
        state = container(pod, "c")
        self.assertIn("back-off 10s restarting failed container=c pod=crash-node_default(", state["state"]["waiting"]["message"])
        self.assertEqual(state["lastState"]["terminated"]["exitCode"], 1)
        # The first restart is at once; the next one waits.
        self.assertEqual(state["restartCount"], 1)
        self.assertEqual(pod["status"]["phase"], "Running")

    def test_memory_limit(self):
        self.agent.pod("hungry", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": ["tail", "/dev/zero"], "resources": {"limits": {"memory": "32Mi"}}}]})
        pod = self.agent.wait_phase("hungry", "Failed")
        self.assertEqual(container(pod, "c")["state"]["terminated"]["reason"], "OOMKilled")
        self.assertEqual(pod["status"]["qosClass"], "Burstable")

    def test_init_containers_in_order_and_sidecar_to_the_end(self):
        self.agent.pod("staged", {
            "restartPolicy": "Never",
            "volumes": [{"name": "v", "emptyDir": {}}],
            "initContainers": [
                {"name": "first", "command": shell("echo first >>/v/order"), "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
                {"name": "side", "restartPolicy": "Always", "command": shell("echo side >>/v/order; exec sleep 1000"),
                 "startupProbe": {"exec": {"command": ["test", "-s", "/v/order"]}, "periodSeconds": 1},
                 "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
                {"name": "last", "command": shell("echo last >>/v/order"), "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            ],
            "containers": [{"name": "c", "command": shell("cat /v/order"), "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
            "terminationGracePeriodSeconds": 1})
        pod = self.agent.wait_phase("staged", "Succeeded")
        self.assertEqual(self.agent.get("/containerLogs/default/staged-node/c").split(), ["first", "side", "last"])
        self.assertIn("terminated", container(pod, "side", "initContainerStatuses")["state"])

    def test_liveness_restarts(self):
        self.agent.pod("sick", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("touch /ok; sleep 2; rm /ok; exec sleep 1000"),
             "livenessProbe": {"exec": {"command": ["test", "-e", "/ok"]}, "periodSeconds": 1, "failureThreshold": 1}}]})
        self.agent.wait_for("sick", lambda pod: container(pod, "c")["restartCount"] > 0, "restarted")
        reasons = [(event["reason"], event["message"]) for event in self.agent.events("sick")]
        self.assertIn(("Killing", "Container c failed liveness probe, will be restarted"), reasons)
        self.assertTrue(any(reason == "Unhealthy" for reason, _ in reasons))

    def test_readiness_follows_the_probe(self):
        self.agent.pod("web", {"containers": [
            {"name": "c", "command": shell("mkdir /www; exec httpd -f -p 8080 -h /www"),
             "ports": [{"name": "http", "containerPort": 8080}],
             "readinessProbe": {"httpGet": {"path": "/page", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1}}],
            "terminationGracePeriodSeconds": 1})
        pod = self.agent.wait_phase("web", "Running")
        self.assertEqual(condition(pod, "Ready"), "False")
        self.agent.run("exec", "web", "touch", "/www/page")
        self.agent.wait_ready("web")
        self.agent.run("exec", "web", "rm", "/www/page")
        self.agent.wait_for("web", lambda pod: condition(pod, "Ready") == "False", "not ready any more")

    def test_hooks(self):
        self.agent.pod("hooks", {"terminationGracePeriodSeconds": 5,
            "volumes": [{"name": "v", "hostPath": {"path": f"{self.agent.folder}/hooks", "type": "DirectoryOrCreate"}}],
            "containers": [{"name": "c", "command": shell("exec sleep 1000"),
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                "lifecycle": {"postStart": {"exec": {"command": shell("echo start >>/v/hooks")}},
                              "preStop": {"exec": {"command": shell("echo stop >>/v/hooks")}}}}]})
        self.agent.wait_ready("hooks")
        self.agent.remove("hooks.json")
        self.agent.wait_gone("hooks")
        with open(f"{self.agent.folder}/hooks/hooks") as file:
            self.assertEqual(file.read().split(), ["start", "stop"])

    def test_environment_and_volumes(self):
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "blue", "size": "7"}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "s3cret"}}
        self.agent.write("objects.yaml", "\n---\n".join(json.dumps(item) for item in (config, secret)))
        self.agent.pod("env", {"restartPolicy": "Never",
            "volumes": [{"name": "all", "projected": {"sources": [
                {"configMap": {"name": "settings"}}, {"secret": {"name": "keys"}},
                {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}}],
            "containers": [{"name": "c", "command": shell("env; cat /all/color /all/key /all/name; id -u; echo $(ARG)"),
                "volumeMounts": [{"name": "all", "mountPath": "/all"}],
                "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "S_"}],
                "securityContext": {"runAsUser": 1234, "runAsNonRoot": True},
                "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
                        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                        {"name": "ARG", "value": "$(KEY)-$(S_size)"}]}]})
        pod = self.agent.wait_phase("env", "Succeeded")
        log = self.agent.get("/containerLogs/default/env-node/c")
        for line in ("S_color=blue", "S_size=7", "KEY=s3cret", "ARG=s3cret-7", f"IP={pod['status']['podIP']}", "1234",
                     "s3cret-7", "blues3cretenv-node"):
            self.assertIn(line, log)

    def test_config_map_changes_under_a_running_pod(self):
        def settings(text):
            self.agent.write("page.json", json.dumps(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"text": text}}))
        settings("one")
        self.agent.pod("reader", {"terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "v", "configMap": {"name": "page"}}],
            "containers": [{"name": "c", "command": shell("exec sleep 1000"), "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
        before = self.agent.wait_ready("reader")
        self.assertEqual(self.agent.run("exec", "reader", "cat", "/v/text").stdout, "one")
        settings("two")
        wait(lambda: self.agent.run("exec", "reader", "cat", "/v/text").stdout == "two", "the pod sees the change", 20)
        self.assertEqual(container(self.agent.find("reader"), "c")["containerID"], container(before, "c")["containerID"])

    def test_variables_out_of_a_file(self):
        def of(name, key, **more):
            return {"name": name, "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "env", "key": key, **more}}}
        spec = {"restartPolicy": "Never", "volumes": [{"name": "v", "emptyDir": {}}],
                "initContainers": [{"name": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                                    "command": shell("printf '%s\\n' '# told' \"ADDRESS='two words'\" >/v/env")}],
                "containers": [{"name": "c", "command": shell("echo $A; echo $B; echo ${C-none}"),
                                "env": [of("A", "ADDRESS"), {"name": "B", "value": "$(A)!"}, of("C", "NONE", optional=True)]}]}
        self.agent.pod("fromfile", spec)
        self.agent.wait_phase("fromfile", "Succeeded")
        self.assertEqual(self.agent.get("/containerLogs/default/fromfile-node/c"), "two words\ntwo words!\nnone\n")
        spec["containers"][0]["env"] = [of("A", "NONE")]
        self.agent.pod("nokey", spec)
        pod = self.agent.wait_for(
            "nokey", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError",
            "waiting for its variable")
        self.assertIn('key "NONE" not found', container(pod, "c")["state"]["waiting"]["message"])

    def test_missing_config_map_is_told_and_waited_for(self):
        self.agent.pod("waiting", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": shell("echo $X"),
             "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "x"}}}]}]})
        pod = self.agent.wait_for(
            "waiting", lambda pod: container(pod, "c")["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError",
            "waiting for its config map")
        self.assertEqual(container(pod, "c")["state"]["waiting"]["message"], 'configmap "later" not found')
        self.agent.write("later.json", json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}, "data": {"x": "here"}}))
        self.agent.wait_phase("waiting", "Succeeded")

    def test_larger_than_the_node(self):
        self.agent.pod("large", {"containers": [
            {"name": "c", "command": ["true"], "resources": {"requests": {"memory": "900Ti"}}}]})
        pod = self.agent.wait_phase("large", "Failed")
        self.assertEqual(pod["status"]["reason"], "OutOfmemory")
        self.assertIn("Node didn't have enough resource: memory, requested: ", pod["status"]["message"])
        self.assertNotIn("containerStatuses", pod["status"])
        self.assertIn("OutOfmemory", self.agent.run("pods").stdout)

    def test_what_the_node_does_not_have(self):
        self.agent.pod("claims", {"resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}], "containers": [
            {"name": "c", "command": ["true"], "resources": {"claims": [{"name": "gpu"}]}}]})
        status = self.agent.wait_phase("claims", "Failed")["status"]
        self.assertEqual(status["reason"], "UnexpectedAdmissionError")
        self.assertIn("spec.resourceClaims: dynamic resource allocation is not supported", status["message"])

    def test_deadline(self):
        self.agent.pod("late", {"activeDeadlineSeconds": 1, "terminationGracePeriodSeconds": 1,
                                "containers": [{"name": "c", "command": shell("exec sleep 1000")}]})
        pod = self.agent.wait_phase("late", "Failed")
        self.assertEqual(pod["status"]["reason"], "DeadlineExceeded")
        told = [(event["type"], event["message"]) for event in self.agent.events("late") if event["reason"] == "DeadlineExceeded"]
        self.assertEqual(told, [("Normal", "Pod was active on the node longer than the specified deadline")])


class Manifests(AgentTest):
    def test_errors_name_file_and_field_and_stop_no_one(self):
        self.agent.write("bad.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec:\n  containers:\n"
                         "  - name: c\n    image: busybox\n    comand: [x]\n---\napiVersion: v1\nkind: Pod\n"
                         "metadata: {name: good}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n  - name: c\n    image: busybox\n"
                         "    imagePullPolicy: IfNotPresent\n    command: [sleep, '1000']\n")
        self.agent.wait_ready("good")
        self.assertIsNone(self.agent.find("bad"))
        wait(lambda: "spec.containers[0].comand" in self.agent.log(), "the field is named", 10)
        line = [line for line in self.agent.log().splitlines() if "comand" in line][0]
        self.assertIn("bad.yaml: document 1, line 8", line)

    def test_invalid_pod_is_refused_in_kubernetes_words(self):
        self.agent.pod("invalid", {"containers": [{"name": "Not_A_Label", "command": ["true"]}]})
        wait(lambda: "spec.containers[0].name: Invalid value" in self.agent.log(), "the value is named", 10)
        self.assertIsNone(self.agent.find("invalid"))

    def test_a_broken_file_keeps_what_runs(self):
        self.agent.pod("steady", {"terminationGracePeriodSeconds": 1,
                                  "containers": [{"name": "c", "command": shell("exec sleep 1000")}]})
        before = container(self.agent.wait_ready("steady"), "c")["containerID"]
        self.agent.write("steady.json", "{")
        wait(lambda: "steady.json" in self.agent.log(), "the error is told", 10)
        self.assertEqual(container(self.agent.find("steady"), "c")["containerID"], before)

    TWIN = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "command": shell("exec sleep 1000")}]}

    def told_twice(self, name, runs, does_not):
        files = [f"{self.agent.manifests}/{file}, document 1" for file in (runs, does_not)]
        line = (f"pod default/{name}-node is there twice: the one of {files[0]} runs, the one of {files[1]} does not")
        wait(lambda: line in self.agent.log(), line, 10)

    def test_two_files_with_one_name(self):
        self.agent.pod("twin", self.TWIN, file="b-twin.json")
        before = container(self.agent.wait_ready("twin"), "c")["containerID"]
        # A copy that comes later is another pod, wherever its name stands in the alphabet: also an editor's, unsaved.
        for file in ("a-twin.json", "#b-twin.json#", "c-twin.json~"):
            self.agent.pod("twin", self.TWIN, file=file, labels={"second": "yes"})
            self.told_twice("twin", "b-twin.json", file)
        self.agent.kill()
        self.agent.start()
        pod = self.agent.wait_ready("twin")
        self.assertEqual(container(pod, "c")["containerID"], before)
        # What is changed is that of the pod that runs.
        self.agent.pod("twin", self.TWIN, file="b-twin.json", labels={"first": "yes"})
        self.agent.wait_for("twin", lambda pod: "first" in pod["metadata"].get("labels", {}), "the changed one")
        uid = self.agent.wait_ready("twin")["metadata"]["uid"]
        for file in ("#b-twin.json#", "a-twin.json"):
            self.agent.remove(file)
        # A pod that comes after that was looked at.
        self.agent.pod("later", self.TWIN)
        self.agent.wait_ready("later")
        self.assertEqual(self.agent.find("twin")["metadata"]["uid"], uid)
        # Who is left has the name.
        self.agent.remove("b-twin.json")
        self.agent.wait_for("twin", lambda pod: "second" in pod["metadata"].get("labels", {}), "the other one")

    def test_an_editor_renames_and_writes_anew(self):
        self.agent.pod("edited", self.TWIN)
        self.agent.wait_ready("edited")
        os.rename(f"{self.agent.manifests}/edited.json", f"{self.agent.manifests}/edited.json~")
        self.agent.pod("edited", self.TWIN, labels={"new": "yes"})
        self.agent.wait_for("edited", lambda pod: "new" in pod["metadata"].get("labels", {}), "the new one")
        self.told_twice("edited", "edited.json", "edited.json~")

    def test_two_files_with_one_uid(self):
        for file, labels in (("b-same.json", {"first": "yes"}), ("a-same.json", {"second": "yes"})):
            self.agent.pod("same", self.TWIN, file=file, uid="same-uid", labels=labels)
            self.agent.wait_ready("same")
        line = (f"{self.agent.manifests}/a-same.json: pod default/same-node does not run: it has the uid same-uid of pod "
                f"default/same-node in {self.agent.manifests}/b-same.json")
        wait(lambda: line in self.agent.log(), "the second is told", 10)
        before = container(self.agent.find("same"), "c")["containerID"]
        self.agent.kill()
        self.agent.start()
        pod = self.agent.wait_ready("same")
        self.assertEqual((pod["metadata"]["labels"], container(pod, "c")["containerID"]), ({"first": "yes"}, before))

    def test_a_changed_manifest_replaces_the_pod(self):
        def apply(word):
            self.agent.pod("changing", {"terminationGracePeriodSeconds": 1, "containers": [
                {"name": "c", "command": shell(f"echo {word}; exec sleep 1000")}]})
        apply("one")
        before = self.agent.wait_ready("changing")["metadata"]["uid"]
        apply("two")
        self.agent.wait_for("changing", lambda pod: pod["metadata"]["uid"] != before, "another one")
        self.agent.wait_ready("changing")
        wait(lambda: "two" in self.agent.get("/containerLogs/default/changing-node/c"), "the new one runs", 10)


class Restarts(AgentTest):
    def test_pods_go_on_without_the_agent(self):
        self.agent.pod("lasting", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("exec sleep 1000"),
             "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}]})
        before = container(self.agent.wait_ready("lasting"), "c")
        for _ in range(10 if os.environ.get("SWIFTLET_SOAK") is None else 100):
            self.agent.kill()
            self.agent.start()
        after = container(self.agent.wait_ready("lasting"), "c")
        self.assertEqual((after["containerID"], after["restartCount"]), (before["containerID"], 0))

    def test_what_ended_meanwhile_is_seen(self):
        self.agent.pod("ending", {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": shell("sleep 2; exit 5")}]})
        self.agent.wait_phase("ending", "Running")
        self.agent.kill()
        import time
        time.sleep(3)
        self.agent.start()
        pod = self.agent.wait_phase("ending", "Failed")
        self.assertEqual(container(pod, "c")["state"]["terminated"]["exitCode"], 5)

    def test_what_was_removed_meanwhile_goes(self):
        self.agent.pod("orphan", {"terminationGracePeriodSeconds": 1,
                                  "containers": [{"name": "c", "command": shell("exec sleep 1000")}]})
        self.agent.wait_ready("orphan")
        self.agent.kill()
        self.agent.remove("orphan.json")
        self.agent.start()
        self.agent.wait_gone("orphan")


class API(AgentTest):
    def test_nobody_without_a_name(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.agent.get("/pods", token=False)
        self.assertEqual(refused.exception.code, 401)

    def test_pages(self):
        self.agent.pod("seen", {"terminationGracePeriodSeconds": 1,
                                "containers": [{"name": "c", "command": shell("exec sleep 1000")}]})
        self.agent.wait_ready("seen")
        self.assertEqual(self.agent.get("/healthz"), "ok")
        self.assertIn("seen-node", self.agent.get("/runningpods"))
        summary = json.loads(self.agent.get("/stats/summary"))
        pod = [pod for pod in summary["pods"] if pod["podRef"]["name"] == "seen-node"][0]
        self.assertTrue(pod["startTime"] and pod["containers"][0]["startTime"])
        self.assertEqual(pod["network"]["interfaces"][0]["name"], pod["network"]["name"])
        self.assertIn("swapUsageBytes", summary["node"]["swap"])
        self.assertIn('container_memory_working_set_bytes{container="c",namespace="default",pod="seen-node"}',
                      self.agent.get("/metrics/resource"))
        self.assertIn("container_cpu_usage_seconds_total", self.agent.get("/metrics/cadvisor"))
        page = self.agent.get("/metrics")
        for line in ("kubelet_running_pods [0-9]", "kubelet_started_pods_total [1-9]",
                     'kubelet_started_containers_total{container_type="container"} [1-9]',
                     'kubelet_runtime_operations_total{operation_type="run_podsandbox"} [1-9]',
                     "kubelet_pod_start_duration_seconds_count [1-9]", "process_cpu_seconds_total [0-9]",
                     "process_resident_memory_bytes [1-9]", "process_open_fds [1-9]"):
            self.assertRegex(page, f"(?m)^{line}")
        start = float(page.split("\nprocess_start_time_seconds ")[1].split()[0])
        with open(f"/proc/{self.agent.process.pid}/stat") as stat, open("/proc/uptime") as uptime:
            ticks = int(stat.read().rpartition(")")[2].split()[19])
            age = float(uptime.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
        self.assertLess(abs(time.time() - age - start), 3)
        page = self.agent.get("/metrics/resource")
        for line in ("node_cpu_usage_seconds_total [0-9]", "node_memory_working_set_bytes [1-9]",
                     "node_swap_usage_bytes [0-9]", "resource_scrape_error 0",
                     'container_start_time_seconds{container="c",namespace="default",pod="seen-node"} [1-9]'):
            self.assertRegex(page, f"(?m)^{line}")

    def test_command_line(self):
        self.agent.pod("shown", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("echo hello; exec sleep 1000")}]})
        self.agent.wait_ready("shown")
        row = [line for line in self.agent.run("pods").stdout.splitlines() if "shown-node" in line][0].split()
        self.assertEqual(row[:5], ["default", "shown-node", "1/1", "Running", "0"])
        self.assertIn("Started container c", self.agent.run("describe", "pod", "shown").stdout)
        self.assertEqual(self.agent.run("logs", "shown").stdout, "hello\n")
        self.assertEqual(self.agent.run("exec", "shown", "hostname").stdout, "shown-node\n")
        for option in ("-n", "--namespace", "--pod-namespace"):
            self.assertEqual(self.agent.run("exec", option, "default", "shown", "hostname").stdout, "shown-node\n")
            self.assertEqual(self.agent.run("exec", "shown", option, "default", "--", "hostname").stdout, "shown-node\n")
            self.assertEqual(self.agent.run("logs", option, "default", "shown").stdout, "hello\n")
            for words in (["logs", option, "elsewhere", "shown"], ["exec", option, "elsewhere", "shown", "hostname"]):
                self.assertIn('pods "shown" not found', self.agent.run(*words, check=False).stderr)
        # Docker's word for lines, too.
        self.assertEqual([self.agent.run("logs", "-n", lines, "shown").stdout for lines in ("1", "0")], ["hello\n", ""])
        bogus = self.agent.run("exec", "--bogus", "shown", "hostname", check=False)
        self.assertEqual((bogus.returncode, bogus.stderr), (125, "swiftlet: exec: unknown option '--bogus'; see 'swiftlet exec --help'\n"))
        # Options behind the name, as kubectl takes them.
        self.assertEqual(self.agent.run("exec", "shown", "-c", "c", "-e", "A=b", "--", "sh", "-c", "echo $A").stdout, "b\n")
        for words, problem in (
                (["--bogus", "--", "true"], "unknown option '--bogus'"),
                (["-c", "c", "sh", "--", "-c", "true"], "the command belongs behind '--', and 'sh' stands before it"),
                (["-c", "c", "sh"], "the command belongs behind '--'"), (["-c", "--", "sh"], "-c needs a value")):
            wrong = self.agent.run("exec", "shown", *words, check=False)
            self.assertEqual((wrong.returncode, wrong.stderr), (125, f"swiftlet: exec: {problem}\n"))
        for value in ("x", "-2", ""):
            bad = self.agent.run("logs", "--tail", value, "shown", check=False)
            self.assertNotEqual(bad.returncode, 0)
            self.assertEqual((bad.stdout, len(bad.stderr.splitlines())), ("", 1))
            self.assertIn(f"invalid number of lines '{value}'", bad.stderr)
        missing = self.agent.run("describe", "pod", "nobody", check=False)
        self.assertEqual((missing.returncode, missing.stderr), (1, 'swiftlet: pods "nobody" not found\n'))


if __name__ == "__main__":
    unittest.main()
