"""The daemon and the shims are killed; what was acknowledged is there afterwards."""

import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import grpc

from node import CONTAINER, FOLDER, NODE, POD, NodeTest, cri, shims, soon


def groups(pod):
    """Of a pod that nobody has named a parent for: in version 1 hierarchies or in the one of version 2."""
    return [path for place in ("", "*/") for path in glob.glob(f"/sys/fs/cgroup/{place}swiftlet/pods/{pod}")]


def ask_shim(pod, **request):
    """As a daemon does."""
    folder = os.open(f"{FOLDER}/run/k8s/{pod}", os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as shim:
            shim.settimeout(20)
            # The path itself may be too long for an address.
            shim.connect(f"/proc/self/fd/{folder}/shim.sock")
            shim.recv(1024)
            shim.send(json.dumps({"number": 1, **request}).encode())
            return json.loads(shim.recv(1 << 16))
    finally:
        os.close(folder)


class Recovery(NodeTest):
    def restart(self):
        self.daemon.kill()
        self.daemon.start()

    def wait_until_ready(self, pod):
        soon(lambda: self.pod_status(pod).state == cri.SANDBOX_READY)

    def test_containers_live_on_without_the_daemon(self):
        config = self.pod_config("alive")
        pod = self.run_pod(config)
        runs = self.start(pod, config, "runs", ["sleep", "1000"])
        ends = self.start(pod, config, "ends", ["sh", "-c", "sleep 0.5; exit 5"])
        made = self.create(pod, config, self.container_config(config, "made", ["sleep", "1000"]))
        address = self.pod_status(pod).network.ip
        self.daemon.kill()
        time.sleep(0.8)
        self.daemon.start()
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        self.assertEqual(self.pod_status(pod).network.ip, address)
        self.assertEqual(self.status(runs).state, cri.CONTAINER_RUNNING)
        self.assertEqual((self.status(ends).state, self.status(ends).exit_code), (cri.CONTAINER_EXITED, 5))
        self.assertEqual(self.sh(runs, "echo here").stdout, b"here\n")
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=made))
        self.assertEqual(self.status(made).state, cri.CONTAINER_RUNNING)

    def test_the_next_pods_shim(self):
        """One waits, with the id of the pod to come; whatever becomes of it, pods start."""
        def waiting():
            """The one that the daemon knows: it becomes another process on its way."""
            return soon(lambda: {id: pid for id, pid in shims(spare=True).items()
                                 if json.loads(self.swiftlet("cri", "dump").stdout).get("spareShimPid") == pid})

        ((id, pid),) = waiting().items()
        config = self.pod_config("next")
        pod = self.run_pod(config)
        self.assertEqual(pod, id)
        self.assertIn(pod, shims())
        # Of a call that is refused it is not the pod.
        ((id, pid),) = waiting().items()
        self.refused(grpc.StatusCode.ALREADY_EXISTS, self.runtime.RunPodSandbox, cri.RunPodSandboxRequest(config=config))
        self.assertEqual(shims(spare=True), {id: pid})
        os.kill(pid, signal.SIGKILL)
        another = self.run_pod(self.pod_config("another"))
        self.assertEqual(self.pod_status(another).state, cri.SANDBOX_READY)
        self.assertNotIn(pid, [int(entry) for entry in os.listdir("/proc") if entry.isdigit()])
        # Nor does one that stands still cost a pod more than a moment.
        ((id, pid),) = waiting().items()
        os.kill(pid, signal.SIGSTOP)
        begun = time.time()
        held = self.run_pod(self.pod_config("held", network=NODE))
        self.assertLess(time.time() - begun, 30)
        self.assertEqual((held, self.pod_status(held).state), (id, cri.SANDBOX_READY))
        self.assertNotEqual(shims()[held], pid)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        # It is a part of its daemon.
        before = waiting()
        self.daemon.kill()
        soon(lambda: not shims(spare=True))
        self.assertEqual(set(shims()), {pod, another, held})
        self.daemon.start()
        self.assertNotEqual(waiting(), before)
        self.daemon.stop()
        self.assertEqual(shims(spare=True), {})
        self.daemon.start()

    def test_a_record_of_the_network_that_was_just_being_written(self):
        self.run_pod(self.pod_config("writes"))
        path = f"{FOLDER}/run/network/pods/{'0' * 64}.json.new"
        self.daemon.kill()
        with open(path, "w") as file:
            file.write("{")
        self.daemon.start()
        self.assertFalse(os.path.exists(path))

    def test_a_killed_shim(self):
        config, other = self.pod_config("lost"), self.pod_config("other", network=NODE)
        pod, unhurt = self.run_pod(config), self.run_pod(other)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        keeps = self.start(unhurt, other, "c", ["sleep", "1000"])
        pid = int(self.sh(container, "cut -d' ' -f4 /proc/self/stat").stdout)
        os.kill(shims()[pod], signal.SIGKILL)
        status = self.wait_for(container, cri.CONTAINER_EXITED, seconds=1)
        self.assertEqual((status.exit_code, status.reason), (255, "Unknown"))
        # The end of a shim is seen in its container's state, and a moment later heard.
        deadline = time.time() + 1
        while self.pod_status(pod).state != cri.SANDBOX_NOTREADY:
            self.assertLess(time.time(), deadline)
        self.assertEqual(self.status(keeps).state, cri.CONTAINER_RUNNING)

    def test_the_run_folder_is_taken_away(self):
        """Nobody can speak to the shims any more: by somebody who clears /run, or with another folder."""
        made = []
        for name, pid in [("away", POD), ("away-too", CONTAINER)]:
            config = self.pod_config(name, pid=pid)
            pod = self.run_pod(config)
            made.append((pod, self.start(pod, config, "c", ["sh", "-c", "sleep 1001 & sleep 1002"])))
        empty = self.run_pod(self.pod_config("away-empty"))
        self.daemon.kill()
        os.rename(f"{FOLDER}/run", f"{FOLDER}/away")
        self.daemon.start()
        for pod, container in made:
            status = self.wait_for(container, cri.CONTAINER_EXITED)
            self.assertEqual((status.exit_code, status.reason), (255, "Unknown"))
            soon(lambda: self.pod_status(pod).state == cri.SANDBOX_NOTREADY)
            self.assertEqual(groups(f"{pod}/{container}"), [])
        soon(lambda: shims() == {})
        for pod in [pod for pod, _ in made] + [empty]:
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
        # It would not go if something was still mounted in it.
        shutil.rmtree(f"{FOLDER}/away")

    def test_a_shim_that_is_killed_while_its_containers_end(self):
        """What was asked for has happened."""
        config = self.pod_config("lost-ending", network=NODE)
        pod = self.run_pod(config)
        # Who ignores the stop signal ends by SIGKILL, after the time.
        made = [self.start(pod, config, f"c{number}", ["sleep", "1000"]) for number in range(3)]
        heard = self.listen()
        stops = [self.runtime.StopContainer.future(cri.StopContainerRequest(container_id=c, timeout=30), timeout=60) for c in made]
        time.sleep(0.3)
        self.assertFalse(any(call.done() for call in stops))
        os.kill(shims()[pod], signal.SIGKILL)
        self.assertEqual([call.exception() for call in stops], [None] * 3)
        for container in made:
            status = self.status(container)
            self.assertEqual((status.state, status.exit_code, status.reason), (cri.CONTAINER_EXITED, 255, "Unknown"))
            self.assertGreater(status.finished_at, 0)
        soon(lambda: (cri.CONTAINER_STOPPED_EVENT, pod) in heard)
        self.assertEqual(sorted(heard), sorted((cri.CONTAINER_STOPPED_EVENT, id) for id in [pod, *made]))
        for container in made:
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))

    def test_lines_of_the_log_name_their_pod(self):
        start = os.path.getsize(f"{FOLDER}/daemon.log")

        def told(what):
            with open(f"{FOLDER}/daemon.log") as log:
                log.seek(start)
                return [line for line in log if what in line and f" pod={pod}" in line]

        def shared(container):
            # What the pod was not made for has a warning.
            container.linux.security_context.namespace_options.pid = POD

        config = self.pod_config("logged", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"], shared)
        warnings = [line for line in told("namespace_options.pid") if f"container={container} " in line]
        self.assertEqual(len(warnings), 1)
        os.kill(shims()[pod], signal.SIGKILL)
        soon(lambda: told("the shim of a sandbox is gone"))
        self.daemon.kill()
        self.damage(f"lib/k8s/containers/{container}/status.json")
        self.daemon.start()
        self.assertEqual(len(told("the status of a container is damaged")), 1)

    def test_a_shim_that_died_while_nobody_looked(self):
        config = self.pod_config("unseen")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        self.daemon.kill()
        os.kill(shims()[pod], signal.SIGKILL)
        self.daemon.start()
        self.assertEqual((self.status(container).exit_code, self.status(container).reason), (255, "Unknown"))
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)

    def damage(self, path, text=""):
        with open(f"{FOLDER}/{path}", "r+") as file:
            file.truncate()
            file.write(text)

    def test_damaged_files_stop_nobody(self):
        """As a machine that was cut off leaves them: each costs what it is of, at most."""
        pods = {}
        for name in ["definition", "status", "supervision", "pod", "well"]:
            config = self.pod_config("damaged-" + name, network=POD if name in ("pod", "well") else NODE)
            pod = self.run_pod(config)
            pods[name] = (pod, self.start(pod, config, "c", ["sleep", "1000"]))
        self.daemon.kill()
        self.damage(f"lib/k8s/containers/{pods['definition'][1]}/container.json")
        self.damage(f"lib/k8s/containers/{pods['status'][1]}/status.json", "garbage")
        self.damage(f"lib/k8s/containers/{pods['supervision'][1]}/supervision.json")
        self.damage(f"run/k8s/sandboxes/{pods['pod'][0]}/pod.json")
        self.damage("lib/network.json", "x")
        open(f"{FOLDER}/run/k8s/sandboxes/stray", "w").close()
        self.daemon.start()
        self.assertFalse(os.path.exists(f"{FOLDER}/run/k8s/sandboxes/stray"))
        states = {container.id: container.state for container in self.containers()}
        for name, (pod, container) in pods.items():
            # Whether that one runs only its shim knows: the kubelet ends it before it makes another.
            unclear = name == "status"
            self.assertEqual(states[container], cri.CONTAINER_UNKNOWN if unclear else cri.CONTAINER_RUNNING, name)
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        self.runtime.ListPodSandboxStats(cri.ListPodSandboxStatsRequest())
        self.runtime.ListContainerStats(cri.ListContainerStatsRequest())
        self.daemon.images.ImageFsInfo(cri.ImageFsInfoRequest())
        # Addresses are given once, whatever became of the settings.
        with open(f"{FOLDER}/daemon.log") as log:
            told = [line for line in log if "routes into the pods' range is not known" in line and "lib/network.json" in line]
        self.assertEqual(len(told), 1, told)
        new = self.run_pod(self.pod_config("damaged-new"))
        addresses = [self.pod_status(pod).network.ip for pod in (new, pods["pod"][0], pods["well"][0])]
        self.assertEqual(len(set(addresses)), 3, addresses)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=pods["status"][1], timeout=0))
        self.assertEqual(self.wait_for(pods["status"][1], cri.CONTAINER_EXITED).exit_code, 137)
        for name in ("definition", "supervision"):
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=pods[name][1]))
        for pod, _ in pods.values():
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def test_a_damaged_definition_keeps_the_images_of_its_container(self):
        """Others can be removed."""
        samples = os.path.dirname(os.environ["BUSYBOX"])
        load = lambda name: self.swiftlet("load", "-q", "-i", f"{samples}/{name}.tar").stdout.split()[-1]
        unused, volume = load("hardlinks"), load("layers")
        config = self.pod_config("damaged-images", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        self.damage(f"lib/k8s/containers/{container}/container.json")
        remove = lambda image: self.daemon.images.RemoveImage(cri.RemoveImageRequest(image=cri.ImageSpec(image=image)))
        remove(unused)
        used = cri.RemoveImageRequest(image=cri.ImageSpec(image="busybox"))
        self.assertIn("used by", self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.daemon.images.RemoveImage, used))
        self.assertEqual(self.sh(container, "ls /bin | wc -l").exit_code, 0)
        # What is mounted in a container only its record says, which the next daemon asks.
        unused = load("hardlinks")

        def mount(container):
            container.mounts.add(container_path="/image", readonly=True).image.image = volume

        mounted = self.start(pod, config, "mounted", ["sleep", "1000"], mount)
        self.damage(f"lib/k8s/containers/{mounted}/container.json")
        with self.assertRaises(grpc.RpcError) as caught:
            remove(unused)
        self.assertIn(mounted, caught.exception.details())
        self.daemon.kill()
        self.daemon.start()
        remove(unused)
        for image in (volume, "busybox"):
            request = cri.RemoveImageRequest(image=cri.ImageSpec(image=image))
            self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.daemon.images.RemoveImage, request)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
        remove(volume)

    def test_damaged_files_of_lost_pods(self):
        """Nobody is left who knows better: the container has ended, and everything can be removed."""
        config = self.pod_config("damaged-lost")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        made = self.create(pod, config, self.container_config(config, "made", ["true"]))
        self.daemon.kill()
        os.kill(shims()[pod], signal.SIGKILL)
        for name in ("container.json", "status.json", "supervision.json", "config.json"):
            self.damage(f"lib/k8s/containers/{container}/{name}")
        for name in ("container.json", "supervision.json", "config.json"):
            self.damage(f"lib/k8s/containers/{made}/{name}")
        self.damage(f"run/k8s/sandboxes/{pod}/pod.json")
        self.daemon.start()
        status = self.status(container)
        self.assertEqual((status.state, status.exit_code, status.reason), (cri.CONTAINER_EXITED, 255, "Unknown"))
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def test_a_frozen_shim_holds_nobody_else_up(self):
        config, other = self.pod_config("frozen", network=NODE), self.pod_config("free", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            begun = time.time()
            blocked = self.runtime.ExecSync.future(
                cri.ExecSyncRequest(container_id=container, cmd=["true"], timeout=1), timeout=30)
            second = self.run_pod(other)
            free = self.start(second, other, "c", ["sleep", "1000"])
            self.assertEqual(self.sh(free, "echo free").stdout, b"free\n")
            self.containers()
            self.assertLess(time.time() - begun, 5)
        finally:
            os.kill(shim, signal.SIGCONT)
        blocked.exception(timeout=60)

    def test_shims_that_are_frozen_while_the_daemon_starts(self):
        """Nothing is taken from under them, and a pod that nobody has stopped is ready again when its shim answers."""
        made = {}
        for name in ("stopped", "kept", "well"):
            config = self.pod_config("start-" + name, network=POD if name == "kept" else NODE)
            pod = self.run_pod(config)
            made[name] = (pod, self.start(pod, config, "c", ["sleep", "1000"]))
        address = self.pod_status(made["kept"][0]).network.ip
        frozen = [shims()[made[name][0]] for name in ("stopped", "kept")]
        self.daemon.kill()
        for shim in frozen:
            os.kill(shim, signal.SIGSTOP)
        try:
            begun = time.time()
            self.daemon.start()
            self.assertLess(time.time() - begun, 4.5)
            self.assertEqual(self.sh(made["well"][1], "echo well").stdout, b"well\n")
            for name in ("kept", "stopped"):
                pod, container = made[name]
                self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
                self.assertEqual(self.status(container).state, cri.CONTAINER_UNKNOWN)
            for call, request in [
                    (self.runtime.StopPodSandbox, cri.StopPodSandboxRequest(pod_sandbox_id=pod)),
                    (self.runtime.StopContainer, cri.StopContainerRequest(container_id=container, timeout=0)),
                    (self.runtime.RemoveContainer, cri.RemoveContainerRequest(container_id=container)),
                    (self.runtime.RemovePodSandbox, cri.RemovePodSandboxRequest(pod_sandbox_id=pod))]:
                self.refused(grpc.StatusCode.DEADLINE_EXCEEDED, call, request)
            self.assertTrue(os.path.exists(f"{FOLDER}/lib/k8s/containers/{container}/rootfs/bin"))
        finally:
            for shim in frozen:
                os.kill(shim, signal.SIGCONT)
        pod, container = made["kept"]
        self.wait_until_ready(pod)
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)
        self.assertEqual(self.sh(container, "echo kept").stdout, b"kept\n")
        # And so is its network.
        self.assertEqual(self.pod_status(pod).network.ip, address)
        self.assertTrue(os.path.exists(f"{FOLDER}/run/network/pods/{pod}.json"))
        joins = self.start(pod, self.pod_config("start-kept"), "joins", ["sleep", "1000"])
        self.assertIn(address.encode(), self.sh(joins, "ip addr").stdout)
        pod, container = made["stopped"]
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod), timeout=60)
        self.assertEqual(self.status(container).exit_code, 137)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def test_ended_containers_of_a_frozen_shim(self):
        """They can be removed, and the shim does not miss them when it goes on. What ends now is told then."""
        config = self.pod_config("frozen-ended", network=NODE)
        pod = self.run_pod(config)
        runs = self.start(pod, config, "runs", ["sleep", "1000"])
        ends = self.start(pod, config, "ends", ["sleep", "1000"])
        ended = self.start(pod, config, "ended", ["true"])
        self.wait_for(ended, cri.CONTAINER_EXITED)
        request = cri.ContainerStatusRequest(container_id=ends, verbose=True)
        process = json.loads(self.runtime.ContainerStatus(request).info["info"])["pid"]
        shim = shims()[pod]
        self.daemon.kill()
        os.kill(shim, signal.SIGSTOP)
        try:
            self.daemon.start()
            begun = time.time()
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=ended), timeout=60)
            self.assertLess(time.time() - begun, 3)
            self.assertEqual({c.id for c in self.containers()}, {runs, ends})
            self.assertFalse(os.path.exists(f"{FOLDER}/lib/k8s/containers/{ended}"))
            heard = self.listen()
            os.kill(process, signal.SIGKILL)
            time.sleep(0.1)
        finally:
            os.kill(shim, signal.SIGCONT)
        self.wait_until_ready(pod)
        self.assertEqual(self.wait_for(ends, cri.CONTAINER_EXITED).exit_code, 137)
        soon(lambda: heard)
        time.sleep(0.3)
        self.assertEqual(heard, [(cri.CONTAINER_STOPPED_EVENT, ends)])
        self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=ends))
        again = self.start(pod, config, "ended", ["sleep", "1000"])
        self.restart()
        self.assertEqual({c.id: c.state for c in self.containers()}, {id: cri.CONTAINER_RUNNING for id in (runs, again)})

    def test_a_shim_that_ends_before_it_is_adopted(self):
        """A kubelet listens by then."""
        config = self.pod_config("frozen-lost")
        pod = self.run_pod(config)
        runs = self.start(pod, config, "runs", ["sleep", "1000"])
        ended = self.start(pod, config, "ended", ["sh", "-c", "exit 3"])
        self.wait_for(ended, cri.CONTAINER_EXITED)
        shim = shims()[pod]
        self.daemon.kill()
        os.kill(shim, signal.SIGSTOP)
        try:
            self.daemon.start()
            heard = self.listen()
        finally:
            os.kill(shim, signal.SIGKILL)
        soon(lambda: (cri.CONTAINER_STOPPED_EVENT, pod) in heard)
        self.assertEqual(heard, [(cri.CONTAINER_STOPPED_EVENT, id) for id in (runs, pod)])
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        status = self.status(runs)
        self.assertEqual((status.state, status.exit_code, status.reason), (cri.CONTAINER_EXITED, 255, "Unknown"))
        self.assertGreater(status.finished_at, 0)
        self.assertEqual(self.status(ended).exit_code, 3)
        self.assertEqual(os.listdir(f"{FOLDER}/run/network/pods"), [])

    def test_a_checkpoint_that_was_cut_off(self):
        """Its container goes on when a daemon reaches the shim, for whatever reason that is."""
        config = self.pod_config("cut-off", network=NODE)
        pod = self.run_pod(config)
        still, other = (self.start(pod, config, name, ["sleep", "1000"]) for name in ("still", "other"))
        work = f"{FOLDER}/lib/k8s/containers/{still}/checkpoint"

        def cut_off():
            self.daemon.kill()
            self.assertNotIn("failed", ask_shim(pod, request="pause", container=still))
            os.mkdir(work)

        cut_off()
        self.daemon.start()
        soon(lambda: not os.path.exists(work))
        self.assertEqual(self.sh(still, "echo goes on").stdout, b"goes on\n")
        cut_off()
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            start = os.path.getsize(f"{FOLDER}/daemon.log")
            self.daemon.start()
            # Waits for the daemon's own try, and is then before its next one.
            stop = self.runtime.StopContainer.future(cri.StopContainerRequest(container_id=other, timeout=0), timeout=60)

            def told(words):
                with open(f"{FOLDER}/daemon.log") as log:
                    log.seek(start)
                    return [line for line in log if words in line and pod in line]

            soon(lambda: told("a sandbox could not be recovered"))
            time.sleep(0.3)
        finally:
            os.kill(shim, signal.SIGCONT)
        self.assertIsNone(stop.exception())
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        soon(lambda: not os.path.exists(work))
        self.assertEqual(self.sh(still, "echo goes on").stdout, b"goes on\n")
        self.assertEqual(len(told("a sandbox is adopted late")), 1)


