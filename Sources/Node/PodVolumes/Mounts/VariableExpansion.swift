/// `$(NAME)` in texts of a container: its command, its environment, the paths in its volumes.
package enum VariableExpansion {
    /// - Parameter value: of a variable; nil leaves the reference as it is written.
    package static func expand(_ text: String, value: (String) throws -> String?) rethrows -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "$"), position + 1 < bytes.count else {
                result.append(bytes[position])
                position += 1
                continue
            }
            switch bytes[position + 1] {
            case UInt8(ascii: "$"):
                // Two of them are one, and what follows is no reference.
                result.append(UInt8(ascii: "$"))
                position += 2
            case UInt8(ascii: "("):
                guard let end = bytes[(position + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                    result += [UInt8(ascii: "$"), UInt8(ascii: "(")]
                    position += 2
                    continue
                }
                let name = String(decoding: bytes[position + 2..<end], as: UTF8.self)
                result += (try value(name)).map { Array($0.utf8) } ?? Array(bytes[position...end])
                position = end + 1
            default:
                result += [UInt8(ascii: "$"), bytes[position + 1]]
                position += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
