/// Prometheus' text format, version 0.0.4.
enum Exposition {
    /// - Parameter time: nanoseconds since 1970; 0: not known.
    static func line(_ name: String, _ labels: [(String, String)], _ value: String, _ time: Int64? = nil)
        -> String
    {
        let pairs = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        // A runtime that does not say when it looked has no time here, and not the year 1970.
        let stamp = time.flatMap { $0 > 0 ? " \($0 / 1_000_000)" : nil } ?? ""
        return name + (pairs.isEmpty ? "" : "{\(pairs)}") + " \(value)\(stamp)\n"
    }

    static func head(_ name: String, _ help: String, _ type: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static let special = [UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "\n")]

    private static func escaped(_ text: String) -> String {
        // Of the thousands on a page hardly one, and a search for what is not there takes its time, too.
        guard text.utf8.contains(where: special.contains) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
