/// The keys that end an attachment without ending the container, and their recognition in typed bytes.
public struct DetachKeys: Equatable, Sendable {
    /// The bytes that the keys send; empty switches detaching off.
    public let sequence: [UInt8]

    /// `^P^Q`.
    public static let standard = DetachKeys(sequence: [16, 17])

    init(sequence: [UInt8]) { self.sequence = sequence }

    /// Single characters and `ctrl-` with a letter or one of `@ [ \ ] ^ _`, separated by commas.
    public init(parsing text: String) throws(UsageError) {
        var sequence: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: true) {
            let bytes = Array(key.utf8)
            if bytes.count == 1 {
                sequence.append(bytes[0])
            } else if key.hasPrefix("ctrl-"), bytes.count == 6, let code = Self.control(bytes[5]) {
                sequence.append(code)
            } else {
                throw UsageError("invalid detach keys '\(text)': unknown key '\(key)'")
            }
        }
        self.sequence = sequence
    }

    private static func control(_ key: UInt8) -> UInt8? {
        switch key {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): key - 96
        case UInt8(ascii: "@"), UInt8(ascii: "[")...UInt8(ascii: "_"): key - 64
        default: nil
        }
    }
}

/// Watches what is typed for the detach keys. Bytes that could be their beginning are held back until the
/// next ones decide, so that a program never sees half of the sequence.
public struct DetachScanner {
    private let sequence: [UInt8]
    private var matched = 0

    public init(_ keys: DetachKeys) { sequence = keys.sequence }

    /// - Returns: the bytes that go on to the program, and whether the whole sequence was typed; what follows
    ///   it is dropped.
    public mutating func scan(_ input: some Sequence<UInt8>) -> (passed: [UInt8], detached: Bool) {
        guard !sequence.isEmpty else { return (Array(input), false) }
        var passed: [UInt8] = []
        for byte in input {
            while matched > 0, sequence[matched] != byte {
                // The longest shorter beginning that what was typed still matches; the rest goes through.
                let shorter = longestBorder(of: matched)
                passed += sequence[..<(matched - shorter)]
                matched = shorter
            }
            if sequence[matched] == byte {
                matched += 1
                if matched == sequence.count {
                    matched = 0
                    return (passed, true)
                }
            } else {
                passed.append(byte)
            }
        }
        return (passed, false)
    }

    private func longestBorder(of length: Int) -> Int {
        var border = length - 1
        while border > 0, sequence[..<border] != sequence[(length - border)..<length] { border -= 1 }
        return border
    }
}
