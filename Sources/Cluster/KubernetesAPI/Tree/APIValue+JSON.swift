import OCISpec

extension APIValue {
    /// Reads a JSON document.
    ///
    /// - Throws: a `DocumentError` with line and column for text that is not JSON, nested deeper than 128 or has two
    ///   members of one name in an object.
    package init(json text: [UInt8]) throws(DocumentError) {
        do {
            self = try JSON.read(text) { (root) throws(JSONError) -> APIValue in try APIValue(root) }
        } catch {
            let place = error.path.isEmpty ? "" : "\(error.path): "
            throw DocumentError(line: error.line, column: error.column, reason: place + error.reason)
        }
    }

    package init(json text: String) throws(DocumentError) { try self.init(json: Array(text.utf8)) }

    private init(_ json: JSONValue) throws(JSONError) {
        switch json.kind {
        case .null: self = .null
        case .boolean: self = .bool(try json.bool())
        case .string: self = .string(try json.string())
        case .number:
            switch try json.number() {
            case .integer(let value): self = .integer(value)
            case .unsigned(let value): self = .number(Double(value))
            case .double(let value): self = .number(value)
            }
        case .array:
            var elements: [APIValue] = []
            for element in try json.elements() { elements.append(try APIValue(element)) }
            self = .array(elements)
        case .object:
            var members: [APIObject.Member] = []
            var names = Set<String>()
            for (name, value) in try json.object().members {
                guard names.insert(name).inserted else {
                    throw value.error("the member is there twice")
                }
                members.append(APIObject.Member(name: name, value: try APIValue(value)))
            }
            self = .object(APIObject(unique: members))
        }
    }

    /// The document as JSON text, without a newline at its end.
    package func json(_ style: JSONWriter.Style = .compact) -> [UInt8] {
        var writer = JSONWriter(style)
        encode(to: &writer)
        return writer.bytes
    }
}

extension APIValue: JSONEncodable {
    package func encode(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .integer(let value): json.integer(value)
        case .number(let value): json.double(value)
        case .string(let value): json.string(value)
        case .array(let elements):
            json.array { json in
                for element in elements { element.encode(to: &json) }
            }
        case .object(let object):
            json.object { json in
                for member in object.members { json.member(member.name, member.value) }
            }
        }
    }
}

/// Why text is no document, in one line. Lines and columns count from 1; 0 where there is no place to name.
package struct DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
    package var line: Int
    package var column: Int
    package var reason: String

    package init(line: Int = 0, column: Int = 0, reason: String) {
        self.line = line
        self.column = column
        self.reason = reason
    }

    package var description: String {
        if line == 0 { return reason }
        return column == 0 ? "line \(line): \(reason)" : "line \(line), column \(column): \(reason)"
    }
}
