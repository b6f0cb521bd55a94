"""Manifests as nobody should write them: odd files beside good ones, rewritten without end, and from an address that lies."""

import http.server
import json
import os
import stat
import threading
import time
import unittest

from agent import Agent, AgentTest, condition, container, wait


def sleeping():
    return {"terminationGracePeriodSeconds": 1, "containers": [
        {"name": "c", "image": "busybox", "imagePullPolicy": "IfNotPresent", "command": ["sleep", "1000"]}]}


def manifest(name, **metadata):
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": sleeping()})


class Files(AgentTest):
    def is_told(self, *problems):
        for problem in problems:
            wait(lambda: problem in self.agent.log(), f"the log has {problem!r}", 20)

    def test_many_documents_of_every_form(self):
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(manifest("third")),
                                                                          json.loads(manifest("fourth"))]})
        block = manifest("block").replace("{", "{\r\n").replace(",", ",\r\n")
        self.agent.write("several.yaml", f"# nothing\n---\n---\n{manifest('first')}\n---\n{block}\n---\n{items}\n")
        with open(f"{self.agent.manifests}/marked.json", "wb") as file:
            file.write(b"\xef\xbb\xbf" + manifest("marked").encode())
        self.agent.write("anchors.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: anchored}\nspec: {"
                         "terminationGracePeriodSeconds: 1, containers: [&c {name: c, image: busybox, "
                         "imagePullPolicy: IfNotPresent, command: [sleep, '1000']}, {<<: *c, name: d}]}\n")
        self.agent.write("sequence.json", f"{manifest('fifth')}\n{manifest('sixth')}\n")
        windows = "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: windows\r\nspec: " + json.dumps(sleeping()) + "\r\n"
        with open(f"{self.agent.manifests}/marked.yaml", "wb") as file:
            file.write(b"\xef\xbb\xbf" + windows.encode())
        for name in ("first", "block", "third", "fourth", "marked", "anchored", "fifth", "sixth", "windows"):
            self.agent.wait_ready(name)

    def test_odd_names(self):
        names = ["with space.yaml", "ü😀.json", "none", "-x", "new\nline.yaml", "'\".json", "a" * 250, "x.yaml~", "#x#"]
        for number, name in enumerate(names):
            self.agent.write(name, manifest(f"odd{number}"))
        for number, name in enumerate(names):
            self.agent.wait_ready(f"odd{number}")
            self.agent.remove(name)
        wait(lambda: not [pod for pod in self.agent.pods() if pod["metadata"]["name"].startswith("odd")], "all are gone")

    def test_a_name_that_is_no_text(self):
        path = self.agent.manifests.encode() + b"/odd\xff.yaml"
        with open(path, "w") as file:
            file.write(manifest("unnamed"))
        self.is_told("/odd\N{REPLACEMENT CHARACTER}.yaml: the file's name is not UTF-8")
        self.agent.write("named.json", manifest("named"))
        self.agent.wait_ready("named")
        os.remove(path)

    def test_a_uid_that_leads_elsewhere(self):
        victim = f"{self.agent.folder}/victim"
        os.mkdir(victim)
        for file, uid in (("0up.json", "/../../victim"), ("0groups.json", "../../../../../elsewhere"), ("0dots.json", "..")):
            self.agent.write(file, manifest("escaping", uid=uid))
            # The log has quotes with a backslash.
            self.is_told(f'{file}: document 1, line 1: metadata.uid: Invalid value: \\"{uid}\\"')
            self.assertIsNone(self.agent.find("escaping"))
            self.agent.remove(file)
        self.agent.write("chosen.json", manifest("chosen", uid="My.pod-1"))
        self.agent.wait_ready("chosen")
        self.agent.remove("chosen.json")
        self.agent.wait_gone("chosen")
        self.assertTrue(os.path.isdir(victim))

    def test_two_pods_with_one_uid(self):
        self.agent.write("twin1.json", manifest("elder", uid="twin"))
        before = container(self.agent.wait_ready("elder"), "c")["containerID"]
        self.agent.write("twin2.json", manifest("younger", uid="twin"))
        self.is_told("/twin2.json: pod default/younger-node does not run: it has the uid twin of pod default/elder-node in "
                     + f"{self.agent.manifests}/twin1.json")
        self.assertEqual(container(self.agent.wait_ready("elder"), "c")["containerID"], before)
        self.assertIsNone(self.agent.find("younger"))
        # Nothing of the one becomes the other's.
        self.agent.remove("twin1.json")
        self.assertNotEqual(container(self.agent.wait_ready("younger"), "c")["containerID"], before)
        self.assertEqual([name for name in os.listdir(self.agent.logs) if name.endswith("_twin")], ["default_younger-node_twin"])
        self.agent.remove("twin2.json")
        self.agent.wait_gone("younger")

    def test_a_name_too_long_for_a_folder(self):
        name = "n" * 240
        self.agent.write("long.json", manifest(name))
        self.agent.wait_for(name, lambda _: True, "there")
        wait(lambda: any("a file's name has 255 at most" in event["message"] for event in self.agent.events(name)), "it says why", 20)
        self.agent.remove("long.json")
        self.agent.wait_gone(name)

    def test_config_maps_as_a_server_would_take_them(self):
        def data(kind, **fields):
            return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "kept"}, **fields})

        self.agent.write("map.json", data("ConfigMap", immutable=True, data={"a": "1"}))
        self.agent.write("secret.json", data("Secret", immutable=True, stringData={"a": "1"}))
        spec = sleeping()
        spec["volumes"] = [{"name": "m", "configMap": {"name": "kept"}}, {"name": "s", "secret": {"secretName": "kept"}}]
        spec["containers"][0]["volumeMounts"] = [{"name": "m", "mountPath": "/m"}, {"name": "s", "mountPath": "/s"}]
        self.agent.pod("reader", spec)
        self.agent.wait_ready("reader")
        self.agent.write("map.json", data("ConfigMap", immutable=True, data={"a": "2"}))
        self.agent.write("secret.json", data("Secret", stringData={"a": "2"}))
        words = "field is immutable when `immutable` is set"
        self.is_told(f"map.json: document 1, line 1: data: Forbidden: {words}",
                     f"secret.json: document 1, line 1: immutable: Forbidden: {words}")
        self.agent.write("key.json", data("ConfigMap", data={"a/b": "1"}).replace("kept", "other"))
        self.is_told("key.json: document 1, line 1: data[a/b]: Invalid value")
        self.assertEqual(self.agent.run("exec", "reader", "cat", "/m/a", "/s/a").stdout, "11")
        # Removed and made anew it is another one.
        self.agent.remove("map.json")
        time.sleep(.5)
        self.agent.write("map.json", data("ConfigMap", immutable=True, data={"a": "3"}))
        wait(lambda: self.agent.run("exec", "reader", "cat", "/m/a").stdout == "3", "the new one is there", 90)

    def test_an_empty_file_changes_nothing(self):
        self.agent.write("emptied.json", manifest("emptied"))
        before = container(self.agent.wait_ready("emptied"), "c")["containerID"]
        open(f"{self.agent.manifests}/emptied.json", "w").close()
        self.is_told("/emptied.json: the file is empty, and changes nothing")
        # Both are looked at in one look.
        self.agent.write("later.json", manifest("later"))
        self.agent.wait_ready("later")
        pod = self.agent.find("emptied")
        self.assertNotIn("deletionTimestamp", pod["metadata"])
        self.assertEqual(container(pod, "c")["containerID"], before)
        with open(f"{self.agent.manifests}/emptied.json", "w") as file:
            file.write(manifest("emptied"))
        self.agent.write("last.json", manifest("last"))
        self.agent.wait_ready("last")
        self.assertEqual(container(self.agent.wait_ready("emptied"), "c")["containerID"], before)
        with open(f"{self.agent.manifests}/emptied.json", "w") as file:
            file.write("# nothing\n")
        self.agent.wait_gone("emptied")

    def test_good_documents_of_a_file_that_was_never_whole(self):
        path = f"{self.agent.manifests}/parts.yaml"
        open(path, "w").close()
        self.is_told("/parts.yaml: the file is empty")
        wrong = json.loads(manifest("wrong"))
        wrong["spec"]["unknown"] = 1
        with open(path, "w") as file:
            file.write(f"{json.dumps(wrong)}\n---\n{manifest('right')}\n")
        self.is_told(r'/parts.yaml: document 1, line 1: unknown field \"spec.unknown\"')
        before = container(self.agent.wait_ready("right"), "c")["containerID"]
        # It still has an error, and what was good in it stays.
        with open(path, "w") as file:
            file.write(f"{manifest('further')}\n---\nkind: Pod\nx: [\n")
        self.agent.wait_ready("further")
        self.assertEqual(container(self.agent.wait_ready("right"), "c")["containerID"], before)
        self.agent.write("parts.yaml", manifest("further"))
        self.agent.wait_gone("right")
        self.agent.wait_ready("further")

    def test_what_is_no_file(self):
        folder = self.agent.manifests
        os.mkfifo(f"{folder}/0fifo.yaml")
        os.mknod(f"{folder}/0zero.yaml", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        links = {"0nowhere.yaml": "/nowhere", "0loop.yaml": "0loop.yaml", "0device.yaml": "/dev/zero", "0folder.yaml": "/etc"}
        for name, target in links.items():
            os.symlink(target, f"{folder}/{name}")
        os.mkdir(f"{folder}/0inner.yaml")
        with open(f"{self.agent.folder}/elsewhere", "w") as file:
            file.write(manifest("linked"))
        os.symlink(f"{self.agent.folder}/elsewhere", f"{folder}/link.yaml")
        self.agent.write("beside.json", manifest("beside"))
        self.agent.wait_ready("beside")
        self.agent.wait_ready("linked")
        for name in ["0fifo.yaml", "0zero.yaml", *links]:
            self.agent.remove(name)
        os.rmdir(f"{folder}/0inner.yaml")

    def test_too_large_too_deep_and_multiplied(self):
        size = 10 << 20
        with open(f"{self.agent.manifests}/0sparse.yaml", "w") as file:
            file.truncate(1 << 40)
        self.agent.write("0large.json", manifest("large").ljust(size + 1))
        self.agent.write("0fits.json", manifest("fits").ljust(size - 1000))
        self.agent.write("0labels.json", manifest("annotated", annotations={"x": "y" * (1 << 20)}))
        deep = {"0a.json": "[" * 100000 + "]" * 100000, "0b.yaml": "a: " + "{a: " * 50000 + "}" * 50000,
                "0c.yaml": "\n".join(" " * depth + "a:" for depth in range(3000)), "0d.yaml": "- " * 20000 + "x"}
        for name, text in deep.items():
            self.agent.write(name, text)
        bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12))
        self.agent.write("0bomb.yaml", bomb)
        self.agent.write("0self.yaml", "a: &a [*a]\n")
        self.agent.write("beyond.json", manifest("beyond"))
        self.agent.wait_ready("beyond")
        self.agent.wait_ready("fits")
        self.is_told("0sparse.yaml: file too large", "0large.json: file too large",
                     "0labels.json: document 1, line 1: metadata.annotations: Too long",
                     "0bomb.yaml: document 1, line 1, column 12: aliases make the document many times larger than its text",
                     "0self.yaml: document 1, line 1, column 8: found undefined alias",
                     *(f"{name}: document 1, line" for name in deep))

    def test_rewritten_without_end(self):
        def is_last(version):
            self.agent.wait_for("hurried", lambda pod: pod["metadata"]["labels"]["version"] == version
                                and condition(pod, "Ready") == "True", f"version {version} and ready")

        path = f"{self.agent.manifests}/hurried.json"
        for number in range(1000):
            # In place, and of one length: nothing but the time tells one from the other.
            with open(path, "r+" if number else "w") as file:
                file.write(manifest("hurried", labels={"version": f"{number:04}"}))
        is_last("0999")
        for number in range(1000, 2000):
            self.agent.write("hurried.json", manifest("hurried", labels={"version": f"{number}"}))
        is_last("1999")
        wait(lambda: [pod["metadata"]["name"] for pod in json.loads(self.agent.get("/runningpods"))["items"]]
             .count("hurried-node") == 1, "one of them runs", 20)


