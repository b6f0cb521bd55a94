import TOMLKit

/// One key of the configuration file: what it is called, what it means, and where its value goes.
package struct ConfigurationKey<Target: Sendable>: Sendable {
    /// With the tables that it is in: `log.level`.
    package let path: String
    /// What its value looks like.
    let form: String
    /// What it means, for people; several lines.
    let about: String
    /// As it stands in a file.
    package let defaultValue: String
    /// Whether a running daemon takes over a change (SIGHUP); else it counts from the next start on.
    let isLive: Bool
    /// The value that a target has, as it stands in a file.
    let value: @Sendable (Target) -> String
    let set: @Sendable (inout Target, any TOMLValueConvertible) throws(BadValue) -> Void

    /// - Parameters:
    ///   - place: where the value goes.
    ///   - example: a target with the default value.
    ///   - check: says what is wrong with a value of the right type.
    init<Value: ConfigurationValue>(
        _ path: String, _ place: WritableKeyPath<Target, Value> & Sendable, in example: Target,
        isLive: Bool = false, check: @escaping @Sendable (Value) -> String? = { _ in nil }, _ about: String
    ) {
        self.path = path
        self.about = about
        self.isLive = isLive
        form = Value.form
        defaultValue = example[keyPath: place].toml
        value = { $0[keyPath: place].toml }
        set = { (target, toml) throws(BadValue) in
            let value = try Value(toml: toml)
            if let problem = check(value) { throw BadValue(problem) }
            target[keyPath: place] = value
        }
    }

    /// The tables, outermost first.
    var tables: String { path.split(separator: ".").dropLast().joined(separator: ".") }
    package var name: String { String(path.split(separator: ".").last!) }
}

/// What values of several keys have to be.
enum ConfigurationCheck {
    static func absolutePath(_ path: String) -> String? {
        path.hasPrefix("/") ? nil : "\(path.toml) is not an absolute path"
    }

    static func absolutePathOrNothing(_ path: String) -> String? {
        path.isEmpty ? nil : absolutePath(path)
    }

    static func absolutePaths(_ paths: [String]) -> String? {
        paths.lazy.compactMap(absolutePath).first
    }

    static func number(_ range: ClosedRange<Int>) -> @Sendable (Int) -> String? {
        { range ~= $0 ? nil : "\($0) is not between \(range.lowerBound) and \(range.upperBound)" }
    }

    static func positive(_ time: Duration) -> String? {
        time > .zero ? nil : "the time has to be longer than nothing"
    }
}