class AnotherDefault(NodeTest):
    """default_runtime changes under pods that name no runtime."""

    runtimes = '[runtimes.runc]\nprogram = "/usr/sbin/runc"\n'
    more = 'default_runtime = "runc"\n' + runtimes

    def restart(self, default, change=None):
        self.daemon.kill()
        if change:
            with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
                change(database)
            database.close()
        with open(self.daemon.config, "w") as file:
            file.write(f'network = "builtin"\ndefault_runtime = "{default}"\n{self.runtimes}')
        self.daemon.start()

    def tearDown(self):
        super().tearDown()
        self.restart("runc")

    def is_on_runc(self, container):
        return os.path.exists(f"{FOLDER}/run/k8s/runc/{container}/state.json")

    def check(self, change=None):
        config = self.pod_config("stays", network=NODE)
        pod = self.run_pod(config)
        first = self.start(pod, config, "first", ["sleep", "1000"])
        self.restart("swiftlet", change)
        self.assertEqual(self.sh(first, "echo here").stdout, b"here\n")
        second = self.start(pod, config, "second", ["sleep", "1000"])
        other = self.pod_config("new", network=NODE)
        new = self.start(self.run_pod(other), other, "c", ["sleep", "1000"])
        self.assertEqual([self.is_on_runc(c) for c in (first, second, new)], [True, True, False])
        dumped = json.loads(self.swiftlet("--namespace", "k8s", "inspect", pod).stdout)[0]
        self.assertEqual((dumped["runtime"], dumped["runtimeHandler"]), ("runc", ""))
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=first, timeout=0))
        self.assertEqual(self.status(first).exit_code, 137)
        self.assertFalse(self.is_on_runc(first))
        # Once more: nobody is left who knows it but the record.
        self.daemon.kill()
        os.kill(shims()[pod], signal.SIGKILL)
        os.truncate(f"{FOLDER}/lib/k8s/containers/{second}/supervision.json", 0)
        self.daemon.start()
        self.assertEqual(self.status(second).exit_code, 255)
        self.assertFalse(self.is_on_runc(second))

    def test_pods_keep_their_runtime(self):
        self.check()

    def test_pods_of_an_earlier_version_keep_their_runtime(self):
        def forget(database):
            for id, record in database.execute("SELECT id, record FROM sandbox").fetchall():
                record = json.loads(record)
                self.assertEqual(record.pop("runtime"), "runc")
                database.execute("UPDATE sandbox SET record = ? WHERE id = ?", (json.dumps(record).encode(), id))

        self.check(forget)