class Meanwhile(AgentTest):
    """What has changed while there was no agent."""

    def running(self):
        return [pod["metadata"]["name"] for pod in json.loads(self.agent.get("/runningpods"))["items"] or []]

    def test_an_empty_file_keeps_no_pod_of_another(self):
        self.agent.write("gone.json", manifest("gone"))
        self.agent.write("stays.json", manifest("stays"))
        self.agent.wait_ready("gone")
        before = container(self.agent.wait_ready("stays"), "c")["containerID"]
        self.agent.kill()
        self.agent.remove("gone.json")
        open(f"{self.agent.manifests}/empty.json", "w").close()
        self.agent.start()
        wait(lambda: "gone-node" not in self.running(), "the pod without a manifest has ended")
        self.assertEqual(container(self.agent.wait_ready("stays"), "c")["containerID"], before)
        self.assertIn("/empty.json: the file is empty", self.agent.log())
        self.agent.remove("empty.json")

    def test_an_emptied_file_is_waited_for(self):
        path = f"{self.agent.manifests}/emptied.json"
        self.agent.write("emptied.json", manifest("emptied"))
        before = container(self.agent.wait_ready("emptied"), "c")["containerID"]
        self.agent.kill()
        open(path, "w").close()
        # The agent after the next one still knows.
        for name in ("first", "second"):
            logged = len(self.agent.log())
            self.agent.start()
            wait(lambda: "/emptied.json: the file is empty, and changes nothing" in self.agent.log()[logged:], "it is told")
            # What was told is decided by when another pod has come.
            self.agent.write(f"{name}.json", manifest(name))
            self.agent.wait_ready(name)
            self.assertIn("emptied-node", self.running())
            self.agent.kill()
        self.agent.start()
        with open(path, "w") as file:
            file.write(manifest("emptied"))
        self.assertEqual(container(self.agent.wait_ready("emptied"), "c")["containerID"], before)
        self.agent.kill()
        open(path, "w").close()
        self.agent.start()
        self.agent.remove("emptied.json")
        wait(lambda: "emptied-node" not in self.running(), "the pod of the file that is gone has ended")
        for name in ("first", "second"):
            self.agent.remove(f"{name}.json")

    def test_each_folder_is_cleaned_that_can_be(self):
        self.agent.kill()
        pods = f"{self.agent.root}/agent/pods"
        # A file where a folder should be cannot be cleaned as one.
        left, stuck = [[f"{pods}/{name}{number}" for number in range(3)] for name in ("left", "stuck")]
        for folder in left:
            os.makedirs(f"{folder}/volumes")
        for file in stuck:
            open(file, "w").close()
        self.agent.start()
        wait(lambda: not any(map(os.path.exists, left)), "the folders are gone")
        for number in range(3):
            wait(lambda: f"clean up after pod stuck{number}, which is gone: " in self.agent.log(), "each is told")
        for file in stuck:
            os.remove(file)

    def test_another_pod_has_the_uid(self):
        self.agent.write("heir.json", manifest("elder", uid="inherited"))
        before = container(self.agent.wait_ready("elder"), "c")["containerID"]
        self.agent.kill()
        self.agent.write("heir.json", manifest("younger", uid="inherited"))
        self.agent.start()
        self.assertNotEqual(container(self.agent.wait_ready("younger"), "c")["containerID"], before)
        self.assertIn("younger-node", self.running())
        self.assertNotIn("elder-node", self.running())
        self.assertEqual([name for name in os.listdir(self.agent.logs) if name.endswith("_inherited")],
                         ["default_younger-node_inherited"])
        self.agent.remove("heir.json")
        self.agent.wait_gone("younger")


