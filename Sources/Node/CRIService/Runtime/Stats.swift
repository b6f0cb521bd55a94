import CRIProtocol
import ContainerRuntime
import GRPCCore
import LinuxKernel
import PodEngine
import PodNetwork
import Synchronization

// What pods and containers use, as the kubelet's summary has it.
extension RuntimeService {
    public func containerStats(
        request: CRIContainerStatsRequest, context: ServerContext
    ) async throws -> CRIContainerStatsResponse {
        let container = try engine.container(request.containerID)
        var response = CRIContainerStatsResponse()
        response.stats = try await Self.onThread { try stats(of: container) }
        return response
    }

    public func listContainerStats(
        request: CRIListContainerStatsRequest, context: ServerContext
    ) async throws -> CRIListContainerStatsResponse {
        var response = CRIListContainerStatsResponse()
        response.stats = try await containerStats(request.filter, isFiltered: request.hasFilter)
        return response
    }

    public func streamContainerStats(
        request: CRIStreamContainerStatsRequest, response: RPCWriter<CRIStreamContainerStatsResponse>,
        context: ServerContext
    ) async throws {
        for part in try await containerStats(request.filter, isFiltered: request.hasFilter).parts() {
            var message = CRIStreamContainerStatsResponse()
            message.containerStats = part
            try await response.write(message)
        }
    }

    public func podSandboxStats(
        request: CRIPodSandboxStatsRequest, context: ServerContext
    ) async throws -> CRIPodSandboxStatsResponse {
        let sandbox = try engine.sandbox(request.podSandboxID)
        var response = CRIPodSandboxStatsResponse()
        response.stats = try await Self.onThread { try stats(of: sandbox) }
        return response
    }

    public func listPodSandboxStats(
        request: CRIListPodSandboxStatsRequest, context: ServerContext
    ) async throws -> CRIListPodSandboxStatsResponse {
        var response = CRIListPodSandboxStatsResponse()
        response.stats = try await sandboxStats(request.filter, isFiltered: request.hasFilter)
        return response
    }

    public func streamPodSandboxStats(
        request: CRIStreamPodSandboxStatsRequest, response: RPCWriter<CRIStreamPodSandboxStatsResponse>,
        context: ServerContext
    ) async throws {
        for part in try await sandboxStats(request.filter, isFiltered: request.hasFilter).parts() {
            var message = CRIStreamPodSandboxStatsResponse()
            message.podSandboxStats = part
            try await response.write(message)
        }
    }

    private func containerStats(
        _ filter: CRIContainerStatsFilter, isFiltered: Bool
    ) async throws -> [CRIContainerStats] {
        let wanted = try engine.containers().filter { container in
            guard container.phase == .running else { return false }
            guard isFiltered else { return true }
            return container.id.hasPrefix(filter.id) && container.sandboxID.hasPrefix(filter.podSandboxID)
                && filter.labelSelector.allSatisfy { container.spec.labels[$0.key] == $0.value }
        }
        return await Self.onThread {
            wanted.compactMap { item in whereReadable("container", item.id) { try stats(of: item) } }
        }
    }

    private func sandboxStats(
        _ filter: CRIPodSandboxStatsFilter, isFiltered: Bool
    ) async throws -> [CRIPodSandboxStats] {
        let wanted = engine.sandboxes().filter { sandbox in
            guard sandbox.isReady else { return false }
            guard isFiltered else { return true }
            return sandbox.id.hasPrefix(filter.id)
                && filter.labelSelector.allSatisfy { sandbox.spec.labels[$0.key] == $0.value }
        }
        return await Self.onThread {
            wanted.compactMap { item in whereReadable("pod", item.id) { try stats(of: item) } }
        }
    }

    /// One that was removed since it was listed is left out, and so is one that cannot be looked at, which is said once:
    /// the numbers of all others are told.
    /// - Parameter what: a key of the log.
    func whereReadable<Result>(_ what: String, _ id: String, _ body: () throws -> Result) -> Result? {
        do {
            let result = try body()
            unreadable.remove(id)
            return result
        } catch let error as EngineError where error.kind == .notFound {
            return nil
        } catch {
            if unreadable.insert(id) {
                parts.log.warning(
                    "left out of the statistics", metadata: [what: "\(id)", "error": "\(error)"])
            }
            return nil
        }
    }

