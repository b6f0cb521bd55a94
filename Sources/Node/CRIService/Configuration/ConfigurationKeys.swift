import ContainerCLI
import Glibc
import ImageStore
import LinuxKernel
import PodNetwork

/// All keys of the configuration file, in the order in which the default file has them.
package enum ConfigurationKeys {
    private typealias Key = ConfigurationKey<CRIConfiguration>
    private typealias Check = ConfigurationCheck

    package static let all: [ConfigurationKey<CRIConfiguration>] =
        top + logAndNetwork + imagesAndStreams + containers

    private static let defaults = CRIConfiguration()

    private static let top: [ConfigurationKey<CRIConfiguration>] = [
        Key(
            "root", \.root, in: defaults, check: Check.absolutePath,
            "What survives a reboot: images, pods and their containers. The command line shares the images."),
        Key(
            "state", \.state, in: defaults, check: Check.absolutePath,
            "What does not survive one: sockets, namespaces, supervisors."),
        Key(
            "listen", \.listen, in: defaults, check: socketProblem,
            "The socket of the CRI; unix:// may stand before its path; empty: cri.sock in the state folder."),
        Key(
            "oom_score_adj", \.oomScoreAdjustment, in: defaults, check: Check.number(-1000...1000),
            "How unlikely the kernel is to kill the daemon when memory runs out (proc_pid_oom_score_adj(5))."),
        Key(
            "cgroup_driver", \.cgroupDriver, in: defaults,
            """
            Who makes the groups of pods, and their runtimes with them: systemd, as scopes, or this program, by files.
            It has to be the kubelet's, too, which asks for it. auto: systemd where it is the init and cgroup v2 is the
            only version, else this program.
            """),
        Key(
            "network", \.network, in: defaults,
            """
            How pods are connected: by CNI's plugins, or by the built-in routed network. auto: by CNI, and no pod with
            a network of its own is made before there is a configuration for it.
            """),
        Key(
            "default_runtime", \.defaultRuntime, in: defaults,
            "The runtime of new pods that name none: \"swiftlet\", which is built in, or one of runtimes."),
        Key(
            "pinned_images", \.pinnedImages, in: defaults, isLive: true, check: PinnedImages.problem,
            """
            Images that the kubelet's collection keeps and no client removes: names, or beginnings of complete
            names with a star at the end (registry.example/base/*). The command line keeps them, too, also while
            the daemon does not run. 'swiftlet image pin' does the same for one.
            """),
        Key(
            "enable_selinux", \.enableSELinux, in: defaults, isLive: true,
            "Whether containers get SELinux labels, on hosts that enforce it."),
    ]

    private static let logAndNetwork: [ConfigurationKey<CRIConfiguration>] = [
        Key("log.level", \.log.level, in: defaults, isLive: true, "From which weight on events are logged."),
        Key(
            "log.format", \.log.format, in: defaults, isLive: true,
            "text: key=value, one line an event; json: an object a line."),
        Key(
            "cni.conf_dir", \.cni.configurationFolder, in: defaults, check: Check.absolutePath,
            "Where CNI's network configurations are; the first by name that can be used counts."),
        Key(
            "cni.bin_dirs", \.cni.programFolders, in: defaults, check: Check.absolutePaths,
            "Where CNI's plugins are looked for, in this order."),
        Key(
            "builtin_network.pod_cidrs", \.builtinNetwork.podCIDRs, in: defaults, check: rangeProblem,
            """
            Addresses for pods of the built-in network: a range of IPv4, one of IPv6, or both. Empty: what
            the kubelet says (UpdateRuntimeConfig), else a private range that the host has no route into.
            """),
        Key(
            "metrics.address", \.metrics.address, in: defaults, check: addressProblem,
            "HOST:PORT of plain HTTP for /metrics (Prometheus) and /healthz, as 127.0.0.1:10257; empty: none."
        ),
    ]

    private static let imagesAndStreams: [ConfigurationKey<CRIConfiguration>] = [
        Key(
            "registry.certs_dirs", \.registry.certificateFolders, in: defaults, isLive: true,
            check: Check.absolutePaths,
            """
            Folders with mirrors and certificates of registries, HOST/hosts.toml as containerd has it. The
            first that knows a registry counts.
            """),
        Key(
            "registry.policy_file", \.registry.policyFile, in: defaults, isLive: true,
            check: Check.absolutePathOrNothing,
            """
            Which images may be used, and whose signatures they need (containers-policy.json(5)); empty:
            root's ~/.config/containers/policy.json, else /etc/containers/policy.json.
            """),
        Key(
            "images.max_concurrent_downloads", \.images.maximumDownloads, in: defaults, isLive: true,
            check: Check.number(1...256),
            "Layers that are downloaded at the same time, of all images together; of one image three at most."
        ),
        Key(
            "streaming.address", \.streaming.address, in: defaults,
            """
            Where exec, attach and port-forward are served: an address of this machine. Another one than a loopback
            address needs TLS (streaming.tls_cert_file): whoever reads a URL on the network can use it.
            """),
        Key(
            "streaming.port", \.streaming.port, in: defaults, check: Check.number(0...65535),
            "0: any that is free."),
        Key(
            "streaming.base_url", \.streaming.baseURL, in: defaults, check: baseProblem,
            """
            What the URLs begin with that clients are given, as https://node.example:10010: for a certificate's name, or
            a proxy's. Empty: made from the address (0.0.0.0 and :: stand for the one that reaches others) and the port.
            """),
        Key(
            "streaming.tls_cert_file", \.streaming.certificateFile, in: defaults,
            check: Check.absolutePathOrNothing,
            "The certificate with its chain (PEM), for TLS; empty: without TLS."),
        Key(
            "streaming.tls_key_file", \.streaming.keyFile, in: defaults, check: Check.absolutePathOrNothing,
            "The certificate's key."),
        Key(
            "streaming.tls_client_ca_file", \.streaming.clientAuthorityFile, in: defaults,
            check: Check.absolutePathOrNothing,
            "Certificates (PEM) of which one must have signed the certificate that a client shows; empty: clients need none."
        ),
        Key(
            "streaming.idle_timeout", \.streaming.idleTimeout, in: defaults, check: Check.positive,
            "How long a stream may be silent before it is closed."),
    ]

    private static let containers: [ConfigurationKey<CRIConfiguration>] = [
        Key(
            "seccomp.default_profile", \.seccomp.defaultProfile, in: defaults, isLive: true,
            check: Check.absolutePathOrNothing,
            "The file of the profile RuntimeDefault, in Docker's form; empty: the built-in profile."),
        Key(
            "apparmor.default_profile", \.apparmor.defaultProfile, in: defaults, isLive: true,
            "The loaded profile that RuntimeDefault means, and no profile; unconfined: none; empty: swiftlet-default, which the service loads."
        ),
        Key(
            "cdi.spec_dirs", \.cdi.specificationFolders, in: defaults, isLive: true,
            check: Check.absolutePaths,
            "Where device vendors describe their devices (Container Device Interface)."),
        Key(
            "timeouts.stop_margin", \.timeouts.stopMargin, in: defaults, check: Check.positive,
            "How long stopping a container may take beyond the time that it is given to end by itself."),
        Key(
            "timeouts.cni", \.timeouts.cni, in: defaults, check: Check.positive,
            "How long a plugin may take to set up or take down its part of a pod's network. To say whether they are ready all together have five seconds."
        ),
        Key(
            "limits.exec_output", \.limits.execOutput, in: defaults,
            check: outputProblem,
            "Bytes of each stream that ExecSync returns, of both together 16 MiB; what is more is dropped."),
    ]

    /// Of one runtime; their paths begin below `runtimes.NAME`.
    static let runtime: [ConfigurationKey<CRIConfiguration.Runtime>] = [
        ConfigurationKey(
            "program", \.program, in: CRIConfiguration.Runtime(), check: Check.absolutePath,
            "A program with runc's command line."),
        ConfigurationKey(
            "root", \.root, in: CRIConfiguration.Runtime(), check: Check.absolutePathOrNothing,
            "Its state folder (--root); empty: a folder below state."),
        ConfigurationKey(
            "arguments", \.arguments, in: CRIConfiguration.Runtime(), "More options, before its command."),
        ConfigurationKey(
            "pod_annotations", \.annotations.pod, in: CRIConfiguration.Runtime(),
            check: PassedAnnotations.problem,
            """
            Annotations of pods that it gets to see, in its containers' config.json: names, or beginnings of names
            before a star. Users write them, and runtimes can take orders by them. The built-in runtime gets none.
            """),
        ConfigurationKey(
            "container_annotations", \.annotations.container, in: CRIConfiguration.Runtime(),
            check: PassedAnnotations.problem,
            "The same for those of containers, which kubelets write. The built-in runtime gets all."),
    ]

    // MARK: Checks

    private static let rangeProblem: @Sendable ([String]) -> String? = { ranges in
        var families: Set<Bool> = []
        for text in ranges {
            guard let range = IPPrefix(text) else { return "\(text.toml) is not a range of addresses" }
            if let reason = range.reasonAgainstPods { return reason }
            if !families.insert(range.address.isVersion6).inserted {
                return "there are two ranges of one family, and pods get one address of each"
            }
        }
        return nil
    }

    private static let baseProblem: @Sendable (String) -> String? = { text in
        if text.isEmpty { return nil }
        let host = ["http://", "https://"].first(where: text.hasPrefix).map { text.dropFirst($0.count) }
        guard let host, !host.isEmpty, host.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            return "\(text.toml) is not http://HOST:PORT or https://HOST:PORT"
        }
        return text.hasSuffix("/") ? "\(text.toml) ends with a slash" : nil
    }

    private static let socketProblem: @Sendable (String) -> String? = { text in
        guard let path = SocketAddress.path(text) else { return "\(text.toml) is no unix socket" }
        return text.isEmpty ? nil : Check.absolutePath(path) ?? ListeningSocket.problem(path)
    }

    private static let outputProblem: @Sendable (ByteSize) -> String? = {
        if $0.bytes < 1 { return "the size has to be more than nothing" }
        return $0.bytes <= 16 << 20 ? nil : "an answer of the CRI holds 16 MiB at most"
    }

    private static let addressProblem: @Sendable (String) -> String? = {
        $0.isEmpty || HostPort($0) != nil ? nil : "\($0.toml) is not HOST:PORT"
    }

    /// Keys whose new value counts from the daemon's next start on.
    static func waitingForStart(
        from running: CRIConfiguration, to new: CRIConfiguration
    ) -> [String] {
        all.filter { !$0.isLive && $0.value(running) != $0.value(new) }.map(\.path)
            + (running.runtimes == new.runtimes ? [] : ["runtimes"])
    }

    /// What is wrong with values that have to agree: the key that the mistake is in, and why.
    static func disagreements(_ configuration: CRIConfiguration) -> [(path: String, problem: String)] {
        var found: [(String, String)] = []
        let streaming = configuration.streaming
        if streaming.certificateFile.isEmpty != streaming.keyFile.isEmpty {
            found.append(
                streaming.keyFile.isEmpty
                    ? ("streaming.tls_cert_file", "needs streaming.tls_key_file, too")
                    : ("streaming.tls_key_file", "needs streaming.tls_cert_file, too"))
        }
        if streaming.certificateFile.isEmpty, !streaming.clientAuthorityFile.isEmpty {
            found.append(("streaming.tls_client_ca_file", "needs streaming.tls_cert_file, too"))
        }
        if !streaming.isLocal, streaming.certificateFile.isEmpty {
            found.append(
                (
                    "streaming.address",
                    "\(streaming.address.toml) is no loopback address: needs streaming.tls_cert_file and"
                        + " streaming.tls_key_file"
                ))
        }
        let runtimes = configuration.runtimes
        for (name, runtime) in runtimes.sorted(by: { $0.key < $1.key }) {
            if name == CRIConfiguration.builtinRuntime {
                found.append(("runtimes.\(name)", "this name is the built-in runtime's"))
            } else if runtime.program.isEmpty {
                found.append(("runtimes.\(name)", "needs a program"))
            }
        }
        let wanted = configuration.defaultRuntime
        if wanted != CRIConfiguration.builtinRuntime, runtimes[wanted] == nil {
            found.append(("default_runtime", "there is no runtime \(wanted.toml)"))
        }
        return found
    }
}
