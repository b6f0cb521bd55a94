import ArgumentParser
import ContainerCLI
import OCISpec

/// How a list is printed (`--format`).
enum ListFormat: String, ExpressibleByArgument {
    case table
    /// One object a line.
    case json
}

/// A row of a list: cells by their column, and members by docker's names.
struct ListRow {
    let cells: [String]
    let members: [(name: String, value: String)]
}

/// Prints a list as a table or as lines of JSON.
struct ListOutput {
    let columns: [String]
    var rows: [ListRow] = []

    func print(_ format: ListFormat) throws {
        switch format {
        case .table:
            try Standard.print(text)
        case .json:
            try Standard.print(rows.map { String(decoding: $0.json(), as: UTF8.self) + "\n" }.joined())
        }
    }

    /// As a table.
    var text: String {
        var table = Table(columns)
        for row in rows { table.add(row.cells) }
        return table.text()
    }
}

extension ListRow: JSONEncodable {
    func encode(to json: inout JSONWriter) {
        json.object { json in
            for member in members.sorted(by: { $0.name < $1.name }) { json.member(member.name, member.value) }
        }
    }
}

/// Does the same for each of several names, as docker does: each one is tried, each failure is told.
/// - Returns: 0, or 1 when one failed.
func forEachName(_ names: [String], _ body: (String) throws -> Void) -> Int32 {
    var code: Int32 = 0
    for name in names {
        do { try body(name) } catch { code = Program.fail("\(error)", 1) }
    }
    return code
}
