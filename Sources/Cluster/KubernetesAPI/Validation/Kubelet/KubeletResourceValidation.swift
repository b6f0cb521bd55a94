import Glibc

extension FieldErrors {
    // MARK: What pods may use

    mutating func resources(of kubelet: KubeletConfiguration) {
        choice("cgroupDriver", kubelet.cgroupDriver, ["cgroupfs", "systemd"])
        choice("cpuManagerPolicy", kubelet.cpuManagerPolicy, ["none", "static"])
        choice("memoryManagerPolicy", kubelet.memoryManagerPolicy, ["None", "Static"])
        choice(
            "topologyManagerPolicy", kubelet.topologyManagerPolicy,
            ["none", "best-effort", "restricted", "single-numa-node"])
        choice("topologyManagerScope", kubelet.topologyManagerScope, ["container", "pod"])
        choice("hairpinMode", kubelet.hairpinMode, ["none", "hairpin-veth", "promiscuous-bridge"])
        choice("memorySwap.swapBehavior", kubelet.memorySwap.swapBehavior, ["", "LimitedSwap", "NoSwap"])
        word(
            FieldPath("memoryReservationPolicy"), kubelet.memoryReservationPolicy,
            of: MemoryReservationPolicy.known)
        if kubelet.memoryReservationPolicy == .tieredReservation, kubelet.featureGates["MemoryQoS"] != true {
            forbidden(
                FieldPath("memoryReservationPolicy"), "TieredReservation requires the feature gate MemoryQoS")
        }
        if let period = kubelet.cpuCFSQuotaPeriod, !(.milliseconds(1) ... .seconds(1)).contains(period) {
            invalid(FieldPath("cpuCFSQuotaPeriod"), period, "must be between 1ms and 1sec, inclusive")
        }
        if let factor = kubelet.memoryThrottlingFactor, factor <= 0 || factor > 1 {
            invalid(
                FieldPath("memoryThrottlingFactor"), factor,
                "must be greater than 0 and less than or equal to 1.0")
        }
        if let score = kubelet.oomScoreAdj, !(-1000...1000).contains(score) {
            invalid(FieldPath("oomScoreAdj"), score, "must be between -1000 and 1000, inclusive")
        }
        reserved("systemReserved", kubelet.systemReserved)
        reserved("kubeReserved", kubelet.kubeReserved)
        if !kubelet.reservedSystemCPUs.isEmpty,
            !kubelet.systemReservedCgroup.isEmpty || !kubelet.kubeReservedCgroup.isEmpty
        {
            forbidden(
                FieldPath("reservedSystemCPUs"),
                "can't be used with systemReservedCgroup or kubeReservedCgroup")
        }
        enforcement(of: kubelet)
        if let ids = kubelet.userNamespaces?.idsPerPod, ids < 65536 || ids % 65536 != 0 || ids > 1 << 31 {
            invalid(
                FieldPath("userNamespaces", "idsPerPod"), ids, "must be a multiple of 65536 below 2^31")
        }
    }

    private mutating func choice(_ name: String, _ value: String, _ words: [String]) {
        let parts = name.split(separator: ".").map(String.init)
        let path = parts.dropFirst().reduce(FieldPath(parts[0])) { $0.field($1) }
        if !words.contains(value) { notSupported(path, value, words) }
    }

    private mutating func reserved(_ name: String, _ list: [String: String]) {
        for (resource, text) in list.sorted(by: { $0.key < $1.key }) {
            let path = FieldPath(name).key(resource)
            if !["cpu", "memory", "ephemeral-storage", "pid"].contains(resource) {
                invalid(path, resource, "cannot reserve \(resource) resource")
                continue
            }
            guard let quantity = Quantity(text) else {
                invalid(path, text, "must be a quantity")
                continue
            }
            if quantity < .zero { invalid(path, text, "resource quantity cannot be negative") }
        }
    }

    private mutating func enforcement(of kubelet: KubeletConfiguration) {
        let keys = kubelet.enforceNodeAllocatable
        let groups = [
            "system-reserved": ("systemReservedCgroup", kubelet.systemReservedCgroup),
            "system-reserved-compressible": ("systemReservedCgroup", kubelet.systemReservedCgroup),
            "kube-reserved": ("kubeReservedCgroup", kubelet.kubeReservedCgroup),
            "kube-reserved-compressible": ("kubeReservedCgroup", kubelet.kubeReservedCgroup),
        ]
        let words = ["none", "pods"] + groups.keys.sorted()
        for (index, key) in keys.enumerated() {
            let path = FieldPath("enforceNodeAllocatable").index(index)
            if keys.prefix(index).contains(key) {
                duplicate(path, key)
                continue
            }
            if !words.contains(key) { notSupported(path, key, words) }
            if key == "none", keys.count > 1 {
                invalid(path, key, "may not contain additional enforcements when \"none\" is specified")
            }
            if let (field, group) = groups[key], group.isEmpty {
                required(FieldPath(field), "must be specified when \"\(key)\" is in enforceNodeAllocatable")
            }
            if key.hasSuffix("-compressible"), keys.contains(String(key.dropLast("-compressible".count))) {
                invalid(path, key, "cannot be specified together with \(key.dropLast(13))")
            }
            if key != "none", kubelet.cgroupsPerQOS == false {
                invalid(path, key, "cgroupsPerQOS must be set to true when \"\(key)\" is contained")
            }
        }
    }

