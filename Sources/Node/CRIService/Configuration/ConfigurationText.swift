/// The default file and the documentation, both written from the table of keys.
public enum ConfigurationText {
    /// Every key with its default value, as a comment.
    public static var defaultFile: String {
        var text = """
            # Configuration of Swiftlet's CRI service, \(CRIConfiguration.standardFile).
            # Each key stands here with its default. 'swiftlet config check' finds mistakes; flags of 'swiftlet cri'
            # go before this file. Changes count after a restart, those of keys marked (live) after a reload, too
            # (systemctl reload swiftlet-cri, SIGHUP).

            """
        var table = ""
        for key in ConfigurationKeys.all {
            if key.tables != table {
                table = key.tables
                text += "\n[\(table)]\n"
            }
            text += "\n" + comment(key) + "#\(key.name) = \(key.defaultValue)\n"
        }
        text += "\n# Further runtimes, by the name that a RuntimeClass's handler has.\n#[runtimes.runc]\n"
        for key in ConfigurationKeys.runtime {
            let value = key.name == "program" ? "\"/usr/bin/runc\"" : key.defaultValue
            text += comment(key) + "#\(key.name) = \(value)\n"
        }
        return text
    }

    private static func comment<Target>(_ key: ConfigurationKey<Target>) -> String {
        let about = key.about + (key.isLive ? " (live)" : "")
        return about.split(separator: "\n").map { "# \($0)\n" }.joined() + "# \(key.form)\n"
    }

    /// The keys as a table in Markdown, for docs/configuration.md.
    public static var documentation: String {
        var text = "| key | value | default | live | meaning |\n| --- | --- | --- | --- | --- |\n"
        for key in ConfigurationKeys.all { text += row(key, key.path) }
        for key in ConfigurationKeys.runtime { text += row(key, "runtimes.NAME.\(key.path)") }
        return text
    }

    private static func row<Target>(_ key: ConfigurationKey<Target>, _ path: String) -> String {
        let about = key.about.split(separator: "\n").joined(separator: " ")
        return "| `\(path)` | \(key.form) | `\(key.defaultValue)` | \(key.isLive ? "yes" : "") | \(about) |\n"
    }
}
