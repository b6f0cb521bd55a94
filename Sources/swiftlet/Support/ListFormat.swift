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
            var table = Table(columns)
            for row in rows { table.add(row.cells) }
            try Standard.print(table.text())
        case .json:
            var text = ""
            for row in rows {
                var json = JSONWriter()
                json.object { json in
                    for member in row.members.sorted(by: { $0.name < $1.name }) {
                        json.member(member.name, member.value)
                    }
                }
                text += String(decoding: json.bytes, as: UTF8.self) + "\n"
            }
            try Standard.print(text)
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
