import Glibc
import LinuxKernel
import OCISpec

/// A runtime's part of the Container Network Interface, version 1.1: it runs the plugins of a network in order, passes
/// what one has made to the next, and remembers what it will have to undo.
///
/// One interface of one container is worked on by one caller at a time; different ones by as many as like.
public struct CNIClient: Sendable {
    /// Where plugins are looked for, in order.
    public let pluginFolders: [String]
    /// Milliseconds that one plugin may take.
    public let timeout: Int
    /// Milliseconds that all plugins of a network may take to say whether they are ready: who asks does so often, and
    /// takes us for dead when we do not answer.
    public let statusTimeout: Int
    let cache: CNICache
    private let turns = GarbageTurns()

    /// - Parameter cacheFolder: `/var/lib/cni/…` of other runtimes: a folder of this client's own.
    public init(
        pluginFolders: [String] = ["/opt/cni/bin", "/usr/lib/cni"], cacheFolder: String,
        timeout: Int = 30_000, statusTimeout: Int = 5_000
    ) {
        self.pluginFolders = pluginFolders
        self.timeout = timeout
        self.statusTimeout = min(timeout, statusTimeout)
        cache = CNICache(folder: cacheFolder)
    }

    // MARK: ADD and DEL

    /// Connects a container, so that it has an address. When a plugin fails, those that ran are told to undo it before
    /// this throws. None is run unless all are there.
    public func add(_ attachment: CNIAttachment, to network: NetworkList) throws -> CNIResult {
        try attachment.check()
        return try turns.beside { try connect(attachment, to: network) }
    }

    private func connect(_ attachment: CNIAttachment, to network: NetworkList) throws -> CNIResult {
        // Before anything is on record: a plugin that is not there could not undo it either.
        for plugin in network.plugins { _ = try path(of: plugin) }
        var entry = CNICache.Entry(attachment, network)
        try cache.write(entry)
        do {
            let answer = try runAdd(entry)
            let last = network.plugins.last.map(NetworkList.type) ?? ""
            guard let answer else {
                throw CNIError.failed(
                    type: last, command: "ADD", reason: "no plugin has answered with a result")
            }
            let result = try CNIResult(answer, type: last).checked(type: last)
            entry.result = answer
            try cache.write(entry)
            return result
        } catch {
            // What cannot be undone now stays in the cache, for GC or another DEL.
            try? undo(entry) { throw $1 }
            throw error
        }
    }

    /// Each plugin is asked when the one before has answered; but the next one's program is started while that one works:
    /// what it is to do it learns from its input, and the start of a program takes as long as the rest of it.
    /// - Returns: what the last one that said something has answered.
    private func runAdd(_ entry: CNICache.Entry) throws -> JSONTree? {
        let plugins = entry.network.plugins
        var previous: JSONTree?
        var ahead = PluginAhead()
        for (index, plugin) in plugins.enumerated() {
            let call = try call("ADD", plugin, entry)
            var running = try ahead.take() ?? call.start()
            var failure: KernelError?
            let answer = try call.ask(
                &running, entry.request(to: plugin, previous: previous), milliseconds: timeout,
                sent: {
                    guard index == 0 else { return }
                    do throws(KernelError) { try cache.sync(entry) } catch { failure = error }
                },
                meanwhile: {
                    guard index + 1 < plugins.count else { return }
                    ahead.start { try self.call("ADD", plugins[index + 1], entry) }
                })
            if let failure { throw failure }
            previous = answer ?? previous
        }
        return previous
    }

    /// Disconnects a container, by the configuration that it was connected by; one that nothing is known of is no
    /// error. Every plugin is asked, whatever the others say.
    /// - Parameters:
    ///   - damaged: what has probably connected it, when the entry of that cannot be read.
    ///   - missing: told of a plugin that is not there; throws unless its part is to count as undone.
    ///   - substitute: another configuration, when that one fails.
    /// - Throws: the first error; then it is still known, and can be tried again.
    public func delete(
        container: String, interface: String = "eth0",
        damaged: (any Error) throws -> (CNIAttachment, NetworkList) = { throw $0 },
        missing: MissingPlugin = { throw $1 }, substitute: Substitute = .none
    ) throws {
        try turns.beside {
            guard let place = try cache.place(container, interface) else { return }
            try delete(place, damaged: damaged, missing: missing, substitute: substitute)
        }
    }

    /// Given a plugin's type and the error that it is not there.
    public typealias MissingPlugin = (_ type: String, _ error: CNIError) throws -> Void

    /// The configuration to disconnect a container by when the one that it was connected by does not do it: a mistake in
    /// that one is mended in its file, and not in what was remembered of it.
    public struct Substitute {
        let find: (_ name: String, _ isConnected: Bool) -> NetworkList?
        let tell: (_ error: any Error) -> Void

        /// - Parameters:
        ///   - find: given the network's name and whether it has once connected the container; nil for none.
        ///   - tell: called with the first configuration's error once the other one has done it.
        public init(
            find: @escaping (_ name: String, _ isConnected: Bool) -> NetworkList?,
            tell: @escaping (_ error: any Error) -> Void
        ) {
            self.find = find
            self.tell = tell
        }

