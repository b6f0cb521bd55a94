"""Requests that no kubelet would send: long texts, and messages filled at random from their descriptors."""

import os
import random

import grpc

from node import FOLDER, NodeTest, cri

CODE = grpc.StatusCode


class Texts(NodeTest):
    """What a client sends stands in the answer, which gRPC reads up to a length only."""

    def test_long_and_of_many_lines(self):
        config = self.pod_config("texts")
        pod = self.run_pod(config)
        for text in ["x" * 70_000, "\n\u2028 é%" * 7_000]:
            for change in self.changes(text):
                with self.subTest(change=change.__name__, begin=text[:4]):
                    container = self.container_config(config, "c", ["true"])
                    change(container)
                    # It may be the name of a device that no file describes.
                    isName = change.__name__ == "cdi" and text[0] == "x"
                    self.short(CODE.NOT_FOUND if isName else CODE.INVALID_ARGUMENT, self.runtime.CreateContainer,
                               cri.CreateContainerRequest(pod_sandbox_id=pod, config=container, sandbox_config=config))
            network = cri.NetworkConfig(pod_cidr=text)
            self.short(CODE.INVALID_ARGUMENT, self.runtime.UpdateRuntimeConfig,
                       cri.UpdateRuntimeConfigRequest(runtime_config=cri.RuntimeConfig(network_config=network)))
            self.short(CODE.INVALID_ARGUMENT, self.runtime.RunPodSandbox,
                       cri.RunPodSandboxRequest(config=self.pod_config("other"), runtime_handler=text))
            self.short(CODE.INVALID_ARGUMENT, self.daemon.images.PullImage,
                       cri.PullImageRequest(image=cri.ImageSpec(image="sha256:" + text)))

    def changes(self, text):
        def user(config):
            config.linux.security_context.run_as_username = text

        def device(config):
            config.devices.add(host_path="/dev/" + text, container_path="/dev/x", permissions="r")

        def cdi(config):
            config.CDI_devices.add(name="vendor.com/class=" + text)

        def mount(config):
            config.mounts.add(host_path="/" + text, container_path="/x")

        def seccomp(config):
            profile = config.linux.security_context.seccomp
            profile.profile_type, profile.localhost_ref = cri.SecurityProfile.Localhost, "/" + text

        return [user, device, cdi, mount, seccomp]

    def short(self, code, call, request):
        details = self.refused(code, call, request)
        self.assertLessEqual(len(details), 4096)


class Filler:
    """Fills messages of any type."""

    # Parents of groups would stay, and a stop that waits for ever holds up the test.
    untouched = {"cgroup_parent", "timeout"}
    texts = ["", "x", "\0", "two\nlines", "é", "..", "a/b", "%n", "-1", "sha256:12", "vendor.com/class=x", "ALL",
             "NET_RAW", "localhost/x", "1-0", "127.0.0.1", "x" * 70_000, "/", "/proc", f"{FOLDER}/random/x", "/dev/null"]
    numbers = {"int32": [0, 1, -1, 7, 65536, 2**31 - 1, -2**31], "uint32": [0, 1, 65536, 2**32 - 1],
               "int64": [0, 1, -1, 7, 1 << 20, 2**63 - 1, -2**63], "uint64": [0, 1, 1 << 20, 2**64 - 1],
               "double": [0.0, -1.5, 1e308, float("nan")]}

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = []

    def fill(self, message, likely, depth=0):
        """Sets each field with that likelihood, over what is there."""
        for field in message.DESCRIPTOR.fields:
            if field.name in self.untouched or depth > 6 or self.random.random() > likely:
                continue
            isMessage = field.message_type is not None
            if isMessage and field.message_type.GetOptions().map_entry:
                getattr(message, field.name)[self.text("")] = self.text("")
            elif self.isRepeated(field):
                for _ in range(self.random.randint(1, 2)):
                    if isMessage:
                        self.fill(getattr(message, field.name).add(), 0.6, depth + 1)
                    else:
                        getattr(message, field.name).append(self.value(field))
            elif isMessage:
                getattr(message, field.name).SetInParent()
                self.fill(getattr(message, field.name), likely, depth + 1)
            else:
                setattr(message, field.name, self.value(field))
        return message

    @staticmethod
    def isRepeated(field):
        # Older and newer libraries have one of these each.
        return field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED

    def value(self, field):
        if field.enum_type is not None:
            return self.random.choice([value.number for value in field.enum_type.values] + [99])
        if field.cpp_type == field.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if field.cpp_type == field.CPPTYPE_STRING:
            if field.type == field.TYPE_BYTES:
                return self.text("").encode()
            return self.text(field.name)
        kind = {field.CPPTYPE_INT32: "int32", field.CPPTYPE_UINT32: "uint32", field.CPPTYPE_INT64: "int64",
                field.CPPTYPE_UINT64: "uint64"}.get(field.cpp_type, "double")
        return self.random.choice(self.numbers[kind])

    def text(self, field):
        if field.endswith("id") and self.random.random() < 0.8:
            return self.random.choice(self.names)
        return self.random.choice(self.texts)


