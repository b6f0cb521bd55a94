"""The steps of `power`: what a boot leaves, and what the next one finds."""

import json
import os
import random
import subprocess
import sys
import time

import grpc

from node import FOLDER, NODE, POD, NodeTest, cri

ROOT = f"{FOLDER}/lib"
EXPECTED = f"{ROOT}/expected.json"
IMAGE = "127.0.0.1:5000/power:1"


class Steps(NodeTest):
    """Only the methods: no test of its own."""

    def runTest(self):
        pass


def read(path):
    with open(path) as file:
        return file.read().strip()


def swiftlet(*words, root=ROOT, state=None, check=True):
    done = subprocess.run(
        [os.environ["SWIFTLET"], "--root", root, "--state", state or f"{FOLDER}/run", *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"swiftlet {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done


def cut_off():
    """The machine is gone with the next instruction: nothing is synced, nothing is unmounted."""
    sys.stdout.flush()
    with open("/proc/sys/kernel/sysrq", "w") as file:
        file.write("1")
    with open("/proc/sysrq-trigger", "w") as file:
        file.write("b")
    time.sleep(60)
    raise AssertionError("the machine goes on")


def process(node, container):
    info = node.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container, verbose=True)).info
    return json.loads(info["info"])["pid"]


def shim(node, pod):
    info = node.runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=pod, verbose=True)).info
    return json.loads(info["info"])["shimPid"]


# ---- pods ----

def leave_pods(node):
    """Two pods are on the disk when the machine goes, a third one may be."""
    config, shared = node.pod_config("known"), node.pod_config("shared", network=NODE, pid=POD)
    pod, second = node.run_pod(config), node.run_pod(shared)
    runs = node.start(pod, config, "runs", ["sleep", "1000"])
    ended = node.start(pod, config, "ended", ["sh", "-c", "exit 3"])
    node.wait_for(ended, cri.CONTAINER_EXITED, seconds=60)
    made = node.create(pod, config, node.container_config(config, "made", ["sleep", "1000"]))
    beside = node.start(second, shared, "beside", ["sleep", "1000"])
    with open(EXPECTED, "w") as file:
        json.dump({"pods": [pod, second], "runs": [runs, beside], "ended": ended, "made": made,
                   "pids": sorted({process(node, runs), process(node, beside), shim(node, pod), shim(node, second)})}, file)
    os.sync()
    late = node.pod_config("late", network=NODE)
    node.start(node.run_pod(late), late, "late", ["sleep", "1000"])
    cut_off()


def take_pids(pids):
    """Programs of somebody else's, with the process ids that ours had before."""
    taken = []
    for pid in pids:
        for _ in range(20):
            try:
                with open("/proc/sys/kernel/ns_last_pid", "w") as file:
                    file.write(str(pid - 1))
            except OSError:
                break
            other = subprocess.Popen(["sleep", "1000"])
            if other.pid == pid:
                taken.append(other)
                break
            other.kill()
            other.wait()
    return taken


def find_pods(node, expected):
    runtime = node.runtime
    listed = {pod.id: pod.state for pod in runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items}
    for pod in expected["pods"]:
        node.assertEqual(listed[pod], cri.SANDBOX_NOTREADY)
    node.assertNotIn(cri.SANDBOX_READY, listed.values())
    for container in expected["runs"]:
        status = node.status(container)
        node.assertEqual((status.state, status.reason, status.exit_code), (cri.CONTAINER_EXITED, "Unknown", 255))
    status = node.status(expected["ended"])
    node.assertEqual((status.state, status.exit_code), (cri.CONTAINER_EXITED, 3))
    node.assertNotEqual(node.status(expected["made"]).state, cri.CONTAINER_RUNNING)
    for container in node.containers():
        node.assertNotEqual(container.state, cri.CONTAINER_RUNNING)
    # None of them can be gone on with, all can be stopped and removed.
    config = node.pod_config("known")
    try:
        node.create(expected["pods"][0], config, node.container_config(config, "more", ["true"]))
        raise AssertionError("a container was made in a pod of another boot")
    except grpc.RpcError as error:
        node.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
    try:
        runtime.StartContainer(cri.StartContainerRequest(container_id=expected["made"]))
        raise AssertionError("a container of another boot was started")
    except grpc.RpcError as error:
        node.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
    runtime.StopContainer(cri.StopContainerRequest(container_id=expected["runs"][0], timeout=1))
    runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=expected["pods"][0]), timeout=60)
    for pod in listed:
        runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
    node.assertEqual(list(node.containers()), [])
    # Their names are free again.
    pod = node.run_pod(config)
    container = node.start(pod, config, "runs", ["sleep", "1000"])
    node.assertEqual(node.sh(container, "echo here").stdout, b"here\n")
    # Clears away, and fails for anything that is left.
    node.tearDown()


