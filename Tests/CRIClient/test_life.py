"""A pod's life through the calls of the CRI, and what each answers."""

import json
import os
import subprocess
import threading
import time

import grpc

from node import CONTAINER, FOLDER, NODE, POD, NodeTest, cri

Code = grpc.StatusCode


class Life(NodeTest):
    def test_a_container_from_its_making_to_its_end(self):
        config = self.pod_config("whole")
        pod = self.run_pod(config)
        status = self.pod_status(pod)
        self.assertEqual(status.state, cri.SANDBOX_READY)
        self.assertTrue(status.network.ip)
        script = "echo out; echo err >&2; hostname; cat /etc/hosts; exec sleep 100"
        container = self.create(pod, config, self.container_config(config, "c", ["sh", "-c", script]))
        self.assertEqual(self.status(container).state, cri.CONTAINER_CREATED)
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=container))
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)
        result = self.sh(container, "ip addr show eth0; echo oops >&2; exit 3")
        self.assertEqual(result.exit_code, 3)
        self.assertIn(status.network.ip.encode(), result.stdout)
        self.assertEqual(result.stderr, b"oops\n")
        # It may take its time to write, and is killed then.
        for _ in range(200):
            lines = self.log("whole", "c").splitlines()
            if any(status.network.ip in line and "whole" in line for line in lines):
                break
            time.sleep(0.05)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
        ended = self.status(container)
        self.assertEqual((ended.state, ended.exit_code, ended.reason), (cri.CONTAINER_EXITED, 137, "Error"))
        self.assertLess(ended.created_at, ended.started_at)
        self.assertLess(ended.started_at, ended.finished_at)
        lines = self.log("whole", "c").splitlines()
        self.assertTrue(any(line.endswith(" stdout F out") for line in lines), lines)
        self.assertTrue(any(line.endswith(" stderr F err") for line in lines), lines)
        self.assertTrue(any(line.endswith(" stdout F whole") for line in lines), lines)
        self.assertTrue(any(status.network.ip in line and "whole" in line for line in lines), lines)
        # A container runs once.
        self.refused(Code.FAILED_PRECONDITION, self.runtime.StartContainer, cri.StartContainerRequest(container_id=container))
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        self.assertEqual(self.status(container).exit_code, 137)

    def test_the_command_line_sees_pods_in_their_namespace(self):
        config = self.pod_config("seen")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sh", "-c", "echo hello; exec sleep 100"])

        swiftlet = self.swiftlet
        self.assertIn(container, swiftlet("--namespace", "k8s", "ps", "-q", "--no-trunc").stdout)
        self.assertEqual(swiftlet("ps", "-q").stdout, "")
        self.assertEqual(swiftlet("--namespace", "k8s", "exec", container, "hostname").stdout, "seen\n")
        # An image of a running container stays, whosever that is.
        refusal = swiftlet("rmi", "busybox")
        self.assertEqual(refusal.returncode, 1)
        self.assertIn("is used by", refusal.stderr)
        self.assertEqual(swiftlet("--namespace", "../x", "ps").returncode, 125)

    def test_many_at_once(self):
        """Nobody holds a container's lock by chance: a program that another call is just starting has it open, too."""
        failures = []

        def live(worker):
            try:
                for number in range(12):
                    config = self.pod_config(f"w{worker}-{number}", network=NODE)
                    pod = self.run_pod(config)
                    self.start(pod, config, "c", ["sleep", "100"])
                    self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
            except grpc.RpcError as error:
                failures.append(error.details())

        workers = [threading.Thread(target=live, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(failures, [])

    def test_exit_codes_and_reasons(self):
        config = self.pod_config("codes", network=NODE)
        pod = self.run_pod(config)
        for name, command, code, reason in [("good", "exit 0", 0, "Completed"), ("bad", "exit 7", 7, "Error"),
                                            ("signal", "sh -c 'kill -TERM $$'; exit $?", 143, "Error")]:
            container = self.start(pod, config, name, ["sh", "-c", command])
            status = self.wait_for(container, cri.CONTAINER_EXITED)
            self.assertEqual((status.exit_code, status.reason), (code, reason), name)

    def test_a_program_that_is_not_there(self):
        config = self.pod_config("absent", network=NODE)
        pod = self.run_pod(config)
        container = self.create(pod, config, self.container_config(config, "c", ["/nonexistent"]))
        message = self.refused(Code.UNKNOWN, self.runtime.StartContainer, cri.StartContainerRequest(container_id=container))
        self.assertIn("/nonexistent", message)
        status = self.status(container)
        self.assertEqual((status.state, status.exit_code, status.reason), (cri.CONTAINER_EXITED, 128, "StartError"))
        self.assertIn("/nonexistent", status.message)

    def test_two_containers_share_network_and_memory(self):
        config = self.pod_config("shared", pid=POD)
        pod = self.run_pod(config)
        self.start(pod, config, "server", ["sh", "-c", "echo hi > /dev/shm/x; mkdir /www; echo pong > /www/index.html; exec httpd -f -p 8080 -h /www"])
        client = self.start(pod, config, "client", ["sleep", "100"])
        result = self.sh(client, "for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://127.0.0.1:8080/ && break; sleep 0.2; done; cat /dev/shm/x")
        self.assertEqual(result.stdout, b"pong\nhi\n")
        processes = self.sh(client, "ps -o pid,args").stdout.decode()
        self.assertIn("swiftlet-init", processes)
        self.assertIn("httpd", processes)
        # The init is another user's: nobody looks into it, not even by a shared pid namespace.
        self.assertNotEqual(self.sh(client, "ls /proc/1/root/").exit_code, 0)

    def test_a_user_namespace(self):
        config = self.pod_config("mapped")
        users = config.linux.security_context.namespace_options.userns_options
        users.mode = POD
        users.uids.add(host_id=300000, container_id=0, length=65536)
        users.gids.add(host_id=300000, container_id=0, length=65536)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        result = self.sh(container, "id -u; touch /new; stat -c %u:%g /new /bin/busybox /dev/shm /etc/hosts; cat /proc/self/uid_map")
        self.assertEqual(result.stdout.split(), b"0 0:0 0:0 0:0 0:0 0 300000 65536".split(), result)

    def test_limits_are_set_and_changed(self):
        config = self.pod_config("limits", network=NODE)
        pod = self.run_pod(config)

        def limit(container):
            container.linux.resources.memory_limit_in_bytes = 64 << 20
            container.linux.resources.cpu_shares = 512

        container = self.start(pod, config, "c", ["sleep", "100"], limit)
        file = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max"
        self.assertEqual(int(self.sh(container, file).stdout), 64 << 20)
        update = cri.UpdateContainerResourcesRequest(container_id=container)
        update.linux.memory_limit_in_bytes = 96 << 20
        self.runtime.UpdateContainerResources(update)
        self.assertEqual(int(self.sh(container, file).stdout), 96 << 20)
        resources = self.status(container).resources.linux
        self.assertEqual((resources.memory_limit_in_bytes, resources.cpu_shares), (96 << 20, 512))

    def test_out_of_memory_is_told(self):
        config = self.pod_config("hog", network=NODE)
        pod = self.run_pod(config)

        def limit(container):
            container.linux.resources.memory_limit_in_bytes = 16 << 20

        container = self.start(pod, config, "c", ["sh", "-c", "x=a; while true; do x=$x$x; done"], limit)
        self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).reason, "OOMKilled")

    def test_a_log_that_is_rotated(self):
        config = self.pod_config("rotated", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sh", "-c", "while read line; do :; done < /dev/null; while true; do echo tick; sleep 0.05; done"])
        time.sleep(0.3)
        path = f"{FOLDER}/logs/rotated/c.log"
        os.rename(path, path + ".old")
        self.runtime.ReopenContainerLog(cri.ReopenContainerLogRequest(container_id=container))
        time.sleep(0.3)
        old = os.path.getsize(path + ".old")
        self.assertIn("tick", self.log("rotated", "c"))
        time.sleep(0.2)
        self.assertEqual(os.path.getsize(path + ".old"), old)

    def test_events(self):
        seen = []
        stream = self.runtime.GetContainerEvents(cri.GetEventsRequest())

        def listen():
            try:
                for event in stream:
                    seen.append((event.container_event_type, event.container_id, len(event.containers_statuses)))
            except grpc.RpcError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.3)
        config = self.pod_config("events", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["true"])
        self.wait_for(container, cri.CONTAINER_EXITED)
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
        time.sleep(0.3)
        stream.cancel()
        thread.join()
        self.assertEqual(
            [(kind, name) for kind, name, _ in seen],
            [(cri.CONTAINER_CREATED_EVENT, pod), (cri.CONTAINER_STARTED_EVENT, pod),
             (cri.CONTAINER_CREATED_EVENT, container), (cri.CONTAINER_STARTED_EVENT, container),
             (cri.CONTAINER_STOPPED_EVENT, container), (cri.CONTAINER_DELETED_EVENT, container)])

    def test_a_start_writes_nothing_into_the_image(self):
        """Places for mounts that the image lacks are there already: busybox has no /etc/hosts."""
        config = self.pod_config("clean")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        self.assertEqual(os.listdir(f"{FOLDER}/lib/k8s/containers/{container}/upper"), [])
        self.assertEqual(self.sh(container, "cat /etc/hostname").stdout, b"clean\n")
        # What is the image's own is as it was.
        self.assertEqual(self.sh(container, "echo x > /etc/own && cat /etc/own").stdout, b"x\n")

    def test_lists_and_filters(self):
        one, two = self.pod_config("one", network=NODE), self.pod_config("two", network=NODE)
        first, second = self.run_pod(one), self.run_pod(two)
        a = self.start(first, one, "a", ["sleep", "100"])
        b = self.create(second, two, self.container_config(two, "b", ["true"]))
        self.assertEqual([c.id for c in self.containers(pod_sandbox_id=first)], [a])
        self.assertEqual([c.id for c in self.containers(label_selector={"container": "b"})], [b])
        self.assertEqual([c.id for c in self.containers(id=a[:12])], [a])
        state = cri.ContainerStateValue(state=cri.CONTAINER_CREATED)
        self.assertEqual([c.id for c in self.containers(state=state)], [b])
        request = cri.ListPodSandboxRequest()
        request.filter.label_selector["app"] = "two"
        self.assertEqual([p.id for p in self.runtime.ListPodSandbox(request).items], [second])
        streamed = [c.id for part in self.runtime.StreamContainers(cri.StreamContainersRequest()) for c in part.containers]
        self.assertEqual(sorted(streamed), sorted([a, b]))
        image = self.daemon.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image="busybox"))).image
        self.assertEqual({c.image_id for c in self.containers()}, {image.id})
        self.assertEqual(self.status(a).image_id, image.id)

    def test_statistics(self):
        config = self.pod_config("stats")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sh", "-c", "dd if=/dev/zero of=/file bs=1M count=4; while true; do :; done"])
        time.sleep(0.7)
        first = self.runtime.ContainerStats(cri.ContainerStatsRequest(container_id=container)).stats
        self.assertGreater(first.cpu.usage_core_nano_seconds.value, 100_000_000)
        time.sleep(0.7)
        stats = self.runtime.PodSandboxStats(cri.PodSandboxStatsRequest(pod_sandbox_id=pod)).stats
        inner = stats.linux.containers[0]
        self.assertGreater(inner.cpu.usage_nano_cores.value, 50_000_000)
        self.assertGreater(inner.memory.working_set_bytes.value, 0)
        self.assertGreaterEqual(inner.writable_layer.used_bytes.value, 4 << 20)
        self.assertEqual(stats.linux.network.default_interface.name, "eth0")
        self.assertGreaterEqual(stats.linux.process.process_count.value, 1)
        described = {d.name: list(d.label_keys) for d in self.runtime.ListMetricDescriptors(cri.ListMetricDescriptorsRequest()).descriptors}
        metrics = self.runtime.ListPodSandboxMetrics(cri.ListPodSandboxMetricsRequest()).pod_metrics[0]
        for metric in list(metrics.metrics) + list(metrics.container_metrics[0].metrics):
            self.assertEqual(len(metric.label_values), len(described[metric.name]), metric.name)
        self.assertIn("container_network_receive_bytes_total", {m.name for m in metrics.metrics})

    def test_an_image_of_a_volume_stays_as_long_as_the_container(self):
        archive = os.path.dirname(os.environ["BUSYBOX"]) + "/layers.tar"
        layers = self.swiftlet("load", "-q", "-i", archive).stdout.split()[-1]
        image = self.daemon.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image=layers))).image
        config = self.pod_config("held", network=NODE)
        pod = self.run_pod(config)

        def mount(container):
            container.mounts.add(container_path="/image", readonly=True).image.image = layers

        container = self.start(pod, config, "c", ["sleep", "100"], mount)
        files = self.sh(container, "ls /image").stdout
        remove = cri.RemoveImageRequest(image=cri.ImageSpec(image=image.id))
        self.assertIn("used by", self.refused(Code.FAILED_PRECONDITION, self.daemon.images.RemoveImage, remove))
        self.assertEqual(self.swiftlet("image", "prune", "--all", "--force").returncode, 0)
        # It fails, as it cannot empty the disk.
        self.swiftlet("image", "gc", "--high", "1", "--low", "0", "--min-age", "0s")
        self.assertEqual(self.sh(container, "ls /image").stdout, files)
        # Also without a process, and for a daemon that did not make it.
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
        self.daemon.stop()
        self.daemon.start()
        self.refused(Code.FAILED_PRECONDITION, self.daemon.images.RemoveImage, remove)
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
        self.daemon.images.RemoveImage(remove)
        found = self.daemon.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image=image.id)))
        self.assertEqual(found.image.id, "")

    def test_the_daemons_state_for_people(self):
        config = self.pod_config("shown")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        state = json.loads(self.swiftlet("cri", "dump").stdout)
        shown = {one["id"]: one for one in state["sandboxes"]}[pod]
        self.assertEqual((shown["name"], shown["phase"], shown["hasShim"]), ("shown", "ready", True))
        self.assertEqual(shown["addresses"], [self.pod_status(pod).network.ip])
        inner = shown["containers"][0]
        self.assertEqual((inner["id"], inner["status"]["status"]), (container, "running"))
        self.assertIn(pod, state["names"].values())
        inspect = lambda *names: self.swiftlet("--namespace", "k8s", "inspect", *names)
        for name in [pod, pod[:12], "shown", "default/shown"]:
            self.assertEqual(json.loads(inspect(name).stdout)[0]["id"], pod, name)
        both = json.loads(inspect(pod, container).stdout)
        self.assertEqual([both[0]["id"], both[1]["Id"], both[1]["State"]["Running"]], [pod, container, True])
        self.assertEqual(inspect("absent").returncode, 1)
        self.assertIn("absent", inspect("absent").stderr)
        self.assertEqual(self.swiftlet("inspect", "shown").returncode, 1)
        elsewhere = self.swiftlet("cri", "dump", "--state", f"{FOLDER}/nowhere")
        self.assertEqual((elsewhere.returncode, elsewhere.stderr.count("\n")), (1, 1))

    def test_pods_are_not_changed_behind_the_daemons_back(self):
        config = self.pod_config("owned", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        for words in [["rm", "-f", container], ["stop", "-t", "0", container], ["kill", container],
                      ["restart", container], ["start", container], ["pause", container],
                      ["run", "--rm", "busybox", "true"], ["create", "busybox", "true"]]:
            refusal = self.swiftlet("--namespace", "k8s", *words)
            self.assertEqual((refusal.returncode, refusal.stderr.count("\n")), (125, 1), words)
            self.assertIn("belong to pods", refusal.stderr)
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)
        self.assertEqual(len(self.containers()), 1)

    def test_an_image_as_a_volume(self):
        config = self.pod_config("volume", network=NODE)
        pod = self.run_pod(config)

        def mount(container):
            entry = container.mounts.add(container_path="/image", readonly=True)
            entry.image.image = "busybox:latest"

        container = self.start(pod, config, "c", ["sleep", "100"], mount)
        result = self.sh(container, "ls /image/bin/busybox; touch /image/x")
        self.assertEqual(result.stdout, b"/image/bin/busybox\n")
        self.assertIn(b"Read-only", result.stderr)


