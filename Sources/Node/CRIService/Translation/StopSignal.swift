import CRIProtocol
import LinuxKernel

/// The signals of the CRI by the kernel's numbers.
package enum StopSignal {
    /// What `stop` sends: the CRI's, else the image's, else SIGTERM.
    static func resolve(
        _ wanted: CRISignal, image: String?
    ) throws(TranslationError) -> (number: Int32, warning: String?) {
        if wanted != .runtimeDefault {
            guard let number = number(wanted) else {
                throw .invalid("config.stop_signal", "\(wanted.rawValue) is unknown")
            }
            return (number, nil)
        }
        guard let image else { return (Signal.terminate.rawValue, nil) }
        guard let signal = Signal(parsing: image) else {
            return (
                Signal.terminate.rawValue, "STOPSIGNAL of the image: '\(image)' is unknown; SIGTERM is sent"
            )
        }
        return (signal.rawValue, nil)
    }

    /// By the name: `sigrtminplus3` is `SIGRTMIN+3`.
    package static func number(_ signal: CRISignal) -> Int32? {
        if case .UNRECOGNIZED = signal { return nil }
        let name = "\(signal)"
        for (word, sign) in [("plus", "+"), ("minus", "-")] {
            if let range = name.utf8.firstRange(of: word.utf8) {
                return Signal(parsing: name[..<range.lowerBound] + sign + name[range.upperBound...])?.rawValue
            }
        }
        return Signal(parsing: name)?.rawValue
    }
}

extension CRISignal {
    /// The CRI's name of a signal, for ContainerStatus.
    public init(number: Int32) {
        self = Self.allCases.first { StopSignal.number($0) == number } ?? .runtimeDefault
    }
}
