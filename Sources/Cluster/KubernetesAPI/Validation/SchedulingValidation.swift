extension FieldErrors {
    mutating func affinity(_ affinity: Affinity?, at path: FieldPath) {
        guard let affinity else { return }
        let hard = "requiredDuringSchedulingIgnoredDuringExecution"
        let soft = "preferredDuringSchedulingIgnoredDuringExecution"
        if let node = affinity.nodeAffinity {
            let place = path.field("nodeAffinity")
            if let selector = node.requiredDuringSchedulingIgnoredDuringExecution {
                nodeSelector(selector, at: place.field(hard))
            }
            for (index, term) in node.preferredDuringSchedulingIgnoredDuringExecution.enumerated() {
                let termPath = place.field(soft).index(index)
                weight(term.weight, at: termPath.field("weight"))
                nodeSelectorTerm(term.preference, checkingValues: false, at: termPath.field("preference"))
            }
        }
        let pods = [
            (
                "podAffinity", affinity.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
                affinity.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution
            ),
            (
                "podAntiAffinity", affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
                affinity.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution
            ),
        ]
        for (field, required, preferred) in pods {
            for (index, term) in (required ?? []).enumerated() {
                podAffinityTerm(term, at: path.field(field).field(hard).index(index))
            }
            for (index, term) in (preferred ?? []).enumerated() {
                let place = path.field(field).field(soft).index(index)
                weight(term.weight, at: place.field("weight"))
                podAffinityTerm(term.podAffinityTerm, at: place.field("podAffinityTerm"))
            }
        }
    }

    private mutating func weight(_ weight: Int32, at path: FieldPath) {
        if !(1...100).contains(weight) { invalid(path, weight, "must be in the range 1-100") }
    }

    mutating func nodeSelector(_ selector: NodeSelector, at path: FieldPath) {
        let place = path.field("nodeSelectorTerms")
        if selector.nodeSelectorTerms.isEmpty {
            required(place, "must have at least one node selector term")
        }
        for (index, term) in selector.nodeSelectorTerms.enumerated() {
            nodeSelectorTerm(term, checkingValues: true, at: place.index(index))
        }
    }

    private mutating func nodeSelectorTerm(_ term: NodeSelectorTerm, checkingValues: Bool, at path: FieldPath)
    {
        for (index, requirement) in term.matchExpressions.enumerated() {
            let place = path.field("matchExpressions").index(index)
            let values = place.field("values")
            switch requirement.operator {
            case .in, .notIn:
                if requirement.values.isEmpty {
                    required(values, "must be specified when `operator` is 'In' or 'NotIn'")
                }
            case .exists, .doesNotExist:
                if !requirement.values.isEmpty {
                    forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                }
            case .gt, .lt:
                if requirement.values.count != 1 {
                    required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'")
                }
            default:
                invalid(
                    place.field("operator"), requirement.operator.rawValue, "not a valid selector operator")
            }
            labelKey(requirement.key, at: place.field("key"))
            if checkingValues {
                for (number, value) in requirement.values.enumerated() {
                    invalid(values.index(number), value, NameFormat.labelValue(value))
                }
            }
        }
        for (index, requirement) in term.matchFields.enumerated() {
            nodeField(requirement, at: path.field("matchFields").index(index))
        }
    }

    private mutating func nodeField(_ requirement: NodeSelectorRequirement, at path: FieldPath) {
        switch requirement.operator {
        case .in, .notIn:
            if requirement.values.count != 1 {
                required(
                    path.field("values"),
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
            }
        default:
            invalid(path.field("operator"), requirement.operator.rawValue, "not a valid selector operator")
        }
        guard requirement.key == "metadata.name" else {
            invalid(path.field("key"), requirement.key, "not a valid field selector key")
            return
        }
        for (index, value) in requirement.values.enumerated() {
            invalid(path.field("values").index(index), value, NameFormat.dnsSubdomain(value))
        }
    }

    private mutating func podAffinityTerm(_ term: PodAffinityTerm, at path: FieldPath) {
        labelSelector(term.labelSelector, at: path.field("labelSelector"))
        labelSelector(term.namespaceSelector, at: path.field("namespaceSelector"))
        for name in term.namespaces {
            invalid(path.field("namespaces"), name, NameFormat.dnsLabel(name))
        }
        for (field, keys) in [
            ("matchLabelKeys", term.matchLabelKeys), ("mismatchLabelKeys", term.mismatchLabelKeys),
        ]
        where !keys.isEmpty {
            if term.labelSelector == nil {
                forbidden(path.field(field), "must not be specified when labelSelector is not set")
            } else {
                for (index, key) in keys.enumerated() { labelKey(key, at: path.field(field).index(index)) }
            }
        }
        for (index, key) in term.matchLabelKeys.enumerated() where term.mismatchLabelKeys.contains(key) {
            invalid(
                path.field("matchLabelKeys").index(index), key,
                "exists in both matchLabelKeys and mismatchLabelKeys")
        }
        if term.topologyKey.isEmpty { required(path.field("topologyKey"), "can not be empty") }
        labelKey(term.topologyKey, at: path.field("topologyKey"))
    }

    mutating func topologySpread(_ constraints: [TopologySpreadConstraint], at path: FieldPath) {
        for (index, constraint) in constraints.enumerated() {
            let place = path.index(index)
            if constraint.maxSkew <= 0 {
                invalid(place.field("maxSkew"), constraint.maxSkew, "must be greater than zero")
            }
            if constraint.topologyKey.isEmpty { required(place.field("topologyKey"), "can not be empty") }
            word(
                place.field("whenUnsatisfiable"), constraint.whenUnsatisfiable,
                of: UnsatisfiableConstraintAction.known)
            let same = constraints[(index + 1)...].contains {
                $0.topologyKey == constraint.topologyKey
                    && $0.whenUnsatisfiable == constraint.whenUnsatisfiable
            }
            if same {
                duplicate(
                    place.field("{topologyKey, whenUnsatisfiable}"),
                    "{\(constraint.topologyKey), \(constraint.whenUnsatisfiable)}")
            }
            if let count = constraint.minDomains {
                if count <= 0 { invalid(place.field("minDomains"), count, "must be greater than zero") }
                if constraint.whenUnsatisfiable != .doNotSchedule {
                    invalid(
                        place.field("minDomains"), count,
                        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "
                            + "\(constraint.whenUnsatisfiable)")
                }
            }
            if let policy = constraint.nodeAffinityPolicy {
                word(place.field("nodeAffinityPolicy"), policy, of: NodeInclusionPolicy.known)
            }
            if let policy = constraint.nodeTaintsPolicy {
                word(place.field("nodeTaintsPolicy"), policy, of: NodeInclusionPolicy.known)
            }
            spreadLabelKeys(constraint, at: place.field("matchLabelKeys"))
            labelSelector(constraint.labelSelector, at: place.field("labelSelector"))
        }
    }

    private mutating func spreadLabelKeys(_ constraint: TopologySpreadConstraint, at path: FieldPath) {
        if constraint.matchLabelKeys.isEmpty { return }
        guard let selector = constraint.labelSelector else {
            forbidden(path, "must not be specified when labelSelector is not set")
            return
        }
        let selected = Set(selector.matchLabels.keys).union(selector.matchExpressions.map(\.key))
        for (index, key) in constraint.matchLabelKeys.enumerated() {
            labelKey(key, at: path.index(index))
            if selected.contains(key) {
                invalid(path.index(index), key, "exists in both matchLabelKeys and labelSelector")
            }
        }
    }

    mutating func tolerations(_ tolerations: [Toleration], at path: FieldPath) {
        for (index, toleration) in tolerations.enumerated() {
            let place = path.index(index)
            if !toleration.key.isEmpty { labelKey(toleration.key, at: place.field("key")) }
            if toleration.key.isEmpty, toleration.operator != .exists {
                invalid(
                    place.field("operator"), toleration.operator.rawValue,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""
                )
            }
            if toleration.tolerationSeconds != nil, toleration.effect != .noExecute {
                invalid(
                    place.field("effect"), toleration.effect.rawValue,
                    "effect must be 'NoExecute' when `tolerationSeconds` is set")
            }
            switch toleration.operator {
            case .equal, "":
                let reasons = NameFormat.labelValue(toleration.value)
                if !reasons.isEmpty {
                    invalid(place.field("operator"), toleration.value, reasons.joined(separator: ";"))
                }
            case .exists:
                if !toleration.value.isEmpty {
                    invalid(
                        place.field("operator"), toleration.value,
                        "value must be empty when `operator` is 'Exists'")
                }
            default:
                word(place.field("operator"), toleration.operator, of: [.equal, .exists])
            }
            if !toleration.effect.isEmpty {
                word(place.field("effect"), toleration.effect, of: TaintEffect.known)
            }
        }
    }

    mutating func schedulingGates(_ gates: [PodSchedulingGate], at path: FieldPath) {
        var names = Set<String>()
        for (index, gate) in gates.enumerated() {
            invalid(path.index(index), gate.name, NameFormat.qualifiedName(gate.name))
            if !names.insert(gate.name).inserted { duplicate(path.index(index), gate.name) }
        }
    }
}
