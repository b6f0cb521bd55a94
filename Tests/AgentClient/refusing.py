"""A runtime that refuses what a test tells it to refuse, and ends its streams of events: a relay before the real one.

It runs by the Python that scripts/cri-client has made, as a program of its own: refusing.py FOLDER RUNTIME, where the folder
holds what it is told and tells.
"""

import os
import subprocess
import sys
import threading
import time

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.fixtures/cri-client/venv/bin/python")


class Refusing:
    """Runs until it is stopped."""

    def __init__(self, folder, runtime):
        """`runtime`: the socket of one that answers already."""
        self.folder = folder
        self.socket = f"{folder}/refusing.sock"
        self.endpoint = f"unix://{self.socket}"
        for name in ("count", "calls"):
            open(f"{folder}/{name}", "w").close()
        with open(f"{folder}/refusing.log", "ab") as log:
            self.process = subprocess.Popen([PYTHON, __file__, folder, runtime], stdout=log, stderr=log)

    def refuse(self, *calls, code="INTERNAL"):
        open(f"{self.folder}/count", "w").close()
        self.tell("refused", " ".join((code, *calls)))

    def relent(self):
        os.remove(f"{self.folder}/refused")

    def count(self):
        """How often it has refused since it was told to."""
        return os.path.getsize(f"{self.folder}/count")

    def end_streams(self, code):
        """All there are, and each new one at once, as long as nobody says otherwise; `OK`: as if nothing were amiss."""
        self.tell("ended", code)

    def let_streams_be(self):
        if os.path.exists(f"{self.folder}/ended"):
            os.remove(f"{self.folder}/ended")

    def calls(self, name):
        """How often that was asked; `ListPodSandbox/all`: for all sandboxes that there are."""
        with open(f"{self.folder}/calls") as file:
            return file.read().split("\n").count(name)

    def tell(self, file, text):
        with open(f"{self.folder}/{file}.new", "w") as new:
            new.write(text)
        os.rename(f"{self.folder}/{file}.new", f"{self.folder}/{file}")

    def stop(self):
        self.process.kill()
        self.process.wait()


def relay(folder, runtime):
    from concurrent import futures

    import grpc

    options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.default_authority", "localhost")]
    channel = grpc.insecure_channel("unix:" + runtime, options=options)
    streams = set()

    def told(file):
        """Words, or none."""
        try:
            with open(f"{folder}/{file}") as text:
                return text.read().split()
        except FileNotFoundError:
            return []

    def note(file, text):
        with open(f"{folder}/{file}", "a") as notes:
            notes.write(text)

    def end_streams():
        while True:
            if told("ended"):
                for stream in list(streams):
                    stream.cancel()
            time.sleep(0.02)

    class Relay(grpc.GenericRpcHandler):
        """Messages are bytes here, whatever they say."""

        def service(self, details):
            method = details.method
            if method.endswith("/GetContainerEvents"):
                return grpc.unary_stream_rpc_method_handler(lambda request, context: self.stream(method, request, context))
            return grpc.unary_unary_rpc_method_handler(lambda request, context: self.call(method, request, context))

        def begin(self, method, request, context):
            name = method.rsplit("/", 1)[1]
            note("calls", name + ("/all\n" if name == "ListPodSandbox" and not request else "\n"))
            code, *refused = told("refused") or [None]
            if name in refused:
                note("count", ".")
                context.abort(getattr(grpc.StatusCode, code), "refused by the test")

        def stream(self, method, request, context):
            self.begin(method, request, context)
            answers = channel.unary_stream(method)(request)
            context.add_callback(answers.cancel)
            context.send_initial_metadata(())
            streams.add(answers)
            try:
                yield from answers
            except grpc.RpcError as error:
                code = (told("ended") or [error.code().name])[0]
                if code != "OK":
                    context.abort(getattr(grpc.StatusCode, code), "ended by the test")
            finally:
                streams.remove(answers)

        def call(self, method, request, context):
            self.begin(method, request, context)
            try:
                return channel.unary_unary(method)(request, timeout=60)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

    threading.Thread(target=end_streams, daemon=True).start()
    server = grpc.server(futures.ThreadPoolExecutor(16), options=options)
    server.add_generic_rpc_handlers((Relay(),))
    server.add_insecure_port(f"unix:{folder}/refusing.sock")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    relay(*sys.argv[1:])