    // MARK: One container

    func stats(of container: PodContainerState) throws -> CRIContainerStats {
        var stats = CRIContainerStats()
        stats.attributes.id = container.id
        stats.attributes.metadata.name = container.spec.name
        stats.attributes.metadata.attempt = container.spec.attempt
        stats.attributes.labels = container.spec.labels
        stats.attributes.annotations = container.spec.annotations
        let now = nanosecondsNow()
        if let usage = try engine.statistics(ofContainer: container.id) {
            stats.cpu = cpu(usage, of: container.id, now)
            stats.memory = Self.memory(usage, now)
            stats.swap = Self.swap(usage, now)
            if let group = try engine.unifiedGroup(ofContainer: container.id) {
                let pressure = Pressure(of: group)
                if let psi = pressure.cpu { stats.cpu.psi = psi }
                if let psi = pressure.memory { stats.memory.psi = psi }
                if let io = pressure.io(at: now) { stats.io = io }
            }
        }
        stats.writableLayer.timestamp = now
        stats.writableLayer.fsID.mountpoint = engine.containerFolder
        if let written = try engine.written(byContainer: container.id) {
            stats.writableLayer.usedBytes.value = UInt64(max(0, written.bytes))
            stats.writableLayer.inodesUsed.value = UInt64(max(0, written.entries))
        }
        return stats
    }

    func stats(of sandbox: SandboxState) throws -> CRIPodSandboxStats {
        var stats = CRIPodSandboxStats()
        stats.attributes.id = sandbox.id
        stats.attributes.metadata = sandbox.metadata
        stats.attributes.labels = sandbox.spec.labels
        stats.attributes.annotations = sandbox.spec.annotations
        let now = nanosecondsNow()
        if let usage = try engine.statistics(ofSandbox: sandbox.id) {
            stats.linux.cpu = cpu(usage, of: sandbox.id, now)
            stats.linux.memory = Self.memory(usage, now)
            stats.linux.process.timestamp = now
            stats.linux.process.processCount.value = usage.pids.current
            let pressure = Pressure(of: try engine.unifiedGroup(ofSandbox: sandbox.id))
            if let psi = pressure.cpu { stats.linux.cpu.psi = psi }
            if let psi = pressure.memory { stats.linux.memory.psi = psi }
            if let io = pressure.io(at: now) { stats.linux.io = io }
        }
        let devices = try engine.traffic(ofSandbox: sandbox.id)
        if !devices.isEmpty {
            stats.linux.network.timestamp = now
            stats.linux.network.interfaces = devices.map(Self.interface)
            let first = devices.first { $0.name == "eth0" } ?? devices[0]
            stats.linux.network.defaultInterface = Self.interface(first)
        }
        stats.linux.containers = try engine.containers(of: sandbox.id).filter { $0.phase == .running }
            .compactMap { container in
                whereReadable("container", container.id) { try self.stats(of: container) }
            }
        return stats
    }

    // MARK: Parts

    private func cpu(_ usage: CgroupStatistics, of id: String, _ now: Int64) -> CRICpuUsage {
        var cpu = CRICpuUsage()
        cpu.timestamp = now
        cpu.usageCoreNanoSeconds.value = usage.cpu.usage
        if let rate = samples.rate(of: id, usage: usage.cpu.usage, at: now) {
            cpu.usageNanoCores.value = rate
        }
        return cpu
    }

    private static func memory(_ usage: CgroupStatistics, _ now: Int64) -> CRIMemoryUsage {
        var memory = CRIMemoryUsage()
        memory.timestamp = now
        guard let used = usage.memory else { return memory }
        memory.workingSetBytes.value = used.workingSet
        memory.usageBytes.value = used.usage
        memory.rssBytes.value = used.anonymous
        memory.pageFaults.value = used.pageFaults
        memory.majorPageFaults.value = used.majorPageFaults
        if let limit = used.limit { memory.availableBytes.value = limit - min(limit, used.workingSet) }
        return memory
    }

