import CLinux
import Glibc
import LinuxKernel

/// The runtime's log: lines in logrus' text or JSON form, which containerd's shim, conmon and podman parse.
public struct Log: Sendable {
    public enum Level: Int, Sendable {
        case debug, info, warning, error

        var word: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        }
    }

    public enum Format: Sendable {
        case text, json
    }

    private enum Target {
        case descriptor(Int32)
        case file(folder: Int32, name: StaticString, limit: Int)
    }

    private let target: Target
    private let format: Format
    private let threshold: Level

    /// - Parameter descriptor: stays the caller's; it must be open as long as the log is used.
    public init(descriptor: Int32 = 2, format: Format = .text, debug: Bool = false) {
        target = .descriptor(descriptor)
        self.format = format
        self.threshold = debug ? .debug : .info
    }

    /// Appends to a file that the first line makes: what has nothing to say leaves none.
    /// - Parameters:
    ///   - folder: of the file; stays the caller's, as above. Not a path, which would mean another file in a container.
    ///   - limit: bytes; a file that has more is begun anew.
    public init(folder: Int32, name: StaticString, limit: Int) {
        target = .file(folder: folder, name: name, limit: limit)
        format = .text
        threshold = .info
    }

    public func debug(_ message: @autoclosure () -> String) {
        guard threshold == .debug else { return }
        write(.debug, message())
    }

    public func warning(_ message: String) { write(.warning, message) }

    public func error(_ message: String) { write(.error, message) }

    private func write(_ level: Level, _ message: String) {
        let time = Timestamp.now().rfc3339(digits: 0)
        let line =
            switch format {
            case .text: "time=\"\(time)\" level=\(level.word) msg=\"\(Self.escape(message))\"\n"
            case .json:
                "{\"level\":\"\(level.word)\",\"msg\":\"\(Self.escape(message))\",\"time\":\"\(time)\"}\n"
            }
        // A log that cannot be written must not stop the container.
        var text = line
        switch target {
        case .descriptor(let number):
            text.withUTF8 { _ = Glibc.write(number, $0.baseAddress, $0.count) }
        case .file(let folder, let name, let limit):
            let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC
            let path = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
            let file = clinux_openat(folder, path, flags, 0o600)
            guard file >= 0 else { return }
            if lseek(file, 0, SEEK_END) > limit { _ = ftruncate(file, 0) }
            text.withUTF8 { _ = Glibc.write(file, $0.baseAddress, $0.count) }
            close(file)
        }
    }

    private static func escape(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): result += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0..<32:
                let digits = Array("0123456789abcdef".utf8)
                result += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// A point of time, UTC.
public struct Timestamp: Sendable {
    public let seconds: Int
    public let nanoseconds: Int

    public init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// `2026-01-02T03:04:05.123456789Z` (RFC 3339).
    /// - Parameter digits: of the fraction, 0 to 9.
    public func rfc3339(digits: Int = 9) -> String {
        // Days to a civil date: shift the year's start to March, so that leap days come last.
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        var text: [UInt8] = []
        text.reserveCapacity(32)
        func append(_ value: Int, width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(48 + value / divisor % 10))
                divisor /= 10
            }
        }
        append(year, width: 4)
        text.append(UInt8(ascii: "-"))
        append(month, width: 2)
        text.append(UInt8(ascii: "-"))
        append(day, width: 2)
        text.append(UInt8(ascii: "T"))
        append(rest / 3600, width: 2)
        text.append(UInt8(ascii: ":"))
        append(rest / 60 % 60, width: 2)
        text.append(UInt8(ascii: ":"))
        append(rest % 60, width: 2)
        if digits > 0 {
            text.append(UInt8(ascii: "."))
            var value = nanoseconds
            for _ in digits..<9 { value /= 10 }
            append(value, width: digits)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }
}
