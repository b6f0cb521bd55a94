import OCISpec
import Yams

/// Makes a tree of YAML nodes: plain text gets its type, aliases become copies, merge keys are resolved.
struct YAMLComposer {
    /// Deepest nesting, as in JSON.
    static let maxDepth = 128

    /// How many nodes more may be made. Without aliases there are fewer than bytes of text: a document that
    /// refers to itself again and again ("billion laughs") is noticed by its nodes outgrowing its text.
    private var budget: Int

    init(budget: Int) { self.budget = budget }

    mutating func value(of node: Yams.Node, depth: Int) throws(DocumentError) -> APIValue {
        budget -= 1
        guard budget > 0 else {
            throw Self.error(node, "aliases make the document many times larger than its text")
        }
        guard depth < Self.maxDepth else {
            throw Self.error(node, "nested deeper than \(Self.maxDepth) sequences and mappings")
        }
        switch node {
        case .scalar(let scalar):
            return try Self.scalar(scalar, of: node, isKey: false)
        case .sequence(let sequence):
            var elements: [APIValue] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence { elements.append(try value(of: element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            return .object(APIObject(unique: try members(of: mapping, depth: depth)))
        case .alias:
            throw Self.error(node, "an alias that stands for nothing")
        }
    }

    private mutating func members(
        of mapping: Yams.Node.Mapping, depth: Int
    ) throws(DocumentError) -> [APIObject.Member] {
        var members: [APIObject.Member] = []
        var names = Set<String>()
        var merged: [Yams.Node] = []
        for (key, node) in mapping {
            if let scalar = key.scalar, scalar.style == .plain, scalar.string == "<<" {
                merged.append(node)
                continue
            }
            let name = try Self.name(of: key)
            guard names.insert(name).inserted else {
                throw Self.error(key, "the key \(JSONError.quoted(name)) is there twice")
            }
            members.append(APIObject.Member(name: name, value: try value(of: node, depth: depth + 1)))
        }
        // What is merged gives way to what the mapping says itself, and later ones to earlier ones.
        for node in merged {
            let sources = node.sequence.map(Array.init) ?? [node]
            for source in sources {
                guard case .object(let object) = try value(of: source, depth: depth + 1) else {
                    throw Self.error(source, "only mappings can be merged by '<<'")
                }
                for member in object.members where names.insert(member.name).inserted {
                    members.append(member)
                }
            }
        }
        return members
    }

    /// JSON's keys are text: numbers and booleans are written as such.
    private static func name(of key: Yams.Node) throws(DocumentError) -> String {
        guard let scalar = key.scalar else { throw error(key, "a key must be a scalar") }
        switch try Self.scalar(scalar, of: key, isKey: true) {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .number(let number): return "\(number)"
        case .bool(let flag): return "\(flag)"
        default: throw error(key, "a key must not be null")
        }
    }

    private static func scalar(
        _ scalar: Yams.Node.Scalar, of node: Yams.Node, isKey: Bool
    ) throws(DocumentError) -> APIValue {
        let core = "tag:yaml.org,2002:"
        let tag = scalar.tag.description
        let plain = YAMLScalar.value(of: scalar.string)
        // The parser calls every key a string when it compares them: what it was, its style says.
        let isRenamed = isKey && tag == core + "str" && scalar.style == .plain
        switch isRenamed ? "" : tag {
        case "":
            guard let plain else { throw error(node, "\(scalar.string) cannot be written as JSON") }
            return plain
        case core + "binary":
            guard let bytes = Bytes(base64: scalar.string.filter { !$0.isWhitespace }) else {
                throw error(node, "!!binary value is not base64")
            }
            return .string(String(decoding: bytes.bytes, as: UTF8.self))
        case core + "int", core + "float", core + "bool", core + "null":
            guard let plain, YAMLScalar.matches(plain, tag: String(tag.dropFirst(core.count))) else {
                let quoted = JSONError.quoted(scalar.string)
                throw error(node, "\(quoted) is no !!\(tag.dropFirst(core.count))")
            }
            return plain
        default:
            return .string(scalar.string)
        }
    }

    private static func error(_ node: Yams.Node, _ reason: String) -> DocumentError {
        DocumentError(line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, reason: reason)
    }

    /// Refuses text whose keys could be aliases of aliases. The parser compares a mapping's keys with each
    /// other, going through all of what they stand for: a few lines of such keys would keep it busy for
    /// years, before anything of it is seen here.
    static func refuseDeepKeys(in text: String) throws(DocumentError) {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "&")), bytes.contains(UInt8(ascii: "*")) else { return }
        var aliases: [[UInt8]: Int] = [:]
        var anchors: Set<[UInt8]> = []
        var hasCollectionKey = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let isStart = index == 0 || " \n\t[{,:".utf8.contains(bytes[index - 1])
            if isStart, byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&") {
                var end = index + 1
                while end < bytes.count, !" \n\t\r]},:".utf8.contains(bytes[end]) { end += 1 }
                let name = Array(bytes[index + 1..<end])
                if byte == UInt8(ascii: "&") { anchors.insert(name) } else { aliases[name, default: 0] += 1 }
                var behind = end
                while behind < bytes.count, bytes[behind] == UInt8(ascii: " ") { behind += 1 }
                if byte == UInt8(ascii: "*"), behind < bytes.count, bytes[behind] == UInt8(ascii: ":") {
                    hasCollectionKey = true
                }
                index = max(end, index + 1)
                continue
            }
            if byte == UInt8(ascii: "?"), isStart { hasCollectionKey = true }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
                var behind = index + 1
                while behind < bytes.count, bytes[behind] == UInt8(ascii: " ") { behind += 1 }
                if behind < bytes.count, bytes[behind] == UInt8(ascii: ":") { hasCollectionKey = true }
            }
            index += 1
        }
        let repeated = aliases.filter { anchors.contains($0.key) && $0.value > 1 }
        if hasCollectionKey, repeated.count > 4 {
            throw DocumentError(reason: "sequences and mappings that hold aliases cannot be keys")
        }
    }
}
