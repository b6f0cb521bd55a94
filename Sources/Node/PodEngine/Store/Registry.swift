import ContainerShim
import LinuxKernel
import Logging
import PodNetwork
import Synchronization

/// A sandbox in memory.
final class SandboxEntry: Sendable {
    struct State {
        var record: SandboxRecord
        /// While its shim is there.
        var connection: ShimConnection?
        var shimPID: Int32?
        /// Nothing is left of what made it ready. A record that says so may be of somebody who was at it.
        var isTakenDown = false
        /// It may have the host ports that it asks for, or does.
        var hasClaimedPorts: Bool
        /// It was said that nobody can look into its network.
        var hasToldOfNetwork = false
    }
    let id: String
    /// Held while it is made, stopped or removed.
    let lock = AsyncLock()
    let state: Mutex<State>

    func note(addresses: [String]) { state.withLock { $0.record.network?.addresses = addresses } }

    init(_ record: SandboxRecord) {
        id = record.id
        state = Mutex(State(record: record, hasClaimedPorts: record.phase != .making))
    }

    var record: SandboxRecord { state.withLock { $0.record } }
    var connection: ShimConnection? { state.withLock { $0.connection } }
    var isTakenDown: Bool { state.withLock { $0.isTakenDown } }
}

/// A container in memory.
final class ContainerEntry: Sendable {
    struct State {
        var record: ContainerRecord
        /// What its shim last wrote; nil when it has to be read.
        var live: LiveStatus?
        /// What was told to listeners.
        var hasToldStart = false
        var hasToldEnd = false
        /// Its shim did not answer in time.
        var isUnresponsive = false
        /// Its shim tells us of every change, so that what was read last is true until then.
        var isHeard = false
        /// How often it has changed.
        var changes = 0
    }
    let id: String
    let folder: String
    /// Held while it is started or removed.
    let lock = AsyncLock()
    let state: Mutex<State>

    init(_ record: ContainerRecord, folder: String) {
        id = record.id
        self.folder = folder
        state = Mutex(State(record: record))
    }

    var record: ContainerRecord { state.withLock { $0.record } }

    /// For the log.
    func about(_ error: any Error) -> Logger.Metadata {
        ["container": "\(id)", "pod": "\(record.sandboxID)", "error": "\(error)"]
    }

    /// What is true now, as far as its shim has written it.
    func live() throws -> LiveStatus {
        let (known, changes) = state.withLock { ($0.live, $0.changes) }
        if let known { return known }
        let bootID = try BootID.current()
        let read = try LiveStatus.current(in: folder) ?? LiveStatus(bootID: bootID)
        state.withLock { state in
            // It may have changed since the file was read.
            guard state.changes == changes else { return }
            if read.phase == .exited || read.shim == nil || state.isHeard { state.live = read }
        }
        return read
    }

    /// - Parameter isHeard: false when nobody tells us of changes any more.
    func setHeard(_ isHeard: Bool) {
        state.withLock {
            $0.isHeard = isHeard
            if !isHeard {
                $0.live = nil
                $0.changes += 1
            }
        }
    }

    /// Whether the container's start is news.
    func isFirstStart() -> Bool {
        state.withLock { state in
            defer { state.hasToldStart = true }
            return !state.hasToldStart
        }
    }

    /// Whether the container's end is news.
    func isFirstEnd() -> Bool {
        state.withLock { state in
            defer { state.hasToldEnd = true }
            return !state.hasToldEnd
        }
    }

    func noteChange() {
        state.withLock {
            $0.live = nil
            $0.changes += 1
            $0.isUnresponsive = false
        }
    }
}

/// All sandboxes and containers, and who has which name.
final class Registry: Sendable {
    private struct State {
        var sandboxes: [String: SandboxEntry] = [:]
        var containers: [String: ContainerEntry] = [:]
        var names: [String: String] = [:]
    }
    private let state = Mutex(State())

    // MARK: Names

    /// - Throws: `alreadyExists` with the id that has it.
    func reserve(_ name: String, for id: String, what: String) throws(EngineError) {
        let holder = state.withLock { state -> String? in
            if let holder = state.names[name] { return holder }
            state.names[name] = id
            return nil
        }
        if let holder {
            throw EngineError(.alreadyExists, "the name \(name) is in use by \(what) \(holder)")
        }
    }

    /// What had the name for a moment gives it to what was made.
    func hand(_ name: String, from claim: String, to id: String) {
        state.withLock { if $0.names[name] == claim { $0.names[name] = id } }
    }

