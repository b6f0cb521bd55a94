import LinuxKernel
import OCISpec

/// What the kernel counts in a container's own folder of the resctrl file system, and the settings that are in
/// force there. In runc's form for `events`.
package struct ResourceControlStatistics: Sendable {
    /// A domain is the processors that share one cache.
    private struct Domain: Sendable {
        /// Bytes over the memory bus since the start; nil where the kernel does not count them.
        var total: UInt64?
        var local: UInt64?
        /// Bytes of the cache in use.
        var occupancy: UInt64?

        init(_ folder: String) {
            total = ResourceControlStatistics.value("\(folder)/mbm_total_bytes")
            local = ResourceControlStatistics.value("\(folder)/mbm_local_bytes")
            occupancy = ResourceControlStatistics.value("\(folder)/llc_occupancy")
        }
    }

    private let domains: [Domain]
    /// Of the container's class, and of those that have none.
    private let schemata: (own: [Substring], root: [Substring])

    /// - Parameters:
    ///   - folder: the container's own; nil: it has none, and nothing is known.
    ///   - root: where the file system is.
    package init(folder: String?, root: String) {
        guard let folder else {
            domains = []
            schemata = ([], [])
            return
        }
        let data = "\(folder)/mon_data"
        let names = ((try? FileDescriptor.listing(of: data)) ?? []).map(\.name)
        domains = names.filter { $0.hasPrefix("mon_L3_") }.sorted().map { Domain("\(data)/\($0)") }
        // A folder that only counts lies in its class: CLASS/mon_groups/ID.
        let parent = folder.splitAtLastComponent.parent.splitAtLastComponent
        let group = parent.name == "mon_groups" ? parent.parent : folder
        schemata = (Self.lines("\(group)/schemata"), Self.lines("\(root)/schemata"))
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let text = try? FileDescriptor.readFile(path) else { return [] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map { $0.drop { $0 == " " } }
    }

    private static func value(_ path: String) -> UInt64? {
        // Or "Unavailable", for a counter that is used for another folder.
        lines(path).first.flatMap { UInt64($0) }
    }
}

extension ResourceControlStatistics: JSONEncodable {
    package func encode(to json: inout JSONWriter) {
        json.object { json in
            encodeSchemata("l3_cache_schema_root", "l3_cache_schema", of: "L3", to: &json)
            encodeSchemata("mem_bw_schema_root", "mem_bw_schema", of: "MB", to: &json)
            let bandwidths = domains.filter { $0.total != nil || $0.local != nil }
            encode("mbm_stats", bandwidths, to: &json) { domain, json in
                json.optional("mbm_total_bytes", domain.total)
                json.optional("mbm_local_bytes", domain.local)
            }
            encode("cmt_stats", domains.filter { $0.occupancy != nil }, to: &json) { domain, json in
                json.optional("llc_occupancy", domain.occupancy)
            }
        }
    }

    private func encodeSchemata(
        _ root: StaticString, _ own: StaticString, of resource: String, to json: inout JSONWriter
    ) {
        for (name, lines) in [(root, schemata.root), (own, schemata.own)] {
            json.optional(name, lines.first { $0.hasPrefix("\(resource):") }.map { String($0) })
        }
    }

    private func encode(
        _ name: StaticString, _ domains: [Domain], to json: inout JSONWriter,
        each: (Domain, inout JSONWriter) -> Void
    ) {
        guard !domains.isEmpty else { return }
        json.key(name)
        json.array { json in
            for domain in domains { json.object { each(domain, &$0) } }
        }
    }
}
