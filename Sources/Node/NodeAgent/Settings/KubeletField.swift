import Glibc
import KubernetesAPI
import LinuxKernel

/// What becomes of a field of the KubeletConfiguration that this agent does not act on, or not on every value of it.
/// Fields that are not in the table do what Kubernetes says they do.
package struct KubeletField: Sendable {
    package enum Answer: Equatable, Sendable {
        /// The agent does not start: it would promise what it does not keep.
        case refused(String)
        case warned(String)
    }

    package let name: String
    /// For the table in `docs/agent.md`.
    package let note: String
    private let judge: @Sendable (APIValue) -> Answer?

    /// - Returns: nil where there is nothing to be said about this value.
    package func answer(to value: APIValue) -> Answer? { value.isNull ? nil : judge(value) }

    // MARK: How fields are judged

    private static func refused(
        _ name: String, _ reason: String, besides harmless: APIValue...
    ) -> KubeletField {
        KubeletField(name: name, note: "refused: \(reason)") { value in
            harmless.contains(value) || value.isEmptyValue ? nil : .refused(reason)
        }
    }

    private static func warned(
        _ name: String, _ reason: String, besides harmless: APIValue...
    ) -> KubeletField {
        KubeletField(name: name, note: "a warning: \(reason)") { value in
            harmless.contains(value) || value.isEmptyValue ? nil : .warned(reason)
        }
    }

    /// About a cluster that is not there, or about parts that this agent has not: it means nothing, and misleads nobody.
    private static func idle(_ names: String...) -> [KubeletField] {
        names.map { KubeletField(name: $0, note: "without meaning here") { _ in nil } }
    }

    // MARK: The table

    package static let all: [KubeletField] = refusals + limits + warnings + silent

    private static let refusals: [KubeletField] = [
        refused("runOnce", "Runonce mode has been deprecated and should not be set", besides: false),
        refused(
            "serverTLSBootstrap", "there is no API server to sign the agent's certificate", besides: false),
        refused("memoryManagerPolicy", "memory is not assigned by NUMA node", besides: "None"),
        refused("reservedMemory", "memory is not reserved by NUMA node"),
        refused("topologyManagerPolicy", "resources are not aligned by NUMA node", besides: "none"),
        refused("topologyManagerPolicyOptions", "resources are not aligned by NUMA node"),
        refused(
            "imagePullCredentialsVerificationPolicy",
            "whose secrets an image was pulled with is not remembered", besides: "NeverVerify"),
        refused(
            "preloadedImagesVerificationAllowlist",
            "whose secrets an image was pulled with is not remembered"),
        refused("qosReserved", "memory is not reserved for a class of pods"),
        refused(
            "enableSystemLogQuery", "the node's own logs are not served by the agent", besides: false),
    ]

    /// Fields that act, but not with every value that Kubernetes takes.
    private static let limits: [KubeletField] = [
        KubeletField(name: "tlsCipherSuites", note: "acts; refused: suites that BoringSSL does not have") {
            value in
            let unknown = (value.array ?? []).compactMap(\.string).filter {
                !TLSLimits.cipherNames.contains($0)
            }
            return unknown.isEmpty
                ? nil
                : .refused(
                    "\(unknown.joined(separator: ", ")): not supported; "
                        + "\(TLSLimits.cipherNames.sorted().joined(separator: ", ")) are")
        },
        KubeletField(name: "cgroupRoot", note: "acts; refused: a path with `..`") { value in
            value.string?.split(separator: "/").contains("..") == true ? .refused("must not contain ..") : nil
        },
        socket("containerRuntimeEndpoint"), socket("imageServiceEndpoint"),
        KubeletField(name: "resolvConf", note: "acts; a warning for a file that cannot be read") { value in
            guard let file = value.string, !file.isEmpty, access(file, R_OK) != 0 else { return nil }
            return .warned("\(file): \(Errno.current): pods get no name servers of the node")
        },
    ]

    private static func socket(_ name: String) -> KubeletField {
        KubeletField(name: name, note: "acts; refused: what is no socket of this host") { value in
            guard let text = value.string, !text.isEmpty, !text.hasPrefix("unix:///"), !text.hasPrefix("/")
            else { return nil }
            return .refused("\"\(text)\": must be unix:// and an absolute path")
        }
    }

    private static let warnings: [KubeletField] = [
        KubeletField(
            name: "authentication", note: "`anonymous` and `x509` act; a warning for `webhook.enabled`: true"
        ) { value in
            value["webhook"]?["enabled"] == true
                ? .warned(
                    "webhook: without an API server no token is asked about; certificates are, and the agent's own"
                )
                : nil
        },
        KubeletField(
            name: "authorization", note: "a warning for `mode: Webhook`: who is let in may do everything"
        ) { value in
            value["mode"] == "Webhook"
                ? .warned("mode Webhook: without an API server whoever is let in may do everything") : nil
        },
        warned(
            "rotateCertificates", "there is no API server that would sign a client's certificate",
            besides: false),
        KubeletField(
            name: "featureGates",
            note: "`MemoryQoS` acts; a warning for others: everything has one state here"
        ) { value in
            let names = value.object?.members.map(\.name).filter { $0 != "MemoryQoS" }.sorted() ?? []
            return names.isEmpty
                ? nil : .warned("\(names.joined(separator: ", ")): nothing is switched by gates here")
        },
        warned("kubeletCgroups", "the agent stays in the group that it was started in"),
        warned("systemCgroups", "processes are not moved"),
        warned(
            "enableDebuggingHandlers", "exec, attach, logs and port forwarding are always served",
            besides: true),
        warned("tracing", "no traces are sent"),
        warned("logging", "the agent's log has one form; --debug makes it longer", besides: .standardLogging),
        warned("volumePluginDir", "FlexVolume has no drivers here"),
        warned("hairpinMode", "the network's own configuration decides", besides: "promiscuous-bridge"),
    ]

    private static let silent: [KubeletField] =
        // Events are kept here and sent nowhere.
        idle("eventRecordQPS", "eventBurst")
        + idle(
            "contentType", "kubeAPIQPS", "kubeAPIBurst", "registerNode", "nodeLeaseDurationSeconds",
            "nodeStatusReportFrequency", "enableControllerAttachDetach")
        + idle("makeIPTablesUtilChains", "iptablesMasqueradeBit", "iptablesDropBit")
        + idle(
            "enableProfilingHandler", "enableDebugFlagsHandler", "enableContentionProfiling",
            "enableSystemLogHandler", "showHiddenMetricsForVersion")
        + idle("topologyManagerScope", "kernelMemcgNotification", "configMapAndSecretChangeDetectionStrategy")
}

extension APIValue {
    /// What a field says that might as well not be there.
    fileprivate var isEmptyValue: Bool {
        switch self {
        case .null, .string(""): true
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }

    /// As kubeadm writes it.
    fileprivate static let standardLogging: APIValue = [
        "flushFrequency": 0, "options": ["json": ["infoBufferSize": "0"], "text": ["infoBufferSize": "0"]],
        "verbosity": 0,
    ]
}
