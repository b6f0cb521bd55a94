import Glibc
import KubernetesAPI
import LinuxKernel
import PodVolumes
import Synchronization
import Testing

struct ProjectedTests {
    @Test func laterSourcesReplaceFilesOfEarlierOnes() async throws {
        let node = try TestNode()
        node.objects.set(
            file: "a", objects: [configMap("app", ["a": "map", "b": "map"]), secret("s", ["b": "secret"])])
        let pod = makePod([
            Volume(
                name: "all",
                projected: ProjectedVolumeSource(
                    sources: [
                        VolumeProjection(configMap: ConfigMapProjection(name: "app")),
                        VolumeProjection(secret: SecretProjection(name: "s")),
                        VolumeProjection(
                            downwardAPI: DownwardAPIProjection(items: [
                                DownwardAPIVolumeFile(
                                    path: "pod/name",
                                    fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))
                            ])),
                        VolumeProjection(secret: SecretProjection(name: "none", optional: true)),
                    ], defaultMode: 0o444))
        ])
        _ = try await node.manager().mount(pod)
        let path = node.volume(pod, "projected", "all")
        #expect(try isTmpfs(path))
        #expect(try read(path + "/a") == "map")
        #expect(try read(path + "/b") == "secret")
        #expect(try read(path + "/pod/name") == "web")
        #expect(try mode(path + "/a") == 0o444)
        #expect(try names(path).filter { !$0.hasPrefix("..") } == ["a", "b", "pod"])
    }

    @Test func allThatIsWrongIsToldAtOnce() async throws {
        let node = try TestNode()
        let pod = makePod([
            Volume(
                name: "all",
                projected: ProjectedVolumeSource(sources: [
                    VolumeProjection(configMap: ConfigMapProjection(name: "x")),
                    VolumeProjection(secret: SecretProjection(name: "y")),
                    VolumeProjection(clusterTrustBundle: ClusterTrustBundleProjection(path: "ca")),
                    VolumeProjection(serviceAccountToken: ServiceAccountTokenProjection(path: "token")),
                ]))
        ])
        let reason = await failure { _ = try await node.manager().mount(pod) }
        #expect(
            reason == "[configmap \"x\" not found, secret \"y\" not found, "
                + "projected source clusterTrustBundle is not supported on this node, "
                + "failed to fetch token: no tokens for service account default/default: "
                + "this node has no API server that issues them]")
    }

    /// Issues tokens that tell for whom they are, and how many there were.
    private final class Issuer: ObjectSource {
        let requests = Mutex<[TokenRequest]>([])
        func configMap(namespace: String, name: String) -> ConfigMap? { nil }
        func secret(namespace: String, name: String) -> Secret? { nil }
        func claim(namespace: String, name: String) -> PersistentVolumeClaim? { nil }
        func volume(name: String) -> PersistentVolume? { nil }
        func token(_ request: TokenRequest) -> String {
            requests.withLock {
                $0.append(request)
                return "token \($0.count)"
            }
        }
    }

    @Test func tokensAreForThePodAlone() async throws {
        let node = try TestNode()
        let issuer = Issuer()
        let manager = try node.manager(sources: issuer)
        let volume = Volume(
            name: "token",
            projected: ProjectedVolumeSource(sources: [
                VolumeProjection(
                    serviceAccountToken: ServiceAccountTokenProjection(
                        audience: "vault", expirationSeconds: 600, path: "t"))
            ]))
        let pod = makePod([volume]) { $0.spec.serviceAccountName = "builder" }
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "projected", "token") + "/t"
        #expect(try read(path) == "token 1")
        #expect(try mode(path) == 0o644)
        #expect(
            issuer.requests.withLock { $0 } == [
                TokenRequest(
                    namespace: "default", serviceAccount: "builder", audience: "vault", expiration: 600,
                    podName: "web", podUID: "uid-web")
            ])
        #expect(try await manager.update(pod))
        #expect(try read(path) == "token 2")

        let user = makePod("user", [volume]) {
            $0.spec.securityContext = PodSecurityContext(runAsUser: 1000)
            $0.spec.initContainers = [Container(name: "init")]
        }
        _ = try await manager.mount(user)
        let ofUser = node.volume(user, "projected", "token") + "/t"
        #expect(try mode(ofUser) == 0o600)
        #expect(try status(ofUser).st_uid == 1000)

        let users = makePod("users", [volume]) {
            $0.spec.securityContext = PodSecurityContext(runAsUser: 1000, fsGroup: 4711)
            $0.spec.initContainers = [Container(name: "init", securityContext: SecurityContext(runAsUser: 1))]
        }
        _ = try await manager.mount(users)
        let ofUsers = node.volume(users, "projected", "token") + "/t"
        #expect(try mode(ofUsers) == 0o640)
        #expect(try status(ofUsers).st_uid == 0)
        #expect(try status(ofUsers).st_gid == 4711)
    }

    private func downward(_ items: [DownwardAPIVolumeFile]) -> Volume {
        Volume(name: "info", downwardAPI: DownwardAPIVolumeSource(items: items))
    }

    @Test func fieldsOfThePod() async throws {
        let node = try TestNode()
        let fields = [
            "metadata.name": "web", "metadata.namespace": "default", "metadata.uid": "uid-web",
            "metadata.labels": "app=\"we\\\"b\\n\\u00a0ä\"\nzone=\"\"", "metadata.labels['zone']": "",
            "metadata.annotations['a.b/c']": "d\te", "metadata.annotations": "a.b/c=\"d\\te\"",
        ]
        let names = fields.keys.sorted()
        var pod = makePod([
            downward(
                names.enumerated().map {
                    DownwardAPIVolumeFile(
                        path: "f\($0.offset)", fieldRef: ObjectFieldSelector(fieldPath: $0.element))
                })
        ]) {
            $0.metadata.labels = ["zone": "", "app": "we\"b\n\u{a0}ä"]
            $0.metadata.annotations = ["a.b/c": "d\te"]
        }
        let manager = try node.manager()
        _ = try await manager.mount(pod)
        let path = node.volume(pod, "downward-api", "info")
        for (index, name) in names.enumerated() {
            #expect(try read(path + "/f\(index)") == fields[name], "\(name)")
        }
        #expect(try await !manager.update(pod))
        pod.metadata.labels["zone"] = "b"
        #expect(try await manager.update(pod))
        let zone = try #require(names.firstIndex(of: "metadata.labels['zone']"))
        #expect(try read(path + "/f\(zone)") == "b")

        for field in ["status.podIP", "metadata.labels['']", "spec.nodeName"] {
            let pod = makePod(
                "bad",
                [
                    downward([
                        DownwardAPIVolumeFile(path: "f", fieldRef: ObjectFieldSelector(fieldPath: field))
                    ])
                ])
            #expect(
                await failure { _ = try await manager.mount(pod) } == "unsupported fieldPath: \(field)")
        }
    }

    @Test(arguments: [
        ("limits.cpu", "0", "2"), ("limits.cpu", "1m", "1500"), ("limits.cpu", "100m", "15"),
        ("requests.cpu", "1", "1"), ("limits.memory", "0", "134217729"), ("limits.memory", "1Mi", "129"),
        ("limits.ephemeral-storage", "1Gi", "10"), ("requests.memory", "1", "0"),
        ("limits.hugepages-2Mi", "1Mi", "4"), ("limits.hugepages-1Gi", "1", "0"),
    ])
    func resourcesAreRoundedUp(_ resource: String, _ divisor: String, _ expected: String) throws {
        let pod = makePod([]) {
            $0.spec.containers[0].resources = ResourceRequirements(
                limits: [
                    .cpu: Quantity(milli: 1500), .memory: Quantity((128 << 20) + 1),
                    "hugepages-2Mi": Quantity(4 << 20),
                ], requests: [.cpu: Quantity(milli: 250)])
        }
        let reference = ResourceFieldSelector(resource: resource, divisor: try #require(Quantity(divisor)))
        let value = try ResourceField.value(
            reference, in: pod, container: "main", allocatable: [.ephemeralStorage: Quantity(10 << 30)])
        #expect(value == expected)
    }

    @Test func resourcesThatAreNotThere() {
        let pod = makePod([])
        func reason(_ container: String, _ resource: String) -> String {
            do {
                return try ResourceField.value(
                    ResourceFieldSelector(containerName: container, resource: resource), in: pod,
                    container: nil,
                    allocatable: [:])
            } catch {
                return "\(error)"
            }
        }
        #expect(reason("x", "limits.cpu") == "container x not found")
        #expect(reason("main", "limits.gpu") == "unsupported container resource : limits.gpu")
        #expect(reason("main", "cpu") == "unsupported container resource : cpu")
        #expect(reason("main", "limits.memory") == "0")
    }
}
