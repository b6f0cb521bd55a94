import Glibc
import LinuxKernel
import OCISpec

/// The built-in network of pods: one pair of devices per pod, a route to each pod, no bridge.
///
/// Nothing of it is a process: every program that makes or ends pods calls this library, several at once. What one
/// of them was killed in the middle of is undone by whoever asks for the same pod next, or by `reconcile`.
public struct BuiltinNetwork: Sendable {
    /// What ends with the boot: records, claims, namespaces.
    public let state: String
    /// The settings, which stay.
    public let settingsFile: String
    /// Where who runs short of addresses sets others, for messages.
    private let rangesPlace: String

    let book: AddressBook
    let rules: Ruleset

    /// - Parameters:
    ///   - state: a folder of its own, `/run/swiftlet/network`.
    ///   - settingsFile: `/var/lib/swiftlet/network.json`.
    ///   - rangesPlace: where the ranges are set, for messages; nil: in that file.
    public init(state: String, settingsFile: String, rangesPlace: String? = nil) {
        self.state = state
        self.settingsFile = settingsFile
        self.rangesPlace = rangesPlace ?? settingsFile
        book = AddressBook(folder: state)
        rules = Ruleset(state: state)
    }

    /// Where the network namespace of a pod is pinned unless its maker has another place for it.
    public func namespacePath(of id: String) -> String { namespaces + "/" + id }
    private var namespaces: String { state + "/namespaces" }

    // MARK: One pod

    /// Connects a pod. One that is connected already gets everything anew.
    /// - Parameters:
    ///   - owner: the process whose end makes the connection a leftover; nil when only `reconcile` is to decide.
    ///   - spare: the pod's namespace to be, where none is pinned yet.
    /// - Throws: `NetworkError`, or `KernelError`; then nothing of the connection is left.
    public func attach(
        _ pod: PodAttachment, owner: ProcessIdentity? = nil, spare: SpareNamespace? = nil
    ) throws -> NetworkResult {
        guard !pod.id.isEmpty, pod.id.utf8.count <= 200, pod.id.utf8.first != UInt8(ascii: "."),
            !pod.id.utf8.contains(UInt8(ascii: "/"))
        else { throw NetworkError("invalid id '\(pod.id)' of a pod") }
        try StateFiles.makeFolders(namespaces)
        try book.prepare()
        // First, so that who may not set up networks has nothing to undo.
        do { try loadRules() } catch { throw Self.explained(error) }
        // Each try has an address of its own, unless one is wanted.
        var tries = pod.addresses.isEmpty ? Self.mostTries : 1
        while true {
            tries -= 1
            do {
                return try connect(pod, owner, spare)
            } catch let error as PodLink.Occupied {
                if tries > 0 { continue }
                throw NetworkError("network device \(error.device) is another pod's, which lives")
            }
        }
    }

    /// As many live pods of an earlier range may have the names of their devices.
    private static let mostTries = 256

    private func connect(
        _ pod: PodAttachment, _ owner: ProcessIdentity?, _ spare: SpareNamespace?
    ) throws -> NetworkResult {
        let record = try claim(pod, owner)
        do {
            try Self.allowForwarding(version6: record.addresses.contains(where: \.isVersion6))
            if record.ownsNamespace {
                try PinnedNamespace.make(at: record.namespace, sysctls: pod.sysctls, from: spare)
            }
            try PodLink.make(record)
            try open(record)
            if let file = pod.hostsFile {
                try HostsFile.set(file, addresses: record.addresses, names: pod.hostNames)
            }
            return record.result
        } catch {
            // What cannot be undone now stays on record, for later.
            try? detach(pod.id)
            if record.ownsNamespace, try book.record(pod.id) == nil {
                try? PinnedNamespace.remove(record.namespace)
            }
            throw Self.explained(error)
        }
    }

    /// Disconnects a pod and gives its addresses and ports free; one that is not connected is no error.
    public func detach(_ id: String) throws {
        // Without a record nobody has made anything; this is what containers without ports and network ask, too.
        guard let found = try book.record(id) else { return }
        if found.ports.isEmpty {
            let lock = try book.lock()
            if let record = try book.record(id) { try release(record) }
            _ = consume lock
            return
        }
        // Closing it takes its time (see `Ruleset`): after the lock is free.
        var sets = try NftablesSocket()
        let lock = try book.lock()
        if let record = try book.record(id) { try release(record, &sets) }
        _ = consume lock
    }

    /// What a pod has; nil when it is not connected.
    public func result(of id: String) throws -> NetworkResult? { try book.record(id)?.result }

    /// Looks whether everything that a pod was given is still there.
    /// - Throws: `NetworkError` that names what is missing.
    public func check(_ id: String) throws {
        guard let record = try book.record(id) else { throw NetworkError("pod \(id) has no network") }
        guard try PinnedNamespace.exists(at: record.namespace) else {
            throw NetworkError("the network namespace \(record.namespace) of pod \(id) is gone")
        }
        var host = try RouteSocket()
        let device: RouteSocket.Device
        do throws(KernelError) {
            device = try host.device(named: record.device)
        } catch {
            throw NetworkError("network device \(record.device) of pod \(id) is gone")
        }
        if !device.isUp { throw NetworkError("network device \(record.device) of pod \(id) is switched off") }
        for address in record.addresses where try host.device(towards: address) != device.index {
            throw NetworkError("the route to \(address) of pod \(id) is gone")
        }
        guard let settings = try existingSettings() else { throw NetworkError("\(settingsFile) is gone") }
        var sets = try NftablesSocket()
        let wanted = rules.marks(of: settings) + rules.elements(of: record)
        if let missing = try sets.firstMissing(of: wanted, table: rules.table) {
            throw NetworkError(
                "pod \(id) misses an element of set \(missing.set) in nftables' table \(rules.table): was the ruleset flushed?"
            )
        }
    }