class Refusals(NodeTest):
    def test_what_is_gone_can_be_stopped_and_removed(self):
        self.runtime.StopContainer(cri.StopContainerRequest(container_id="absent"))
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id="absent"))
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id="absent"))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id="absent"))

    def test_what_is_not_there(self):
        for name in ["absent", "", "../../etc", "a/b", "x" * 100_000]:
            self.refused(Code.NOT_FOUND, self.runtime.ContainerStatus, cri.ContainerStatusRequest(container_id=name))
            self.refused(Code.NOT_FOUND, self.runtime.PodSandboxStatus, cri.PodSandboxStatusRequest(pod_sandbox_id=name))
            self.refused(Code.NOT_FOUND, self.runtime.StartContainer, cri.StartContainerRequest(container_id=name))
            self.refused(Code.NOT_FOUND, self.runtime.ExecSync, cri.ExecSyncRequest(container_id=name, cmd=["true"]))
            self.refused(Code.NOT_FOUND, self.runtime.ReopenContainerLog, cri.ReopenContainerLogRequest(container_id=name))

    def test_empty_requests(self):
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest())
        self.refused(Code.INVALID_ARGUMENT, self.runtime.CreateContainer, cri.CreateContainerRequest())

    def test_names_are_reserved(self):
        config = self.pod_config("twice", network=NODE)
        pod = self.run_pod(config)
        self.refused(Code.ALREADY_EXISTS, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))
        wanted = self.container_config(config, "c", ["true"])
        first = self.create(pod, config, wanted)
        request = cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config)
        self.refused(Code.ALREADY_EXISTS, self.runtime.CreateContainer, request)
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=first))
        self.create(pod, config, wanted)

    def test_hostile_values(self):
        config = self.pod_config("hostile", network=NODE)
        pod = self.run_pod(config)

        def create(change):
            wanted = self.container_config(config, "c", ["true"])
            change(wanted)
            return cri.CreateContainerRequest(pod_sandbox_id=pod, config=wanted, sandbox_config=config)

        def with_log(path):
            return create(lambda c: setattr(c, "log_path", path))

        refuse = lambda request: self.refused(Code.INVALID_ARGUMENT, self.runtime.CreateContainer, request)
        refuse(with_log("../../../etc/cron.d/x"))
        refuse(create(lambda c: setattr(c.linux.security_context.run_as_user, "value", 1 << 40)))
        self.refused(Code.NOT_FOUND, self.runtime.CreateContainer, create(lambda c: setattr(c.image, "image", "absent")))
        sysctl = self.pod_config("sysctl")
        sysctl.linux.sysctls["kernel.shm_rmid_forced"] = "1+kernel.core_pattern=|/evil"
        sysctl.linux.sysctls["kernel.core_pattern"] = "|/evil"
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=sysctl))
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox,
                     cri.RunPodSandboxRequest(config=self.pod_config("handler"), runtime_handler="absent"))

    def test_ten_megabytes_of_labels(self):
        config = self.pod_config("large", network=NODE)
        config.labels["big"] = "x" * (10 << 20)
        pod = self.run_pod(config)
        self.assertEqual(len(self.pod_status(pod).labels["big"]), 10 << 20)

    def test_endless_output_is_cut_off(self):
        config = self.pod_config("endless", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        self.refused(Code.DEADLINE_EXCEEDED, self.runtime.ExecSync,
                     cri.ExecSyncRequest(container_id=container, cmd=["sh", "-c", "yes"], timeout=2))
        with open(f"/proc/{self.daemon.process.pid}/status") as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(resident, 200 << 10)
        # Who leaves something running with its output open is waited for no longer than a moment.
        begun = time.time()
        left = self.sh(container, "sleep 30 & echo begun")
        self.assertEqual((left.stdout, left.exit_code), (b"begun\n", 0))
        self.assertLess(time.time() - begun, 10)
        # What it was killed for is gone.
        self.assertNotIn("yes", self.sh(container, "ps -o args").stdout.decode().split("\n"))


class Handlers(NodeTest):
    more = '[runtimes.runc]\nprogram = "/usr/sbin/runc"\n'

    def test_a_pod_on_each_of_two_runtimes(self):
        names = [h.name for h in self.runtime.Status(cri.StatusRequest()).runtime_handlers]
        self.assertEqual(names, ["", "swiftlet", "runc"])
        for handler in ["swiftlet", "runc"]:
            config = self.pod_config("on-" + handler)
            pod = self.run_pod(config, runtime_handler=handler)
            self.assertEqual(self.pod_status(pod).runtime_handler, handler)
            container = self.start(pod, config, "c", ["sh", "-c", "trap 'exit 9' TERM; while true; do sleep 0.05; done"])
            self.assertEqual(self.sh(container, "hostname").stdout.decode().strip(), "on-" + handler)
            self.assertEqual(self.sh(container, "exit 4").exit_code, 4)
            stats = self.runtime.ContainerStats(cri.ContainerStatsRequest(container_id=container)).stats
            self.assertGreater(stats.memory.usage_bytes.value, 0)
            kept = os.path.exists(f"{FOLDER}/run/k8s/runc/{container}/state.json")
            self.assertEqual(kept, handler == "runc")
            self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=10))
            self.assertEqual(self.status(container).exit_code, 9)
