/// `$(NAME)` in commands, arguments and values of variables (Container v1, `command`).
package enum Expansion {
    /// References to variables that are not there stay as they are; `$$` is `$`.
    package static func expand(_ text: String, _ variables: (String) -> String?) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "$"):
                result.append(UInt8(ascii: "$"))
                index += 2
            case UInt8(ascii: "("):
                guard let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                    result += bytes[index...]
                    index = bytes.count
                    continue
                }
                let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                result += variables(name).map { Array($0.utf8) } ?? Array(bytes[index...end])
                index = end + 1
            default:
                result.append(UInt8(ascii: "$"))
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
