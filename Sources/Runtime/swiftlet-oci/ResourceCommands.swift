import ContainerRuntime
import Glibc
import LinuxKernel
import OCISpec

extension Invocation {
    private static let updateSyntax = Arguments.Syntax(values: [
        ["resources", "r"], ["blkio-weight"], ["cpu-period"], ["cpu-quota"], ["cpu-burst"],
        ["cpu-share", "cpu-shares"], ["cpu-rt-period"], ["cpu-rt-runtime"], ["cpu-idle"], ["cpuset-cpus"],
        ["cpuset-mems"], ["memory"], ["memory-reservation"], ["memory-swap"], ["pids-limit"],
        ["kernel-memory"], ["kernel-memory-tcp"], ["l3-cache-schema"], ["mem-bw-schema"],
    ])

    /// Limits from a document (`--resources FILE`, `-` for standard input) or from options.
    func update() throws {
        let arguments = try Arguments(rest, Self.updateSyntax)
        let id = try arguments.containerID()
        let resources: RuntimeSpec.Resources
        if let path = arguments["resources"] {
            resources = try read(resources: path)
        } else {
            resources = try limits(arguments)
        }
        try runtime.update(
            id, resources, l3CacheSchema: given(arguments["l3-cache-schema"]),
            memBwSchema: given(arguments["mem-bw-schema"]))
    }

    /// Nil for an empty text, too.
    private func given(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }

    private func read(resources path: String) throws -> RuntimeSpec.Resources {
        let bytes =
            path == "-"
            ? try FileDescriptor(owning: dup(0)).readToEnd(limit: 16 << 20)
            : try FileDescriptor.readFile(path, limit: 16 << 20)
        do {
            return try RuntimeSpec.Resources(firstJSON: bytes)
        } catch {
            throw RuntimeError("\(path == "-" ? "standard input" : path): \(error)")
        }
    }

    private func limits(_ arguments: Arguments) throws -> RuntimeSpec.Resources {
        for name in ["kernel-memory", "kernel-memory-tcp"] where arguments[name] != nil {
            log.warning("--\(name) is ignored: the kernel has no such limit any more")
        }
        var cpu = RuntimeSpec.Resources.CPU()
        cpu.period = try number(arguments, "cpu-period")
        cpu.quota = try number(arguments, "cpu-quota")
        cpu.burst = try number(arguments, "cpu-burst")
        cpu.shares = try number(arguments, "cpu-share")
        cpu.realtimePeriod = try number(arguments, "cpu-rt-period")
        cpu.realtimeRuntime = try number(arguments, "cpu-rt-runtime")
        cpu.idle = try number(arguments, "cpu-idle")
        cpu.cpus = arguments["cpuset-cpus"]
        cpu.mems = arguments["cpuset-mems"]
        var memory = RuntimeSpec.Resources.Memory()
        memory.limit = try size(arguments, "memory")
        memory.reservation = try size(arguments, "memory-reservation")
        memory.swap = try size(arguments, "memory-swap")
        var resources = RuntimeSpec.Resources()
        if cpu != .init() { resources.cpu = cpu }
        if memory != .init() { resources.memory = memory }
        if let limit: Int64 = try number(arguments, "pids-limit") { resources.pids = .init(limit: limit) }
        if let weight: UInt16 = try number(arguments, "blkio-weight") {
            var block = RuntimeSpec.Resources.BlockIO()
            block.weight = weight
            resources.blockIO = block
        }
        return resources
    }

    private func number<Number: FixedWidthInteger>(_ arguments: Arguments, _ name: String) throws -> Number? {
        guard let text = arguments[name], !text.isEmpty else { return nil }
        guard let number = Number(text) else { throw RuntimeError("--\(name): '\(text)' is not a number") }
        return number
    }

    /// Bytes with an optional unit: `64m`, `1.5g`, `512KiB`; -1 is unlimited.
    private func size(_ arguments: Arguments, _ name: String) throws -> Int64? {
        guard let text = arguments[name], !text.isEmpty else { return nil }
        if text == "-1" { return -1 }
        var digits = Substring(text.lowercased())
        if digits.hasSuffix("b") { digits.removeLast() }
        if digits.hasSuffix("i") { digits.removeLast() }
        var shift = 0
        if let last = digits.last, let index = ["k", "m", "g", "t", "p"].firstIndex(of: last) {
            shift = 10 * (index + 1)
            digits.removeLast()
        }
        if digits.hasSuffix(" ") { digits.removeLast() }
        guard
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }
            ),
            let value = Double(digits),
            let bytes = Int64(exactly: (value * Double(1 << shift)).rounded(.down))
        else { throw RuntimeError("--\(name): '\(text)' is no size") }
        return bytes
    }

    /// Statistics and out-of-memory kills, one JSON document a line.
    func events() throws {
        let arguments = try Arguments(rest, .init(flags: [["stats"]], values: [["interval"]]))
        let id = try arguments.containerID()
        func tell(_ event: ContainerEvent) throws {
            try printOut(String(decoding: event.json(id: id.text), as: UTF8.self) + "\n")
        }
        if arguments.has("stats") {
            return try tell(.statistics(runtime.eventStatistics(id)))
        }
        try runtime.watch(id, everyMilliseconds: try interval(arguments), tell)
    }

    /// A duration as Go writes it, `500ms`, `1m30s`, `1.5h`, or seconds alone.
    /// - Returns: milliseconds, at least one.
    private func interval(_ arguments: Arguments) throws -> Int {
        guard let text = arguments["interval"] else { return 5000 }
        var total = 0.0
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest[unit.endIndex...]
            let isAlone = unit.isEmpty && digits.count == text.count
            guard let number = Double(digits), let factor = isAlone ? 1000 : Self.milliseconds(String(unit))
            else {
                throw RuntimeError("--interval: '\(text)' is no duration, like 500ms, 5s or 1m30s")
            }
            total += number * factor
        }
        guard total > 0, total < 1e12 else {
            throw RuntimeError("--interval: '\(text)' must be a duration of more than 0")
        }
        return max(1, Int(total))
    }

    private static func milliseconds(_ unit: String) -> Double? {
        switch unit {
        case "ns": 1e-6
        case "us", "µs", "μs": 1e-3
        case "ms": 1
        case "s": 1000
        case "m": 60_000
        case "h": 3_600_000
        default: nil
        }
    }
}
