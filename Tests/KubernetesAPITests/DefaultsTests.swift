import KubernetesAPI
import Testing

@Suite struct DefaultsTests {
    @Test func aSmallPod() throws {
        let pod = try pod().withDefaults()
        #expect(pod.spec.restartPolicy == .always)
        #expect(pod.spec.dnsPolicy == .clusterFirst)
        #expect(pod.spec.terminationGracePeriodSeconds == 30)
        #expect(pod.spec.enableServiceLinks == true)
        #expect(pod.spec.schedulerName == "default-scheduler")
        #expect(pod.spec.securityContext == PodSecurityContext())
        let container = pod.spec.containers[0]
        #expect(container.imagePullPolicy == .always)
        #expect(container.terminationMessagePath == "/dev/termination-log")
        #expect(container.terminationMessagePolicy == .file)
        #expect(pod.validate().description == "[]")
        #expect(pod.withDefaults() == pod)
    }

    @Test(arguments: [
        "", "web", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "A.b", "x..", String(repeating: "u", count: 128),
    ])
    func uidsThatNamesCanBeMadeOf(_ uid: String) throws {
        var manifest = try pod()
        manifest.metadata.uid = uid
        #expect(StaticPod.validate(StaticPod.prepare(manifest, node: "n", source: .file("f"))).isEmpty)
    }

    @Test(arguments: [
        "/../../victim", "../../../../../a", ".", "..", ".hidden", "a/b", "a_b", "a b", "a\0b", "ü", "a\n",
        String(repeating: "u", count: 129),
    ])
    func uidsThatLeadElsewhere(_ uid: String) throws {
        var manifest = try pod()
        manifest.metadata.uid = uid
        let errors = StaticPod.validate(StaticPod.prepare(manifest, node: "n", source: .file("f")))
        #expect(errors.all.map(\.path.description) == ["metadata.uid"])
    }

    @Test(arguments: [
        ("busybox", "Always"), ("busybox:latest", "Always"), ("busybox:1", "IfNotPresent"),
        ("host:5000/busybox", "Always"), ("host:5000/busybox:1", "IfNotPresent"),
        ("busybox@sha256:00", "IfNotPresent"),
        ("busybox:latest@sha256:00", "Always"), ("", "IfNotPresent"),
    ])
    func pullPolicies(_ image: String, _ policy: String) {
        #expect(PullPolicy(forImage: image).rawValue == policy)
    }

