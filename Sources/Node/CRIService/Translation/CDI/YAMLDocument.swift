import OCISpec
import Yams

/// A YAML file as the JSON that it stands for, so that one decoder reads both.
enum YAMLDocument {
    /// A file of a few kilobytes can name others' parts over and over: what it stands for is bounded, too.
    private static let longest = 16 << 20

    /// - Throws: `JSONError` with what is wrong, in one line.
    static func json(_ bytes: [UInt8]) throws(JSONError) -> [UInt8] {
        let root: Node?
        do {
            root = try compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw JSONError(path: "", reason: "no YAML: \(line)")
        }
        guard let root else { throw JSONError(path: "", reason: "is empty") }
        var json = JSONWriter()
        try write(root, at: "", to: &json)
        return json.bytes
    }

    private static func write(_ node: Node, at path: String, to json: inout JSONWriter) throws(JSONError) {
        guard json.bytes.count < longest else { throw JSONError(path: path, reason: "is too large") }
        switch node {
        case .scalar(let scalar): write(scalar, node, to: &json)
        case .sequence(let items):
            var failure: JSONError?
            json.array { json in
                for (index, item) in items.enumerated() where failure == nil {
                    do throws(JSONError) { try write(item, at: "\(path)[\(index)]", to: &json) } catch {
                        failure = error
                    }
                }
            }
            if let failure { throw failure }
        case .mapping(let members):
            var failure: JSONError?
            json.object { json in
                for (key, value) in members where failure == nil {
                    guard case .scalar(let name) = key else {
                        failure = JSONError(path: path, reason: "has a key that is no text")
                        return
                    }
                    json.key(name.string)
                    do throws(JSONError) {
                        try write(value, at: path.isEmpty ? name.string : path + "." + name.string, to: &json)
                    } catch {
                        failure = error
                    }
                }
            }
            if let failure { throw failure }
        case .alias: throw JSONError(path: path, reason: "names a part that is not there")
        }
    }

    /// A plain word is what it looks like (YAML 1.1, as Go's tools write it); a quoted one is text. Numbers by sixties
    /// are none: `10:20` is a pair of device numbers to those who write it.
    private static func write(_ scalar: Node.Scalar, _ node: Node, to json: inout JSONWriter) {
        switch node.tag.description {
        case "tag:yaml.org,2002:null": json.null()
        case "tag:yaml.org,2002:bool" where node.bool != nil: json.bool(node.bool == true)
        case "tag:yaml.org,2002:int" where !scalar.string.contains(":") && node.int != nil:
            json.integer(node.int ?? 0)
        case "tag:yaml.org,2002:float" where !scalar.string.contains(":") && node.float?.isFinite == true:
            json.double(node.float ?? 0)
        default: json.string(scalar.string)
        }
    }
}