    func free(_ name: String, of id: String) {
        state.withLock { if $0.names[name] == id { $0.names[name] = nil } }
    }

    /// Who has which name, by name.
    var reservedNames: [(String, String)] {
        state.withLock { $0.names.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    // MARK: Sandboxes

    func add(_ entry: SandboxEntry) { state.withLock { $0.sandboxes[entry.id] = entry } }
    func add(_ entry: ContainerEntry) { state.withLock { $0.containers[entry.id] = entry } }
    func removeSandbox(_ id: String) { state.withLock { _ = $0.sandboxes.removeValue(forKey: id) } }
    func removeContainer(_ id: String) { state.withLock { _ = $0.containers.removeValue(forKey: id) } }

    func has(sandbox id: String) -> Bool { state.withLock { $0.sandboxes[id] != nil } }
    func has(container id: String) -> Bool { state.withLock { $0.containers[id] != nil } }

    /// Whether a pod keeps what it has of the network. One whose shim does not answer may well go on.
    /// - Returns: nil for what is no pod of ours.
    func needsNetwork(sandbox id: String) -> Bool? {
        state.withLock { $0.sandboxes[id] }.map { !$0.isTakenDown }
    }

    /// Gives a sandbox the host ports that it asks for. Networks do not know each other's, and plugins do not ask; the
    /// built-in network sees to its own.
    /// - Throws: `alreadyExists` where another one that is connected has one of them.
    func claimPorts(of entry: SandboxEntry) throws {
        let record = entry.record
        let wanted = try record.spec.ports.map(PodNetworks.mapping)
        if wanted.isEmpty { return }
        try state.withLock { state in
            for other in state.sandboxes.values where other.id != entry.id {
                let (theirs, hasClaimed) = other.state.withLock { ($0.record, $0.hasClaimedPorts) }
                guard hasClaimed, let network = theirs.network, theirs.bootID == record.bootID,
                    network.maker == .cni || record.network?.maker == .cni
                else { continue }
                let ports = theirs.spec.ports.compactMap { try? PodNetworks.mapping($0) }
                guard let port = wanted.first(where: { port in ports.contains { $0.conflicts(with: port) } })
                else { continue }
                throw EngineError(
                    .alreadyExists, "host port \(port.hostPlace) is in use by sandbox \(other.id)")
            }
            entry.state.withLock { $0.hasClaimedPorts = true }
        }
    }

    var sandboxes: [SandboxEntry] { state.withLock { Array($0.sandboxes.values) } }
    var containers: [ContainerEntry] { state.withLock { Array($0.containers.values) } }

    func containers(of sandbox: String) -> [ContainerEntry] {
        state.withLock { $0.containers.values.filter { $0.record.sandboxID == sandbox } }
    }

    /// By id, or by the beginning of one.
    func sandbox(_ word: String) throws(EngineError) -> SandboxEntry {
        let found = state.withLock { state in Self.find(word, in: state.sandboxes) }
        return try Self.only(found, "sandbox", word)
    }

    func container(_ word: String) throws(EngineError) -> ContainerEntry {
        let found = state.withLock { state in Self.find(word, in: state.containers) }
        return try Self.only(found, "container", word)
    }

    /// As `sandbox`, for those who want it gone: nil when it is.
    func sandboxIfThere(_ word: String) throws(EngineError) -> SandboxEntry? {
        let found = state.withLock { state in Self.find(word, in: state.sandboxes) }
        return found.isEmpty ? nil : try Self.only(found, "sandbox", word)
    }

    func containerIfThere(_ word: String) throws(EngineError) -> ContainerEntry? {
        let found = state.withLock { state in Self.find(word, in: state.containers) }
        return found.isEmpty ? nil : try Self.only(found, "container", word)
    }

    private static func find<Entry>(_ word: String, in entries: [String: Entry]) -> [Entry] {
        if let exact = entries[word] { return [exact] }
        guard !word.isEmpty, word.utf8.count < 64 else { return [] }
        return entries.filter { $0.key.hasPrefix(word) }.map(\.value)
    }

    private static func only<Entry>(
        _ found: [Entry], _ what: String, _ word: String
    ) throws(EngineError) -> Entry {
        if found.count > 1 {
            throw EngineError(.invalid, "several ids of a \(what) begin with '\(word)'")
        }
        guard let entry = found.first else {
            throw EngineError(.notFound, "no such \(what): '\(word.prefix(128))'")
        }
        return entry
    }
}