class AtRandom(NodeTest):
    # These run what was filled in, write where it says, change images, or never end; the last two nobody has yet.
    left_out = {"StartContainer", "CheckpointContainer", "PullImage", "RemoveImage", "GetContainerEvents",
                "CheckpointPod", "RestorePod"}
    codes = {CODE.OK, CODE.INVALID_ARGUMENT, CODE.NOT_FOUND, CODE.ALREADY_EXISTS, CODE.FAILED_PRECONDITION, CODE.UNKNOWN}

    def test_every_call(self):
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        filler = Filler(seed)
        methods = [(stub, method) for stub, name in [(self.runtime, "RuntimeService"), (self.daemon.images, "ImageService")]
                   for method in cri.DESCRIPTOR.services_by_name[name].methods if method.name not in self.left_out]
        answered = {}
        for number in range(50):
            config = self.pod_config(f"random-{number}")
            pod = self.run_pod(config)
            container = self.start(pod, config, "c", ["sleep", "100"])
            filler.names = [pod, container, container[:20], "absent"]
            filler.random.shuffle(methods)
            # Those that end what the others are asked about come last.
            for stub, method in sorted(methods, key=lambda each: each[1].name.startswith(("StopP", "StopC", "Remove"))):
                request = self.begun(method, pod, container, config)
                filler.fill(request, filler.random.choice([0.05, 0.2, 0.7]))
                code, details = self.call(stub, method, request)
                about = f"seed {seed}: {method.name}: {code} {details} of {str(request)[:2000]}"
                self.assertIn(code, self.codes, about)
                self.assertTrue(code == CODE.OK or 0 < len(details) <= 4096 and "\n" not in details, about)
                answered.setdefault(method.name, set()).add(code)
            self.assertIsNone(self.daemon.process.poll(), f"seed {seed}: " + self.daemon.last_words())
            for item in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
                self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=item.id), timeout=60)
        self.assertEqual(set(answered), {method.name for _, method in methods})

    def begun(self, method, pod, container, config):
        """A request that is right where an empty one would be refused before anything else is looked at."""
        if method.name == "RunPodSandbox":
            return cri.RunPodSandboxRequest(config=self.pod_config(config.metadata.name + "-more"))
        if method.name == "CreateContainer":
            return cri.CreateContainerRequest(
                pod_sandbox_id=pod, sandbox_config=config, config=self.container_config(config, "d", ["true"]))
        names = {"pod_sandbox_id": pod, "container_id": container}
        request = getattr(cri, method.input_type.name)()
        for field in method.input_type.fields:
            if field.name in names:
                setattr(request, field.name, names[field.name])
        return request

    def call(self, stub, method, request):
        try:
            answer = getattr(stub, method.name)(request, timeout=60)
            if method.server_streaming:
                list(answer)
            return CODE.OK, ""
        except grpc.RpcError as error:
            return error.code(), error.details()