class Records(NodeTest):
    """The records of some pods are damaged, or gone: those pods can be seen and removed, and others do not notice."""

    def make(self, name, image=None, **more):
        config = self.pod_config(name, **more)
        pod = self.run_pod(config)

        def label(container):
            # As a kubelet does.
            for key, value in [("pod.name", name), ("pod.namespace", "default"), ("pod.uid", "uid-" + name),
                               ("container.name", "c")]:
                container.labels["io.kubernetes." + key] = value
            if image:
                container.mounts.add(container_path="/image", readonly=True).image.image = image

        return pod, self.start(pod, config, "c", ["sleep", "1000"], label)

    def change(self, *statements):
        with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
            for words, values in statements:
                database.execute(words, values)
        database.close()

    def restart(self, change):
        """- Returns: the lines of the log that are errors."""
        self.daemon.kill()
        if change:
            self.change(*change)
        start = os.path.getsize(f"{FOLDER}/daemon.log")
        self.daemon.start()
        with open(f"{FOLDER}/daemon.log") as log:
            log.seek(start)
            return [line for line in log if "level=error" in line]

    def pods(self):
        return {pod.id: pod for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items}

    def check_unrecorded(self, pod, container, name):
        """It goes on, not ready, until it is removed."""
        listed = self.pods()[pod]
        self.assertEqual((listed.state, listed.metadata.name, listed.metadata.uid), (cri.SANDBOX_NOTREADY, name, "uid-" + name))
        self.assertGreater(listed.created_at, 0)
        self.assertEqual(self.pod_status(pod).metadata.namespace, "default")
        status = self.status(container)
        self.assertEqual((status.state, status.metadata.name), (cri.CONTAINER_RUNNING, "c"))
        self.assertTrue(status.image.image and status.image_ref)
        self.assertEqual(self.sh(container, "echo here").stdout, b"here\n")
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.runtime.CreateContainer, cri.CreateContainerRequest(
            pod_sandbox_id=pod, sandbox_config=self.pod_config(name),
            config=self.container_config(self.pod_config(name), "more", ["true"])))
        self.runtime.ListPodSandboxStats(cri.ListPodSandboxStatsRequest())
        self.runtime.ListContainerStats(cri.ListContainerStatsRequest())
        self.assertEqual(self.swiftlet("--namespace", "k8s", "inspect", pod).returncode, 0)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
        self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 137)
        self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
        self.assertNotIn(pod, self.pods())

    def test_rows_that_cannot_be_read(self):
        damaged, newer, well = self.make("damaged"), self.make("newer", network=NODE), self.make("well")
        self.daemon.kill()
        with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
            record = json.loads(database.execute("SELECT record FROM sandbox WHERE id = ?", (newer[0],)).fetchone()[0])
        database.close()
        record["phase"] = "hibernating"
        self.daemon.start()
        set_row = "UPDATE sandbox SET record = ? WHERE id = ?"
        errors = self.restart([(set_row, (b'{"id": ', damaged[0])), (set_row, (json.dumps(record).encode(), newer[0]))])
        for pod, _ in (damaged, newer):
            self.assertEqual(len([line for line in errors if pod in line]), 1, errors)
        # The row is left alone, so that who knows it can go on with it.
        self.assertEqual(len(self.restart([])), len(errors))
        self.assertEqual(self.pods()[well[0]].state, cri.SANDBOX_READY)
        self.assertEqual(self.pods()[newer[0]].labels, {"app": "newer"})
        self.check_unrecorded(*damaged, "damaged")
        self.check_unrecorded(*newer, "newer")
        self.assertEqual(self.sh(well[1], "echo well").stdout, b"well\n")

    def test_rows_of_containers_that_cannot_be_read(self):
        pod, container = self.make("rows")
        config = self.pod_config("rows")
        other = self.start(pod, config, "other", ["sleep", "1000"])
        set_row = "UPDATE container SET record = ? WHERE id = ?"
        errors = self.restart([(set_row, (b"", container)), ("DELETE FROM container WHERE id = ?", (other,))])
        for name in (container, other):
            self.assertEqual(len([line for line in errors if f"container={name}" in line]), 1, errors)
        self.assertEqual(self.pods()[pod].state, cri.SANDBOX_READY)
        image = self.daemon.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image="busybox"))).image
        for listed in self.containers(pod_sandbox_id=pod):
            self.assertEqual((listed.image_id, listed.state), (image.id, cri.CONTAINER_RUNNING))
        self.assertEqual(self.status(container).metadata.name, "c")
        # Its name is taken until it is removed.
        self.refused(grpc.StatusCode.ALREADY_EXISTS, self.runtime.CreateContainer, cri.CreateContainerRequest(
            pod_sandbox_id=pod, sandbox_config=config, config=self.container_config(config, "c", ["true"])))
        for name in (container, other):
            self.assertEqual(self.sh(name, "echo here").stdout, b"here\n")
            self.runtime.StopContainer(cri.StopContainerRequest(container_id=name, timeout=0))
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=name))
        self.assertEqual(len(self.containers()), 0)
        self.start(pod, config, "c", ["true"])

    def test_rows_of_containers_that_do_not_tell_their_pod(self):
        """The pod's shim does, or the container's name; what has ended is not lost for that."""
        pod, container = self.make("whose")
        config = self.pod_config("whose")
        linked, named = (self.start(pod, config, name, ["sh", "-c", "exit 5"]) for name in ("linked", "named"))
        for ended in (linked, named):
            self.wait_for(ended, cri.CONTAINER_EXITED)
        self.daemon.kill()
        os.unlink(f"{FOLDER}/run/k8s/{named}")
        errors = self.restart([("UPDATE container SET record = ?, sandbox = ''", (b"",))])
        for id in (container, linked, named):
            self.assertEqual(len([line for line in errors if f"container={id}" in line and f"pod={pod}" in line]), 1, errors)
        self.assertEqual({c.id for c in self.containers(pod_sandbox_id=pod)}, {container, linked, named})
        self.assertEqual(self.sh(container, "echo here").stdout, b"here\n")
        for ended in (linked, named):
            self.assertEqual((self.status(ended).state, self.status(ended).exit_code), (cri.CONTAINER_EXITED, 5))
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=ended))

    def test_details_that_cannot_be_read(self):
        """What the service keeps in a record is not looked into by the engine."""
        pod, container = self.make("details", network=NODE)
        change = []
        self.daemon.kill()
        with sqlite3.connect(f"{FOLDER}/lib/k8s/pods.sqlite") as database:
            for table, id in (("sandbox", pod), ("container", container)):
                record = json.loads(database.execute(f"SELECT record FROM {table} WHERE id = ?", (id,)).fetchone()[0])
                record["spec"]["details"] = [255, 255, 1]
                change.append((f"UPDATE {table} SET record = ? WHERE id = ?", (json.dumps(record).encode(), id)))
        database.close()
        self.daemon.start()
        self.restart(change)
        self.assertEqual(self.pod_status(pod).metadata.name, "details")
        self.assertEqual([c.metadata.name for c in self.containers()], ["c"])
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)

    def test_pods_without_a_record(self):
        """As after a database was removed, or its log: nobody else could ever end them."""
        made = [self.make("lost", pid=POD), self.make("lost-too", network=NODE)]
        self.daemon.kill()
        for name in os.listdir(f"{FOLDER}/lib/k8s"):
            if name.startswith("pods.sqlite") and not name.endswith((".lock", ".reserve")):
                os.unlink(f"{FOLDER}/lib/k8s/{name}")
        errors = self.restart([])
        self.assertEqual(len([line for line in errors if "not on record" in line]), 4, errors)
        for (pod, container), name in zip(made, ("lost", "lost-too")):
            self.check_unrecorded(pod, container, name)
        # And without a shim nothing is left of one.
        gone, _ = self.make("gone", image="busybox")
        self.assertNotEqual(groups(gone), [])
        self.daemon.kill()
        self.change(("DELETE FROM sandbox", ()), ("DELETE FROM container", ()))
        os.kill(shims()[gone], signal.SIGKILL)
        self.daemon.start()
        self.assertEqual(self.pods(), {})
        self.assertEqual(groups(gone), [])

    def test_what_a_pod_without_a_record_has_of_the_network_cannot_be_read(self):
        """It is not forgotten before its address is given back."""
        pod, _ = self.make("unread")
        record, folder = f"{FOLDER}/run/network/pods/{pod}.json", f"{FOLDER}/run/k8s/sandboxes/{pod}"
        self.daemon.kill()
        self.change(("DELETE FROM sandbox", ()), ("DELETE FROM container", ()))
        os.kill(shims()[pod], signal.SIGKILL)
        os.rename(record, f"{FOLDER}/record")
        os.mkdir(record)
        self.daemon.start()
        self.assertTrue(os.path.exists(folder))
        with open(f"{FOLDER}/daemon.log") as log:
            self.assertTrue(any("could not be removed" in line and f"path={folder}" in line for line in log))
        os.rmdir(record)
        os.rename(f"{FOLDER}/record", record)
        self.restart([])
        self.assertFalse(os.path.exists(folder))
        # And of one that lives.
        pod, _ = self.make("unread-too")
        record = f"{FOLDER}/run/network/pods/{pod}.json"
        self.daemon.kill()
        self.change(("DELETE FROM sandbox", ()), ("DELETE FROM container", ()))
        os.rename(record, f"{FOLDER}/record")
        os.mkdir(record)
        self.daemon.start()
        os.rmdir(record)
        os.rename(f"{FOLDER}/record", record)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
        self.assertFalse(os.path.exists(record))

    def test_a_damaged_database(self):
        """What can be read of it is kept; the rest is what lives."""
        pod, container = self.make("page", network=NODE)
        path = f"{FOLDER}/lib/k8s/pods.sqlite"
        self.daemon.kill()
        database = sqlite3.connect(path)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = database.execute("PRAGMA page_size").fetchone()[0]
        root = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'container'").fetchone()[0]
        database.close()
        with open(path, "r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
        errors = self.restart([])
        (line,) = [line for line in errors if path + ".damaged" in line]
        # The other one has a row; a table without any is not lost either.
        self.assertRegex(line, " kept=1 .* unreadable_tables=container\n")
        self.assertEqual(len([line for line in errors if "not on record" in line]), 1, errors)
        self.assertEqual(self.pods()[pod].state, cri.SANDBOX_READY)
        self.assertEqual(self.sh(container, "echo here").stdout, b"here\n")
        self.assertTrue(os.path.exists(path + ".damaged"))
        self.daemon.kill()
        for name in (path + "-wal", path + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        with open(path, "wb") as file:
            file.write(b"garbage" * 1000)
        errors = self.restart([])
        (line,) = [line for line in errors if path + ".damaged" in line]
        self.assertRegex(line, " kept=0 .* unreadable_tables=sandbox,container\n")
        self.check_unrecorded(pod, container, "page")
        self.assertEqual(self.restart([]), [])

    def test_a_salvage_that_was_killed(self):
        """It had put the log aside: without that the file says nothing of the pod."""
        pod, container = self.make("half", network=NODE)
        path = f"{FOLDER}/lib/k8s/pods.sqlite"
        self.daemon.kill()
        # Of another test.
        for old in glob.glob(path + ".damaged*"):
            os.unlink(old)
        os.link(path, path + ".damaged")
        os.rename(path + "-wal", path + ".damaged-wal")
        os.unlink(path + "-shm")
        self.assertEqual(self.restart([]), [])
        self.assertEqual(self.pods()[pod].state, cri.SANDBOX_READY)
        self.assertEqual(self.sh(container, "echo here").stdout, b"here\n")
        for name in (path + ".damaged", path + ".damaged-wal"):
            self.assertFalse(os.path.exists(name), name)
