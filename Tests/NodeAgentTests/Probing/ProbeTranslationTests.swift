import KubernetesAPI
import NodeAgent
import PodProbes
import Testing

@Suite struct ProbeTranslationTests {
    private static func container() -> Container {
        var container = Container(name: "c", image: "image")
        container.ports = [ContainerPort(name: "web", containerPort: 8080)]
        return container
    }

    private func translate(_ container: Container) -> ProbeTranslation {
        ProbeTranslation(container: container, address: "10.0.0.2")
    }

    @Test func portsAreFoundByName() {
        var container = Self.container()
        container.readinessProbe = KubernetesAPI.Probe(tcpSocket: TCPSocketAction(port: .string("web")))
        container.livenessProbe = KubernetesAPI.Probe(httpGet: HTTPGetAction(port: .int(81)))
        let probes = translate(container).probes()
        #expect(probes[.readiness]?.handler == .tcpSocket(host: "10.0.0.2", port: 8080))
        #expect(probes[.liveness]?.handler == .httpGet(HTTPGet(host: "10.0.0.2", port: 81)))
        #expect(probes[.startup] == nil)
    }

    @Test func commandsOfProbesHaveTheVariablesOfTheManifest() {
        let words = ["check", "$(A)/x", "$$(A)", "$(B)", "$(NONE)", "$A"]
        var container = Self.container()
        container.env = [
            EnvVar(name: "A", value: "one"),
            EnvVar(
                name: "B", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"))),
        ]
        container.livenessProbe = KubernetesAPI.Probe(exec: ExecAction(command: words))
        let translation = translate(container)
        #expect(
            translation.probes()[.liveness]?.handler
                == .exec(command: ["check", "one/x", "$(A)", "", "$(NONE)", "$A"]))
        #expect(
            translation.hook(LifecycleHandler(exec: ExecAction(command: words))) == .exec(command: words))
    }

    /// A probe that names a port which is not there is not the same as no probe: the container would be ready.
    @Test func anUnknownPortIsAnErrorOfEachProbeAndHook() async {
        let impossible = PodProbes.ProbeHandler.impossible(
            reason: "strconv.Atoi: parsing \"http\": invalid syntax")
        var container = Self.container()
        container.readinessProbe = KubernetesAPI.Probe(httpGet: HTTPGetAction(port: .string("http")))
        container.startupProbe = KubernetesAPI.Probe(tcpSocket: TCPSocketAction(port: .string("http")))
        let translation = translate(container)
        #expect(translation.probes().mapValues(\.handler) == [.readiness: impossible, .startup: impossible])
        for hook in [
            LifecycleHandler(httpGet: HTTPGetAction(port: .string("http"))),
            LifecycleHandler(tcpSocket: TCPSocketAction(port: .string("http"))),
        ] {
            #expect(translation.hook(hook) == impossible)
        }
        let answer = await Prober().once(impossible, container: "c", timeout: nil)
        #expect(answer == ProbeAnswer(.error, "strconv.Atoi: parsing \"http\": invalid syntax"))
    }
}
