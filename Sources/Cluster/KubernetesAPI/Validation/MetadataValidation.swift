extension FieldErrors {
    /// The metadata of an object that an API server would create.
    mutating func metadata(
        _ metadata: ObjectMeta, at path: FieldPath, isNamespaced: Bool = true,
        name format: (String) -> [String]
    ) {
        if !metadata.generateName.isEmpty {
            // Something is appended: a dash at the end is none in the name.
            let prefix =
                metadata.generateName.hasSuffix("-") ? metadata.generateName + "x" : metadata.generateName
            invalid(path.field("generateName"), metadata.generateName, format(prefix))
        }
        if metadata.name.isEmpty {
            required(path.field("name"), "name or generateName is required")
        } else {
            invalid(path.field("name"), metadata.name, format(metadata.name))
        }
        if isNamespaced {
            if metadata.namespace.isEmpty {
                required(path.field("namespace"))
            } else {
                invalid(path.field("namespace"), metadata.namespace, NameFormat.dnsLabel(metadata.namespace))
            }
        } else if !metadata.namespace.isEmpty {
            forbidden(path.field("namespace"), "not allowed on this type")
        }
        notNegative(path.field("generation"), metadata.generation)
        labels(metadata.labels, at: path.field("labels"))
        annotations(metadata.annotations, at: path.field("annotations"))
        ownerReferences(metadata.ownerReferences, at: path.field("ownerReferences"))
        for (index, finalizer) in metadata.finalizers.enumerated() {
            let place = path.field("finalizers").index(index)
            invalid(place, finalizer, NameFormat.qualifiedName(finalizer))
            if !finalizer.contains("/"), !["kubernetes", "orphan", "foregroundDeletion"].contains(finalizer) {
                invalid(
                    place, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
            }
        }
    }

    mutating func labels(_ labels: [String: String], at path: FieldPath) {
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            invalid(path, key, NameFormat.qualifiedName(key))
            invalid(path.key(key), value, NameFormat.labelValue(value))
        }
    }

    mutating func labelKey(_ key: String, at path: FieldPath) {
        invalid(path, key, NameFormat.qualifiedName(key))
    }

    private static let annotationsLimit = 256 * 1024

    private mutating func annotations(_ annotations: [String: String], at path: FieldPath) {
        var size = 0
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) {
            invalid(path, key, NameFormat.qualifiedName(key.lowercased()))
            size += key.utf8.count + value.utf8.count
        }
        if size > Self.annotationsLimit { tooLong(path, limit: Self.annotationsLimit) }
    }

    private mutating func ownerReferences(_ references: [OwnerReference], at path: FieldPath) {
        var controller: OwnerReference?
        for (index, reference) in references.enumerated() {
            let place = path.index(index)
            if reference.apiVersion.isEmpty {
                invalid(place.field("apiVersion"), reference.apiVersion, "version must not be empty")
            }
            if reference.kind.isEmpty { invalid(place.field("kind"), reference.kind, "must not be empty") }
            if reference.name.isEmpty { invalid(place.field("name"), reference.name, "must not be empty") }
            if reference.uid.isEmpty { invalid(place.field("uid"), reference.uid, "must not be empty") }
            guard reference.controller == true else { continue }
            if let first = controller {
                invalid(
                    path, json: references,
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                        + "\(first.kind)/\(first.name) and \(reference.kind)/\(reference.name)")
            }
            controller = reference
        }
    }

    mutating func labelSelector(_ selector: LabelSelector?, at path: FieldPath) {
        guard let selector else { return }
        labels(selector.matchLabels, at: path.field("matchLabels"))
        for (index, requirement) in selector.matchExpressions.enumerated() {
            let place = path.field("matchExpressions").index(index)
            switch requirement.operator {
            case .in, .notIn:
                if requirement.values.isEmpty {
                    required(place.field("values"), "must be specified when `operator` is 'In' or 'NotIn'")
                }
            case .exists, .doesNotExist:
                if !requirement.values.isEmpty {
                    forbidden(
                        place.field("values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                }
            default:
                invalid(
                    place.field("operator"), requirement.operator.rawValue, "not a valid selector operator")
            }
            labelKey(requirement.key, at: place.field("key"))
            for (number, value) in requirement.values.enumerated() {
                invalid(place.field("values").index(number), value, NameFormat.labelValue(value))
            }
        }
    }
}
