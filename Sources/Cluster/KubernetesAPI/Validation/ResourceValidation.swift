extension FieldErrors {
    /// What a container asks for and may use; requests within limits.
    mutating func resources(_ resources: ResourceRequirements, claims: Set<String>, at path: FieldPath) {
        self.resources(resources, at: path) { (errors, name, place) in
            errors.containerResourceName(name, at: place)
        }
        resourceClaims(resources.claims, known: claims, at: path.field("claims"))
    }

    mutating func podResources(_ spec: PodSpec, at path: FieldPath) {
        guard let resources = spec.resources else { return }
        if !resources.claims.isEmpty {
            forbidden(path.field("claims"), "claims cannot be set for Resources at pod-level")
        }
        self.resources(resources, at: path) { (errors, name, place) in
            let before = errors.all.count
            errors.resourceName(name, at: place)
            if errors.all.count == before, !name.isPodLevel {
                errors.notSupported(place, name.rawValue, ["cpu", "hugepages-", "memory"])
            }
        }
        let pod = Pod(spec: spec)
        for (name, quantity) in pod.containerRequests.inOrder {
            let own = resources.requests[name] ?? .zero
            if name.isPodLevel, quantity > own {
                invalid(
                    path.field("requests").key(name.rawValue), own,
                    "must be greater than or equal to aggregate container requests of \(quantity)")
            }
        }
        for (index, container) in spec.containers.enumerated() {
            for (name, limit) in container.resources.limits.inOrder {
                guard let own = resources.limits[name], limit > own else { continue }
                let place = path.field("containers").index(index).key(name.rawValue).field("limits")
                invalid(place, limit, "must be less than or equal to pod limits of \(own)")
            }
        }
    }

    private mutating func resources(
        _ resources: ResourceRequirements, at path: FieldPath,
        name check: (inout FieldErrors, ResourceName, FieldPath) -> Void
    ) {
        for (name, quantity) in resources.limits.inOrder {
            let place = path.field("limits").key(name.rawValue)
            check(&self, name, place)
            amount(quantity, of: name, at: place)
        }
        for (name, quantity) in resources.requests.inOrder {
            let place = path.field("requests").key(name.rawValue)
            check(&self, name, place)
            amount(quantity, of: name, at: place)
            if let limit = resources.limits[name] {
                if quantity != limit, !name.isOvercommitAllowed {
                    invalid(path.field("requests"), quantity, "must be equal to \(name) limit of \(limit)")
                } else if quantity > limit {
                    invalid(
                        path.field("requests"), quantity,
                        "must be less than or equal to \(name) limit of \(limit)")
                }
            } else if !name.isOvercommitAllowed {
                required(path.field("limits"), "Limit must be set for non overcommitable resources")
            }
        }
        let names = Set(resources.limits.keys).union(resources.requests.keys)
        if names.contains(where: \.isHugePages), !names.contains(.cpu), !names.contains(.memory) {
            forbidden(path, "HugePages require cpu or memory")
        }
    }

    private mutating func amount(_ quantity: Quantity, of name: ResourceName, at path: FieldPath) {
        if quantity < .zero { invalid(path, quantity, "must be greater than or equal to 0") }
        if name.isExtended, quantity.nanos % Quantity.nano != 0 {
            invalid(path, quantity, "must be an integer")
        }
        if let size = name.hugePageSize, size > .zero, quantity.nanos % size.nanos != 0 {
            invalid(path, quantity, "\(quantity) is not positive integer multiple of \(size)")
        }
    }

    private mutating func resourceName(_ name: ResourceName, at path: FieldPath) {
        let reasons = NameFormat.qualifiedName(name.rawValue)
        invalid(path, name.rawValue, reasons)
        if reasons.isEmpty, !name.rawValue.contains("/"), !name.isStandardForContainers,
            !ResourceName.known.contains(name)
        {
            invalid(path, name.rawValue, "must be a standard resource type or fully qualified")
        }
    }

    private mutating func containerResourceName(_ name: ResourceName, at path: FieldPath) {
        resourceName(name, at: path)
        if !name.rawValue.contains("/") {
            if !name.isStandardForContainers {
                invalid(path, name.rawValue, "must be a standard resource for containers")
            }
        } else if !name.isNative, !name.isExtended {
            invalid(path, name.rawValue, "doesn't follow extended resource name standard")
        }
    }

    private mutating func resourceClaims(_ claims: [ResourceClaim], known: Set<String>, at path: FieldPath) {
        var seen = Set<String>()
        for (index, claim) in claims.enumerated() {
            let place = path.index(index)
            if claim.name.isEmpty {
                required(place.field("name"))
                continue
            }
            if !seen.insert("\(claim.name)/\(claim.request)").inserted {
                duplicate(place, claim.request.isEmpty ? claim.name : "\(claim.name)/\(claim.request)")
            }
            if !known.contains(claim.name) { notFound(place.field("name"), claim.name) }
        }
    }
}

extension ResourceList {
    /// By name, so that messages come in the same order each time.
    var inOrder: [(key: ResourceName, value: Quantity)] { sorted { $0.key.rawValue < $1.key.rawValue } }
}
