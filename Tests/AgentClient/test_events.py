"""Streams of events that end, and calls that a runtime does not have: found out once, and done without."""

import json
import os
import signal
import time
import unittest

from agent import container, processes, wait
from test_refusals import RefusalTest


class Streams(RefusalTest):
    def looks(self):
        """At all there is."""
        return self.runtime.calls("ListPodSandbox/all")

    def streams(self):
        return self.runtime.calls("GetContainerEvents")

    def wait_followed(self):
        """A stream is there, and nobody looks any more as where none is."""
        def is_quiet():
            looks = self.looks()
            time.sleep(1.6)
            return self.looks() == looks

        wait(is_quiet, "events are followed", 60)

    def end_streams(self, code):
        self.runtime.end_streams(code)
        self.addCleanup(self.runtime.let_streams_be)

    def end_by_itself(self, name, command, count):
        """The container's program, which is started that often then."""
        os.kill(int(processes(command)[0][0]), signal.SIGKILL)
        self.agent.wait_for(name, lambda pod: container(pod, "c")["restartCount"] == count
                            and "running" in container(pod, "c")["state"], f"restarted {count} times", 60)

    def test_a_stream_that_ends(self):
        """And each after it: by itself, and broken."""
        command = ["sleep", "73201"]
        self.pod("told", {"name": "c", "command": command})
        self.agent.wait_ready("told")
        for turn, code in enumerate(("OK", "UNAVAILABLE")):
            self.wait_followed()
            looks, streams = self.looks(), self.streams()
            self.end_streams(code)
            wait(lambda: self.looks() >= looks + 4, "it is looked instead", 60)
            self.end_by_itself("told", command, turn + 1)
            # It is tried again, but not all the time.
            tried, looked = self.streams() - streams, self.looks() - looks
            self.assertGreater(tried, 1)
            self.assertLessEqual(tried, looked + 6)
            self.runtime.let_streams_be()
            self.wait_followed()
        # Not for each of them; for one that lasted a minute, again.
        told = self.agent.log().count("the stream of events has ended")
        self.assertGreater(told, 0)
        self.assertLess(told, 4)

    def test_one_whose_runtime_is_away(self):
        """Which is told once, and not at each look."""
        command = ["sleep", "73204"]
        self.pod("lonely", {"name": "c", "command": command})
        self.agent.wait_ready("lonely")
        self.wait_followed()
        before, looks = len(self.agent.log()), self.looks()
        self.agent.kill_runtime()
        wait(lambda: self.looks() >= looks + 3, "it is looked for", 60)
        self.agent.start_runtime()
        self.end_by_itself("lonely", command, 1)
        wait(lambda: "the runtime answers again" in self.agent.log()[before:], "it is told", 20)
        self.assertEqual(self.agent.log()[before:].count("the runtime does not answer"), 1)
        self.wait_followed()


class Lacking(RefusalTest):
    """A runtime without events, and without numbers of pods."""

    @classmethod
    def begin(cls):
        cls.runtime.refuse("GetContainerEvents", "ListPodSandboxStats", code="UNIMPLEMENTED")

    def test_events_are_asked_for_once(self):
        command = ["sleep", "73203"]
        self.pod("looked", {"name": "c", "command": command})
        self.agent.wait_ready("looked")
        looks = self.runtime.calls("ListPodSandbox/all")
        os.kill(int(processes(command)[0][0]), signal.SIGKILL)
        self.agent.wait_for("looked", lambda pod: container(pod, "c")["restartCount"] == 1, "restarted", 30)
        wait(lambda: self.runtime.calls("ListPodSandbox/all") >= looks + 3, "it is looked instead", 60)
        self.assertEqual(self.runtime.calls("GetContainerEvents"), 1)
        self.assertEqual(self.agent.log().count("the runtime has no events"), 1)

    def test_numbers_are_those_of_containers(self):
        self.pod("measured", {"name": "c", "command": ["sleep", "73205"]})
        self.agent.wait_ready("measured")
        for _ in range(3):
            pods = json.loads(self.agent.get("/stats/summary"))["pods"]
            pod = [one for one in pods if one["podRef"]["name"] == "measured-node"][0]
            self.assertEqual([one["name"] for one in pod["containers"]], ["c"])
            self.assertGreater(pod["containers"][0]["memory"]["workingSetBytes"], 0)
        self.assertEqual(self.runtime.calls("ListPodSandboxStats"), 1)
        self.assertEqual(self.agent.log().count("the runtime does not measure pods"), 1)


if __name__ == "__main__":
    unittest.main()
