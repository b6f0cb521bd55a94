import ArgumentParser
import ContainerCLI
import OCISpec

/// How a list is printed (`--format`).
enum ListFormat: RawRepresentable, ExpressibleByArgument, Equatable {
    case table
    /// One object a line.
    case json
    /// A line of the user's own for each row: `{{.ID}} {{.Names}}`.
    case template(String)
    /// The same in columns that tabs separate, with a header: `table {{.ID}}\t{{.Names}}`.
    case columns(String)

    static let help: ArgumentHelp = "table, json (one object a line), or a template as '{{.Name}}'."

    init?(rawValue: String) {
        switch rawValue {
        case "", "table": self = .table
        case "json": self = .json
        default:
            guard rawValue.utf8.contains(UInt8(ascii: "{")) else { return nil }
            let prefix = "table "
            self =
                rawValue.hasPrefix(prefix)
                ? .columns(String(rawValue.dropFirst(prefix.count))) : .template(rawValue)
        }
    }

    var rawValue: String {
        switch self {
        case .table: "table"
        case .json: "json"
        case .template(let text): text
        case .columns(let text): "table " + text
        }
    }

    /// Whether a template of the user's has a member in it.
    func has(_ member: String) throws(UsageError) -> Bool {
        switch self {
        case .table, .json: false
        case .template(let text), .columns(let text): try Template(line: text).fieldNames.contains(member)
        }
    }

    /// Prints one document, not a list of rows.
    /// - Parameter table: what `table` stands for.
    func printDocument(_ document: [UInt8], table: () throws -> String) throws {
        switch self {
        case .table: try Standard.print(try table())
        case .json: try Standard.print(String(decoding: document, as: UTF8.self) + "\n")
        case .template(let text), .columns(let text):
            let value = try TemplateValue(document: document)
            try Standard.print(try Template(line: text).render(value) + "\n")
        }
    }
}

extension Template {
    /// docker's users write `\t` and `\n` in single quotes.
    init(line text: String) throws(UsageError) {
        var unescaped = ""
        var rest = text[...]
        while let next = rest.popFirst() {
            switch (next, rest.first) {
            case ("\\", "t"), ("\\", "n"): unescaped.append(rest.removeFirst() == "t" ? "\t" : "\n")
            default: unescaped.append(next)
            }
        }
        try self.init(parsing: unescaped)
    }
}

/// A row of a list: cells by their column, and members by docker's names.
struct ListRow {
    private(set) var cells: [String]
    private(set) var members: [(name: String, value: String)]
    /// For `{{.Label "name"}}`.
    private let labels: SortedMap<String>

    init(
        cells: [String], members: [(name: String, value: String)],
        labels: SortedMap<String> = SortedMap()
    ) {
        self.cells = cells
        self.members = members
        self.labels = labels
    }

    /// For a terminal.
    var printable: ListRow {
        ListRow(
            cells: cells.map(\.printable), members: members.map { ($0.name, $0.value.printable) },
            labels: SortedMap(labels.map { (key: $0.key, value: $0.value.printable) }))
    }

    /// Adds a column at the end.
    mutating func add(_ name: String, _ value: String) {
        cells.append(value)
        members.append((name, value))
    }
}

/// Prints a list as a table or as lines of JSON.
struct ListOutput {
    let columns: [String]
    /// Headers of members that have another than their own name in capitals.
    var headers: [String: String] = [:]
    var rows: [ListRow] = []

    func print(_ format: ListFormat) throws {
        switch format {
        case .table:
            try Standard.print(text)
        case .json:
            try Standard.print(rows.map { String(decoding: $0.json(), as: UTF8.self) + "\n" }.joined())
        case .template(let text):
            let template = try Template(line: text)
            // Programs get what there is.
            let rows = Standard.outputIsTerminal ? rows.map(\.printable) : rows
            try Standard.print(try rows.map { try $0.text(template) + "\n" }.joined())
        case .columns(let text):
            let template = try Template(line: text)
            func cells(_ line: String) -> [String] {
                line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
            var table = Table(cells(template.header(header)))
            for row in rows { table.add(cells(try row.text(template))) }
            try Standard.print(table.text())
        }
    }

    /// `CreatedAt` is CREATED AT.
    private func header(of name: String) -> String {
        if let header = headers[name] { return header }
        var text = ""
        var wasSmall = false
        for letter in name {
            if letter.isUppercase, wasSmall { text += " " }
            wasSmall = letter.isLowercase
            text += letter.uppercased()
        }
        return text
    }

    /// As a table.
    var text: String {
        var table = Table(columns)
        for row in rows { table.add(row.cells) }
        return table.text()
    }
}

extension ListRow {
    func text(_ template: Template) throws(UsageError) -> String {
        try template.render(.object(members.map { .init($0.name, .string($0.value)) }), labels: labels)
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
