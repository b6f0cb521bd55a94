import KubernetesAPI
import Testing

@Suite struct WritingTests {
    private func text(_ object: some KubernetesObject) -> String {
        String(decoding: object.document.json(), as: UTF8.self)
    }

    @Test func emptyFieldsAreLeftOutAsGoLeavesThemOut() {
        let pod = Pod(
            metadata: ObjectMeta(name: "web", labels: ["b": "2", "a": "1"]),
            spec: PodSpec(
                containers: [Container(name: "c", resources: ResourceRequirements(limits: [.cpu: "0.5"]))],
                restartPolicy: .never))
        #expect(
            text(pod) == """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"a":"1","b":"2"}},\
                "spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"500m"}}}],"restartPolicy":"Never"},\
                "status":{}}
                """)
    }

    @Test func requiredFieldsAreWrittenEvenWhenEmpty() {
        let status = ContainerStatus(name: "c")
        #expect(
            String(decoding: status.apiValue.json(), as: UTF8.self) == """
                {"name":"c","state":{},"lastState":{},"ready":false,"restartCount":0,"image":"","imageID":""}
                """)
        #expect(text(PodList()) == #"{"apiVersion":"v1","kind":"PodList","metadata":{},"items":[]}"#)
    }

    @Test func secretsAreBase64() throws {
        let secret = try read(
            Secret.self,
            "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: aGk=}, stringData: {p: q}}")
        #expect(secret.data == ["k": Bytes("hi")])
        #expect(secret.stringData == ["p": "q"])
        #expect(secret.document["data"] == ["k": "aGk="])
        var problems = Problems()
        _ = Secret(from: ["data": ["k": "?"]], at: .root, reporting: &problems)
        #expect(problems.description == "data.k: not base64")
    }

    /// Each type of the API survives being written and read, empty and with every field that text can fill.
    @Test func everyKindSurvivesTheWay() throws {
        for name in [
            "Pod", "Node", "Service", "ConfigMap", "Secret", "Event", "Namespace", "PersistentVolume",
        ] {
            let type = try #require(ObjectKinds.type(apiVersion: "v1", kind: name))
            func check<Object: KubernetesObject>(_ type: Object.Type) {
                var problems = Problems()
                let empty = Object()
                let again = Object(from: empty.document, at: .root, reporting: &problems)
                #expect(problems.isEmpty && again == empty, "\(name)")
            }
            check(type)
        }
        #expect(ObjectKinds.type(apiVersion: "meta.k8s.io/v1", kind: "Table") != nil)
        #expect(ObjectKinds.type(apiVersion: "v1", kind: "Status") != nil)
    }

    @Test func unknownWordsAreKept() {
        var problems = Problems()
        let spec = PodSpec(from: ["restartPolicy": "Sometimes"], at: .root, reporting: &problems)
        #expect(problems.isEmpty)
        #expect(spec.restartPolicy == "Sometimes")
        #expect(spec.apiValue["restartPolicy"] == "Sometimes")
    }

    @Test func numbersOutOfRangeAreReported() {
        var problems = Problems()
        _ = ContainerPort(from: ["containerPort": 4_294_967_376], at: FieldPath("p"), reporting: &problems)
        _ = ContainerPort(from: ["containerPort": 1.5], at: FieldPath("p"), reporting: &problems)
        #expect(
            problems.all.map(\.description) == [
                "p.containerPort: 4294967376 is out of range, -2147483648 to 2147483647",
                "p.containerPort: expected an integer, found the number 1.5",
            ])
    }

    @Test func ephemeralContainersAreContainers() throws {
        var ephemeral = EphemeralContainer(name: "debug", image: "busybox", targetContainerName: "main")
        ephemeral.container.tty = true
        #expect(
            ephemeral.tty && ephemeral.targetContainerName == "main" && ephemeral.container.image == "busybox"
        )
        // Every field of the one is a field of the other.
        var problems = Problems()
        var value = EphemeralContainer(name: "x").apiValue
        value["targetContainerName"] = nil
        #expect(Container(from: value, at: .root, reporting: &problems) == Container(name: "x"))
        #expect(problems.isEmpty)
    }
}
