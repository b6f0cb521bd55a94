// The filter of system calls is the largest part of most configurations, and who has it compiled already
// needs only to recognise it. Decoding it takes longer than the rest of the document.

extension RuntimeSpec {
    /// Decodes the first document of a text, as runc does, but for `linux.seccomp`.
    /// - Returns: the configuration, with `linux.seccomp` nil, and the text that stands there in the
    ///   document. `validatedSeccomp` decodes that.
    public static func decodeExceptSeccomp(
        json bytes: [UInt8]
    ) throws(JSONError) -> (spec: RuntimeSpec, seccomp: ArraySlice<UInt8>?) {
        let (spec, range) = try JSON.read(bytes, allowsMore: true) {
            (document) throws(JSONError) -> (RuntimeSpec, Range<Int>?) in
            let spec = try RuntimeSpec(from: document, decodingSeccomp: false)
            return (spec, try document.seccomp?.object().value.range)
        }
        return (spec, range.map { bytes[$0] })
    }

    /// Decodes only `linux.seccomp` of a document that has one, and checks it as `validate()` does.
    public static func validatedSeccomp(json bytes: [UInt8]) throws(JSONError) -> Seccomp {
        try JSON.read(bytes, allowsMore: true) { (document) throws(JSONError) -> Seccomp in
            guard let value = try document.seccomp else {
                throw JSONError(path: "linux.seccomp", reason: "missing")
            }
            let seccomp = try Seccomp(from: value)
            try seccomp.validate(at: "linux.seccomp")
            return seccomp
        }
    }
}

extension JSONValue {
    fileprivate var seccomp: JSONValue? {
        get throws(JSONError) {
            guard let linux = try object()["linux"]?.object() else { return nil }
            return try RuntimeSpec.Seccomp.member(of: linux)
        }
    }

    /// Where the value stands in the text, with its quotes or brackets.
    var range: Range<Int> {
        let start = Int(token.offset)
        switch token.kind {
        case .string, .escapedString: return start - 1..<start + token.payload + 1
        case .null, .true, .false, .integer, .decimal: return start..<start + token.payload
        case .array, .object: break
        }
        guard next > index + 1 else { return start..<endOfBrackets(1, after: start + 1) }
        let last = at(next - 1)
        // Containers that end where this one does are around the last token, or are the last one.
        var open = 0
        for inner in index..<next - 1 where at(inner).isContainer && at(inner).next == next { open += 1 }
        return start..<endOfBrackets(open, after: last.range.upperBound)
    }

    private var isContainer: Bool { token.kind == .array || token.kind == .object }

    /// The position behind so many closing brackets, with nothing but space before them.
    private func endOfBrackets(_ count: Int, after start: Int) -> Int {
        var position = start
        var left = count
        while left > 0 {
            if text[position] == UInt8(ascii: "]") || text[position] == UInt8(ascii: "}") { left -= 1 }
            position += 1
        }
        return position
    }
}
