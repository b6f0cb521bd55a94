import KubernetesAPI

/// The files of config maps and secrets.
enum ObjectPayload {
    /// How a volume's files are made, where they do not say it themselves.
    struct Defaults {
        var mode: Int32 = 0o644
        var owner: Int64?
    }

    /// - Parameter map: nil where there is none; optional sources are empty then.
    static func configMap(
        _ map: ConfigMap?, name: String, items: [KeyToPath], optional: Bool?, defaults: Defaults
    ) throws(VolumeFailure) -> Payload {
        guard let map else {
            if optional == true { return Payload() }
            throw VolumeFailure("configmap \"\(name)\" not found")
        }
        var values = map.binaryData.mapValues(\.bytes)
        for (key, text) in map.data { values[key] = Array(text.utf8) }
        return try files(
            values, items, optional: optional, defaults: defaults,
            missing: "configmap references non-existent config key")
    }

    static func secret(
        _ secret: Secret?, name: String, items: [KeyToPath], optional: Bool?, defaults: Defaults
    ) throws(VolumeFailure) -> Payload {
        guard let secret else {
            if optional == true { return Payload() }
            throw VolumeFailure("secret \"\(name)\" not found")
        }
        return try files(
            secret.data.mapValues(\.bytes), items, optional: optional, defaults: defaults,
            missing: "references non-existent secret key")
    }

    private static func files(
        _ values: [String: [UInt8]], _ items: [KeyToPath], optional: Bool?, defaults: Defaults,
        missing: String
    ) throws(VolumeFailure) -> Payload {
        var payload = Payload()
        if items.isEmpty {
            for (key, value) in values {
                try payload.put(key, value, mode: defaults.mode, owner: defaults.owner)
            }
            return payload
        }
        for item in items {
            guard let value = values[item.key] else {
                if optional == true { continue }
                throw VolumeFailure("\(missing): \(item.key)")
            }
            try payload.put(
                item.path, value, mode: item.mode ?? defaults.mode, owner: item.user ?? defaults.owner)
        }
        return payload
    }
}