    private static func swap(_ usage: CgroupStatistics, _ now: Int64) -> CRISwapUsage {
        var swap = CRISwapUsage()
        swap.timestamp = now
        if let used = usage.memory?.swapUsage {
            swap.swapUsageBytes.value = used
            if let limit = usage.memory?.swapLimit {
                swap.swapAvailableBytes.value = limit - min(limit, used)
            }
        }
        return swap
    }

    private static func interface(_ device: DeviceCounters) -> CRINetworkInterfaceUsage {
        var usage = CRINetworkInterfaceUsage()
        usage.name = device.name
        usage.rxBytes.value = device.receivedBytes
        usage.rxErrors.value = device.receiveErrors
        usage.txBytes.value = device.sentBytes
        usage.txErrors.value = device.sendErrors
        return usage
    }
}

/// Ids of those about which a complaint was made.
final class ComplaintBook: Sendable {
    /// Those of pods that are gone go when they are many.
    private static let most = 8192
    private let ids = Mutex<Set<String>>([])

    /// - Returns: whether it is new.
    func insert(_ id: String) -> Bool {
        ids.withLock { ids in
            if ids.count >= Self.most { ids = [] }
            return ids.insert(id).inserted
        }
    }

    func remove(_ id: String) { _ = ids.withLock { $0.remove(id) } }
}

/// Processor time at earlier looks: what is used now is the difference over the time between.
final class UsageSamples: Sendable {
    private struct Sample {
        var usage: UInt64
        var time: Int64
        var rate: UInt64?
    }
    private let samples = Mutex<[String: Sample]>([:])

    /// Less says nothing.
    private static let shortest: Int64 = 500_000_000
    private static let most = 8192

    /// - Returns: billionths of a processor; nil at the first look.
    func rate(of id: String, usage: UInt64, at time: Int64) -> UInt64? {
        samples.withLock { samples in
            guard let before = samples[id], usage >= before.usage else {
                // Those of pods that are gone go when they are many.
                if samples.count >= Self.most { samples = [:] }
                samples[id] = Sample(usage: usage, time: time)
                return nil
            }
            let passed = time - before.time
            guard passed >= Self.shortest else { return before.rate }
            let rate = UInt64(Double(usage - before.usage) / Double(passed) * 1_000_000_000)
            samples[id] = Sample(usage: usage, time: time, rate: rate)
            return rate
        }
    }
}

/// Pressure stall information of a group (cgroup v2's `cpu.pressure` and its kind).
struct Pressure {
    let cpu: CRIPsiStats?
    let memory: CRIPsiStats?
    let io: CRIPsiStats?

    /// - Parameter group: its folder in the version 2 tree; what it does not have is nil.
    init(of group: String) {
        cpu = Self.read(group + "/cpu.pressure")
        memory = Self.read(group + "/memory.pressure")
        io = Self.read(group + "/io.pressure")
    }

    func io(at now: Int64) -> CRIIoUsage? {
        guard let io else { return nil }
        var usage = CRIIoUsage()
        usage.timestamp = now
        usage.psi = io
        return usage
    }

    /// - Returns: nil where the kernel does not tell.
    private static func read(_ path: String) -> CRIPsiStats? {
        guard let bytes = try? FileDescriptor.readFile(path, limit: 4096) else { return nil }
        var stats = CRIPsiStats()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
            var data = CRIPsiData()
            for word in words.dropFirst() {
                let pair = word.split(separator: "=")
                guard pair.count == 2 else { continue }
                switch pair[0] {
                // Microseconds, told in nanoseconds.
                case "total": data.total = (UInt64(pair[1]) ?? 0) * 1000
                case "avg10": data.avg10 = Double(pair[1]) ?? 0
                case "avg60": data.avg60 = Double(pair[1]) ?? 0
                case "avg300": data.avg300 = Double(pair[1]) ?? 0
                default: break
                }
            }
            switch words.first {
            case "some": stats.some = data
            case "full": stats.full = data
            default: break
            }
        }
        return stats
    }
}