# ---- pulls ----

def serve_image():
    """Debian's registry, with the image in it."""
    os.makedirs("/tmp/registry", exist_ok=True)
    with open("/tmp/registry.yml", "w") as file:
        file.write("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /tmp/registry}}\n"
                   "http: {addr: 127.0.0.1:5000}\n")
    with open("/tmp/registry.log", "w") as log:
        subprocess.Popen(["docker-registry", "serve", "/tmp/registry.yml"], stdout=log, stderr=log)
    other = {"root": "/tmp/other/lib", "state": "/tmp/other/run"}
    swiftlet("load", "--quiet", "--input", "/in/image.tar", **other)
    deadline = time.time() + 60
    while True:
        pushed = swiftlet("push", "--quiet", IMAGE, check=False, **other)
        if pushed.returncode == 0:
            return
        assert time.time() < deadline, pushed.stderr + read("/tmp/registry.log")
        time.sleep(0.5)


def check_store():
    """After a cut: all that is visible is whole."""
    verified = swiftlet("image", "verify", check=False)
    assert verified.returncode == 0, f"image verify: {verified.stdout}{verified.stderr}"
    return bool(swiftlet("images", "--quiet", IMAGE).stdout)


def pull():
    begun = time.monotonic()
    swiftlet("pull", "--quiet", IMAGE)
    took = time.monotonic() - begun
    assert check_store(), "what was pulled is not listed"
    return took


def look_after_cut():
    """What is visible is whole; what is not can be pulled again."""
    was_visible = check_store()
    print(f"after the cut the store verifies, the image is {'there' if was_visible else 'not there'}", flush=True)
    if was_visible:
        swiftlet("rmi", IMAGE)
    serve_image()
    took = pull()
    swiftlet("rmi", IMAGE)
    assert not check_store(), "what was removed is listed"
    return took


def pull_until_cut(number):
    took = look_after_cut()
    os.sync()
    wait = random.Random(number).uniform(0.05, 1.1) * took
    print(f"a pull takes {took:.1f} s, the next one is cut off after {wait:.1f} s", flush=True)
    subprocess.Popen([os.environ["SWIFTLET"], "--root", ROOT, "--state", f"{FOLDER}/run", "pull", "--quiet", IMAGE])
    time.sleep(wait)
    cut_off()


def pull_and_cut():
    """Who was told that it is there finds it after the next boot."""
    look_after_cut()
    swiftlet("pull", "--quiet", IMAGE)
    cut_off()


def main():
    step = sys.argv[1]
    if step == "pods":
        Steps.setUpClass()
        node = Steps()
        leave_pods(node)
    if step == "last":
        assert check_store(), "an image whose pull had ended is gone"
        print("an image whose pull had ended is there after the cut, and the store verifies")
        return look_after_cut()
    if step == "whole":
        return pull_and_cut()
    expected = json.loads(read(EXPECTED)) if os.path.exists(EXPECTED) else None
    if expected:
        taken = take_pids(expected["pids"])
        assert taken, "no process id of the boot before could be taken"
        Steps.setUpClass()
        node = Steps()
        find_pods(node, expected)
        assert all(other.poll() is None for other in taken), "a process with a recycled id was ended"
        Steps.tearDownClass()
        os.unlink(EXPECTED)
        print(f"pods of the boot before are as they should be; {len(taken)} of their process ids were others'")
    pull_until_cut(int(sys.argv[2]))


main()
