/// Rows of text in columns that are as wide as their widest cell. What a cell has of an image or a container steers no
/// terminal and begins no line.
public struct Table {
    private var rows: [[String]]
    /// Space between columns.
    private static let gap = 3

    public init(_ header: [String]) {
        rows = [header.map(\.printable)]
    }

    public mutating func add(_ row: [String]) {
        rows.append(row.map(\.printable))
    }

    /// The header and the rows, each line ended; the last column is not padded.
    public func text(header: Bool = true) -> String {
        var widths: [Int] = []
        let shown = header ? rows[...] : rows.dropFirst()
        for row in shown {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], Self.width(cell))
            }
        }
        var text = ""
        for row in shown {
            for (column, cell) in row.enumerated() {
                text += cell
                if column < row.count - 1 {
                    text += String(repeating: " ", count: widths[column] + Self.gap - Self.width(cell))
                }
            }
            text += "\n"
        }
        return text
    }

    private static func width(_ cell: String) -> Int {
        cell.utf8.count == cell.unicodeScalars.count ? cell.utf8.count : cell.count
    }
}

extension String {
    /// The first characters, with an ellipsis in the last place when something was cut off.
    public func shortened(to length: Int) -> String {
        count <= length ? self : prefix(length - 1) + "…"
    }
}
