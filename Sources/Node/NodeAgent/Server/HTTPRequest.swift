import NIOHTTP1

/// A request as routes see it.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    /// The path's components, decoded.
    let path: [String]
    let query: Query
    let head: HTTPRequestHead

    /// - Returns: nil where path or query cannot be decoded.
    init?(_ head: HTTPRequestHead) {
        let uri = head.uri.prefix { $0 != "#" }
        let path = uri.prefix { $0 != "?" }
        guard path.hasPrefix("/"), let query = Query(uri.dropFirst(path.count).dropFirst()) else {
            return nil
        }
        var components: [String] = []
        for part in path.split(separator: "/") {
            guard let component = percentDecoded(part, plusIsSpace: false) else { return nil }
            components.append(component)
        }
        method = head.method
        self.path = components
        self.query = query
        self.head = head
    }

    /// The values of a query by their names.
    struct Query: Sendable {
        private var items: [(name: String, value: String)] = []

        init?(_ text: Substring) {
            for item in text.split(separator: "&") {
                let name = item.prefix { $0 != "=" }
                guard let decodedName = percentDecoded(name, plusIsSpace: true),
                    let value = percentDecoded(item.dropFirst(name.count + 1), plusIsSpace: true)
                else { return nil }
                items.append((decodedName, value))
            }
        }

        /// The first value; nil where there is none.
        subscript(name: String) -> String? { items.first { $0.name == name }?.value }

        func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

        /// Nil where it is not there, or empty.
        func integer(_ name: String) throws(BadQuery) -> Int? {
            guard let text = self[name], !text.isEmpty else { return nil }
            guard let value = Int(text) else { throw BadQuery(name: name, value: text) }
            return value
        }

        /// As Kubernetes decodes it: everything but `false` and `0` is true.
        func flag(_ name: String) -> Bool {
            guard let text = self[name] else { return false }
            return text.lowercased() != "false" && text != "0"
        }
    }
}

struct BadQuery: Error {
    let name: String
    let value: String
}

private func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
