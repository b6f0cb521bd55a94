import LinuxKernel

/// The words after a command's name, read without swift-argument-parser, where they are plain: options that take
/// values as `--name value`, `--name=value`, `-n value` or `-nvalue`, flags as `--flag`, `--flag=true` or `-f`, several
/// short flags together, and behind the options whatever does not begin with a dash.
///
/// swift-argument-parser finds out by reflection what options a command has. With the sixty of `run` that takes
/// twenty million instructions, six times as many as all the rest of the program needs to start a container. It
/// stays what says the options: whatever is not plain or not right goes to it, and so do help and every message.
struct PlainWords {
    /// From the first word on that does not begin with a dash.
    private(set) var rest: [String] = []
    private var given: [(name: String, value: String?)] = []
    private var known: Set<String> = []
    private var isWrong = false

    /// - Parameters:
    ///   - flags: names of the options that take no value.
    ///   - shorts: pairs of a letter and the long name that it stands for: `["t=tty", "e=env"]`.
    /// - Returns: nil for words that are not plain.
    init?(_ words: [String], flags: Set<String>, shorts: [StaticString] = []) {
        var position = 0
        while position < words.count {
            let word = words[position]
            guard word.utf8.first == UInt8(ascii: "-") else { break }
            position += 1
            if word == "--" {
                // It only says that the options end.
                if position < words.count, words[position].utf8.first == UInt8(ascii: "-") { return nil }
                break
            }
            guard let name = Self.longName(word, shorts) else {
                guard appendShort(word, flags, shorts) else { return nil }
                continue
            }
            if let equals = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let (name, value) = (String(name[..<equals]), String(name[equals...].dropFirst()))
                if flags.contains(name), Bool(parsing: value) == nil { return nil }
                given.append((name, value))
            } else if flags.contains(name) {
                given.append((name, nil))
            } else {
                guard position < words.count, words[position].utf8.first != UInt8(ascii: "-") else {
                    return nil
                }
                given.append((name, words[position]))
                position += 1
            }
        }
        rest = Array(words[position...])
    }

    /// The long name in `--name` or behind `-n`, with what is attached; nil for other words.
    private static func longName(_ word: String, _ shorts: [StaticString]) -> String? {
        if word.hasPrefix("--") { return word.utf8.count > 2 ? String(word.dropFirst(2)) : nil }
        guard word.utf8.count == 2, let letter = word.utf8.last else { return nil }
        return longName(letter, shorts)
    }

    private static func longName(_ letter: UInt8, _ shorts: [StaticString]) -> String? {
        guard let short = shorts.first(where: { $0.utf8Start[0] == letter }) else { return nil }
        return String(String(describing: short).dropFirst(2))
    }

    /// Several letters: flags, and at their end perhaps an option with its value.
    private mutating func appendShort(
        _ word: String, _ flags: Set<String>, _ shorts: [StaticString]
    ) -> Bool {
        var letters = word.utf8.dropFirst()
        guard letters.count > 1 else { return false }
        while let letter = letters.popFirst() {
            guard let name = Self.longName(letter, shorts) else { return false }
            if flags.contains(name) {
                given.append((name, nil))
                continue
            }
            guard let first = letters.first, first != UInt8(ascii: "=") else { return false }
            given.append((name, String(Substring(letters))))
            break
        }
        return true
    }

    // MARK: Asking

    /// - Parameter usual: what holds where it is not given.
    mutating func flag(_ name: String, usual: Bool = false) -> Bool {
        known.insert(name)
        guard let last = given.last(where: { $0.name == name }) else { return usual }
        return last.value.flatMap { Bool(parsing: $0) } ?? true
    }

    /// The value of an option, the last one given.
    mutating func text(_ name: String) -> String? {
        known.insert(name)
        return given.last { $0.name == name }?.value
    }

    mutating func texts(_ name: String) -> [String] {
        known.insert(name)
        return given.filter { $0.name == name }.compactMap(\.value)
    }

    mutating func value<Value: LosslessStringConvertible>(_ name: String) -> Value? {
        guard let text = text(name) else { return nil }
        let value = Value(text)
        if value == nil { isWrong = true }
        return value
    }

    mutating func word<Value: RawRepresentable<String>>(_ name: String) -> Value? {
        guard let text = text(name) else { return nil }
        let value = Value(rawValue: text)
        if value == nil { isWrong = true }
        return value
    }

    /// Whether all that was given was asked for, and could be read. To be looked at when all was asked.
    var areUnderstood: Bool {
        !isWrong && given.allSatisfy { known.contains($0.name) }
    }
}
