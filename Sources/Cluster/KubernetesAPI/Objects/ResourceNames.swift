extension ResourceName {
    static let hugePagesPrefix = "hugepages-"

    package var isHugePages: Bool { rawValue.hasPrefix(Self.hugePagesPrefix) }

    /// The size of the pages of `hugepages-2Mi`; nil for other resources and sizes that are no quantity.
    package var hugePageSize: Quantity? {
        isHugePages ? Quantity(String(rawValue.dropFirst(Self.hugePagesPrefix.count))) : nil
    }

    /// Without a domain, or in one of kubernetes.io.
    package var isNative: Bool { !rawValue.contains("/") || rawValue.contains("kubernetes.io/") }

    /// A resource that a device plugin or an administrator brought: `example.com/gpu`.
    package var isExtended: Bool {
        !isNative && !rawValue.hasPrefix("requests.")
            && NameFormat.qualifiedName("requests.\(rawValue)").isEmpty
    }

    /// Whether a container may be given more than it asks for.
    package var isOvercommitAllowed: Bool { isNative && !isHugePages }

    /// Resources of a container that need no domain.
    var isStandardForContainers: Bool {
        isHugePages || [.cpu, .memory, .ephemeralStorage].contains(self)
    }

    /// Resources that a pod can have as a whole.
    package var isPodLevel: Bool { isHugePages || self == .cpu || self == .memory }
}
