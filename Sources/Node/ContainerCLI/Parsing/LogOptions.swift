import ContainerShim

extension LogOptions {
    /// - Parameter options: what `--log-opt` says, `max-size=…` and `max-file=…`.
    public init(path: String, parsing options: [String]) throws(UsageError) {
        self.init(path: path)
        for option in options {
            let pair = try KeyValue(parsing: option, what: "log option")
            switch pair.key {
            case "max-size":
                maxSize = pair.value == "-1" ? 0 : Int(try ByteSize(parsing: pair.value).bytes)
                if maxSize != 0, maxSize < 4096 {
                    throw UsageError("log option max-size must be at least 4k")
                }
            case "max-file":
                guard let count = Int(pair.value), (1...1000).contains(count) else {
                    throw UsageError("invalid log option '\(option)': max-file is a number from 1 to 1000")
                }
                maxFiles = count
            default: throw UsageError("unknown log option '\(pair.key)': max-size and max-file are there")
            }
        }
    }
}

/// `--log-driver`: whether a container's output is kept.
public enum LogDriver: Equatable, Sendable {
    /// In files of its own.
    case file
    case none

    /// By docker's names; its other drivers send output to services that this program does not know.
    public init(parsing name: String) throws(UsageError) {
        switch name {
        case "json-file", "local": self = .file
        case "none": self = .none
        default:
            throw UsageError("log driver '\(name)' is not possible: json-file, local and none are there")
        }
    }
}
