"""What a cluster would give to pods: variables of services, tokens; and users of their own."""

import json
import unittest

from agent import AgentTest, shell, wait


def service(name, namespace="default", **spec):
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
                       "spec": spec})


class Services(AgentTest):
    def variables(self, name, **spec):
        self.agent.pod(name, {"restartPolicy": "Never", "containers": [
            {"name": "c", "command": ["env"], "env": [{"name": "WEB", "value": "at $(WEB_SERVICE_HOST)"}]}], **spec})
        self.agent.wait_phase(name, "Succeeded")
        lines = self.agent.get(f"/containerLogs/default/{name}-node/c").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def test_variables(self):
        self.agent.write("a-services.yaml", "\n---\n".join((
            service("kubernetes", clusterIP="10.96.0.1", ports=[{"name": "https", "port": 443}]),
            service("web", clusterIP="10.96.0.2", ports=[{"port": 80}, {"port": 53, "protocol": "UDP"}]),
            service("headless", clusterIP="None", ports=[{"port": 1}]),
            service("other", "elsewhere", clusterIP="10.96.0.3", ports=[{"port": 2}]))))
        found = self.variables("linked")
        for name, value in {
                "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443",
                "KUBERNETES_SERVICE_PORT_HTTPS": "443", "WEB_SERVICE_HOST": "10.96.0.2", "WEB_SERVICE_PORT": "80",
                "WEB_PORT": "tcp://10.96.0.2:80", "WEB_PORT_80_TCP": "tcp://10.96.0.2:80", "WEB_PORT_80_TCP_ADDR": "10.96.0.2",
                "WEB_PORT_53_UDP_PROTO": "udp", "WEB": "at 10.96.0.2"}.items():
            self.assertEqual(found.get(name), value, name)
        self.assertFalse([name for name in found if name.startswith(("HEADLESS", "OTHER"))])
        found = self.variables("unlinked", enableServiceLinks=False)
        self.assertEqual(found["KUBERNETES_SERVICE_HOST"], "10.96.0.1")
        self.assertNotIn("WEB_SERVICE_HOST", found)

    def test_a_token_that_nobody_issues_is_told(self):
        self.agent.pod("token", {
            "serviceAccountName": "default",
            "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "containers": [{"name": "c", "command": ["true"], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
        self.agent.wait_phase("token", "Pending")
        wait(lambda: any(event["reason"] == "FailedMount" and "no API server that issues them" in event["message"]
                         for event in self.agent.events("token")), "the reason is told", 20)

    def test_users_of_its_own_and_volumes(self):
        self.agent.pod("apart", {
            "restartPolicy": "Never", "hostUsers": False,
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "c", "command": shell("cat /proc/self/uid_map; id -u; echo x >/v/file; stat -c %u /v/file"),
                            "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]})
        self.agent.wait_phase("apart", "Succeeded")
        words = self.agent.get("/containerLogs/default/apart-node/c").split()
        self.assertNotEqual(words[1], "0")
        self.assertEqual(words[2:], ["65536", "0", "0"])