        public static var none: Substitute { Substitute(find: { _, _ in nil }, tell: { _ in }) }
    }

    private func delete(
        _ place: CNICache.Place, damaged: (any Error) throws -> (CNIAttachment, NetworkList),
        missing: MissingPlugin, substitute: Substitute
    ) throws {
        switch place.entry {
        case .success(let entry): try undo(entry, missing: missing, substitute: substitute)
        case .failure(let damage):
            // Only what stands in it is damage: what could not be read now can be read later.
            guard damage is NetworkFileError else { throw damage }
            let (attachment, network) = try damaged(damage)
            if let failure = runDelete(CNICache.Entry(attachment, network), missing: missing).first {
                throw failure.error
            }
            try cache.setAside(place)
        }
    }

    private func undo(
        _ entry: CNICache.Entry, missing: MissingPlugin, substitute: Substitute = .none
    ) throws {
        let failures = runDelete(entry, missing: missing)
        if let first = failures.first {
            guard let network = substitute.find(entry.network.name, entry.result != nil),
                canStandIn(network, for: entry, failures: failures),
                runDelete(entry.asked(by: network), missing: missing).isEmpty
            else { throw first.error }
            substitute.tell(first.error)
        }
        try cache.remove(entry)
    }

    /// Plugins that the other configuration does not name would not be asked by it, and keep what they have: all of those
    /// that have once connected the container. A chain whose ADD never came to its end has been taken back as far as its
    /// plugins let it, and one that cannot by its configuration could not connect anybody either. What hangs may come to
    /// an end another time; only by its own network's name it is known to be the same.
    private func canStandIn(_ network: NetworkList, for entry: CNICache.Entry, failures: [Failure]) -> Bool {
        if network == entry.network { return false }
        let asksAll = failures.allSatisfy { network.has(plugin: $0.type) }
        if asksAll, network.name == entry.network.name { return true }
        guard asksAll || entry.result == nil else { return false }
        return !failures.contains { failure in
            if case CNIError.timedOut? = failure.error as? CNIError { true } else { false }
        }
    }

    private typealias Failure = (type: String, error: any Error)

    /// - Returns: what went wrong; the other plugins were asked all the same.
    private func runDelete(_ entry: CNICache.Entry, missing: MissingPlugin) -> [Failure] {
        var entry = entry
        // A namespace that is gone cannot be entered; plugins then free what lies outside of it.
        if access(entry.namespace, F_OK) != 0 { entry.namespace = "" }
        var failures: [Failure] = []
        let chain = Array(entry.network.plugins.reversed())
        var ahead = PluginAhead()
        for (index, plugin) in chain.enumerated() {
            let started = ahead.take()
            do {
                let call: CNICall
                do { call = try self.call("DEL", plugin, entry) } catch {
                    try missing(NetworkList.type(of: plugin), error)
                    continue
                }
                var running = try started ?? call.start()
                _ = try call.ask(
                    &running, entry.request(to: plugin, previous: entry.result), milliseconds: timeout,
                    meanwhile: {
                        guard index + 1 < chain.count else { return }
                        ahead.start { try self.call("DEL", chain[index + 1], entry) }
                    })
            } catch {
                failures.append((NetworkList.type(of: plugin), error))
            }
        }
        return failures
    }

    // MARK: What is

    /// What the container got; nil when it is not connected.
    public func result(of container: String, interface: String = "eth0") throws -> CNIResult? {
        try cache.place(container, interface)?.entry.get().result.map { try CNIResult($0, type: "-") }
    }

    /// Whether a container is connected, as far as that came, and whether or not it can be read how.
    public func knows(_ container: String, interface: String = "eth0") throws -> Bool {
        try cache.place(container, interface) != nil
    }

    /// Whose entries cannot be read, and why.
    public func damage() throws -> [(container: String, error: any Error)] {
        try cache.places().compactMap { place in
            guard case .failure(let error) = place.entry, error is NetworkFileError else { return nil }
            return (place.containerID, error)
        }
    }

    /// Removes what is left of damaged entries after a week: of containers that are disconnected.
    public func removeOldDamage() throws { try cache.removeOld() }

    /// Lets the plugins look whether the container's network is as they made it. A configuration can switch that off.
    public func check(container: String, interface: String = "eth0") throws {
        guard let entry = try cache.place(container, interface)?.entry.get(), entry.result != nil else {
            throw CNIError.notAttached(container: container)
        }
        if entry.network.disableCheck { return }
        guard entry.network.version >= .withCheck else {
            throw CNIError.notSupported(command: "CHECK", version: "\(entry.network.version)")
        }
        for plugin in entry.network.plugins {
            _ = try call("CHECK", plugin, entry).run(
                entry.request(to: plugin, previous: entry.result), milliseconds: timeout)
        }
    }

