"""A runtime that refuses what a test tells it to refuse: a relay before the real one.

It runs by the Python that scripts/cri-client has made, as a program of its own: refusing.py RUNTIME SOCKET REFUSED COUNT.
"""

import os
import subprocess
import sys

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.fixtures/cri-client/venv/bin/python")


class Refusing:
    """Runs until it is stopped."""

    def __init__(self, folder, runtime):
        """`runtime`: the socket of one that answers already."""
        self.socket = f"{folder}/refusing.sock"
        self.endpoint = f"unix://{self.socket}"
        # The name of a call, and one byte for each time that it was refused.
        self.refused, self.counted = f"{folder}/refused", f"{folder}/count"
        with open(f"{folder}/refusing.log", "ab") as log:
            self.process = subprocess.Popen([PYTHON, __file__, runtime, self.socket, self.refused, self.counted],
                                            stdout=log, stderr=log)

    def refuse(self, call):
        open(self.counted, "w").close()
        with open(self.refused + ".new", "w") as file:
            file.write(call)
        os.rename(self.refused + ".new", self.refused)

    def relent(self):
        os.remove(self.refused)

    def count(self):
        """How often it has refused since it was told to."""
        return os.path.getsize(self.counted)

    def stop(self):
        self.process.kill()
        self.process.wait()


def relay(runtime, socket, refused, counted):
    from concurrent import futures

    import grpc

    options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.default_authority", "localhost")]
    channel = grpc.insecure_channel("unix:" + runtime, options=options)

    def is_refused(method):
        try:
            with open(refused) as file:
                return method.endswith("/" + file.read())
        except FileNotFoundError:
            return False

    class Relay(grpc.GenericRpcHandler):
        """Messages are bytes here, whatever they say."""

        def service(self, details):
            method = details.method
            if method.endswith("/GetContainerEvents"):
                return grpc.unary_stream_rpc_method_handler(lambda request, context: self.stream(method, request, context))
            return grpc.unary_unary_rpc_method_handler(lambda request, context: self.call(method, request, context))

        def stream(self, method, request, context):
            answers = channel.unary_stream(method)(request)
            context.add_callback(answers.cancel)
            yield from answers

        def call(self, method, request, context):
            if is_refused(method):
                with open(counted, "ab") as file:
                    file.write(b".")
                context.abort(grpc.StatusCode.INTERNAL, "refused by the test")
            try:
                return channel.unary_unary(method)(request, timeout=60)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

    server = grpc.server(futures.ThreadPoolExecutor(16), options=options)
    server.add_generic_rpc_handlers((Relay(),))
    server.add_insecure_port("unix:" + socket)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    relay(*sys.argv[1:])
