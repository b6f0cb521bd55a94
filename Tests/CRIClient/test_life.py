"""A pod's life through the calls of the CRI, and what each answers."""

import json
import os
import subprocess
import threading
import time

import grpc

from node import CONTAINER, FOLDER, NODE, POD, NodeTest, cri, soon

Code = grpc.StatusCode


def map_users(config):
    """A user namespace for a pod, as a kubelet asks for it."""
    users = config.linux.security_context.namespace_options.userns_options
    users.mode = POD
    users.uids.add(host_id=300000, container_id=0, length=65536)
    users.gids.add(host_id=300000, container_id=0, length=65536)


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

    def test_a_pod_is_stopped_while_a_container_starts(self):
        for number in range(30):
            config = self.pod_config(f"hurried-{number}", network=NODE)
            pod = self.run_pod(config)
            container = self.create(pod, config, self.container_config(config, "c", ["sleep", "100"]))
            starting = self.runtime.StartContainer.future(cri.StartContainerRequest(container_id=container), timeout=60)
            time.sleep(number * 0.0003)
            self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod), timeout=60)
            try:
                starting.result()
            except grpc.RpcError:
                # It came too late, or was ended at once.
                pass
            self.assertNotEqual(self.status(container).state, cri.CONTAINER_RUNNING)
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)

    def test_a_command_ends_with_who_asked_for_it(self):
        config = self.pod_config("asked", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])

        def wait_for(count):
            deadline = time.time() + 10
            while self.sh(container, "ps -o args").stdout.count(b"sleep 777") != count:
                self.assertLess(time.time(), deadline)
                time.sleep(0.05)

        request = cri.ExecSyncRequest(container_id=container, cmd=["sleep", "777"])
        call = self.runtime.ExecSync.future(request, timeout=60)
        wait_for(1)
        call.cancel()
        wait_for(0)
        with self.assertRaises(grpc.RpcError) as caught:
            self.runtime.ExecSync(request, timeout=1)
        self.assertEqual(caught.exception.code(), Code.DEADLINE_EXCEEDED)
        wait_for(0)

    def test_many_calls_on_one_connection(self):
        """A kubelet has one connection: its 101st call under way must not cost it the others."""
        config = self.pod_config("calls", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        request = cri.ExecSyncRequest(container_id=container, cmd=["sleep", "1"], timeout=30)
        calls = [self.runtime.ExecSync.future(request, timeout=60) for _ in range(150)]
        failures = [call.exception().details() for call in calls if call.exception()]
        self.assertEqual(failures, [])
        self.assertEqual({call.result().exit_code for call in calls}, {0})

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
        map_users(config)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        result = self.sh(container, "id -u; touch /new; stat -c %u:%g /new /bin/busybox /dev/shm /dev/mqueue /etc/hosts; cat /proc/self/uid_map")
        self.assertEqual(result.stdout.split(), b"0 0:0 0:0 0:0 0:0 0:0 0 300000 65536".split(), result)

    def test_a_privileged_containers_own_devices(self):
        """It has the node's devices, and not the daemon's streams in the place of its own."""
        config = self.pod_config("privileged", network=NODE)
        config.linux.security_context.privileged = True
        pod = self.run_pod(config)
        container = self.start(
            pod, config, "c", ["sleep", "100"], lambda c: setattr(c.linux.security_context, "privileged", True))
        links = self.sh(container, "cd /dev; for f in fd stdin stdout stderr; do readlink $f; done; echo text | cat /dev/stdin; ls kmsg")
        self.assertEqual(links.stdout.decode().split(), ["/proc/self/fd"] + [f"/proc/self/fd/{n}" for n in range(3)] + ["text", "kmsg"])

    def test_kernel_parameters_of_the_pods_device(self):
        for name, mapped in [("device", False), ("mapped-device", True)]:
            config = self.pod_config(name)
            config.linux.sysctls["net.ipv4.conf.eth0.forwarding"] = "1"
            config.linux.sysctls["net.ipv4.tcp_syn_retries"] = "4"
            if mapped:
                map_users(config)
            pod = self.run_pod(config)
            container = self.start(pod, config, "c", ["sleep", "100"])
            files = "cat /proc/sys/net/ipv4/conf/eth0/forwarding /proc/sys/net/ipv4/tcp_syn_retries"
            self.assertEqual(self.sh(container, files).stdout, b"1\n4\n")
        config = self.pod_config("no-device")
        config.linux.sysctls["net.ipv4.conf.eth9.forwarding"] = "1"
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))

    def test_a_device_of_another_name_in_a_user_namespace(self):
        config = self.pod_config("mapped-null")
        map_users(config)
        pod = self.run_pod(config)

        def device(container):
            container.devices.add(container_path="/dev/mynull", host_path="/dev/null", permissions="rw")

        container = self.start(pod, config, "c", ["sleep", "100"], device)
        result = self.sh(container, "echo lost > /dev/mynull && cat /dev/mynull && stat -c %t:%T /dev/mynull")
        self.assertEqual((result.exit_code, result.stdout), (0, b"1:3\n"), result)

    def test_images_as_volumes_in_a_user_namespace(self):
        """Of one layer and of several, with ids as a kubelet gives them and without."""
        archive = os.path.dirname(os.environ["BUSYBOX"]) + "/layers.tar"
        layers = self.swiftlet("load", "-q", "-i", archive).stdout.split()[-1]
        config = self.pod_config("mapped-images")
        map_users(config)
        pod = self.run_pod(config)

        def mounts(container):
            for place, image, is_mapped in [
                    ("/one", "busybox:latest", True), ("/many", layers, True), ("/plain", layers, False)]:
                mount = container.mounts.add(container_path=place, readonly=True)
                mount.image.image = image
                if is_mapped:
                    mount.uidMappings.add(host_id=300000, container_id=0, length=65536)
                    mount.gidMappings.add(host_id=300000, container_id=0, length=65536)

        container = self.start(pod, config, "c", ["sleep", "100"], mounts)
        # Without ids the files are of the node's root, whom the pod does not know.
        self.assertEqual(self.sh(container, "stat -c %u /one /many /plain").stdout.split(), [b"0", b"0", b"65534"])
        self.assertNotEqual(self.sh(container, "touch /many/x").exit_code, 0)

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

    def test_limits_are_told_as_they_are(self):
        config = self.pod_config("told", network=NODE)
        pod = self.run_pod(config)
        # Huge pages of this kernel, as its controller calls them: hugepages-2048kB are 2MB.
        folder = "/sys/kernel/mm/hugepages"
        kilobytes = [int(name.split("-")[1][:-2]) for name in sorted(os.listdir(folder) if os.path.isdir(folder) else [])]
        sizes = {f"{size >> 20}GB" if size >> 20 else f"{size >> 10}MB" if size >> 10 else f"{size}KB": size << 10
                 for size in kilobytes}

        def limit(container):
            # Lower than a node without CAP_SYS_RESOURCE allows.
            container.linux.resources.oom_score_adj = -998
            for name, size in sizes.items():
                container.linux.resources.hugepage_limits.add(page_size=name, limit=2 * size)

        def told():
            resources = self.status(container).resources.linux
            score = self.sh(container, "cat /proc/1/oom_score_adj").stdout
            self.assertEqual(resources.oom_score_adj, int(score))
            return {limit.page_size: limit.limit for limit in resources.hugepage_limits}

        container = self.start(pod, config, "c", ["sleep", "100"], limit)
        before = told()
        update = cri.UpdateContainerResourcesRequest(container_id=container)
        update.linux.oom_score_adj = 500
        changed = {name: size for name, size in list(sizes.items())[:1]}
        for name, size in changed.items():
            update.linux.hugepage_limits.add(page_size=name, limit=size)
        self.runtime.UpdateContainerResources(update)
        # A kernel without the controller limits none.
        self.assertEqual(told(), before and {**before, **changed})

    def test_limits_of_a_pod_are_checked_and_kept(self):
        config = self.pod_config("sum", network=NODE)
        pod = self.run_pod(config)
        for field in ["overhead", "resources"]:
            update = cri.UpdatePodSandboxResourcesRequest(pod_sandbox_id=pod)
            getattr(update, field).cpuset_cpus = "abc"
            said = self.refused(Code.INVALID_ARGUMENT, self.runtime.UpdatePodSandboxResources, update)
            self.assertTrue(said.startswith(f"{field}.cpuset_cpus: "), said)
        update = cri.UpdatePodSandboxResourcesRequest(pod_sandbox_id=pod)
        update.resources.memory_limit_in_bytes = 64 << 20
        self.runtime.UpdatePodSandboxResources(update)
        # Nothing that was refused is kept, where it would stand in the way of the pod's containers.
        self.start(pod, config, "c", ["sleep", "100"])
        told = self.runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=pod, verbose=True)).info["info"]
        linux = json.loads(told)["config"]["linux"]
        self.assertEqual(linux["resources"], {"memoryLimitInBytes": "67108864"})
        self.assertNotIn("overhead", linux)

    def test_a_memory_limit_that_is_too_low_is_named(self):
        config = self.pod_config("tiny", network=NODE)
        pod = self.run_pod(config)
        container = self.container_config(config, "c", ["sleep", "100"])
        container.linux.resources.memory_limit_in_bytes = 4096
        made = self.create(pod, config, container)
        with self.assertRaises(grpc.RpcError) as caught:
            self.runtime.StartContainer(cri.StartContainerRequest(container_id=made), timeout=20)
        self.assertRegex(caught.exception.details(), "memory.limit: 4096 bytes are too little")

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

    def test_lines_of_a_log_are_whole(self):
        config = self.pod_config("lines", network=NODE)
        pod = self.run_pod(config)
        # More at once than the shim reads at once.
        script = ("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done > /lines; "
                  "dd if=/lines bs=64k count=1 2> /dev/null; printf 'login: '; exec sleep 1000")
        self.start(pod, config, "c", ["sh", "-c", script])
        soon(lambda: "login: " in self.log("lines", "c"))
        records = [tuple(line.split(" ", 3)[2:]) for line in self.log("lines", "c").splitlines()]
        self.assertEqual(records, [("F", f"line {number}") for number in range(3000)] + [("P", "login: ")])

    def test_events(self):
        seen = self.listen()
        config = self.pod_config("events", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["true"])
        self.wait_for(container, cri.CONTAINER_EXITED)
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
        time.sleep(0.3)
        self.assertEqual(
            seen,
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

    def test_what_the_status_calls_an_image(self):
        archive = os.path.dirname(os.environ["BUSYBOX"]) + "/layers.tar"
        layers = self.swiftlet("load", "-q", "-i", archive).stdout.split()[-1]
        find = lambda name: self.daemon.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image=name))).image
        image, volume = find("busybox"), find(layers)
        reference = lambda image: image.repo_digests[0] if image.repo_digests else image.id
        config = self.pod_config("named", network=NODE)
        pod = self.run_pod(config)

        def change(container):
            container.image.image = image.id
            container.image.user_specified_image = "busybox"
            container.mounts.add(container_path="/v", host_path=FOLDER)
            container.mounts.add(container_path="/image", readonly=True).image.image = layers

        container = self.start(pod, config, "c", ["sleep", "100"], change)
        status = self.status(container)
        self.assertEqual(status.image.image, "docker.io/library/busybox:latest")
        self.assertEqual(status.image.user_specified_image, "busybox")
        self.assertEqual((status.image_ref, status.image_id), (reference(image), image.id))
        self.assertEqual([m.image.image_ref for m in status.mounts], ["", reference(volume)])
        self.assertEqual(status.stop_signal, cri.SIGNAL_SIGTERM)
        listed = self.containers()[0]
        self.assertEqual((listed.image.image, listed.image_ref, listed.image_id), (image.id,) * 3)
        signalled = self.start(pod, config, "s", ["sleep", "100"], lambda c: setattr(c, "stop_signal", cri.SIGNAL_SIGUSR1))
        self.assertEqual(self.status(signalled).stop_signal, cri.SIGNAL_SIGUSR1)

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
        # A container's group is in its pod's: what the kernel tells of one it tells of the other.
        for of_pod, of_container in [(stats.linux.cpu, inner.cpu), (stats.linux.memory, inner.memory),
                                     (stats.linux.io, inner.io)]:
            self.assertEqual(of_pod.HasField("psi"), of_container.HasField("psi"))
            self.assertEqual(of_pod.psi.HasField("Some"), of_container.psi.HasField("Some"))
        if stats.linux.HasField("io"):
            self.assertGreater(stats.linux.io.timestamp, 0)
        listed = self.runtime.ListPodSandboxStats(cri.ListPodSandboxStatsRequest()).stats[0]
        self.assertEqual(listed.linux.HasField("io"), stats.linux.HasField("io"))
        described = {d.name: list(d.label_keys) for d in self.runtime.ListMetricDescriptors(cri.ListMetricDescriptorsRequest()).descriptors}
        metrics = self.runtime.ListPodSandboxMetrics(cri.ListPodSandboxMetricsRequest()).pod_metrics[0]
        for metric in list(metrics.metrics) + list(metrics.container_metrics[0].metrics):
            self.assertEqual(len(metric.label_values), len(described[metric.name]), metric.name)
        self.assertIn("container_network_receive_bytes_total", {m.name for m in metrics.metrics})

    # What critest expects, beside the network's.
    METRICS = """blkio_device_usage_total cpu_cfs_periods_total cpu_cfs_throttled_periods_total
        cpu_cfs_throttled_seconds_total cpu_system_seconds_total cpu_usage_seconds_total cpu_user_seconds_total
        file_descriptors fs_inodes_free fs_inodes_total fs_limit_bytes fs_reads_bytes_total fs_reads_total fs_usage_bytes
        fs_writes_bytes_total fs_writes_total hugetlb_max_usage_bytes hugetlb_usage_bytes last_seen memory_cache
        memory_failcnt memory_failures_total memory_kernel_usage memory_mapped_file memory_max_usage_bytes memory_rss
        memory_swap memory_usage_bytes memory_working_set_bytes oom_events_total pressure_cpu_stalled_seconds_total
        pressure_cpu_waiting_seconds_total pressure_io_stalled_seconds_total pressure_io_waiting_seconds_total
        pressure_memory_stalled_seconds_total pressure_memory_waiting_seconds_total processes sockets spec_cpu_period
        spec_cpu_quota spec_cpu_shares spec_memory_limit_bytes spec_memory_reservation_limit_bytes
        spec_memory_swap_limit_bytes start_time_seconds threads threads_max ulimits_soft"""
    # The machine may have no such pages, no pressure information, no block device below its files.
    OPTIONAL = ("container_hugetlb_", "container_pressure_", "container_blkio_", "container_fs_reads", "container_fs_writes")

    def test_metrics_as_those_of_cadvisor(self):
        config = self.pod_config("metrics", network=NODE)
        pod = self.run_pod(config)

        def limit(container):
            container.image.user_specified_image = "registry.example/busybox:1"
            resources = container.linux.resources
            resources.memory_limit_in_bytes = 64 << 20
            resources.cpu_period, resources.cpu_quota, resources.cpu_shares = 100_000, 50_000, 1024

        script = "echo x > /file; exec 3</etc/passwd 4</etc/passwd 5</etc/passwd; sleep 100 & sleep 100 & wait"
        self.start(pod, config, "c", ["sh", "-c", script], limit)
        time.sleep(0.3)
        described = {d.name: list(d.label_keys) for d in self.runtime.ListMetricDescriptors(cri.ListMetricDescriptorsRequest()).descriptors}
        wanted = {"container_" + name for name in self.METRICS.split()}
        self.assertEqual(wanted - set(described), set())
        told = self.runtime.ListPodSandboxMetrics(cri.ListPodSandboxMetricsRequest()).pod_metrics[0]
        values = {}
        for metric in told.container_metrics[0].metrics:
            labels = dict(zip(described[metric.name], metric.label_values, strict=True))
            self.assertEqual((labels["container"], labels["image"]), ("c", "registry.example/busybox:1"))
            values.setdefault(metric.name, []).append((labels, metric.value.value))
        self.assertEqual({name for name in wanted - set(values) if not name.startswith(self.OPTIONAL)}, set())
        one = {name: found[0][1] for name, found in values.items()}
        # The shell, with four descriptors of its own at least, and two that sleep.
        self.assertEqual((one["container_processes"], one["container_threads"], one["container_sockets"]), (3, 3, 0))
        self.assertGreaterEqual(one["container_file_descriptors"], 12)
        self.assertEqual((one["container_spec_cpu_period"], one["container_spec_cpu_quota"]), (100_000, 50_000))
        self.assertEqual(one["container_spec_cpu_shares"], 1024)
        self.assertEqual(one["container_spec_memory_limit_bytes"], 64 << 20)
        self.assertGreater(one["container_fs_limit_bytes"], 1 << 20)
        self.assertGreater(one["container_fs_usage_bytes"], 0)
        faults = {(l["failure_type"], l["scope"]): v for l, v in values["container_memory_failures_total"]}
        self.assertEqual(set(faults), {(kind, scope) for kind in ("pgfault", "pgmajfault") for scope in ("container", "hierarchy")})
        self.assertGreater(faults["pgfault", "hierarchy"], 0)
        self.assertEqual([l["ulimit"] for l, _ in values["container_ulimits_soft"]], ["max_open_files"])

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

    def test_an_image_that_cannot_be_a_volume(self):
        """The kubelet finds the CRI's word for it at the beginning of the message."""
        config = self.pod_config("volume", network=NODE)
        pod = self.run_pod(config)
        for image, path, code, words in [
                ("busybox:latest", "absent", Code.INVALID_ARGUMENT, "image_sub_path: absent in busybox:latest: "),
                ("busybox:latest", "bin/busybox", Code.INVALID_ARGUMENT, "bin/busybox in busybox:latest is not a folder"),
                ("busybox:latest", "../etc", Code.INVALID_ARGUMENT, "leads out of the image"),
                ("absent", "", Code.NOT_FOUND, "absent")]:
            wanted = self.container_config(config, "c", ["true"])
            entry = wanted.mounts.add(container_path="/image", readonly=True, image_sub_path=path)
            entry.image.image = image
            message = self.refused(code, self.runtime.CreateContainer, cri.CreateContainerRequest(
                pod_sandbox_id=pod, config=wanted, sandbox_config=config))
            self.assertTrue(message.startswith("ImageVolumeMountFailed: "), message)
            self.assertIn(words, message)


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
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox,
                     cri.RunPodSandboxRequest(config=self.pod_config("handler"), runtime_handler="absent"))

    def test_ports_that_are_taken(self):
        config = self.pod_config("holder")
        config.port_mappings.add(container_port=80, host_port=28080)
        self.run_pod(config)
        other = self.pod_config("late")
        other.port_mappings.add(container_port=81, host_port=28080)
        self.assertIn("28080", self.refused(Code.ALREADY_EXISTS, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=other)))
        other.port_mappings[0].host_port = 28081
        other.port_mappings.add(container_port=82, host_port=28081)
        self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=other))
        other.port_mappings[1].host_ip = "0.0.0.0"
        message = self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=other))
        self.assertIn("28081/tcp is asked for twice: for port 81 and for port 82", message)
        # Of all addresses and of one of them are two.
        other.port_mappings[1].host_ip = "127.0.0.1"
        self.run_pod(other)

    def test_kernel_parameters_that_the_kernel_refuses(self):
        # One that the network sets, and one that the shim sets.
        for name, value in [("net.ipv4.tcp_syn_retries", "9999"), ("kernel.shm_rmid_forced", "7")]:
            config = self.pod_config("refused")
            config.linux.sysctls[name] = value
            message = self.refused(Code.INVALID_ARGUMENT, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))
            self.assertIn(name, message)

    def test_limits_of_a_container_that_has_ended(self):
        config = self.pod_config("ended", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["true"])
        self.wait_for(container, cri.CONTAINER_EXITED)
        update = cri.UpdateContainerResourcesRequest(container_id=container)
        update.linux.cpu_shares = 512
        self.runtime.UpdateContainerResources(update)
        self.assertEqual(self.status(container).resources.linux.cpu_shares, 512)

    def test_ranges_that_pods_cannot_have(self):
        request = cri.UpdateRuntimeConfigRequest()
        for text in ["127.0.0.0/24", "224.0.0.0/8", "169.254.3.0/24", "10.1.0.0/24,10.2.0.0/24", "fe80::/64", "nonsense"]:
            request.runtime_config.network_config.pod_cidr = text
            self.refused(Code.INVALID_ARGUMENT, self.runtime.UpdateRuntimeConfig, request)

    def test_times_that_no_clock_counts(self):
        config = self.pod_config("eternal", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        for timeout in [(1 << 63) - 1, 1 << 62, 9223372036]:
            self.assertEqual(self.sh(container, "echo hi", timeout).stdout, b"hi\n", timeout)
        longest = cri.StopContainerRequest(container_id=container, timeout=(1 << 63) - 1)
        stopping = self.runtime.StopContainer.future(longest, timeout=60)
        time.sleep(0.3)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0), timeout=60)
        stopping.result()
        self.assertEqual(self.status(container).exit_code, 137)

    def test_ten_megabytes_of_labels(self):
        config = self.pod_config("large", network=NODE)
        config.labels["big"] = "x" * (10 << 20)
        pod = self.run_pod(config)
        self.assertEqual(len(self.pod_status(pod).labels["big"]), 10 << 20)

    def test_long_output_is_cut_off(self):
        config = self.pod_config("long-output", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        # More than a message holds is no reason to lose the rest: the client takes 16 MiB, as a kubelet.
        many = "head -c 20000000 /dev/zero | tr '\\0' %s"
        long = self.sh(container, f"{many % 'o'}; echo why >&2; exit 3")
        self.assertEqual((long.exit_code, long.stderr), (3, b"why\n"))
        self.assertGreater(len(long.stdout), (16 << 20) - 200)
        both = self.sh(container, f"{many % 'o'} & {many % 'e'} >&2; wait; exit 4")
        self.assertEqual(both.exit_code, 4)
        self.assertGreater(min(len(both.stdout), len(both.stderr)), (8 << 20) - 200)
        # Who leaves something running with its output open is waited for no longer than a moment.
        begun = time.time()
        left = self.sh(container, "sleep 30 & echo begun")
        self.assertEqual((left.stdout, left.exit_code), (b"begun\n", 0))
        self.assertLess(time.time() - begun, 10)


class Handlers(NodeTest):
    more = ('[runtimes.runc]\nprogram = "/usr/sbin/runc"\npod_annotations = ["team.example/*", "tier"]\n'
            '[runtimes.crun]\nprogram = "/usr/bin/crun"\ncontainer_annotations = ["kept"]\n')

    def spec(self, container):
        request = cri.ContainerStatusRequest(container_id=container, verbose=True)
        return json.loads(self.runtime.ContainerStatus(request).info["info"])["runtimeSpec"]

    def version(self, container):
        return self.spec(container)["ociVersion"]

    def test_annotations_that_a_runtime_gets_to_see(self):
        for handler, seen in [("runc", {"team.example/x": "p", "tier": "p", "kept": "c", "other": "c"}),
                              ("crun", {"kept": "c"}), ("", {"kept": "c", "other": "c"})]:
            config = self.pod_config("annotated-" + handler, network=NODE)
            for name in ["team.example/x", "tier", "tiers", "run.oci.handler"]:
                config.annotations[name] = "p"
            pod = self.run_pod(config, runtime_handler=handler)
            container = self.container_config(config, "c", ["sleep", "100"])
            container.annotations["kept"] = container.annotations["other"] = "c"
            annotations = self.spec(self.create(pod, config, container))["annotations"]
            found = {name: value for name, value in annotations.items() if not name.startswith("io.kubernetes.cri.")}
            self.assertEqual(found, seen, handler)
            self.assertEqual(annotations["io.kubernetes.cri.sandbox-id"], pod)

    def test_a_configuration_has_a_version_that_its_runtime_knows(self):
        newest = {"crun": "1.0.2"}
        said = subprocess.run(["/usr/sbin/runc", "features"], capture_output=True, check=True).stdout
        newest["runc"] = json.loads(said)["ociVersionMax"]
        crun = subprocess.run(["/usr/bin/crun", "features"], capture_output=True)
        if crun.returncode == 0:
            newest["crun"] = json.loads(crun.stdout)["ociVersionMax"]
        number = lambda version: [int(part) for part in version.split("-")[0].split(".")]
        for handler, known in newest.items():
            config = self.pod_config("version-" + handler, network=NODE)
            pod = self.run_pod(config, runtime_handler=handler)
            container = self.create(pod, config, self.container_config(config, "c", ["sleep", "100"]))
            self.assertLessEqual(number(self.version(container)), number(known), handler)
        config = self.pod_config("version", network=NODE)
        container = self.create(self.run_pod(config), config, self.container_config(config, "c", ["true"]))
        self.assertGreater(number(self.version(container)), [1, 0, 2])

    def test_a_pod_on_each_of_two_runtimes(self):
        names = [h.name for h in self.runtime.Status(cri.StatusRequest()).runtime_handlers]
        self.assertEqual(names, ["", "swiftlet", "crun", "runc"])
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

    def test_a_user_namespace_of_another_runtime(self):
        """It looks for the root as the pod's root, whom nothing else of the container's folder is open to."""
        config = self.pod_config("mapped-runc")
        map_users(config)
        # Whoever may not enter the folders above finds no root.
        above = os.path.dirname(FOLDER)
        while above != "/":
            os.chmod(above, os.stat(above).st_mode | 0o011)
            above = os.path.dirname(above)
        pod = self.run_pod(config, runtime_handler="runc")
        container = self.create(pod, config, self.container_config(config, "c", ["sleep", "100"]))
        self.daemon.stop()
        self.daemon.start()
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=container))
        result = self.sh(container, "id -u; touch /new; stat -c %u:%g /new /bin/busybox; cat /proc/self/uid_map")
        self.assertEqual(result.stdout.split(), b"0 0:0 0:0 0 300000 65536".split(), result)
        folder = f"{FOLDER}/lib/k8s/containers/{container}"
        self.assertEqual((os.stat(folder).st_gid, os.stat(folder).st_mode & 0o777), (300000, 0o710))
        for name in os.listdir(folder):
            if name not in ("rootfs", "upper", "images"):
                self.assertEqual(os.lstat(f"{folder}/{name}").st_mode & 0o077, 0, name)


