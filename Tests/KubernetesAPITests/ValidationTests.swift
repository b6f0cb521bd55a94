import KubernetesAPI
import Testing

private let label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    + "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
private let subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    + "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

/// What is written into the specification, or into its container, and the errors that it has. A row without errors
/// shows what is still right.
struct ValidationRow: CustomTestStringConvertible, Sendable {
    var spec = ""
    var container = ""
    var errors: [String] = []

    static func spec(_ text: String, _ errors: String...) -> Self { Self(spec: text, errors: errors) }
    static func main(_ text: String, _ errors: String...) -> Self { Self(container: text, errors: errors) }
    static func both(_ spec: String, _ container: String, _ errors: String...) -> Self {
        Self(spec: spec, container: container, errors: errors)
    }

    var testDescription: String { spec + container }

    func check() throws {
        let errors = try pod(spec, container: container).withDefaults().validate()
        #expect(errors.all.map(\.description) == self.errors)
    }
}

@Suite struct ValidationTests {
    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let names: [ValidationRow] = [
        .spec("hostname: a.b", "spec.hostname: Invalid value: \"a.b\": must not contain dots"),
        .spec("hostname: A", "spec.hostname: Invalid value: \"A\": \(label)"),
        .spec("subdomain: -a", "spec.subdomain: Invalid value: \"-a\": \(label)"),
        .spec("nodeName: a_b", "spec.nodeName: Invalid value: \"a_b\": \(subdomain)"),
        .spec("serviceAccountName: a.b"), .spec("runtimeClassName: X", "spec.runtimeClassName: Invalid value: \"X\": \(subdomain)"),
        .spec("restartPolicy: Sometimes", "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\""),
        .spec("dnsPolicy: X", "spec.dnsPolicy: Unsupported value: \"X\": supported values: \"ClusterFirst\", \"ClusterFirstWithHostNet\", \"Default\", \"None\""),
        .spec("preemptionPolicy: X", "spec.preemptionPolicy: Unsupported value: \"X\": supported values: \"Never\", \"PreemptLowerPriority\""),
        .spec("activeDeadlineSeconds: 0", "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"),
        .spec("nodeSelector: {\"a b\": c}", "spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"),
        .spec("readinessGates: [{conditionType: example.com/ok}]"),
        .spec("readinessGates: [{conditionType: \"\"}]", "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must be non-empty", "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"),
        .spec("os: {name: plan9}", "spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""),
        .spec("hostnameOverride: \(String(repeating: "a", count: 63)).bc", "spec.hostnameOverride: Too long: may not be more than 64 bytes"),
        .spec("resourceClaims: [{name: a, resourceClaimName: x}, {name: a, resourceClaimName: w}]", "spec.resourceClaims[1].name: Duplicate value: \"a\""),
        .spec("schedulingGates: [{name: a}, {name: a}]", "spec.schedulingGates[1]: Duplicate value: \"a\""),
        .spec("nodeName: m\nschedulingGates: [{name: a}]", "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"),
    ]
    @Test(arguments: names) func namesRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let containers: [ValidationRow] = [
        .main("terminationMessagePolicy: X", "spec.containers[0].terminationMessagePolicy: Unsupported value: \"X\": supported values: \"FallbackToLogsOnError\", \"File\""),
        .main("imagePullPolicy: X", "spec.containers[0].imagePullPolicy: Unsupported value: \"X\": supported values: \"Always\", \"IfNotPresent\", \"Never\""),
        .main("ports: [{containerPort: 0}, {containerPort: 70000}, {containerPort: 1, name: a, protocol: X}, {containerPort: 2, name: a}]",
            "spec.containers[0].ports[0].containerPort: Required value",
            "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[2].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            "spec.containers[0].ports[3].name: Duplicate value: \"a\""),
        .main("ports: [{containerPort: 1, name: -A--0123456789abc}]",
            "spec.containers[0].ports[0].name: Invalid value: \"-A--0123456789abc\": must be no more than 15 bytes",
            "spec.containers[0].ports[0].name: Invalid value: \"-A--0123456789abc\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "spec.containers[0].ports[0].name: Invalid value: \"-A--0123456789abc\": must not contain consecutive hyphens",
            "spec.containers[0].ports[0].name: Invalid value: \"-A--0123456789abc\": must not begin or end with a hyphen"),
        .main("ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 80}]", "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""),
        .main("ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 80, protocol: UDP}]"),
        .both("hostNetwork: true", "ports: [{containerPort: 1, hostPort: 80}]", "spec.containers[0].ports[0].hostPort: Invalid value: 80: must match `containerPort` when `hostNetwork` is true"),
        .main("restartPolicy: Sometimes", "spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\""),
        .main("restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]", "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"),
        .main("restartPolicy: Never\nrestartPolicyRules: [{action: X, exitCodes: {operator: W}}, {action: Restart}]",
            "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"X\": supported values: \"Restart\", \"RestartAllContainers\"",
            "spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: \"W\": supported values: \"In\", \"NotIn\"",
            "spec.containers[0].restartPolicyRules[1].exitCodes: Required value: must be specified"),
        .main("resizePolicy: [{resourceName: cpu, restartPolicy: X}, {resourceName: cpu, restartPolicy: NotRequired}]",
            "spec.containers[0].resizePolicy[0].restartPolicy: Unsupported value: \"X\": supported values: \"NotRequired\", \"RestartContainer\"",
            "spec.containers[0].resizePolicy[1]: Duplicate value: \"cpu\""),
        .both("restartPolicy: Never", "resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]",
            "spec.containers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'"),
        .spec("initContainers: [{name: main, image: x}]", "spec.initContainers[0].name: Duplicate value: \"main\""),
        .spec("initContainers: [{name: i, image: x, livenessProbe: {exec: {command: [a]}}, lifecycle: {}}]",
            "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"),
        .spec("initContainers: [{name: i, image: x, restartPolicy: Always, livenessProbe: {exec: {command: [a]}}}]"),
        .spec("ephemeralContainers: [{name: main, image: x, ports: [{containerPort: 1}], targetContainerName: w}]",
            "spec.ephemeralContainers[0].name: Duplicate value: \"main\"",
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"w\"",
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers: Forbidden: cannot be set on create"),
    ]
    @Test(arguments: containers) func containersRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let environment: [ValidationRow] = [
        .main("env: [{name: \"1 a.b\", value: x}]"),
        .main("env: [{name: \"\"}, {name: a=b}]", "spec.containers[0].env[0].name: Required value",
            "spec.containers[0].env[1].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='"),
        .main("env: [{name: a, valueFrom: {}}]", "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
        .main("env: [{name: a, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]", "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"),
        .main("env: [{name: a, valueFrom: {fieldRef: {fieldPath: status.phase}}}]", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\""),
        .main("env: [{name: a, valueFrom: {fieldRef: {fieldPath: spec.x}}}]", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error converting fieldPath: field label not supported: spec.x"),
        .main("env: [{name: a, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}]"),
        .main("env: [{name: a, valueFrom: {fieldRef: {fieldPath: \"metadata.name['app']\"}}}]", "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"metadata.name\": does not support subscript"),
        .main("env: [{name: a, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}]"),
        .main("env: [{name: a, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 2}}}]", "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource"),
        .main("env: [{name: a, valueFrom: {resourceFieldRef: {resource: limits.hugepages-2Mi, divisor: 3}}}]", "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.hugepages-2Mi\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the hugepages resource"),
        .main("env: [{name: a, valueFrom: {configMapKeyRef: {name: c, key: ..x}}}]", "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Invalid value: \"..x\": must not start with '..'"),
        .main("env: [{name: a, valueFrom: {secretKeyRef: {name: c}}}]", "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value"),
        .both("volumes: [{name: v, emptyDir: {}}, {name: h, hostPath: {path: /}}]",
            "env: [{name: a, valueFrom: {fileKeyRef: {volumeName: v, path: f, key: K}}}, {name: b, valueFrom: {fileKeyRef: {volumeName: h, path: ../f, key: K}}}]",
            "spec.containers[0].env[1].valueFrom.fileKeyRef.volumeName: Invalid value: \"h\": must reference an emptyDir volume source",
            "spec.containers[0].env[1].valueFrom.fileKeyRef.path: Invalid value: \"../f\": must not contain '..'"),
        .main("envFrom: [{}, {configMapRef: {name: A}}, {prefix: a=, secretRef: {name: s}}]",
            "spec.containers[0].envFrom[0]: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
            "spec.containers[0].envFrom[1].configMapRef.name: Invalid value: \"A\": \(subdomain)",
            "spec.containers[0].envFrom[2].prefix: Invalid value: \"a=\": a valid environment variable name must consist only of printable ASCII characters other than '='"),
    ]
    @Test(arguments: environment) func environmentRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let probes: [ValidationRow] = [
        .main("livenessProbe: {}", "spec.containers[0].livenessProbe: Required value: must specify a handler type"),
        .main("livenessProbe: {exec: {}, tcpSocket: {port: 1}}", "spec.containers[0].livenessProbe.exec.command: Required value", "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"),
        .main("livenessProbe: {exec: {command: [a]}, successThreshold: 2, timeoutSeconds: -1, terminationGracePeriodSeconds: 0}",
            "spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"),
        .main("readinessProbe: {exec: {command: [a]}, successThreshold: 2, terminationGracePeriodSeconds: 5}", "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes"),
        .main("readinessProbe: {httpGet: {port: a_b, scheme: FTP, httpHeaders: [{name: \"X Y\", value: z}]}}",
            "spec.containers[0].readinessProbe.httpGet.port: Invalid value: \"a_b\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: \"FTP\": supported values: \"HTTP\", \"HTTPS\"",
            "spec.containers[0].readinessProbe.httpGet.httpHeaders: Invalid value: \"X Y\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"),
        .main("startupProbe: {grpc: {port: 0}}", "spec.containers[0].startupProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        .main("lifecycle: {preStop: {sleep: {seconds: 31}}, postStart: {sleep: {seconds: 0}}}", "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"),
        .main("lifecycle: {preStop: {}}", "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type"),
        .main("lifecycle: {stopSignal: SIGUSR1}", "spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`"),
        .both("os: {name: linux}", "lifecycle: {stopSignal: SIGRTMIN+3}"),
    ]
    @Test(arguments: probes) func probesRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let resources: [ValidationRow] = [
        .main("resources: {requests: {cpu: 2}, limits: {cpu: 1}}", "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"),
        .main("resources: {limits: {cpu: -1}}", "spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0", "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"),
        .main("resources: {requests: {pods: 1}}", "spec.containers[0].resources.requests[pods]: Invalid value: \"pods\": must be a standard resource for containers"),
        .main("resources: {requests: {gpu: 1}}", "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified", "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource for containers"),
        .main("resources: {limits: {example.com/gpu: 1500m}}", "spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"1500m\": must be an integer", "spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"1500m\": must be an integer"),
        .main("resources: {requests: {example.com/gpu: 1}}", "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"),
        .main("resources: {limits: {hugepages-2Mi: 3Mi, cpu: 1}}", "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of 2Mi", "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of 2Mi"),
        .main("resources: {limits: {hugepages-2Mi: 4Mi}}", "spec.containers[0].resources: Forbidden: HugePages require cpu or memory"),
        .main("resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}, requests: {hugepages-2Mi: 2Mi}}", "spec.containers[0].resources.requests: Invalid value: \"2Mi\": must be equal to hugepages-2Mi limit of 4Mi"),
        .main("resources: {claims: [{name: c}]}", "spec.containers[0].resources.claims[0].name: Not found: \"c\""),
        .both("resources: {limits: {cpu: 1}, requests: {cpu: 100m}}", "resources: {requests: {cpu: 1}, limits: {cpu: 2}}",
            "spec.resources.requests[cpu]: Invalid value: \"100m\": must be greater than or equal to aggregate container requests of 1",
            "spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of 1"),
        .spec("resources: {limits: {ephemeral-storage: 1Gi}}", "spec.resources.limits[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: \"cpu\", \"hugepages-\", \"memory\""),
        .spec("overhead: {cpu: -1}", "spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"),
    ]
    @Test(arguments: resources) func resourcesRows(_ row: ValidationRow) throws { try row.check() }
}