    /// Whether the network can connect containers now. Networks of versions that cannot say are taken to be ready
    /// when their plugins are there.
    public func status(of network: NetworkList) throws {
        for plugin in network.plugins { _ = try path(of: plugin) }
        guard network.version >= .withGarbageCollection else { return }
        let deadline = monotonicMilliseconds() + statusTimeout
        for plugin in network.plugins {
            let rest = max(0, deadline - monotonicMilliseconds())
            _ = try call("STATUS", NetworkList.type(of: plugin)).run(
                network.request(to: plugin), milliseconds: rest)
        }
    }

    /// Disconnects the containers of the network that do not live any more, then lets its plugins clear what they
    /// have for anybody else.
    /// - Parameters:
    ///   - missing: as of `delete`.
    ///   - replaced: called with the error of a configuration in whose stead the network's has disconnected a container.
    ///   - isLive: whether the container of that id lives.
    /// - Throws: the first error, after everything was tried.
    public func collectGarbage(
        of network: NetworkList, missing: MissingPlugin = { throw $1 },
        replaced: @escaping (_ error: any Error) -> Void = { _ in },
        isLive: (_ container: String) throws -> Bool
    ) throws {
        var failure: (any Error)?
        func trying(_ body: () throws -> Void) {
            do { try body() } catch { if failure == nil { failure = error } }
        }
        for place in try cache.places() where place.network == network.name {
            if try isLive(place.containerID) { continue }
            trying {
                try turns.beside {
                    let attachment = CNIAttachment(containerID: place.containerID, namespace: "")
                    try delete(
                        place, damaged: { _ in (attachment, network) }, missing: missing,
                        substitute: Substitute(find: { _, _ in network }, tell: replaced))
                }
            }
        }
        if network.version >= .withGarbageCollection, !network.disableGC {
            try turns.alone {
                let valid = try cache.places().filter { place in
                    try place.network == network.name && isLive(place.containerID)
                }.map { place in
                    JSONTree.members([
                        ("containerID", .string(place.containerID)), ("ifname", .string(place.interface)),
                    ])
                }
                // Nobody is connected meanwhile: all have the time of one together.
                let deadline = monotonicMilliseconds() + timeout
                for plugin in network.plugins {
                    trying {
                        let rest = max(0, deadline - monotonicMilliseconds())
                        var request = network.request(to: plugin)
                        request["cni.dev/valid-attachments"] = .array(valid)
                        _ = try call("GC", NetworkList.type(of: plugin)).run(request, milliseconds: rest)
                    }
                }
            }
        }
        if let failure { throw failure }
    }

    /// The versions that a plugin speaks.
    public func versions(ofPlugin type: String) throws -> [CNIVersion] {
        let request = JSONTree.members([("cniVersion", .string("1.1.0"))])
        let answer = try call("VERSION", type).run(request, milliseconds: timeout)
        let versions = answer?["supportedVersions"]?.list?.compactMap { $0.text.flatMap { CNIVersion($0) } }
        guard let versions, !versions.isEmpty else {
            throw CNIError.failed(type: type, command: "VERSION", reason: "it names no versions")
        }
        return versions
    }

    // MARK: Running

    private func path(of plugin: JSONTree) throws(CNIError) -> String {
        try path(of: NetworkList.type(of: plugin))
    }

    private func path(of type: String) throws(CNIError) -> String {
        for folder in pluginFolders where access(folder + "/" + type, X_OK) == 0 {
            return folder + "/" + type
        }
        throw .noPlugin(type: type, folders: pluginFolders)
    }

    private func call(
        _ command: String, _ type: String, _ variables: [String] = []
    ) throws(CNIError) -> CNICall {
        let own = ["CNI_COMMAND=\(command)", "CNI_PATH=\(pluginFolders.joined(separator: ":"))"] + variables
        let program = PluginProcess(path: try path(of: type), environment: Self.inherited + own)
        return CNICall(type: type, command: command, program: program)
    }

    /// A command that is about one interface of one container.
    private func call(_ command: String, _ plugin: JSONTree, _ entry: CNICache.Entry) throws(CNIError)
        -> CNICall
    {
        var variables = [
            "CNI_CONTAINERID=\(entry.containerID)", "CNI_NETNS=\(entry.namespace)",
            "CNI_IFNAME=\(entry.interface)",
        ]
        if !entry.arguments.isEmpty { variables.append("CNI_ARGS=\(entry.arguments)") }
        return try call(command, NetworkList.type(of: plugin), variables)
    }

    /// This process's environment, as with libcni: what a node's proxies are, and where plugins find their programs. It
    /// says nothing of what a plugin is asked.
    private static var inherited: [String] {
        let ofRequests = ["COMMAND", "CONTAINERID", "NETNS", "IFNAME", "ARGS", "PATH"].map { "CNI_\($0)=" }
        var variables: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            if !ofRequests.contains(where: variable.hasPrefix) { variables.append(variable) }
            entry += 1
        }
        if !variables.contains(where: { $0.hasPrefix("PATH=") }) {
            variables.append("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        }
        return variables
    }
}
