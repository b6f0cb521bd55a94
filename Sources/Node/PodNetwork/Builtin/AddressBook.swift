import Glibc
import LinuxKernel
import OCISpec

/// Who has which address and which port, on disk: a folder of records, and a link for each address to the record
/// that has it. A link without a record is what a killed maker has left; it counts for nothing.
///
/// Everything here is done under the lock, but for reading one record.
struct AddressBook {
    /// `/run/swiftlet/network`: nothing in it outlives a boot.
    let folder: String

    private var records: String { folder + "/pods" }
    private var addresses: String { folder + "/addresses" }
    private var cursor: String { folder + "/last-address" }

    func prepare() throws(KernelError) {
        // Made last, so that it is there once all are.
        if access(addresses, F_OK) == 0 { return }
        try StateFiles.makeFolders(records)
        try StateFiles.makeFolders(addresses)
    }

    func lock() throws -> StateLock { try StateLock.take(folder + "/lock") }

    // MARK: Records

    private func path(_ id: String) -> String { records + "/" + id + ".json" }

    /// A pod's record. Of one that is damaged, what is known without it: nobody could disconnect the pod else.
    func record(_ id: String) throws -> NetworkRecord? {
        do {
            return try StateFiles.read(path(id))
        } catch is NetworkFileError {
            return try rebuilt(id)
        }
    }

    /// The links tell the addresses, and they the device. The ports are lost: in the rules they stay until another pod
    /// gets them, which takes the old entry's place.
    private func rebuilt(_ id: String) throws -> NetworkRecord {
        let claimed = try StateFiles.names(in: addresses)
            .filter { try StateFiles.claimant(addresses + "/" + $0) == id }
            .compactMap { IPAddress($0) }
            .sorted { !$0.isVersion6 && $1.isVersion6 }
        let namespace = folder + "/namespaces/" + id
        return NetworkRecord(
            id: id, bootID: try BootID.current(), device: PodLink.deviceName(for: claimed),
            namespace: namespace, ownsNamespace: try PinnedNamespace.exists(at: namespace),
            addresses: claimed,
            ports: [])
    }

    func ids() throws(KernelError) -> [String] {
        try StateFiles.names(in: records).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }

    func all() throws -> [NetworkRecord] { try ids().compactMap(record) }

    func write(_ record: NetworkRecord) throws(KernelError) {
        try StateFiles.write(path(record.id), record.json())
    }

    /// Gives free what the record has. The record goes first: a link without one is nobody's.
    func remove(_ record: NetworkRecord) throws(KernelError) {
        try StateFiles.remove(path(record.id))
        for address in record.addresses {
            let link = addresses + "/\(address)"
            if try StateFiles.claimant(link) == record.id { try StateFiles.remove(link) }
        }
    }

    // MARK: Addresses

    /// Claims an address of each range for a pod, none that the host or somebody else has.
    /// - Parameter wanted: addresses that it must have instead.
    /// - Throws: `Exhausted` when a range has none left; other errors name what is in the way.
    func claimAddresses(
        for id: String, _ settings: NetworkSettings, wanted: [IPAddress]
    ) throws -> [IPAddress] {
        var claimed: [IPAddress] = []
        var host = try RouteSocket()
        do {
            for range in settings.ranges {
                if let fixed = wanted.first(where: { $0.isVersion6 == range.address.isVersion6 }) {
                    try claim(fixed, in: range, for: id, &host)
                    claimed.append(fixed)
                } else {
                    claimed.append(try claimNext(in: range, for: id, &host))
                }
            }
        } catch {
            for address in claimed { try StateFiles.remove(addresses + "/\(address)") }
            throw error
        }
        return claimed
    }

    /// A range has no free address.
    struct Exhausted: Error {
        let range: IPPrefix
    }

