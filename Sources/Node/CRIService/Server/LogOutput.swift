import ContainerShim
import Glibc
import LinuxKernel
import Logging
import OCISpec
import Synchronization

/// Where the daemon's log goes: one line an event to standard error, as `key=value` or as JSON. Level and form can be
/// changed while it runs.
///
/// A journal gets the event's priority in front of each line (sd-daemon(3)) and knows the time itself; everybody else
/// gets the time.
public final class LogOutput: Sendable {
    public enum Form: String, CaseIterable, Sendable {
        case text, json
    }

    private struct Settings: Sendable {
        var level: Logger.Level
        var form: Form
    }

    private let settings: Mutex<Settings>
    private let descriptor: Int32
    private let isJournal: Bool

    /// - Parameter descriptor: stays the caller's, and open.
    public init(
        level: Logger.Level = .info, form: Form = .text, descriptor: Int32 = STDERR_FILENO,
        isJournal: Bool = false
    ) {
        settings = Mutex(Settings(level: level, form: form))
        self.descriptor = descriptor
        self.isJournal = isJournal
    }

    /// Whether a descriptor leads to the journal: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)).
    public static func isJournal(_ descriptor: Int32 = STDERR_FILENO) -> Bool {
        var status = stat()
        guard let stream = getenv("JOURNAL_STREAM"), fstat(descriptor, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }

    public var level: Logger.Level { settings.withLock { $0.level } }

    public func change(level: Logger.Level, form: Form) {
        settings.withLock { $0 = Settings(level: level, form: form) }
    }

    /// A logger for one part of the daemon.
    public func logger(_ label: String) -> Logger {
        Logger(label: label) { handler($0) }
    }

    func handler(_ label: String) -> any LogHandler { LineLogHandler(label: label, output: self) }

    fileprivate func write(_ event: LogEvent, label: String, metadata: Logger.Metadata) {
        let form = settings.withLock { $0.form }
        var line = isJournal ? "<\(event.level.priority)>" : ""
        switch form {
        case .text: line += text(event, label, metadata)
        case .json: line += json(event, label, metadata)
        }
        line += "\n"
        line.withUTF8 { bytes in
            // One write, so that lines of several threads stay whole. A log that cannot be written is nobody's fault
            // here, and there is nowhere to say it.
            _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
    }

    private func text(_ event: LogEvent, _ label: String, _ metadata: Logger.Metadata) -> String {
        var line = isJournal ? "" : "time=\(Timestamp.now) "
        line += "level=\(event.level) part=\(label) msg=\(quoted("\(event.message)", always: true))"
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(name)=\(quoted("\(value)"))"
        }
        if let error = event.error { line += " error=\(quoted("\(error)"))" }
        return line
    }

    private func json(_ event: LogEvent, _ label: String, _ metadata: Logger.Metadata) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("time", "\(Timestamp.now)")
            json.member("level", "\(event.level)")
            json.member("part", label)
            json.member("msg", "\(event.message)")
            for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { json.member(name, "\(value)") }
            if let error = event.error { json.member("error", "\(error)") }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

/// swift-log's view of the output. Its own level, where one was set, goes before the output's.
private struct LineLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    private var ownLevel: Logger.Level?

    init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) {
        output.write(event, label: label, metadata: metadata.merging(event.metadata ?? [:]) { $1 })
    }
}

extension Logger.Level {
    /// syslog(3).
    fileprivate var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// A value of `key=value`: in quotes where it is not one plain word, and always on one line.
private func quoted(_ text: String, always: Bool = false) -> String {
    let isPlain =
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x7f }
    if isPlain && !always { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}", "\u{2028}", "\u{2029}": result += " "
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