class Page(http.server.BaseHTTPRequestHandler):
    """What is served at the address: by `mode`, `body` or something worse."""

    mode, body, headers_seen = "good", b"", {}
    asked = 0

    def do_GET(self):
        Page.headers_seen = dict(self.headers)
        Page.asked += 1
        if Page.mode == "error":
            return self.send_error(500)
        self.send_response(302 if Page.mode == "circle" else 200)
        if Page.mode == "circle":
            self.send_header("Location", self.path)
        elif Page.mode not in ("endless", "drip"):
            self.send_header("Content-Length", str(len(Page.body) + (100 if Page.mode == "short" else 0)))
        self.end_headers()
        try:
            if Page.mode == "endless":
                while True:
                    self.wfile.write(b"#" * (1 << 20))
            elif Page.mode == "drip":
                while True:
                    self.wfile.write(b"#")
                    time.sleep(0.2)
            elif Page.mode != "circle":
                self.wfile.write(Page.body)
        except OSError:
            # The agent has had enough.
            return

    def log_message(self, *_):
        return


class Address(AgentTest):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        cls.server.daemon_threads = True
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.serve("one")
        cls.agent = Agent("address", {"staticPodURL": f"http://127.0.0.1:{cls.server.server_port}/pods",
                                      "staticPodURLHeader": {"X-Node": ["here"]}, "httpCheckFrequency": "200ms"}).start()

    @classmethod
    def tearDownClass(cls):
        Page.mode, Page.body = "good", b""
        super().tearDownClass()
        cls.server.shutdown()

    @staticmethod
    def serve(*names, mode="good"):
        Page.body = "\n---\n".join(map(manifest, names)).encode()
        Page.mode = mode

    def id_of(self, name):
        return container(self.agent.wait_ready(name), "c")["containerID"]

    def is_asked_again(self):
        """What is served now has been read, and what came of it can be seen."""
        before = Page.asked
        wait(lambda: Page.asked >= before + 3, "the address is asked again")

    def test_pods_stay_while_it_answers_badly(self):
        before = self.id_of("one")
        self.assertEqual(Page.headers_seen["X-Node"], "here")
        self.assertEqual(self.agent.find("one")["metadata"]["annotations"]["kubernetes.io/config.source"], "http")
        bad = {"error": "answered 500", "endless": "TooManyBytes", "circle": "redirect", "short": ""}
        for mode, told in bad.items():
            with self.subTest(mode):
                self.serve("one", mode=mode)
                self.is_asked_again()
                self.assertEqual(self.id_of("one"), before)
                self.assertIn(told.lower(), self.agent.log().lower())
                self.serve("one", mode)
                self.agent.wait_ready(mode)
                self.assertEqual(self.id_of("one"), before)
        for body in (os.urandom(5000), b"<html>login</html>", manifest("one").encode() + b"\n---\nkind: Pod\nx: ["):
            Page.body = body
            self.is_asked_again()
            self.assertEqual(self.id_of("one"), before)
        self.serve("one")
        self.agent.wait_gone("short")
        self.assertEqual(self.id_of("one"), before)

    def test_an_answer_that_never_ends(self):
        before = self.id_of("one")
        self.serve("one", mode="drip")
        asked = Page.asked
        wait(lambda: Page.asked > asked, "it is asked", 20)
        self.serve("one", "awaited")
        self.agent.wait_ready("awaited")
        self.assertIn("no answer as a whole within 10 s", self.agent.log())
        self.serve("one")
        self.agent.wait_gone("awaited")
        self.assertEqual(self.id_of("one"), before)

    def test_lies_when_an_agent_begins(self):
        before = self.id_of("one")
        for body in (b"<html>login</html>", manifest("other").encode() + b"\n---\nkind: Pod\nx: ["):
            self.agent.kill()
            Page.body = body
            self.agent.start()
            self.is_asked_again()
            if b"other" in body:
                # What is good in it is not stopped by what is not.
                self.agent.wait_ready("other")
            self.serve("one")
            self.assertEqual(self.id_of("one"), before)
            self.agent.wait_gone("other")

    def test_is_away_when_an_agent_begins(self):
        before = self.id_of("one")
        self.agent.kill()
        self.serve("one", mode="error")
        self.agent.start()
        self.is_asked_again()
        self.serve("one")
        self.assertEqual(self.id_of("one"), before)


if __name__ == "__main__":
    unittest.main()
