extension ConfigMap {
    /// Whether an API server would keep the config map.
    package func validate() -> FieldErrors {
        var errors = FieldErrors()
        errors.metadata(metadata, at: FieldPath("metadata"), name: NameFormat.dnsSubdomain)
        for key in data.keys.sorted() {
            errors.dataKey(key, at: FieldPath("data"))
            if binaryData[key] != nil {
                errors.invalid(FieldPath("data").key(key), key, "duplicate of key present in binaryData")
            }
        }
        for key in binaryData.keys.sorted() { errors.dataKey(key, at: FieldPath("binaryData")) }
        let size =
            data.values.reduce(0) { $0 + $1.utf8.count } + binaryData.values.reduce(0) { $0 + $1.bytes.count }
        if size > FieldErrors.dataLimit { errors.tooLong(FieldPath("data"), limit: FieldErrors.dataLimit) }
        return errors
    }

    /// Whether an API server would keep it in the place of what it was before.
    package func validateChange(from before: ConfigMap) -> FieldErrors {
        var errors = FieldErrors()
        guard before.immutable == true else { return errors }
        if immutable != true { errors.immutable(FieldPath("immutable")) }
        if data != before.data { errors.immutable(FieldPath("data")) }
        if binaryData != before.binaryData { errors.immutable(FieldPath("binaryData")) }
        return errors
    }
}

extension Secret {
    /// Whether an API server would keep the secret. To be asked of one with its defaults.
    package func validate() -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath("data")
        errors.metadata(metadata, at: FieldPath("metadata"), name: NameFormat.dnsSubdomain)
        for key in data.keys.sorted() { errors.dataKey(key, at: path) }
        let size = data.values.reduce(0) { $0 + $1.bytes.count }
        if size > FieldErrors.dataLimit { errors.tooLong(path, limit: FieldErrors.dataLimit) }
        switch type {
        case .serviceAccountToken:
            let name = "kubernetes.io/service-account.name"
            if metadata.annotations[name, default: ""].isEmpty {
                errors.required(FieldPath("metadata", "annotations").key(name))
            }
        case .dockercfg: validateJSON(".dockercfg", &errors, at: path)
        case .dockerConfigJson: validateJSON(".dockerconfigjson", &errors, at: path)
        case .basicAuth:
            if data["username"] == nil, data["password"] == nil {
                errors.required(path.key("username"))
                errors.required(path.key("password"))
            }
        case .sshAuth:
            if data["ssh-privatekey", default: Bytes()].bytes.isEmpty {
                errors.required(path.key("ssh-privatekey"))
            }
        case .tls:
            for key in ["tls.crt", "tls.key"] where data[key] == nil { errors.required(path.key(key)) }
        default: break
        }
        return errors
    }

    /// Whether an API server would keep it in the place of what it was before. To be asked of secrets with their defaults.
    package func validateChange(from before: Secret) -> FieldErrors {
        var errors = FieldErrors()
        guard before.immutable == true else { return errors }
        if immutable != true { errors.immutable(FieldPath("immutable")) }
        if data != before.data { errors.immutable(FieldPath("data")) }
        return errors
    }

    private func validateJSON(_ key: String, _ errors: inout FieldErrors, at path: FieldPath) {
        guard let bytes = data[key] else {
            errors.required(path.key(key))
            return
        }
        do {
            if try APIValue(json: bytes.bytes).object == nil {
                errors.invalid(path.key(key), FieldErrors.redacted, "expected an object")
            }
        } catch {
            // Where it is wrong, and nothing of what stands there.
            errors.invalid(
                path.key(key), FieldErrors.redacted, "not JSON, line \(error.line), column \(error.column)")
        }
    }
}

extension FieldErrors {
    /// 1 MiB, the most that a config map or a secret holds.
    static let dataLimit = 1024 * 1024
    static let redacted = "<secret contents redacted>"

    fileprivate mutating func immutable(_ path: FieldPath) {
        forbidden(path, "field is immutable when `immutable` is set")
    }

    fileprivate mutating func dataKey(_ key: String, at path: FieldPath) {
        invalid(path.key(key), key, NameFormat.configKey(key))
    }
}
