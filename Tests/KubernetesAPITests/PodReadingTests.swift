import KubernetesAPI
import Testing

@Suite struct PodReadingTests {
    static let manifest = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {app: web}
        spec:
          terminationGracePeriodSeconds: 5
          containers:
          - name: nginx
            image: nginx:1
            command: ["nginx", "-g", "daemon off;"]
            ports:
            - {name: http, containerPort: 80, hostPort: 8080}
            resources:
              limits: {cpu: 0.5, memory: 64Mi}
            readinessProbe:
              httpGet: {path: /, port: http}
              periodSeconds: 1
            volumeMounts:
            - {name: page, mountPath: /usr/share/nginx/html, readOnly: on}
          volumes:
          - name: page
            configMap: {name: page, defaultMode: 0644}
        """

    @Test func podIsReadFromYAML() throws {
        var problems = Problems()
        let document = try #require(YAMLDocument.split(Self.manifest).first)
        let object = ObjectKinds.read(try document.value(), reporting: &problems)
        #expect(problems.description == "")
        let pod = try #require(object as? Pod)
        #expect(pod.metadata.name == "web")
        #expect(pod.metadata.labels == ["app": "web"])
        #expect(pod.spec.terminationGracePeriodSeconds == 5)
        let container = try #require(pod.spec.containers.first)
        #expect(container.command == ["nginx", "-g", "daemon off;"])
        #expect(container.ports.first?.hostPort == 8080)
        #expect(container.resources.limits == [.cpu: "500m", .memory: "64Mi"])
        #expect(container.readinessProbe?.httpGet?.port == .string("http"))
        #expect(container.volumeMounts.first?.readOnly == true)
        #expect(pod.spec.volumes.first?.configMap?.defaultMode == 0o644)
        #expect(pod.spec.volumes.first?.configMap?.name == "page")
    }

    @Test func podSurvivesTheWayThroughJSON() throws {
        var problems = Problems()
        let value = try YAMLDocument.split(Self.manifest)[0].value()
        let pod = Pod(from: value, at: .root, reporting: &problems)
        let text = pod.document.json()
        let again = Pod(from: try APIValue(json: text), at: .root, reporting: &problems)
        #expect(problems.isEmpty)
        #expect(again == pod)
        #expect(again.document.json() == text)
    }

    @Test func everyProblemIsReportedWithItsPath() throws {
        let text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: 1}
            spec:
              containers:
              - name: a
                imagee: x
                ports: [{containerPort: eighty}]
              - b
              hostNetwork: "yes"
              nodeSelector: {disk: true}
            """
        let document = YAMLDocument.split(text)[0]
        var problems = Problems()
        let pod = ObjectKinds.read(try document.value(), reporting: &problems) as? Pod
        #expect(
            problems.all.map(\.description) == [
                "metadata.name: expected a string, found the integer 1",
                "unknown field \"spec.containers[0].imagee\"",
                "spec.containers[0].ports[0].containerPort: expected an integer, found the string \"eighty\"",
                "spec.containers[1]: expected an object, found the string \"b\"",
                "spec.hostNetwork: expected a boolean, found the string \"yes\"",
                "spec.nodeSelector.disk: expected a string, found the boolean true",
            ])
        #expect(problems.all.map { document.line(of: $0.path) } == [3, 7, 8, 9, 10, 11])
        #expect(pod?.spec.containers.count == 2)
    }

    @Test func objectsOfOtherKindsAreRefused() throws {
        var problems = Problems()
        #expect(ObjectKinds.read(["kind": "Pod"], reporting: &problems) == nil)
        #expect(ObjectKinds.read(["apiVersion": "v9", "kind": "Pod"], reporting: &problems) == nil)
        #expect(ObjectKinds.read("x", reporting: &problems) == nil)
        #expect(
            problems.all.map(\.description) == [
                "apiVersion: missing",
                "no kind \"Pod\" is registered for version \"v9\"",
                "expected an object, found the string \"x\"",
            ])
    }
}