    // MARK: When pods have to go

    private static let signals = [
        "memory.available", "allocatableMemory.available", "nodefs.available", "nodefs.inodesFree",
        "imagefs.available", "imagefs.inodesFree", "containerfs.available", "containerfs.inodesFree",
        "pid.available",
    ]

    mutating func evictions(of kubelet: KubeletConfiguration) {
        thresholds("evictionHard", kubelet.evictionHard)
        thresholds("evictionSoft", kubelet.evictionSoft)
        thresholds("evictionMinimumReclaim", kubelet.evictionMinimumReclaim)
        for signal in kubelet.evictionSoft.keys.sorted() where kubelet.evictionSoftGracePeriod[signal] == nil
        {
            required(
                FieldPath("evictionSoftGracePeriod").key(signal),
                "grace period must be specified for the soft eviction threshold \(signal)")
        }
        for (signal, text) in kubelet.evictionSoftGracePeriod.sorted(by: { $0.key < $1.key }) {
            let path = FieldPath("evictionSoftGracePeriod").key(signal)
            if !Self.signals.contains(signal) { notSupported(path, signal, Self.signals) }
            if Duration(goText: text).map({ $0 < .zero }) ?? true {
                invalid(path, text, "must be a duration that is not negative, like 1m30s")
            }
        }
        if kubelet.evictionMaxPodGracePeriod < 0 {
            invalid(
                FieldPath("evictionMaxPodGracePeriod"), kubelet.evictionMaxPodGracePeriod,
                "must not be negative")
        }
        if kubelet.evictionPressureTransitionPeriod < .zero {
            invalid(
                FieldPath("evictionPressureTransitionPeriod"), kubelet.evictionPressureTransitionPeriod,
                "must not be negative")
        }
    }

    /// `memory.available: 100Mi`, `nodefs.available: 10%`.
    private mutating func thresholds(_ name: String, _ list: [String: String]) {
        for (signal, text) in list.sorted(by: { $0.key < $1.key }) {
            let path = FieldPath(name).key(signal)
            if !Self.signals.contains(signal) {
                notSupported(path, signal, Self.signals)
            } else if text.hasSuffix("%") {
                if Double(text.dropLast()).map({ !(0...100).contains($0) }) ?? true {
                    invalid(path, text, "must be a percentage between 0% and 100%")
                }
            } else if Quantity(text).map({ $0 < .zero }) ?? true {
                invalid(path, text, "must be a percentage or a quantity that is not negative")
            }
        }
    }

    // MARK: As whom the node is known

    mutating func node(of kubelet: KubeletConfiguration) {
        if !kubelet.systemCgroups.isEmpty, kubelet.cgroupRoot.isEmpty {
            required(FieldPath("cgroupRoot"), "must be specified when systemCgroups is")
        }
        for (index, taint) in kubelet.registerWithTaints.enumerated() {
            let path = FieldPath("registerWithTaints").index(index)
            invalid(path.field("key"), taint.key, NameFormat.qualifiedName(taint.key))
            if !taint.value.isEmpty {
                invalid(path.field("value"), taint.value, NameFormat.labelValue(taint.value))
            }
            word(path.field("effect"), taint.effect, of: TaintEffect.known)
            if taint.timeAdded != nil {
                forbidden(path.field("timeAdded"), "taint.TimeAdded is not nil")
            }
        }
        if !kubelet.podCIDR.isEmpty {
            let ranges = kubelet.podCIDR.split(separator: ",", omittingEmptySubsequences: false)
            for range in ranges where !NameFormat.isAddressRange(String(range)) {
                invalid(
                    FieldPath("podCIDR"), String(range),
                    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
            }
        }
        for (index, pattern) in kubelet.allowedUnsafeSysctls.enumerated() {
            let path = FieldPath("allowedUnsafeSysctls").index(index)
            let name = pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
            let plain = name.hasSuffix(".") || name.hasSuffix("/") ? String(name.dropLast()) : name
            if !NameFormat.isSysctl(plain) {
                invalid(
                    path, pattern,
                    "must have at most 253 characters and match regex \(NameFormat.sysctlPattern), or be its "
                        + "beginning and '*'")
            } else if SysctlNamespace(of: name) == nil {
                invalid(path, pattern, "the sysctl is not known to be namespaced")
            }
        }
    }
}

extension NameFormat {
    /// `10.9.8.0/24`, `2001:db8::/64`.
    static func isAddressRange(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let bits = Int(parts[1]) else { return false }
        var storage = in6_addr()
        if inet_pton(AF_INET, parts[0], &storage) == 1 { return (0...32).contains(bits) }
        return inet_pton(AF_INET6, parts[0], &storage) == 1 && (0...128).contains(bits)
    }
}