    private func claim(
        _ address: IPAddress, in range: IPPrefix, for id: String, _ host: inout RouteSocket
    ) throws {
        guard range.contains(address) else {
            throw NetworkError("address \(address) is not in the pods' range \(range)")
        }
        guard try isFree(address, claimedFor: id) else {
            let owner = try StateFiles.claimant(addresses + "/\(address)") ?? ""
            throw NetworkError("address \(address) is in use by container \(owner.prefix(12))")
        }
        if try Self.isTaken(address, &host) {
            try StateFiles.remove(addresses + "/\(address)")
            throw NetworkError(
                "address \(address) is in use by the host, or by somebody to whom it has a route")
        }
    }

    /// A range may lie in one that is the host's as a whole; nobody else gets an address while this is found out.
    private static let mostTaken = 1024

    /// Addresses are given out in a circle, so that one that was just given back rests for a while: others may still
    /// have its old owner in mind.
    private func claimNext(
        in range: IPPrefix, for id: String, _ host: inout RouteSocket
    ) throws -> IPAddress {
        // Small ranges are used whole; in others the ends are left out, which some programs take for broadcasts.
        let all = range.count
        let usable = all < 4 ? 0...(all - 1) : 1...(all == .max ? .max - 1 : all - 2)
        let mark = cursor + (range.address.isVersion6 ? "6" : "4")
        var last: IPAddress?
        if let bytes = try? FileDescriptor.readFile(mark, limit: 64) {
            last = IPAddress(String(decoding: bytes, as: UTF8.self))
        }
        var index = last.flatMap { range.index(of: $0) } ?? usable.upperBound
        let steps = min(usable.upperBound - usable.lowerBound, UInt64(Int.max) - 1) + 1
        // Trying is one system call and mostly enough; in a full range, reading the folder once is cheaper.
        var known: Set<String>?
        var taken = 0
        for step in 0..<steps {
            index = index >= usable.upperBound ? usable.lowerBound : index + 1
            let address = range[index]
            if step == 16 { known = Set(try StateFiles.names(in: addresses)) }
            if let known, known.contains("\(address)"), try !isStale(address) { continue }
            guard try isFree(address, claimedFor: id) else { continue }
            if try Self.isTaken(address, &host) {
                try StateFiles.remove(addresses + "/\(address)")
                taken += 1
                if taken < Self.mostTaken { continue }
                throw NetworkError(
                    "\(taken) addresses of the pods' range \(range) one after the other are in use by the host, or by somebody to whom it has a route"
                )
            }
            try StateFiles.write(mark, Array("\(address)".utf8))
            return address
        }
        throw Exhausted(range: range)
    }

    /// Whether it is the host's own, a gateway of its, or another's to whom a route of its own leads: a pod's of
    /// another state folder, say. Pods of this one have given theirs back with the address.
    private static func isTaken(
        _ address: IPAddress, _ host: inout RouteSocket
    ) throws(KernelError) -> Bool {
        guard let route = try host.route(to: address) else { return false }
        if route.isLocal || route.range.length == address.width { return true }
        // A gateway is on some link; a default route, or half of one as VPNs set it, tells of none.
        guard route.range.length > 1 else { return false }
        return try host.routes(version6: address.isVersion6).contains { $0.gateways.contains(address) }
    }

    /// Claims it unless somebody has it.
    private func isFree(_ address: IPAddress, claimedFor id: String) throws -> Bool {
        let link = addresses + "/\(address)"
        if try StateFiles.claim(link, for: id) { return true }
        guard try isStale(address) else { return false }
        try StateFiles.remove(link)
        return try StateFiles.claim(link, for: id)
    }

    private func isStale(_ address: IPAddress) throws -> Bool {
        guard let owner = try StateFiles.claimant(addresses + "/\(address)") else { return true }
        return access(path(owner), F_OK) != 0
    }

    /// Removes what counts for nothing: links without a record, and records that a killed program was just writing. Nobody
    /// writes beside the holder of the lock.
    func sweep() throws {
        for name in try StateFiles.names(in: records) where name.hasSuffix(".json.new") {
            try StateFiles.remove(records + "/" + name)
        }
        for name in try StateFiles.names(in: addresses) {
            if let address = IPAddress(name), try isStale(address) {
                try StateFiles.remove(addresses + "/" + name)
            }
        }
    }
}
