import Foundation
import GRDB

/// What the database holds.
struct StoredRecords: Sendable {
    var sandboxes: [SandboxRecord] = []
    var containers: [ContainerRecord] = []
    /// Rows that are damaged, or of a version that writes them otherwise.
    var unreadable: [UnreadableRow] = []
}

/// A row of which no record can be made. It stays as it is until what it is of is stopped or removed.
struct UnreadableRow: Sendable {
    enum Subject: Sendable {
        case sandbox(SandboxRemains?)
        /// - Parameter sandbox: empty where nothing of the row says whose it is.
        case container(ContainerRemains?, sandbox: String)
    }

    let id: String
    let subject: Subject
    /// One line.
    let reason: String
}

/// What an unreadable row says of a sandbox all the same.
struct SandboxRemains: Decodable, Sendable {
    let spec: SandboxSpec
    let createdAt: Int64?
    let runtime: String?
    let cgroupParent: String?
    let network: NetworkOfPod?
    let namespaces: SandboxNamespaces?

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        spec = try members.decode(SandboxSpec.self, forKey: .spec)
        createdAt = try? members.decode(Int64.self, forKey: .createdAt)
        runtime = try? members.decode(String.self, forKey: .runtime)
        cgroupParent = try? members.decode(String.self, forKey: .cgroupParent)
        network = try? members.decode(NetworkOfPod.self, forKey: .network)
        namespaces = try? members.decode(SandboxNamespaces.self, forKey: .namespaces)
    }

    private enum CodingKeys: CodingKey {
        case spec, createdAt, runtime, cgroupParent, network, namespaces
    }
}

/// What an unreadable row says of a container all the same; the rest its folder tells.
struct ContainerRemains: Decodable, Sendable {
    let spec: ContainerSpec?
    let sandboxID: String?

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        spec = try? members.decode(ContainerSpec.self, forKey: .spec)
        sandboxID = try? members.decode(String.self, forKey: .sandboxID)
    }

    private enum CodingKeys: CodingKey {
        case spec, sandboxID
    }
}

extension StoredRecords {
    init(_ database: Database) throws {
        let decoder = JSONDecoder()
        for row in try Row.fetchAll(database, sql: "SELECT id, record FROM sandbox") {
            guard let (id, data) = Self.parts(row) else { continue }
            do {
                let record = try decoder.decode(SandboxRecord.self, from: data)
                guard record.id == id else { throw AnotherRecord(id: record.id) }
                sandboxes.append(record)
            } catch {
                let remains = try? decoder.decode(SandboxRemains.self, from: data)
                unreadable.append(
                    UnreadableRow(id: id, subject: .sandbox(remains), reason: Self.reason(error)))
            }
        }
        for row in try Row.fetchAll(database, sql: "SELECT id, record, sandbox FROM container") {
            guard let (id, data) = Self.parts(row) else { continue }
            do {
                let record = try decoder.decode(ContainerRecord.self, from: data)
                guard record.id == id else { throw AnotherRecord(id: record.id) }
                containers.append(record)
            } catch {
                let remains = try? decoder.decode(ContainerRemains.self, from: data)
                let column = String.fromDatabaseValue(row["sandbox"]) ?? ""
                let sandbox = column.isEmpty ? remains?.sandboxID ?? "" : column
                unreadable.append(
                    UnreadableRow(
                        id: id, subject: .container(remains, sandbox: sandbox), reason: Self.reason(error)))
            }
        }
    }

    /// Looks at every page that holds a record.
    static func readAll(_ database: Database) throws {
        for table in ["sandbox", "container"] {
            let rows = try Row.fetchCursor(database, sql: "SELECT record FROM \(table)")
            while let row = try rows.next() { _ = row["record"] as DatabaseValue }
        }
    }

    private struct AnotherRecord: Error, CustomStringConvertible {
        let id: String
        var description: String { "it holds the record of \(id)" }
    }

    /// - Returns: nil for a row without a key, which nobody can ask for.
    private static func parts(_ row: Row) -> (id: String, record: Data)? {
        guard let id = String.fromDatabaseValue(row["id"]), !id.isEmpty, !id.contains("/") else {
            return nil
        }
        return (id, Data.fromDatabaseValue(row["record"]) ?? Data())
    }

    /// In one line, with the place of the mistake.
    private static func reason(_ error: any Error) -> String {
        let context: DecodingError.Context
        switch error {
        case DecodingError.dataCorrupted(let found): context = found
        case DecodingError.keyNotFound(_, let found): context = found
        case DecodingError.typeMismatch(_, let found): context = found
        case DecodingError.valueNotFound(_, let found): context = found
        default: return "\(error)"
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return (path.isEmpty ? "" : path + ": ") + context.debugDescription
    }
}
