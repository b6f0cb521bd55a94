import KubernetesAPI
import Testing

@Suite struct SpecValidationTests {
    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let volumes: [ValidationRow] = [
        .spec("volumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]", "spec.volumes[1].name: Duplicate value: \"a\""),
        .spec("volumes: [{name: a, emptyDir: {}, hostPath: {path: /}}]", "spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type"),
        .spec("volumes: [{emptyDir: {sizeLimit: -1}}]", "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity", "spec.volumes[0].name: Required value"),
        .spec("volumes: [{name: a, hostPath: {path: /a/../b, type: X}}]", "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
            "spec.volumes[0].hostPath.type: Unsupported value: \"X\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\""),
        .spec("volumes: [{name: a, hostPath: {}}]", "spec.volumes[0].hostPath.path: Required value"),
        .spec("volumes: [{name: a, configMap: {items: [{key: k, path: /x}, {path: ..y, mode: 512}], defaultMode: -1}}]",
            "spec.volumes[0].configMap.name: Required value",
            "spec.volumes[0].configMap.defaultMode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"/x\": must be a relative path",
            "spec.volumes[0].configMap.items[1].key: Required value",
            "spec.volumes[0].configMap.items[1].path: Invalid value: \"..y\": must not start with '..'",
            "spec.volumes[0].configMap.items[1].mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"),
        .spec("volumes: [{name: a, secret: {}}]", "spec.volumes[0].secret.secretName: Required value"),
        .spec("volumes: [{name: a, downwardAPI: {items: [{path: p}, {path: q, fieldRef: {fieldPath: spec.nodeName}}]}}]",
            "spec.volumes[0].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required",
            "spec.volumes[0].downwardAPI.items[1].fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\""),
        .spec("volumes: [{name: a, downwardAPI: {items: [{path: p, resourceFieldRef: {resource: limits.cpu}}]}}]", "spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: Required value"),
        .spec("serviceAccountName: s\nvolumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 5}}]}}]", "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"),
        .spec("volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: t}}]}}]", "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set"),
        .spec("volumes: [{name: a, projected: {sources: [{secret: {name: s, items: [{key: k, path: p}]}}, {configMap: {name: c, items: [{key: k, path: p}]}}]}}]", "spec.volumes[0].projected: Invalid value: \"p\": conflicting duplicate paths"),
        .spec("volumes: [{name: a, projected: {sources: [{secret: {name: s}, configMap: {name: c}}]}}]", "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source"),
        .spec("volumes: [{name: a, persistentVolumeClaim: {}}, {name: b, nfs: {path: x}}]", "spec.volumes[0].persistentVolumeClaim.claimName: Required value", "spec.volumes[1].nfs.server: Required value", "spec.volumes[1].nfs.path: Invalid value: \"x\": must be an absolute path"),
        .spec("volumes: [{name: a, image: {reference: x, pullPolicy: X}}]", "spec.volumes[0].image.pullPolicy: Unsupported value: \"X\": supported values: \"Always\", \"IfNotPresent\", \"Never\""),
        .spec("volumes: [{name: a, csi: {}}, {name: b, iscsi: {lun: 256, targetPortal: p, iqn: x}}]", "spec.volumes[0].csi.driver: Required value", "spec.volumes[1].iscsi.iqn: Invalid value: \"x\": must be valid format starting with iqn, eui, or naa", "spec.volumes[1].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive"),
    ]
    @Test(arguments: volumes) func volumesRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let mounts: [ValidationRow] = [
        .main("volumeMounts: [{name: v, mountPath: /x}]", "spec.containers[0].volumeMounts[0].name: Not found: \"v\""),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /x}, {name: v, mountPath: /x}, {name: v, mountPath: \"\"}]",
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique", "spec.containers[0].volumeMounts[2].mountPath: Required value"),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /x, subPath: a/../b}, {name: v, mountPath: /y, subPath: /z}, {name: v, mountPath: /z, subPath: a, subPathExpr: b}]",
            "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"a/../b\": must not contain '..'", "spec.containers[0].volumeMounts[1].subPath: Invalid value: \"/z\": must be a relative path",
            "spec.containers[0].volumeMounts[2].subPathExpr: Invalid value: \"b\": subPathExpr and subPath are mutually exclusive"),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /x, mountPropagation: Bidirectional}, {name: v, mountPath: /y, mountPropagation: X}]",
            "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
            "spec.containers[0].volumeMounts[1].mountPropagation: Unsupported value: \"X\": supported values: \"Bidirectional\", \"HostToContainer\", \"None\""),
        .both("volumes: [{name: v, emptyDir: {}}]", "securityContext: {privileged: true}\nvolumeMounts: [{name: v, mountPath: /x, mountPropagation: Bidirectional}]"),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /x, recursiveReadOnly: Enabled}, {name: v, mountPath: /y, readOnly: true, recursiveReadOnly: X}]",
            "spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
            "spec.containers[0].volumeMounts[1].recursiveReadOnly: Unsupported value: \"X\": supported values: \"Disabled\", \"Enabled\", \"IfPossible\""),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /x, readOnly: true, recursiveReadOnly: Enabled}]"),
        .both("volumes: [{name: v, emptyDir: {}}]", "volumeDevices: [{name: v, devicePath: /dev/../x}]",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
            "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/dev/../x\": can not contain backsteps ('..')"),
    ]
    @Test(arguments: mounts) func mountsRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let security: [ValidationRow] = [
        .main("securityContext: {runAsUser: -1, runAsGroup: 2147483648}", "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.containers[0].securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive"),
        .main("securityContext: {procMount: Unmasked}", "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`"),
        .both("hostUsers: false", "securityContext: {procMount: Unmasked}"),
        .main("securityContext: {procMount: X}", "spec.containers[0].securityContext.procMount: Unsupported value: \"X\": supported values: \"Default\", \"Unmasked\""),
        .main("securityContext: {seccompProfile: {}}", "spec.containers[0].securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set"),
        .main("securityContext: {seccompProfile: {type: Localhost}}", "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"),
        .main("securityContext: {seccompProfile: {type: Localhost, localhostProfile: ../x}}", "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"../x\": must not contain '..'"),
        .main("securityContext: {seccompProfile: {type: RuntimeDefault, localhostProfile: x}}", "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"x\": can only be set when seccomp type is Localhost"),
        .main("securityContext: {appArmorProfile: {type: X}}", "spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: \"X\": supported values: \"Localhost\", \"RuntimeDefault\", \"Unconfined\""),
        .main("securityContext: {appArmorProfile: {type: Localhost, localhostProfile: \" x\"}}", "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: \" x\": must not be padded with whitespace"),
        .main("securityContext: {allowPrivilegeEscalation: false, privileged: true}", "spec.containers[0].securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"),
        .main("securityContext: {windowsOptions: {}}", "spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"),
        .spec("securityContext: {fsGroup: -1, supplementalGroups: [1, -2], fsGroupChangePolicy: X, supplementalGroupsPolicy: W}",
            "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.supplementalGroups[1]: Invalid value: -2: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"X\": supported values: \"Always\", \"OnRootMismatch\"",
            "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"W\": supported values: \"Merge\", \"Strict\""),
        .spec("securityContext: {sysctls: [{name: \"\", value: x}, {name: A, value: x}, {name: net.x, value: x}, {name: net.x, value: w}]}",
            "spec.securityContext.sysctls[0].name: Required value",
            "spec.securityContext.sysctls[1].name: Invalid value: \"A\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            "spec.securityContext.sysctls[3].name: Duplicate value: \"net.x\""),
        .spec("hostNetwork: true\nhostIPC: true\nsecurityContext: {sysctls: [{name: net/ipv4/x, value: x}, {name: kernel.shmmax, value: w}]}",
            "spec.securityContext.sysctls[0].name: Invalid value: \"net/ipv4/x\": may not be specified when 'hostNetwork' is true",
            "spec.securityContext.sysctls[1].name: Invalid value: \"kernel.shmmax\": may not be specified when 'hostIPC' is true"),
        .spec("hostPID: true\nshareProcessNamespace: true", "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"),
        .spec("hostUsers: false\nhostPID: true", "spec.hostPID: Forbidden: when `pod.Spec.HostUsers` is false"),
    ]
    @Test(arguments: security) func securityRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let scheduling: [ValidationRow] = [
        .spec("tolerations: [{value: x}]", "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\""),
        .spec("tolerations: [{key: a, operator: Exists, value: x}, {key: b, operator: X}, {key: c, tolerationSeconds: 1}]",
            "spec.tolerations[0].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'",
            "spec.tolerations[1].operator: Unsupported value: \"X\": supported values: \"Equal\", \"Exists\"",
            "spec.tolerations[2].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"),
        .spec("tolerations: [{key: a, effect: X}]", "spec.tolerations[0].effect: Unsupported value: \"X\": supported values: \"NoExecute\", \"NoSchedule\", \"PreferNoSchedule\""),
        .spec("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}}", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"),
        .spec("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}, {key: a, operator: Exists, values: [x]}, {key: a, operator: Gt}, {key: a, operator: X}]}]}}}",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[3].operator: Invalid value: \"X\": not a valid selector operator"),
        .spec("affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, podAffinityTerm: {topologyKey: a}}]}}", "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100"),
        .spec("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, matchLabelKeys: [b]}]}}", "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"),
        .spec("topologySpreadConstraints: [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: X, labelSelector: {}}]", "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero", "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"X\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\""),
        .spec("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, minDomains: 1}, {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]",
            "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{a, ScheduleAnyway}\"",
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"),
    ]
    @Test(arguments: scheduling) func schedulingRows(_ row: ValidationRow) throws { try row.check() }

    // A row a line: messages are long, and read best whole.
    // swift-format-ignore
    static let network: [ValidationRow] = [
        .spec("dnsPolicy: None", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        .spec("dnsPolicy: None\ndnsConfig: {}", "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"),
        .spec("dnsConfig: {nameservers: [1.1.1.1, \"::1\", x, 1.1.1.1], searches: [_a.b., ., \"-x\"], options: [{value: x}]}",
            "spec.dnsConfig.nameservers: Invalid value: [\"1.1.1.1\",\"::1\",\"x\",\"1.1.1.1\"]: must not have more than 3 nameservers",
            "spec.dnsConfig.nameservers[2]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            "spec.dnsConfig.searches[2]: Invalid value: \"-x\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
            "spec.dnsConfig.options[0]: Required value: must not be empty"),
        .spec("hostAliases: [{ip: x, hostnames: [a.b]}]", "spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    ]
    @Test(arguments: network) func networkRows(_ row: ValidationRow) throws { try row.check() }

    @Test func annotationsOfAppArmor() throws {
        let prefix = "container.apparmor.security.beta.kubernetes.io/"
        var pod = try pod("initContainers: [{name: first, image: b}]").withDefaults()
        for value in ["runtime/default", "unconfined", "localhost/x", ""] {
            pod.metadata.annotations = [prefix + "main": value, prefix + "first": value]
            #expect(pod.validate().all.isEmpty)
        }
        pod.metadata.annotations = [prefix + "main": "x", prefix + "other": "unconfined"]
        #expect(
            pod.validate().all.map(\.description) == [
                "metadata.annotations[\(prefix)main]: Invalid value: \"x\": invalid AppArmor profile name: \"x\"",
                "metadata.annotations[\(prefix)other]: Invalid value: \"other\": container not found",
            ])
    }

    @Test func whoSaysAProfileOfAppArmor() throws {
        func profile(_ annotation: String?, _ lines: String = "", container: String = "") throws
            -> AppArmorProfile?
        {
            var pod = try pod(lines, container: container)
            pod.metadata.annotations["container.apparmor.security.beta.kubernetes.io/main"] = annotation
            return pod.appArmorProfile(of: pod.spec.containers[0])
        }
        let inPod = "securityContext: {appArmorProfile: {type: RuntimeDefault}}"
        let inContainer = "securityContext: {appArmorProfile: {type: Localhost, localhostProfile: a}}"
        #expect(try profile(nil) == nil)
        #expect(try profile(nil, inPod)?.type == .runtimeDefault)
        #expect(try profile("unconfined", inPod)?.type == .unconfined)
        #expect(try profile("localhost/b") == AppArmorProfile(type: .localhost, localhostProfile: "b"))
        #expect(try profile("localhost/b", inPod, container: inContainer)?.localhostProfile == "a")
        #expect(try profile("runtime/default", container: inContainer)?.localhostProfile == "a")
        #expect(try profile("runtime/default")?.type == .runtimeDefault)
        for value in ["", "x"] { #expect(try profile(value, inPod)?.type == .runtimeDefault) }
    }

    @Test func metadata() {
        var pod = Pod()
        pod.setDefaults()
        #expect(
            pod.validate().all.map(\.description) == [
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Required value",
                "spec.containers: Required value",
            ])
        pod.metadata = ObjectMeta(
            name: "Web", namespace: "a.b", labels: ["a/b/c": "x y"], annotations: ["A": "x", "?": "y"],
            finalizers: ["x"])
        pod.spec.containers = [Container(name: "", image: " x")]
        pod.setDefaults()
        let errors = pod.validate()
        #expect(
            errors.all.map(\.path.description) == [
                "metadata.name", "metadata.namespace", "metadata.labels", "metadata.labels[a/b/c]",
                "metadata.annotations",
                "metadata.finalizers[0]", "spec.containers[0].name", "spec.containers[0].image",
            ])
        #expect(
            errors.all.last?.message == "Invalid value: \" x\": must not have leading or trailing whitespace")
        #expect(errors.description.hasPrefix("[metadata.name: Invalid value: \"Web\": a lowercase"))
    }

    @Test func longNamesAndLargeAnnotations() throws {
        var pod = try pod().withDefaults()
        pod.metadata.name = String(repeating: "a", count: 254)
        pod.spec.containers[0].name = String(repeating: "b", count: 64)
        pod.metadata.annotations = ["x": String(repeating: "y", count: 256 * 1024)]
        #expect(
            pod.validate().all.map { "\($0.path): \($0.kind.rawValue): \($0.detail)" } == [
                "metadata.name: Invalid value: must be no more than 253 bytes",
                "metadata.annotations: Too long: may not be more than 262144 bytes",
                "spec.containers[0].name: Invalid value: must be no more than 63 bytes",
            ])
    }
}