    @Test func probesAndHooks() throws {
        let pod = try pod(
            container: """
                livenessProbe: {grpc: {port: 1}}
                readinessProbe: {httpGet: {port: 80}, periodSeconds: 2}
                startupProbe: {tcpSocket: {port: 1}, failureThreshold: 9}
                lifecycle: {preStop: {httpGet: {port: 80, path: /x, scheme: HTTPS}}, postStart: {httpGet: {port: 80}}}
                """
        ).withDefaults()
        let container = pod.spec.containers[0]
        #expect(
            container.livenessProbe
                == Probe(
                    grpc: GRPCAction(port: 1, service: ""), timeoutSeconds: 1, periodSeconds: 10,
                    successThreshold: 1,
                    failureThreshold: 3))
        #expect(
            container.readinessProbe
                == Probe(
                    httpGet: HTTPGetAction(path: "/", port: 80, scheme: .http), timeoutSeconds: 1,
                    periodSeconds: 2,
                    successThreshold: 1, failureThreshold: 3))
        #expect(container.startupProbe?.failureThreshold == 9)
        #expect(container.lifecycle?.preStop?.httpGet == HTTPGetAction(path: "/x", port: 80, scheme: .https))
        #expect(container.lifecycle?.postStart?.httpGet == HTTPGetAction(path: "/", port: 80, scheme: .http))
    }

    @Test func volumes() throws {
        let pod = try pod(
            """
            volumes:
            - name: empty
            - {name: config, configMap: {name: c}}
            - {name: secret, secret: {secretName: s, defaultMode: 256}}
            - {name: host, hostPath: {path: /x}}
            - {name: down, downwardAPI: {items: [{path: p, fieldRef: {fieldPath: metadata.name}}]}}
            - name: all
              projected:
                sources:
                - serviceAccountToken: {path: token}
                - downwardAPI: {items: [{path: p, fieldRef: {fieldPath: metadata.name}}]}
            - {name: image, image: {reference: "x:1"}}
            """
        ).withDefaults()
        let volumes = pod.spec.volumes
        #expect(volumes[0].emptyDir == EmptyDirVolumeSource())
        #expect(volumes[1].configMap?.defaultMode == 0o644)
        #expect(volumes[2].secret?.defaultMode == 0o400)
        #expect(volumes[3].hostPath?.type == .unset)
        #expect(volumes[4].downwardAPI?.defaultMode == 0o644)
        #expect(volumes[4].downwardAPI?.items[0].fieldRef?.apiVersion == "v1")
        #expect(volumes[5].projected?.defaultMode == 0o644)
        #expect(volumes[5].projected?.sources[0].serviceAccountToken?.expirationSeconds == 3600)
        #expect(volumes[5].projected?.sources[1].downwardAPI?.items[0].fieldRef?.apiVersion == "v1")
        #expect(volumes[6].image?.pullPolicy == .ifNotPresent)
    }

    @Test func requestsComeFromLimits() throws {
        let pod = try pod(
            "initContainers: [{name: i, image: x, resources: {limits: {memory: 1Gi}}}]\nhostNetwork: true",
            container: """
                resources: {limits: {cpu: 0.0005, memory: 64Mi}, requests: {memory: 32Mi}}
                ports: [{containerPort: 80}, {containerPort: 81, hostPort: 81, protocol: UDP}]
                """
        ).withDefaults()
        let container = pod.spec.containers[0]
        #expect(container.resources.requests == [.cpu: "1m", .memory: "32Mi"])
        #expect(pod.spec.initContainers[0].resources.requests == [.memory: "1Gi"])
        #expect(container.ports.map(\.hostPort) == [80, 81])
        #expect(container.ports.map(\.protocol) == [.tcp, .udp])
    }

    @Test func podResources() throws {
        let limited = try pod(
            "resources: {limits: {cpu: 2, memory: 1Gi}}", container: "resources: {requests: {cpu: 500m}}"
        ).withDefaults()
        #expect(limited.spec.resources?.requests == [.cpu: "500m", .memory: "1Gi"])
        let asking = try pod("resources: {requests: {cpu: 1}}", container: "resources: {limits: {cpu: 2}}")
            .withDefaults()
        #expect(asking.spec.resources?.limits == [.cpu: "2"])
    }

    @Test func effectiveRequests() throws {
        let pod = try pod(
            """
            overhead: {cpu: 10m}
            initContainers:
            - {name: a, image: x, resources: {requests: {cpu: 1}}}
            - {name: b, image: x, restartPolicy: Always, resources: {requests: {cpu: 200m}}}
            - {name: c, image: x, resources: {requests: {cpu: 900m}}}
            """, container: "resources: {requests: {cpu: 100m, memory: 1Mi}}")
        // While c starts, b runs beside it: 1100m are more than the 300m of b and main.
        #expect(pod.containerRequests == [.cpu: "1100m", .memory: "1Mi"])
        #expect(pod.requests == [.cpu: "1110m", .memory: "1Mi"])
    }

    @Test func staticPods() throws {
        let manifest = try pod("tolerations: [{key: a, operator: Exists}]")
        let source = StaticPod.Source.file("/etc/pods/web.yaml")
        let seen = try #require(Time("2026-03-01T12:00:00.5Z"))
        let pod = StaticPod.prepare(manifest, node: "Node1", source: source, seen: seen)
        #expect(pod.metadata.name == "web-node1")
        #expect(pod.metadata.namespace == "default")
        #expect(pod.metadata.uid.utf8.count == 32)
        #expect(pod.spec.nodeName == "Node1")
        #expect(pod.status.phase == .pending)
        #expect(
            pod.metadata.annotations == [
                "kubernetes.io/config.hash": pod.metadata.uid, "kubernetes.io/config.source": "file",
                "kubernetes.io/config.seen": "2026-03-01T12:00:00.5Z",
            ])
        #expect(pod.spec.tolerations.last == Toleration(operator: .exists, effect: .noExecute))
        #expect(pod.spec.restartPolicy == .always)
        #expect(pod.isStatic && !pod.isMirror && StaticPod.mirror(of: pod).isMirror)

        // The same manifest is the same pod; another manifest, node or file is another.
        func uid(_ manifest: Pod, _ node: String, _ source: StaticPod.Source) -> String {
            StaticPod.prepare(manifest, node: node, source: source).metadata.uid
        }
        #expect(uid(manifest, "Node1", source) == pod.metadata.uid)
        var changed = manifest
        changed.spec.containers[0].image = "busybox:2"
        let others = [
            uid(changed, "Node1", source), uid(manifest, "node2", source),
            uid(manifest, "Node1", .file("/x")),
            uid(manifest, "Node1", .http(url: "/etc/pods/web.yaml")),
        ]
        #expect(Set(others + [pod.metadata.uid]).count == 5)
        var named = manifest
        named.metadata.uid = "abc"
        #expect(uid(named, "Node1", source) == "abc")
        #expect(StaticPod.prepare(manifest, node: "n", source: .http(url: "u")).spec.tolerations.count == 1)
    }
}
