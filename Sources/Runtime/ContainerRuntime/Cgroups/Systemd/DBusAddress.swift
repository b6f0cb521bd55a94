/// Where a bus or a manager listens (D-Bus specification, "Server Addresses"); of the unix transport only.
package enum DBusAddress: Equatable, Sendable {
    case path(String)
    /// A name without a file.
    case abstract(String)

    /// The addresses of a list as environment variables have it, `unix:path=/run/bus,guid=…;…`, in order. Those
    /// of other transports are left out.
    package static func list(_ text: String) -> [DBusAddress] {
        text.utf8.split(separator: UInt8(ascii: ";")).compactMap { entry in
            guard entry.starts(with: "unix:".utf8) else { return nil }
            for pair in entry.dropFirst(5).split(separator: UInt8(ascii: ",")) {
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                    let value = unescape(pair[pair.index(after: equals)...])
                else { continue }
                let key = pair[..<equals]
                if key.elementsEqual("path".utf8) { return .path(value) }
                if key.elementsEqual("abstract".utf8) { return .abstract(value) }
            }
            return nil
        }
    }

    /// - Returns: nil where `%` is not followed by two hexadecimal digits, and for a zero byte.
    private static func unescape(_ text: Substring.UTF8View) -> String? {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            result.append(high << 4 | low)
        }
        return result.contains(0) ? nil : String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
