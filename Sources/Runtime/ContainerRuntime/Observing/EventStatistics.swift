import OCISpec

/// A container's usage in the form of runc's `events`, whose readers know no other.
public struct EventStatistics: Sendable {
    private let usage: CgroupStatistics
    private let legacy: LegacyStatistics
    /// Everything in `memory.stat`.
    private let memoryDetails: [(name: String, value: UInt64)]
    private let processorPressure: Pressure?
    private let memoryPressure: Pressure?
    private let devicePressure: Pressure?

    private let resourceControl: ResourceControlStatistics

    init(_ cgroup: borrowing ContainerCgroup, _ record: ContainerRecord) throws {
        usage = try cgroup.statistics()
        legacy = try LegacyStatistics(cgroup)
        memoryDetails = try cgroup.memoryDetails()
        processorPressure = try cgroup.pressure("cpu.pressure")
        memoryPressure = try cgroup.pressure("memory.pressure")
        devicePressure = try cgroup.pressure("io.pressure")
        let folder = record.resourceControl.first
        resourceControl = ResourceControlStatistics(
            folder: folder, root: folder == nil ? "" : try ResourceControl.root())
    }

    /// Stall times of one resource (Documentation/accounting/psi.rst of the kernel).
    struct Pressure: Sendable {
        /// Shares of time in percent, and microseconds in total.
        struct Line: Sendable {
            var average10 = 0.0
            var average60 = 0.0
            var average300 = 0.0
            var total: UInt64 = 0
        }

        var some = Line()
        var full = Line()

        init?(_ text: [UInt8]) {
            if text.isEmpty { return nil }
            for line in text.split(separator: UInt8(ascii: "\n")) {
                // some avg10=0.00 avg60=0.00 avg300=0.00 total=0
                let words = CgroupText.words(Array(line))
                guard let kind = words.first else { continue }
                var found = Line()
                for word in words.dropFirst() {
                    guard let equals = word.firstIndex(of: UInt8(ascii: "=")) else { continue }
                    let text = String(decoding: word[(equals + 1)...], as: UTF8.self)
                    switch String(decoding: word[..<equals], as: UTF8.self) {
                    case "avg10": found.average10 = Double(text) ?? 0
                    case "avg60": found.average60 = Double(text) ?? 0
                    case "avg300": found.average300 = Double(text) ?? 0
                    case "total": found.total = UInt64(text) ?? 0
                    default: break
                    }
                }
                if kind.elementsEqual("some".utf8) { some = found } else { full = found }
            }
        }
    }
}

extension ContainerCgroup {
    /// - Returns: nil where the kernel does not measure it.
    fileprivate func pressure(_ file: String) throws(CgroupError) -> EventStatistics.Pressure? {
        try unified.readIfThere(file).flatMap { EventStatistics.Pressure($0) }
    }

    fileprivate func memoryDetails() throws(CgroupError) -> [(name: String, value: UInt64)] {
        var details: [(name: String, value: UInt64)] = []
        try (legacyDirectory(.memory) ?? unified).forEachValue("memory.stat") { name, value in
            details.append((String(decoding: name, as: UTF8.self), value))
        }
        return details
    }
}

// MARK: - JSON

extension ContainerEvent {
    /// One line of `events`, without a newline.
    public func json(id: String) -> [UInt8] {
        var writer = JSONWriter(.compact)
        writer.object { json in
            switch self {
            case .statistics(let statistics):
                json.member("type", "stats")
                json.member("id", id)
                json.member("data", statistics)
            case .outOfMemory:
                json.member("type", "oom")
                json.member("id", id)
            }
        }
        return writer.bytes
    }
}

