extension FieldErrors {
    mutating func environment(_ variables: [EnvVar], _ context: ContainerContext, at path: FieldPath) {
        for (index, variable) in variables.enumerated() {
            let place = path.index(index)
            if variable.name.isEmpty {
                required(place.field("name"))
            } else {
                invalid(place.field("name"), variable.name, NameFormat.environmentName(variable.name))
            }
            if let source = variable.valueFrom {
                valueSource(source, hasValue: !variable.value.isEmpty, context, at: place.field("valueFrom"))
            }
        }
    }

    private mutating func valueSource(
        _ source: EnvVarSource, hasValue: Bool, _ context: ContainerContext, at path: FieldPath
    ) {
        var count = 0
        if let field = source.fieldRef {
            count += 1
            fieldSelector(field, allowed: DownwardField.environment, at: path.field("fieldRef"))
        }
        if let resource = source.resourceFieldRef {
            count += 1
            resourceSelector(resource, needsContainer: false, at: path.field("resourceFieldRef"))
        }
        if let key = source.configMapKeyRef {
            count += 1
            keySelector(name: key.name, key: key.key, at: path.field("configMapKeyRef"))
        }
        if let key = source.secretKeyRef {
            count += 1
            keySelector(name: key.name, key: key.key, at: path.field("secretKeyRef"))
        }
        if let file = source.fileKeyRef {
            count += 1
            fileSelector(file, context, at: path.field("fileKeyRef"))
        }
        if count == 0 {
            invalid(
                path, "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                    + "`fileKeyRef`")
        } else if hasValue {
            invalid(path, "", "may not be specified when `value` is not empty")
        } else if count > 1 {
            invalid(path, "", "may not have more than one field specified at a time")
        }
    }

    mutating func fieldSelector(_ selector: ObjectFieldSelector, allowed: [String], at path: FieldPath) {
        if selector.apiVersion.isEmpty {
            required(path.field("apiVersion"))
            return
        }
        if selector.fieldPath.isEmpty {
            required(path.field("fieldPath"))
            return
        }
        let field = DownwardField(selector.fieldPath)
        let problem: String? =
            if selector.apiVersion != "v1" {
                "unsupported pod version: \(selector.apiVersion)"
            } else if !DownwardField.all.contains(field.path) {
                "field label not supported: \(selector.fieldPath)"
            } else {
                nil
            }
        if let problem {
            invalid(path.field("fieldPath"), selector.fieldPath, "error converting fieldPath: \(problem)")
            return
        }
        guard let key = field.key else {
            if !allowed.contains(field.path) { notSupported(path.field("fieldPath"), field.path, allowed) }
            return
        }
        switch field.path {
        case "metadata.annotations":
            invalid(path, key.lowercased(), NameFormat.qualifiedName(key.lowercased()))
        case "metadata.labels": invalid(path, key, NameFormat.qualifiedName(key))
        default: invalid(path, field.path, "does not support subscript")
        }
    }

    mutating func resourceSelector(
        _ selector: ResourceFieldSelector, needsContainer: Bool, at path: FieldPath
    ) {
        let isHugePages = ["limits.hugepages-", "requests.hugepages-"].contains {
            selector.resource.hasPrefix($0)
        }
        if needsContainer, selector.containerName.isEmpty {
            required(path.field("containerName"))
        } else if selector.resource.isEmpty {
            required(path.field("resource"))
        } else if !isHugePages, !DownwardField.resources.contains(selector.resource) {
            notSupported(path.field("resource"), selector.resource, DownwardField.resources)
        }
        divisor(selector, isHugePages: isHugePages, at: path.field("divisor"))
    }

    private mutating func divisor(_ selector: ResourceFieldSelector, isHugePages: Bool, at path: FieldPath) {
        if selector.divisor.isZero { return }
        let kind = selector.resource.split(separator: ".", maxSplits: 1).last ?? ""
        if kind == "cpu" {
            if !["1m", "1"].contains(selector.divisor.description) {
                invalid(
                    path, selector.resource,
                    "only divisor's values 1m and 1 are supported with the cpu resource")
            }
            return
        }
        let name: String
        switch kind {
        case "memory": name = "memory"
        case "ephemeral-storage": name = "local ephemeral storage"
        default:
            if !isHugePages { return }
            name = "hugepages"
        }
        let units = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]
        if !units.contains(selector.divisor.description) {
            invalid(
                path, selector.resource,
                "only divisor's values \(units.joined(separator: ", ")) are supported with the \(name) resource"
            )
        }
    }

    private mutating func keySelector(name: String, key: String, at path: FieldPath) {
        invalid(path.field("name"), name, NameFormat.dnsSubdomain(name))
        configKey(key, at: path.field("key"))
    }

    private mutating func configKey(_ key: String, at path: FieldPath) {
        if key.isEmpty { required(path) } else { invalid(path, key, NameFormat.configKey(key)) }
    }

    /// A variable out of a file that an init container wrote into an empty folder.
    private mutating func fileSelector(
        _ file: FileKeySelector, _ context: ContainerContext, at path: FieldPath
    ) {
        if file.volumeName.isEmpty {
            required(path.field("volumeName"))
        } else if let volume = context.volumes[file.volumeName] {
            if volume.emptyDir == nil {
                invalid(
                    path.field("volumeName"), file.volumeName, "must reference an emptyDir volume source")
            }
        } else {
            notFound(path.field("volumeName"), file.volumeName)
        }
        if file.path.isEmpty {
            required(path.field("path"))
        } else {
            localPath(file.path, mayStartWithDots: false, at: path.field("path"))
        }
        if file.key.isEmpty {
            required(path.field("key"))
        } else {
            invalid(path.field("key"), file.key, NameFormat.environmentName(file.key))
        }
    }

    mutating func environmentSources(_ sources: [EnvFromSource], at path: FieldPath) {
        for (index, source) in sources.enumerated() {
            let place = path.index(index)
            if !source.prefix.isEmpty {
                invalid(place.field("prefix"), source.prefix, NameFormat.environmentName(source.prefix))
            }
            if let map = source.configMapRef { objectName(map.name, at: place.field("configMapRef")) }
            if let secret = source.secretRef { objectName(secret.name, at: place.field("secretRef")) }
            switch (source.configMapRef, source.secretRef) {
            case (nil, nil): invalid(place, "", "must specify one of: `configMapRef` or `secretRef`")
            case (.some, .some): invalid(place, "", "may not have more than one field specified at a time")
            default: break
            }
        }
    }

    private mutating func objectName(_ name: String, at path: FieldPath) {
        if name.isEmpty {
            required(path.field("name"))
        } else {
            invalid(path.field("name"), name, NameFormat.dnsSubdomain(name))
        }
    }
}
