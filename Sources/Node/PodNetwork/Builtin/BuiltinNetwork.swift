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
    var namespaces: String { state + "/namespaces" }

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
            TrackedFlows([record]).turnToPods()
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
        let record = try book.record(id)
        if let record { try release(record, &sets) }
        _ = consume lock
        // The kernel looks through its whole table for that.
        if let record { TrackedFlows([record]).leavePods() }
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
        var addresses: Set<IPAddress> = []
        for record in try book.all() {
            if try record.ports.isEmpty || record.isCurrent(bootID: bootID) {
                taken += record.ports.map { ($0, "container \(record.id.prefix(12))") }
                addresses.formUnion(record.addresses)
            } else {
                try release(record)
            }
        }
        taken += try portsOfOtherInstances(ownPods: addresses)
        var settled: [PortMapping] = []
        for port in pod.ports {
            settled.append(try PortSearch(taken: taken, own: settled).settle(port))
        }
        return settled
    }

    /// The host ports of pods whose records lie in other folders, by their tables: who came first keeps his.
    private func portsOfOtherInstances(
        ownPods: Set<IPAddress>
    ) throws -> [(mapping: PortMapping, owner: String)] {
        var sets = try NftablesSocket()
        let tables = try sets.tables().filter { rules.isAnothers($0) }
        if tables.isEmpty { return [] }
        var host = try RouteSocket()
        var found: [(mapping: PortMapping, owner: String)] = []
        for table in tables {
            for set in Ruleset.portMaps {
                for element in try sets.elements(of: set, table: table) {
                    guard let (mapping, pod) = Ruleset.port(element), !ownPods.contains(pod) else { continue }
                    // What one has left whose folder is gone leads nowhere.
                    guard try host.route(to: pod)?.range.length == pod.width else { continue }
                    found.append((mapping, "a container of another instance (nftables' table \(table))"))
                }
            }
        }
        return found
    }

    /// Undoes everything of a record, then the record.
    func release(_ record: NetworkRecord) throws {
        if record.ports.isEmpty { return try releaseAllButPorts(record) }
        var sets = try NftablesSocket()
        try release(record, &sets)
        TrackedFlows([record]).leavePods()
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
}

// MARK: The rules

extension BuiltinNetwork {
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