extension EventStatistics: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.key("cpu")
            json.object { json in
                encodeProcessor(to: &json)
                encode(processorPressure, to: &json)
            }
            json.key("cpuset")
            json.object { json in legacy.encodeCPUSet(to: &json) }
            json.key("memory")
            json.object { json in
                encodeMemory(to: &json)
                encode(memoryPressure, to: &json)
            }
            json.key("pids")
            json.object { json in
                json.count("current", usage.pids.current)
                json.count("limit", usage.pids.limit ?? 0)
            }
            json.key("blkio")
            json.object { json in
                encodeDevices(to: &json)
                encode(devicePressure, to: &json)
            }
            json.key("hugetlb")
            json.object { json in
                for pages in usage.hugepages {
                    json.key(pages.pageSize)
                    json.object { json in
                        json.count("usage", pages.usage)
                        json.member("failcnt", pages.failures)
                    }
                }
            }
            json.member("intel_rdt", resourceControl)
            json.key("network_interfaces")
            json.null()
        }
    }

    private func encodeProcessor(to json: inout JSONWriter) {
        json.key("usage")
        json.object { json in
            json.count("total", usage.cpu.usage)
            legacy.encodeProcessors(to: &json)
            json.member("kernel", usage.cpu.system)
            json.member("user", usage.cpu.user)
        }
        json.key("throttling")
        json.object { json in
            json.count("periods", usage.cpu.periods)
            json.count("throttledPeriods", usage.cpu.throttledPeriods)
            json.count("throttledTime", usage.cpu.throttledTime)
        }
    }

    private func encodeMemory(to json: inout JSONWriter) {
        let memory = usage.memory ?? .init()
        json.count("cache", memory.file)
        json.key("usage")
        json.object { json in
            // Without a limit readers find what the kernel's file has: version 2 no number.
            json.member("limit", legacy.memoryLimit ?? memory.limit ?? .max)
            json.count("usage", memory.usage)
            json.count("max", memory.peak ?? 0)
            json.member("failcnt", memory.limitHits)
        }
        json.key("swap")
        json.object { json in
            // Memory and swap together, as the field is read everywhere.
            let limit = memory.limit.flatMap { limit in memory.swapLimit.map { limit &+ $0 } }
            json.member("limit", legacy.swap?.limit ?? limit ?? .max)
            json.count("usage", memory.usage &+ (memory.swapUsage ?? 0))
            json.count("max", legacy.swap?.peak ?? 0)
            json.member("failcnt", legacy.swap?.limitHits ?? 0)
        }
        // With version 2 the kernel's memory is only counted with the rest.
        for (name, part): (StaticString, _) in [("kernel", legacy.kernel), ("kernelTCP", legacy.kernelTCP)] {
            json.key(name)
            json.object { json in
                json.member("limit", part?.limit ?? 0)
                json.count("usage", part?.usage ?? 0)
                json.count("max", part?.peak ?? 0)
                json.member("failcnt", part?.limitHits ?? 0)
            }
        }
        if memoryDetails.isEmpty { return }
        json.key("raw")
        json.object { json in
            for (name, value) in memoryDetails { json.member(name, value) }
        }
    }

    private func encodeDevices(to json: inout JSONWriter) {
        guard let devices = usage.io, !devices.isEmpty else { return }
        typealias Device = CgroupStatistics.Device
        func list(
            _ name: StaticString, _ read: KeyPath<Device, UInt64>, _ write: KeyPath<Device, UInt64>,
            to json: inout JSONWriter
        ) {
            json.key(name)
            json.array { json in
                for device in devices {
                    for (operation, path) in [("Read", read), ("Write", write)] {
                        json.object { json in
                            json.count("major", UInt64(device.major))
                            json.count("minor", UInt64(device.minor))
                            json.member("op", operation)
                            json.count("value", device[keyPath: path])
                        }
                    }
                }
            }
        }
        list("ioServiceBytesRecursive", \.readBytes, \.writtenBytes, to: &json)
        list("ioServicedRecursive", \.reads, \.writes, to: &json)
    }

    private func encode(_ pressure: Pressure?, to json: inout JSONWriter) {
        guard let pressure else { return }
        json.key("psi")
        json.object { json in
            for (name, line): (StaticString, Pressure.Line) in [
                ("some", pressure.some), ("full", pressure.full),
            ] {
                json.key(name)
                json.object { json in
                    json.key("avg10")
                    json.double(line.average10)
                    json.key("avg60")
                    json.double(line.average60)
                    json.key("avg300")
                    json.double(line.average300)
                    json.member("total", line.total)
                }
            }
        }
    }
}

extension JSONWriter {
    /// Left out when 0, as runc's documents have it.
    fileprivate mutating func count(_ name: StaticString, _ value: UInt64) {
        if value != 0 { member(name, value) }
    }
}
