"""Passwords of registries: from a pod's secrets, the node's file, and programs that know them."""

import base64
import http.server
import json
import os
import threading
import unittest

from agent import Agent, FOLDER, shell, wait

PLUGIN = """#!/bin/sh
cat >>{folder}/asked
echo >>{folder}/asked
echo "$1 $WORD" >>{folder}/environment
cat {folder}/answer
"""


class Registry(http.server.BaseHTTPRequestHandler):
    """Has no image; notes who asks."""

    def do_GET(self):
        self.server.users.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


class Programs(unittest.TestCase):
    number = 0

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        self.server.users = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.registry = f"127.0.0.1:{self.server.server_port}"
        self.folder = f"{FOLDER}/{self._testMethodName}"
        os.makedirs(f"{self.folder}/bin")
        self.write("bin/helper", PLUGIN.format(folder=self.folder))
        os.chmod(f"{self.folder}/bin/helper", 0o755)
        # A socket's path is short.
        Programs.number += 1
        self.agent = Agent(f"agent{Programs.number}")

    def tearDown(self):
        agent = self.agent
        if agent.process:
            for file in os.listdir(agent.manifests):
                agent.remove(file)
            wait(lambda: not agent.pods(), "all pods are gone")
            agent.stop()
        self.server.shutdown()
        self.server.server_close()

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text if isinstance(text, str) else json.dumps(text))
        return f"{self.folder}/{name}"

    def read(self, name):
        try:
            with open(f"{self.folder}/{name}") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def start(self, **provider):
        config = self.write("config.yaml", {
            "apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [{
                "name": "helper", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "args": ["get"],
                "env": [{"name": "WORD", "value": "hello"}], "matchImages": ["127.*.0.?:*"],
                "defaultCacheDuration": "1h", **provider}]})
        self.agent.options += ["--image-credential-provider-config", config,
                               "--image-credential-provider-bin-dir", f"{self.folder}/bin"]
        self.agent.start()

    def answer(self, user, scope="Registry", **more):
        self.write("answer", {
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderResponse",
            "cacheKeyType": scope, "auth": {self.registry: {"username": user, "password": "p"}}, **more})

    def pull(self, name, **spec):
        self.agent.pod(name, {"restartPolicy": "Never", "containers": [
            {"name": "c", "image": f"{self.registry}/{name}:v1", "command": ["true"]}], **spec})
        self.agent.wait_for(name, lambda pod: any(event["reason"] == "Failed" for event in self.agent.events(name)),
                            "failing to pull")

    def users(self):
        """Those who asked, in their order, each once."""
        found = []
        for header in self.server.users:
            user = base64.b64decode(header.split()[1]).decode().split(":")[0] if header else None
            if user and user not in found:
                found.append(user)
        return found

    def test_a_program_is_asked_and_its_answer_kept(self):
        self.answer("told")
        self.start()
        self.pull("first")
        self.assertEqual(self.users(), ["told"])
        request = json.loads(self.read("asked")[0])
        self.assertEqual(request, {"kind": "CredentialProviderRequest", "image": f"{self.registry}/first:v1",
                                   "apiVersion": "credentialprovider.kubelet.k8s.io/v1"})
        self.assertEqual(self.read("environment"), ["get hello"])
        # For all images of the registry.
        self.pull("second")
        self.assertEqual(len(self.read("environment")), 1)

    def test_secrets_come_first_then_the_nodes_file_then_programs(self):
        def auths(user):
            return {"auths": {self.registry: {"auth": base64.b64encode(f"{user}:p".encode()).decode()}}}
        self.answer("program", scope="Image", cacheDuration="0s")
        os.makedirs(f"{self.agent.root}/agent")
        with open(f"{self.agent.root}/agent/config.json", "w") as file:
            json.dump(auths("node"), file)
        self.agent.write("secret.json", json.dumps({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps(auths("secret"))}}))
        self.start()
        self.pull("three", imagePullSecrets=[{"name": "keys"}])
        self.assertEqual(self.users(), ["secret", "node", "program"])

    def test_a_secret_that_is_not_there_is_told(self):
        self.answer("told")
        self.start()
        self.pull("missing", imagePullSecrets=[{"name": "one"}, {"name": "two"}])
        self.assertEqual(self.users(), ["told"])
        told = [event["message"] for event in self.agent.events("missing")
                if event["reason"] == "FailedToRetrieveImagePullSecret"]
        self.assertEqual(told, ["Unable to retrieve some image pull secrets (one, two); "
                                "attempting to pull the image may not succeed."])

    def test_an_image_that_is_a_volume(self):
        """Is pulled as a container's own, with the passwords for it, before the container is made."""
        self.answer("told")
        self.start()
        mounts = [{"name": "v", "mountPath": "/v"}]
        image = {"reference": f"{self.registry}/volume:v1"}
        for name, policy in {"pulled": "IfNotPresent", "kept": "Never"}.items():
            volume = {"name": "v", "image": {**image, "pullPolicy": policy}}
            self.agent.pod(name, {"terminationGracePeriodSeconds": 1, "volumes": [volume], "containers": [
                {"name": "c", "command": ["sleep", "1000"], "volumeMounts": mounts},
                {"name": "beside", "command": ["sleep", "1000"]}]})

        def waits(*reasons):
            return lambda pod: [state["state"].get("waiting", {}).get("reason") in reasons if state["name"] == "c"
                                else "running" in state["state"] for state in pod["status"]["containerStatuses"]] == [True, True]

        self.agent.wait_for("kept", waits("ErrImageNeverPull"), "waiting for an image that is never pulled")
        self.agent.wait_for("pulled", waits("ErrImagePull", "ImagePullBackOff"), "waiting for its volume's image")
        self.assertEqual(self.users(), ["told"])
        failed = [event for event in self.agent.events("pulled") if event["message"].startswith("Failed to pull image")]
        self.assertIn("/volume:v1", failed[0]["message"])
        # It is the pod's, and no container's.
        self.assertNotIn("fieldPath", failed[0]["involvedObject"])

    def test_a_program_that_fails_is_told_and_is_no_end(self):
        self.write("bin/helper", "#!/bin/sh\necho no key for you >&2\nexit 3\n")
        self.start()
        self.pull("failing")
        messages = [event["message"] for event in self.agent.events("failing")
                    if event["reason"] == "FailedCredentialProvider"]
        self.assertEqual(len(messages), 1)
        self.assertIn("helper", messages[0])
        self.assertIn("no key for you", messages[0])
        self.assertTrue(self.server.users)

    def test_everything_wrong_with_the_file_is_told(self):
        config = self.write("config.yaml", {
            "apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [
                {"name": "missing", "apiVersion": "v9", "matchImages": [], "wrong": 1}]})
        result = self.agent.run("agent", "--image-credential-provider-config", config,
                                "--image-credential-provider-bin-dir", f"{self.folder}/bin", check=False)
        self.assertNotEqual(result.returncode, 0)
        for part in ('unknown field "providers[0].wrong"', "providers[0].name: ", "providers[0].apiVersion: Unsupported value",
                     "providers[0].matchImages: Required value", "providers[0].defaultCacheDuration: Required value"):
            self.assertIn(part, result.stderr)
