extension Secret {
    /// The secret as an API server keeps it: with a type, and with its text among its data.
    package func withDefaults() -> Secret {
        var secret = self
        if secret.type.isEmpty { secret.type = .opaque }
        // Text is for writing only, and comes before data of the same key.
        for (key, text) in stringData { secret.data[key] = Bytes(text) }
        secret.stringData = [:]
        return secret
    }
}
