import Glibc
import LinuxKernel

// What concerns all pods of the built-in network: its settings, its rules, and what is left of those that are gone.

// MARK: Reconciling

extension BuiltinNetwork {
    /// Gives back what pods have that are gone.
    /// - Parameters:
    ///   - isLive: whether the pod of that id lives; asked for those that no ended owner and no earlier boot gives
    ///     away.
    ///   - restores: those that live get back what a flushed ruleset has taken.
    /// - Returns: the ids of those that were gone.
    @discardableResult
    public func reconcile(
        restores: Bool = true, isLive: (String) throws -> Bool = { _ in true }
    ) throws -> [String] {
        guard access(state, F_OK) == 0 else { return [] }
        try book.prepare()
        let lock = try book.lock()
        let bootID = try BootID.current()
        var gone: [String] = []
        var live: [NetworkRecord] = []
        for record in try book.all() {
            if try record.isCurrent(bootID: bootID), try isLive(record.id) {
                live.append(record)
            } else {
                try release(record)
                gone.append(record.id)
            }
        }
        try sweepNamespaces(keeping: live)
        try book.sweep()
        if restores, !live.isEmpty { try restore(live) }
        _ = consume lock
        return gone
    }

    private func sweepNamespaces(keeping records: [NetworkRecord]) throws {
        let kept = Set(records.map(\.namespace))
        for name in try StateFiles.names(in: namespaces) where !kept.contains(namespaces + "/" + name) {
            try PinnedNamespace.remove(namespaces + "/" + name)
        }
    }
}

// MARK: Settings

extension BuiltinNetwork {
    /// The settings; chosen now where nobody did before.
    public func settings() throws -> NetworkSettings {
        try book.prepare()
        let lock = try book.lock()
        let settings = try settingsUnderLock()
        _ = consume lock
        return settings
    }

    /// The settings; nil where no pod has needed any yet.
    public func existingSettings() throws -> NetworkSettings? { try StateFiles.read(settingsFile) }

    /// Replaces the settings: pods that come get addresses of the new ranges, those that are there keep theirs.
    public func update(_ settings: NetworkSettings) throws {
        try settings.check()
        try book.prepare()
        let lock = try book.lock()
        try write(settings)
        _ = consume lock
    }

    func settingsUnderLock() throws -> NetworkSettings {
        do {
            if let settings = try existingSettings() {
                do throws(NetworkError) { try settings.check() } catch {
                    throw NetworkError("\(settingsFile): \(error)")
                }
                return settings
            }
        } catch let damage as NetworkFileError {
            return try rebuiltSettings(damage)
        }
        var socket = try RouteSocket()
        var settings = try NetworkSettings.choose(avoiding: try socket.routes(version6: false))
        // Where the host passes IPv6 on anyway, pods have it, too. Switching that on by ourselves would stop the
        // host from taking its own addresses from its router.
        if Self.sysctl("ipv6/conf/all/forwarding") == "1" { settings.range6 = .uniqueLocal() }
        try write(settings)
        return settings
    }

    /// The settings by what pods have of them. Addresses are claimed by links, so that no range that is found here could
    /// give one out twice; but one that nobody has chosen could be another network's.
    /// - Throws: where no pod tells the range.
    private func rebuiltSettings(_ damage: NetworkFileError) throws -> NetworkSettings {
        let bootID = try BootID.current()
        let live = try book.all().filter { try $0.isCurrent(bootID: bootID) }
        guard let settings = NetworkSettings(servedTo: live.flatMap(\.addresses)),
            try foreignRoutes(into: settings.ranges).isEmpty
        else {
            throw NetworkError(
                "\(damage): the pods' range is not known any more. Write it into the file, as {\"ipv4\": \"10.88.0.0/16\"}, or remove the file, and a free range is chosen"
            )
        }
        // For whoever wants to see what became of it.
        if rename(settingsFile, settingsFile + ".damaged") != 0 {
            throw KernelError("set aside", settingsFile)
        }
        try write(settings)
        return settings
    }

    private func write(_ settings: NetworkSettings) throws {
        if let slash = settingsFile.utf8.lastIndex(of: UInt8(ascii: "/")), slash != settingsFile.startIndex {
            try StateFiles.makeFolders(String(settingsFile[..<slash]))
        }
        try StateFiles.write(settingsFile, settings.json(.spaces(2)), isDurable: true)
    }
}

// MARK: The rules

extension BuiltinNetwork {
    /// The first pod after a boot loads the rules, or the first one after somebody has flushed all.
    func loadRules() throws {
        // Damaged ones are dealt with below, under the lock.
        if let settings = try? existingSettings() {
            var sets = try NftablesSocket()
            if try sets.firstMissing(of: rules.marks(of: settings), table: rules.table) == nil { return }
        }
        let lock = try book.lock()
        let bootID = try BootID.current()
        try restore(try book.all().filter { try $0.isCurrent(bootID: bootID) })
        _ = consume lock
    }

    /// Loads the rules where they are not there, and puts those pods in.
    private func restore(_ records: [NetworkRecord]) throws {
        let settings = try settingsUnderLock()
        let marks = rules.marks(of: settings)
        var sets = try NftablesSocket()
        let wasFlushed = try sets.firstMissing(of: marks, table: rules.table) != nil
        if wasFlushed {
            // Pods keep their addresses when the ranges change.
            let others = records.flatMap(\.addresses).filter { address in
                !settings.ranges.contains { $0.contains(address) }
            }
            try rules.load(ranges: settings.ranges + others.map { IPPrefix($0, length: $0.width) })
        }
        try sets.add(records.flatMap(rules.elements) + marks, table: rules.table)
        if wasFlushed { TrackedFlows(records).turnToPods() }
    }
}