    // MARK: All pods

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
}

// MARK: Under the lock

extension BuiltinNetwork {
    private func claim(_ pod: PodAttachment, _ owner: ProcessIdentity?) throws -> NetworkRecord {
        let lock = try book.lock()
        if let old = try book.record(pod.id) { try release(old) }
        let settings = try settingsUnderLock()
        let bootID = try BootID.current()
        if let stranger = pod.addresses.first(where: { address in
            !settings.ranges.contains { $0.address.isVersion6 == address.isVersion6 }
        }) {
            throw NetworkError(
                "address \(stranger) cannot be had: pods have addresses of \(settings.ranges.map(\.description).joined(separator: " and "))"
            )
        }
        // Before addresses are claimed: a port may be taken, and nothing but a record tells whose an address is.
        let ports = pod.ports.isEmpty ? [] : try settlePorts(pod, bootID)
        let addresses = try claimAddresses(pod, settings, bootID)
        let record = NetworkRecord(
            id: pod.id, bootID: bootID, owner: owner, device: PodLink.deviceName(for: addresses),
            namespace: pod.namespace, ownsNamespace: try !PinnedNamespace.exists(at: pod.namespace),
            addresses: addresses, ports: ports)
        do {
            try book.write(record)
        } catch {
            try book.remove(record)
            throw error
        }
        _ = consume lock
        return record
    }

    private func claimAddresses(
        _ pod: PodAttachment, _ settings: NetworkSettings, _ bootID: String
    ) throws -> [IPAddress] {
        do {
            return try book.claimAddresses(for: pod.id, settings, wanted: pod.addresses)
        } catch is AddressBook.Exhausted {
            for record in try book.all() where try !record.isCurrent(bootID: bootID) { try release(record) }
        }
        do {
            return try book.claimAddresses(for: pod.id, settings, wanted: pod.addresses)
        } catch let error as AddressBook.Exhausted {
            throw NetworkError(
                "no address of the pods' range \(error.range) is free; a larger one can be set in \(rangesPlace)"
            )
        }
    }

    private func settlePorts(_ pod: PodAttachment, _ bootID: String) throws -> [PortMapping] {
        var taken: [(mapping: PortMapping, owner: String)] = []
        for record in try book.all() where !record.ports.isEmpty {
            if try record.isCurrent(bootID: bootID) {
                taken += record.ports.map { ($0, record.id) }
            } else {
                try release(record)
            }
        }
        var settled: [PortMapping] = []
        for port in pod.ports {
            let own = settled.map { (mapping: $0, owner: pod.id) }
            settled.append(try PortSearch(taken: taken + own).settle(port))
        }
        return settled
    }

    /// Undoes everything of a record, then the record.
    private func release(_ record: NetworkRecord) throws {
        if record.ports.isEmpty { return try releaseAllButPorts(record) }
        var sets = try NftablesSocket()
        try release(record, &sets)
    }

    private func release(_ record: NetworkRecord, _ sets: inout NftablesSocket) throws {
        try sets.remove(rules.elements(of: record), table: rules.table)
        try releaseAllButPorts(record)
    }

    private func releaseAllButPorts(_ record: NetworkRecord) throws {
        try PodLink.remove(record)
        if record.ownsNamespace { try PinnedNamespace.remove(record.namespace) }
        try book.remove(record)
    }

    private func settingsUnderLock() throws -> NetworkSettings {
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

    /// Loads the rules where they are not there, and puts those pods in.
    private func restore(_ records: [NetworkRecord]) throws {
        let settings = try settingsUnderLock()
        let marks = rules.marks(of: settings)
        var sets = try NftablesSocket()
        if try sets.firstMissing(of: marks, table: rules.table) != nil {
            // Pods keep their addresses when the ranges change.
            let others = records.flatMap(\.addresses).filter { address in
                !settings.ranges.contains { $0.contains(address) }
            }
            try rules.load(ranges: settings.ranges + others.map { IPPrefix($0, length: $0.width) })
        }
        try sets.add(records.flatMap(rules.elements) + marks, table: rules.table)
    }

    private func sweepNamespaces(keeping records: [NetworkRecord]) throws {
        let kept = Set(records.map(\.namespace))
        for name in try StateFiles.names(in: namespaces) where !kept.contains(namespaces + "/" + name) {
            try PinnedNamespace.remove(namespaces + "/" + name)
        }
    }
}

// MARK: The rules

extension BuiltinNetwork {
    /// The first pod after a boot loads the rules, or the first one after somebody has flushed all.
    private func loadRules() throws {
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

    /// Puts a pod into the maps, unless it has lost its record: its owner was killed, and somebody has cleared up
    /// behind it while we were still at work.
    private func open(_ record: NetworkRecord) throws {
        let elements = rules.elements(of: record)
        if elements.isEmpty { return }
        var sets = try NftablesSocket()
        do {
            return try add(elements, of: record, to: &sets)
        } catch let error as KernelError where error.errno == .noEntry {
            // Flushed just now.
            try loadRules()
        } catch let error as KernelError where error.errno == .exists {
            // The ports are ours by the records, so what is there is nobody's.
            try sets.remove(elements, table: rules.table)
        }
        try add(elements, of: record, to: &sets)
    }

    private func add(
        _ elements: [NftablesSocket.Element], of record: NetworkRecord, to sets: inout NftablesSocket
    ) throws {
        let lock = try book.lock()
        guard try book.record(record.id) == record else {
            throw NetworkError("pod \(record.id) was disconnected while it was being connected")
        }
        try sets.add(elements, table: rules.table)
        _ = consume lock
    }
}