class HandlerFeatures(NodeTest):
    more = ('[runtimes.runc]\nprogram = "/usr/sbin/runc"\n[runtimes.silent]\nprogram = "/bin/false"\n'
            '[runtimes.absent]\nprogram = "/nonexistent"\n')

    def test_features_are_what_the_runtimes_say(self):
        status = self.runtime.Status(cri.StatusRequest())
        handlers = {h.name: h for h in status.runtime_handlers}
        said = json.loads(subprocess.run(["/usr/sbin/runc", "features"], capture_output=True, check=True).stdout)
        mapping = said["linux"].get("mountExtensions", {}).get("idmap", {}).get("enabled", False)
        own = handlers[""].features
        self.assertEqual(handlers["runc"].features.recursive_read_only_mounts,
                         own.recursive_read_only_mounts and "rro" in said["mountOptions"])
        self.assertEqual(handlers["runc"].features.user_namespaces, own.user_namespaces and mapping)
        self.assertEqual([name for name, h in handlers.items() if not h.HasField("features")], ["absent", "silent"])
        self.assertEqual(status.features.user_namespaces_host_network, own.user_namespaces)


class DefaultHandler(NodeTest):
    more = 'default_runtime = "runc"\n[runtimes.runc]\nprogram = "/usr/sbin/runc"\n'

    def test_pods_that_name_none_have_the_default_runtime(self):
        handlers = self.runtime.Status(cri.StatusRequest()).runtime_handlers
        self.assertEqual([h.name for h in handlers], ["", "swiftlet", "runc"])
        self.assertEqual(handlers[0].features, handlers[2].features)
        for handler, runtime in [("", "runc"), ("runc", "runc"), ("swiftlet", "swiftlet")]:
            config = self.pod_config("of-" + runtime + handler)
            pod = self.run_pod(config, runtime_handler=handler)
            self.assertEqual(self.pod_status(pod).runtime_handler, handler)
            container = self.start(pod, config, "c", ["sleep", "100"])
            kept = os.path.exists(f"{FOLDER}/run/k8s/runc/{container}/state.json")
            self.assertEqual(kept, runtime == "runc", handler)
            self.assertEqual(self.sh(container, "echo hi").stdout, b"hi\n")
